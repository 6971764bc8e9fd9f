"""The pydantic annotation that turns a float into a checked quantity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from archsim.errors import UnitError
from archsim.units.diagnose import unitless
from archsim.units.dimensions import Dimension
from archsim.units.format import format_quantity
from archsim.units.parse import parse

if TYPE_CHECKING:
    import numpy as np
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
    from pydantic_core import CoreSchema

LARGEST_COUNT = 2**53
"""Beyond it a float no longer holds every integer."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity of one dimension within bounds; use as ``Annotated[float, Quantity(BANDWIDTH, exclusive=True)]``.

    Texts carry their unit. Python callers may pass numbers, taken in the dimension's base unit (SI); files may not:
    under the validation context ``{"require_units": True}`` a bare number other than zero is an error.

    Attributes
    ----------
    dimension : Dimension
        What it measures.
    minimum : float or None
        Smallest legal value, in the base unit.
    exclusive : bool
        Whether the minimum itself is not legal.
    maximum : float or None
        Largest legal value.
    integer : bool
        Whether only whole numbers, of at most 2**53, are legal; the value is then an int.
    """

    dimension: Dimension
    minimum: float | None = 0.0
    exclusive: bool = False
    maximum: float | None = None
    integer: bool = False

    def read(self, text: str | float, *, require_unit: bool = False) -> float:
        """Read and check one value.

        Raises
        ------
        UnitError
            Not such a quantity, or outside the bounds; the message quotes `text`.
        """
        value = parse(text, self.dimension)
        if require_unit and value and not isinstance(text, str) and not self.dimension.dimensionless:
            raise unitless(brief(text), value, self.dimension)
        problem = self._outside(value)
        if problem:
            shown = f'"{text.strip()}"' if isinstance(text, str) else brief(text)
            raise UnitError(f"{shown} {problem[0]}", hint=problem[1])
        return int(value) if self.integer else value

    def check(self, values: np.ndarray | float, path: str = "") -> None:
        """Check many values at once.

        Parameters
        ----------
        values : array of float, any shape
            In the base unit.
        path : str
            Name of the leaf, for the message.

        Raises
        ------
        UnitError
            At the first value that is not finite or outside the bounds.
        """
        import numpy as np

        array = np.asarray(values, dtype=np.float64)
        legal = np.isfinite(array)
        if self.minimum is not None:
            legal &= (array > self.minimum) if self.exclusive else (array >= self.minimum)
        if self.maximum is not None:
            legal &= array <= self.maximum
        size = np.abs(array)
        legal &= (array == 0.0) | ((size >= self.dimension.least) & (size <= self.dimension.most))
        if self.integer:
            legal &= (array == np.floor(array)) & (np.abs(array) <= LARGEST_COUNT)
        if not legal.all():
            wrong = float(array[~legal].flat[0])
            reason, hint = self._outside(wrong) or ("is outside the bounds", self.limits)
            raise UnitError(f"{path} = {brief(wrong)} {reason}".removeprefix(" = "), hint=hint)

    @property
    def limits(self) -> str:
        """The bounds in words: "a bandwidth must be > 0"."""
        sign = ">" if self.exclusive else ">="
        parts = [] if self.minimum is None else [f"{sign} {self._bound(self.minimum)}"]
        parts += [] if self.maximum is None else [f"<= {self._bound(self.maximum)}"]
        whole = "a whole number " if self.integer else ""
        return f"{self.dimension.phrase} must be {whole}{' and '.join(parts)}".rstrip()

    def _bound(self, bound: float) -> str:
        return f"{bound:g}" if not bound or self.dimension.dimensionless else format_quantity(bound, self.dimension)

    def _outside(self, value: float) -> tuple[str, str] | None:
        if not math.isfinite(value):
            return "is not a finite number", self.limits
        if self.minimum is not None and (value < self.minimum or (self.exclusive and value == self.minimum)):
            return "is negative" if value < 0.0 <= self.minimum else "is too small", self.limits
        if self.maximum is not None and value > self.maximum:
            return "is too large", self.limits
        least, most = self.dimension.least, self.dimension.most
        if value and not least <= abs(value) <= most:
            show = [format_quantity(bound, self.dimension) for bound in (least, most)]
            return "is not plausible", f"{self.dimension.phrase} lies between {show[0]} and {show[1]}"
        if self.integer and value != math.floor(value):
            return "is not a whole number", self.limits
        if self.integer and abs(value) > LARGEST_COUNT:
            return "is too large", f"{self.dimension.phrase} must be <= 2**53"
        return None

    def _validate(self, value: Any, info: ValidationInfo) -> float:
        from pydantic_core import PydanticCustomError

        context = info.context if isinstance(info.context, Mapping) else {}
        try:
            return self.read(value, require_unit=bool(context.get("require_units")))
        except UnitError as error:
            text = "{message}; {hint}" if error.hint else "{message}"
            raise PydanticCustomError("quantity", text, {"message": error.message, "hint": error.hint}) from None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate texts and numbers; dump plain numbers."""
        from pydantic_core import core_schema

        return core_schema.with_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe what files may hold: a number, a text with a unit, or either with its citation."""
        from archsim.cited import cited_schema

        number: dict[str, Any] = {"type": "integer" if self.integer else "number"}
        if self.minimum is not None:
            number["exclusiveMinimum" if self.exclusive else "minimum"] = self.minimum
        if self.maximum is not None:
            number["maximum"] = self.maximum
        text = {"type": "string", "description": self.limits, "examples": [self.dimension.example]}
        return {"anyOf": [number, text, cited_schema()]}


def brief(value: object) -> str:
    """Write a number the way people do: 1.41e9, not 1410000000.0."""
    text = f"{value:.12g}" if isinstance(value, int | float) else str(value)
    return text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def quantity_of(annotation: Any) -> Quantity | None:
    """Find the quantity behind a field: its annotation, or pydantic's ``FieldInfo``.

    Looks through ``Annotated``, ``| None`` and lists, so a list of quantities gives its items' quantity.
    """
    metadata = (*getattr(annotation, "metadata", ()), *getattr(annotation, "__metadata__", ()))
    for item in metadata:
        if isinstance(item, Quantity):
            return item
    inner = [getattr(annotation, "annotation", None), *get_args(annotation)]
    for part in inner:
        found = quantity_of(part) if part is not None and get_args(part) else None
        if found is not None:
            return found
    return None
