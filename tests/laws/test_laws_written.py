"""Every law says what it is: its equation, what it returns in which unit, and where it is from."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re

import pytest

import archsim.laws
from archsim.jit import is_kernel, violations

MODULES = [
    importlib.import_module(f"archsim.laws.{entry.name}") for entry in pkgutil.iter_modules(archsim.laws.__path__)
]
LAWS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": law
    for module in MODULES
    for name, law in inspect.getmembers(module, inspect.isfunction)
    if not name.startswith("_") and law.__module__ == module.__name__
}
UNIT = re.compile(r"(?:, | in )(?:-|(?:MAC|FLOP|OP|J|W|A|B|b|s|clk|m|m2|Hz)(?:/\w+|/\(\w+ \w+\))?)(?=[.;,]| |$)")
"""A unit, or a dash for a bare number, behind what is returned."""
EQUATION = re.compile(r" = .*[\w)]|P\(")
"""The law itself, in the first line."""


def sections(law):
    """The parts of a docstring by their underlined titles; the first line and text under an empty one."""
    parts = re.split(r"\n(\w+)\n-+\n", inspect.getdoc(law) or "")
    return {"": parts[0]} | dict(zip(parts[1::2], parts[2::2], strict=True))


def test_there_are_laws_in_every_module():
    assert len(MODULES) >= 10
    assert {name.partition(".")[0] for name in LAWS} == {module.__name__.rpartition(".")[2] for module in MODULES}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_a_module_opens_with_its_quantities(module):
    assert re.search(r"^Quantity +Symbol +Unit", module.__doc__ or "", re.MULTILINE)


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_a_kernel_like_any_other(name):
    assert is_kernel(LAWS[name])
    assert violations(LAWS[name]) == []


@pytest.mark.parametrize("name", LAWS)
def test_the_first_line_holds_the_equation(name):
    first = sections(LAWS[name])[""].split("\n", 1)[0]
    assert first.startswith("Return ") and first.endswith(".")
    assert EQUATION.search(first), first


@pytest.mark.parametrize("name", LAWS)
def test_what_is_returned_has_a_unit(name):
    returns = sections(LAWS[name]).get("Returns", "")
    assert returns.startswith("float\n")
    assert UNIT.search(returns), returns


@pytest.mark.parametrize("name", LAWS)
def test_a_law_names_its_source(name):
    assert re.search(r"\b(1[89]|20)\d\d\b|Definition", sections(LAWS[name]).get("References", ""))


@pytest.mark.parametrize("name", LAWS)
def test_every_parameter_is_described_or_none(name):
    """A law whose first line says all has no table of parameters."""
    described = sections(LAWS[name]).get("Parameters")
    if described is not None:
        names = [
            each.strip()
            for line in re.findall(r"^(\S.*) : float$", described, re.MULTILINE)
            for each in line.split(",")
        ]
        assert sorted(names) == sorted(inspect.signature(LAWS[name]).parameters)


@pytest.mark.parametrize("name", LAWS)
def test_a_law_takes_and_gives_floats(name):
    assert set(inspect.get_annotations(LAWS[name]).values()) == {"float"}
