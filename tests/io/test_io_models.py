"""Everything in the shipped models folder loads, and every number in it is cited or exact by nature."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archsim.cited import is_citation, split
from archsim.io import catalogue, yaml
from archsim.io.hardware import load_hardware
from archsim.io.merge import extend
from archsim.io.sources import bibtex, sources

ROOT = catalogue.models_root()

EXACT = frozenset((
    "schema", "year", "instances", "lanes", "sockets", "cores", "multiprocessors", "rows", "columns", "tiles", "ports",
    "members", "small_array.capacity", "large_array.capacity",
))  # fmt: skip
"""Fields whose numbers may stand bare: how many there are of a thing, and the points other values are given at."""


def files(*kinds: str) -> list[Path]:
    return sorted(path for kind in kinds for path in (ROOT / kind).rglob("*.y*ml"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def number(leaf: object) -> bool:
    """Whether a leaf is a number, or text of a number and a unit."""
    if isinstance(leaf, str):
        return re.fullmatch(r"[-+]?\.?\d[\d.]*([eE][-+]?\d+)?\s*[^\s\d-]*(/\S+)?2?", leaf) is not None
    return isinstance(leaf, int | float) and not isinstance(leaf, bool)


def bare(tree: object, path: tuple = ()) -> list[str]:
    """List the numbers that are neither cited nor exact."""
    if is_citation(tree):
        return []
    if isinstance(tree, dict):
        return [found for key, child in tree.items() for found in bare(child, (*path, key))]
    if isinstance(tree, list):
        return [found for child in tree for found in bare(child, path)]
    free = {"name", "title", "note", "aliases", "vendor", "extends", "technology", "host", *EXACT}
    exact = bool({path[-1], ".".join(path[-2:])} & free)
    return [".".join(path)] if number(tree) and not exact else []


@pytest.mark.parametrize("path", files("hardware"), ids=name)
def test_hardware_loads(path):
    chip = load_hardware(path)
    assert chip.name == path.stem
    assert chip.family == path.parent.name
    assert load_hardware(chip.name).spec == chip.spec
    for alias in chip.spec.aliases:
        assert catalogue.find("hardware", alias).name == chip.name


@pytest.mark.parametrize("path", files("technology", "systems"), ids=name)
def test_other_descriptions_load(path):
    tree = extend(yaml.load(path), path.relative_to(ROOT).parts[0]).tree
    assert tree["name"] == path.stem
    split(tree)


@pytest.mark.parametrize("path", files("hardware", "technology", "systems"), ids=name)
def test_every_number_is_cited_or_exact(path):
    assert bare(yaml.load(path).tree) == []


@pytest.mark.parametrize("path", files("hardware", "technology", "systems"), ids=name)
def test_every_source_is_listed(path):
    _, cited = split(yaml.load(path).tree)
    missing = {entry.source for entry in cited.values() if entry.source} - set(sources())
    assert not missing


def test_every_source_prints():
    for key in sources():
        assert bibtex(key).startswith(f"@misc{{{key},")


def test_names_are_unique():
    for kind in ("hardware", "technology", "systems"):
        entries = catalogue.entries(kind)
        names = [known for entry in entries for known in {catalogue.fold(n) for n in (entry.name, *entry.aliases)}]
        assert len(names) == len(set(names)), kind


def test_bare_numbers_are_noticed():
    tree = {"schema": 1, "clock": "1 GHz", "memory": [{"instances": 4, "width": 64, "name": "8x"}], "on": True,
            "limit": {"value": "3 W", "kind": "datasheet"}, "year": 2020, "boundary": "chip"}  # fmt: skip
    assert bare(tree) == ["clock", "memory.width"]


def test_numbers_are_recognised():
    for leaf in (3, 0.5, "3", "1.41 GHz", "826 mm2", "5e3", "3.9 pJ/b", "25 %", "-25 dBm", "64 B/clk"):
        assert number(leaf), leaf
    for leaf in ("on_chip", True, "toy-7nm", "p. 3", "2020-01-01", "a100", "16-bit lanes", ""):
        assert not number(leaf), leaf
