"""How far a number may be from its value where its author gave no bounds: ``models/uncertainty/spreads.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from archsim.cited import Cited, Kind, split
from archsim.errors import InvalidDescriptionError
from archsim.io import yaml
from archsim.io.catalogue import models_root

CHOSEN: Final = frozenset(("capacity", "count", "length", "area", "ratio", "fraction", "voltage"))
"""Dimensions whose numbers, without bounds, are choices of a designer rather than findings."""


@cache
def spreads() -> Mapping[Kind, Cited]:
    """Return the factor by kind of knowledge, as cited; a number lies between value / factor and value * factor.

    Raises
    ------
    InvalidDescriptionError
        A kind without a factor, or a factor below 1.
    """
    path = models_root() / "uncertainty" / "spreads.yaml"
    tree: Any = yaml.load(path).tree
    _, cited = split(tree["spreads"])
    found = {Kind(str(where[0])): about for where, about in cited.items()}
    for kind in Kind:
        if kind not in found or float(found[kind].text) < 1.0:
            raise InvalidDescriptionError(f"no spread of {kind} values", hint="write a factor of at least 1",
                                          where=str(path))  # fmt: skip
    return found


def spread(kind: Kind) -> float:
    """Return the factor of a kind of knowledge."""
    return float(spreads()[kind].text)
