"""Tables by number format: one optional value per format; a format left out is one the machine does not have."""

from __future__ import annotations

import sys
from typing import Any

from pydantic import create_model

from archsim.arch.chip import Part
from archsim.graph.dtypes import NAMES


class ByPrecision(Part):
    """Base of all per-format tables; lowered to one array column in the order of `archsim.graph.dtypes`."""


def by_precision(name: str, quantity: Any, description: str) -> type[ByPrecision]:
    """Make a per-format table of a quantity; formats left out are zero."""
    fields: dict[str, Any] = {dtype: (quantity, 0.0) for dtype in NAMES}
    home = sys._getframe(1).f_globals["__name__"]  # where the caller binds it: descriptions are sent to other processes
    return create_model(name, __base__=ByPrecision, __doc__=description, __module__=home, **fields)


def formats_of(*tables: ByPrecision) -> frozenset[str]:
    """Return the formats for which any of the tables has a value."""
    return frozenset(name for table in tables for name in NAMES if getattr(table, name) > 0)
