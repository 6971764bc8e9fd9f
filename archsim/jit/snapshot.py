"""Whether what kernels were made from is still what it was: by identity, which is quick where a digest reads it all."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any

from archsim.jit.walk import Walk

Snapshot = tuple[tuple[tuple[Mapping[str, Any], str, Any], ...], tuple[tuple[FunctionType, Any, Any], ...]]
"""Names with the object each stood for, and functions with their code and defaults."""
ABSENT = object()


def taken(found: Walk) -> Snapshot:
    """Note what every kernel is and reads: names in modules, by the object they stand for."""
    names: dict[tuple[int, str], tuple[Mapping[str, Any], str, Any]] = {}
    for function, reads in found.items():
        for read in reads:
            home: Any = function.__globals__
            for part in read.path:
                value = home.get(part, ABSENT)
                names[id(home), part] = (home, part, value)
                if not isinstance(value, ModuleType):
                    break
                home = vars(value)
    return tuple(names.values()), tuple((each, each.__code__, each.__defaults__) for each in found)


def unchanged(snapshot: Snapshot) -> bool:
    """Say whether every name still stands for the same object, and every function has the same code."""
    names, functions = snapshot
    for home, name, value in names:
        if home.get(name, ABSENT) is not value:
            return False
    return all(each.__code__ is code and each.__defaults__ is defaults for each, code, defaults in functions)
