"""Families by name: folders of the package, and entry points of other packages."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from archsim.arch import registry
from archsim.arch.family import Family
from archsim.arch.tables import LEVELS, OP, PADDING, WORK, outcome, record, totals
from archsim.errors import UnknownNameError


@pytest.fixture
def fresh():
    """The registry as a new process would see it, before and after."""
    registry._modules.cache_clear()
    registry.get.cache_clear()
    yield
    registry._modules.cache_clear()
    registry.get.cache_clear()


def test_families_are_found_by_name():
    assert registry.names() == sorted(registry.names())
    assert {"cpu", "gpu", "null"} <= set(registry.names())
    for name in registry.names():
        family = registry.get(name)
        assert isinstance(family, Family) and family.name == name
        assert registry.get(name) is family


@pytest.mark.parametrize(("name", "said"), [("gpuu", "did you mean 'gpu'"), ("zzzz", "known families: ")])
def test_an_unknown_family_is_told_the_known_ones(name, said):
    with pytest.raises(UnknownNameError) as refusal:
        registry.get(name)
    assert repr(name) in str(refusal.value)
    assert said in str(refusal.value)


def test_another_package_may_add_a_family(fresh, tmp_path, monkeypatch):
    (tmp_path / "strange_machines.py").write_text(
        "from dataclasses import replace\nfrom archsim.families.null import FAMILY\n"
        "FAMILY = replace(FAMILY, name='strange')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    point = EntryPoint("strange", "strange_machines", "archsim.families")
    shadow = EntryPoint("gpu", "strange_machines", "archsim.families")
    monkeypatch.setattr(registry, "entry_points", lambda group: [point, shadow])
    assert "strange" in registry.names()
    assert registry.get("strange").name == "strange"
    assert registry.get("gpu").name == "gpu", "a folder of the package is not hidden"


def test_listing_families_imports_none():
    code = (
        "import sys\nfrom archsim.arch import registry\nnames = registry.names()\n"
        "print([m for m in sys.modules if m.startswith('archsim.families.') or m in ('numba', 'scipy')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("layout", [OP, WORK, outcome(4, 10), totals(4, 10)], ids=["op", "work", "outcome", "totals"])
def test_layouts_are_documented_and_padded(layout):
    dtype = record(layout)
    assert dtype.itemsize % PADDING == 0
    assert dtype.names == tuple(column.name for column in layout)
    for column in layout:
        assert column.description and column.type in ("f8", "i8")
        assert dtype[column.name].shape == column.shape


def test_layouts_follow_the_family():
    of = registry.get("gpu")
    causes, resources = len(of.causes), len(of.resources) + LEVELS
    assert record(of.out_table)["energy"].shape == record(of.totals_table)["energy"].shape == (causes,)
    assert record(of.out_table)["exposed"].shape == (resources,)
    assert of.work_table[: len(WORK)] == WORK
