"""Shipped machines, found through the catalogue, so that a new family is tested without an edit here.

Those that only extend another are left out: the same kernels with a few other numbers. They load and are cited like all
others, see tests/io.
"""

from __future__ import annotations

from functools import cache

import archsim
from archsim.arch import registry
from archsim.arch.columns import columns
from archsim.io import catalogue

FAMILIES = registry.names()
INTEGERS_ONLY = "integers only"
"""What the title of a machine says that computes no floating-point numbers: networks are retyped for it, see
tests/families."""

COUNTS_AS_ANOTHER = ("\ncompatible: scalesim", "\ndataflow: {value: dota")
"""Say that a machine counts with another simulator's defects, such as one cycle too few for each layer, whatever its
length, or functions of one layer for a whole network: no physics holds for it to the last digit.
tests/families/test_systolic_compatible.py and test_optical_dota.py say what does."""


def _takes_any_network(entry):
    text = entry.path.read_text(encoding="utf-8")
    if any(words in text for words in COUNTS_AS_ANOTHER):
        return False
    return "\nextends:" not in text and INTEGERS_ONLY not in text.partition("\nprocess:")[0]


MACHINES = {entry.name: entry.family for entry in catalogue.entries("hardware") if _takes_any_network(entry)}
NO_CAP = 1e11
"""A power limit no run reaches, W."""


def of_family(family):
    """Names of the shipped machines of a family."""
    return [name for name, its in MACHINES.items() if its == family]


FIRST = {family: names[0] for family in FAMILIES if (names := of_family(family))}
"""One machine per family, where checking all of them would show nothing more."""


@cache
def machine(name):
    return archsim.hardware(name)


@cache
def uncapped(name):
    """The machine without its energy limits, so that its clock is the one described."""
    return archsim.with_(machine(name), "power.limit", NO_CAP)


def paths_of_speed(chip):
    """Leaves more of which is never slower: bandwidth or width of each memory level, and every clock."""
    paths = []
    for index, level in enumerate(getattr(chip.spec, "memory", ())):
        paths.append(f"memory[{index}].{'bandwidth' if level.width is None else 'width'}")
    for column in columns(type(chip.spec)):
        if column.path[-1] == "clock" and not column.shape:
            paths.append(".".join(column.path))
    return [path for path in paths if value_at(chip, path) is not None]


def value_at(chip, path):
    """The number a path leads to."""
    from archsim.arch.columns import place_of

    node = chip.spec
    for step in place_of(chip.spec, path).path:
        node = node[step] if isinstance(step, int) else getattr(node, step)
    return node
