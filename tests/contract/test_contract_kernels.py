"""All kernels of the package obey the rules of kernels, and no column has a name that numpy takes for its own."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pytest
from contract_machines import FAMILIES

from archsim.arch import registry
from archsim.arch.columns import chip_dtype
from archsim.arch.tables import OP, WORD, record
from archsim.jit import is_kernel, reachable, violations

PACKAGES = ("archsim.laws", "archsim.mapping", "archsim.families", "archsim.engine", "archsim.arch")


def kernels():
    """Every kernel by its dotted name."""
    found = {}
    for package in PACKAGES:
        home = importlib.import_module(package)
        for entry in pkgutil.walk_packages(home.__path__, f"{package}."):
            module = importlib.import_module(entry.name)
            for name, value in vars(module).items():
                if is_kernel(value) and value.__module__ == module.__name__:
                    found[f"{module.__name__}.{name}".removeprefix("archsim.")] = value
    return found


KERNELS = kernels()


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_obeys_the_rules(name):
    assert violations(KERNELS[name]) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_made_of_kernels_of_this_package(family):
    of = registry.get(family)
    for phase in (of.derive, of.plan, of.cost, of.settle):
        assert is_kernel(phase)
    names = set(KERNELS.values())
    if of.cost.__module__.startswith("archsim."):
        assert {unit for unit in reachable(of.cost) if is_kernel(unit)} <= names


def layouts(family):
    of = registry.get(family)
    return {
        "op": record(OP),
        "work": record(of.work_table),
        "outcome": record(of.out_table),
        "totals": record(of.totals_table),
        "chip": chip_dtype(of.spec),
    }


@pytest.mark.parametrize("table", ["op", "work", "outcome", "totals", "chip"])
@pytest.mark.parametrize("family", FAMILIES)
def test_columns_have_names_of_their_own(family, table):
    layout = layouts(family)[table]
    taken = {name for kind in (np.ndarray, np.record, np.recarray) for name in dir(kind)}
    assert not taken & set(layout.names)
    assert all(name.isidentifier() and name == name.lower() for name in layout.names)


@pytest.mark.parametrize("table", ["op", "work", "outcome", "totals", "chip"])
@pytest.mark.parametrize("family", FAMILIES)
def test_columns_are_words(family, table):
    layout = layouts(family)[table]
    assert layout.itemsize % WORD == 0
    for name in layout.names:
        kind, offset = layout.fields[name][:2]
        assert kind.base in (np.dtype("f8"), np.dtype("i8")) and offset % WORD == 0
