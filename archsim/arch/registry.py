"""Families by name. A family is a folder of `archsim.families`, or an entry point of the group `archsim.families`.

Nothing is imported before it is asked for, so listing families costs a look at a folder.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points

from archsim.arch.family import Family
from archsim.errors import UnknownNameError

_PACKAGE = "archsim.families"


@cache
def _modules() -> dict[str, str]:
    package = importlib.import_module(_PACKAGE)
    found = {m.name: f"{_PACKAGE}.{m.name}" for m in pkgutil.iter_modules(package.__path__) if m.ispkg}
    for point in entry_points(group=_PACKAGE):
        found.setdefault(point.name, point.value.partition(":")[0])
    return found


def names() -> list[str]:
    """Names of all known families."""
    return sorted(_modules())


@cache
def get(name: str) -> Family:
    """Import a family by name.

    Raises
    ------
    UnknownNameError
        No such family.
    """
    module = _modules().get(name)
    if module is None:
        raise UnknownNameError("family", name, names(), hint=f"known families: {', '.join(names())}")
    family: Family = importlib.import_module(module).FAMILY
    return family
