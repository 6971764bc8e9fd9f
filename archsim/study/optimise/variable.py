"""One thing a search may vary: a list of values, or an interval of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.chip import Chip
from archsim.arch.columns import place_of
from archsim.arch.system import System
from archsim.errors import UnitError, UsageError
from archsim.io.hardware import with_
from archsim.study.axes import Span
from archsim.study.groups import is_outside

if TYPE_CHECKING:
    import numpy as np

    from archsim.units import Quantity

WRITE: Final = "write a list of values, a range, or archsim.Span(low, high)"


@dataclass(frozen=True)
class Variable:
    """A variable in the coordinates optimisers search: places in a list, or numbers, or their logarithms.

    Attributes
    ----------
    path : str
        What it sets.
    values : sequence
        Its values in order; empty where it is an interval of numbers.
    low, high : float
        Ends of the interval.
    log : bool
        Whether equal ratios count as equal steps.
    whole : bool
        Whole numbers only.
    """

    path: str
    values: Sequence[Any] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False

    @property
    def integral(self) -> bool:
        """Whether its coordinate is a place in a list."""
        return bool(self.values)

    @property
    def ordered(self) -> bool:
        """Whether its values are numbers that rise with the coordinate."""
        numeric = all(isinstance(value, Real) and not isinstance(value, bool) for value in self.values)
        return numeric and list(self.values) == sorted(self.values)

    @property
    def count(self) -> float:
        """How many values it has; infinite for an interval of real numbers."""
        if self.values:
            return float(len(self.values))
        return self.high - self.low + 1.0 if self.whole else math.inf

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and largest coordinate."""
        if self.values:
            return 0.0, len(self.values) - 1.0
        return (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)

    def decode(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the values at coordinates, (n,)."""
        import numpy as np

        if self.values:
            places = np.clip(np.rint(coordinates), *self.bounds).astype(np.int64)
            listed = np.asarray(self.values) if _alike(self.values) else _objects(self.values)
            return np.asarray(listed[places])
        numbers = np.exp(coordinates) if self.log else coordinates
        numbers = np.clip(np.rint(numbers) if self.whole else numbers, self.low, self.high)
        return np.asarray(numbers.astype(np.int64) if self.whole else numbers)

    def encode(self, value: Any) -> float:
        """Return the coordinate of a value.

        Raises
        ------
        UsageError
            It is not one of the values, or outside the interval.
        """
        value = value.item() if hasattr(value, "item") else value
        if self.values:
            if value not in self.values:
                raise UsageError(f"{self.path} = {value!r} is not in the space", hint="take one of its values")
            return float(list(self.values).index(value))
        if not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise UsageError(f"{self.path} = {value!r} is not in the space",
                             hint=f"it reaches from {self.low:g} to {self.high:g}")  # fmt: skip
        return math.log(value) if self.log else float(value)

    def settle(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the coordinates of the values that `decode` gives: whole where values are."""
        import numpy as np

        if self.values:
            return np.asarray(np.clip(np.rint(coordinates), *self.bounds))
        numbers = self.decode(coordinates)
        return np.asarray(np.log(numbers) if self.log else numbers)


def _alike(values: Sequence[Any]) -> bool:
    """Whether values are all whole numbers, all numbers, or all text."""
    kinds = {type(value) for value in values}
    return kinds <= {int, float} or kinds == {str}


def _objects(values: Sequence[Any]) -> np.ndarray:
    import numpy as np

    kept = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        kept[index] = value
    return kept


def variable(path: str, given: Any, machine: Chip | System) -> Variable:
    """Read what a space says of one path.

    Raises
    ------
    UsageError
        No values, the same value twice, an interval that ends before it begins, or something else altogether.
    """
    if isinstance(given, Span):
        return _interval(path, given, machine)
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise UsageError(f"the space gives {path} as {given!r}", hint=WRITE)
    listed = list(given)
    if not listed:
        raise UsageError(f"the space leaves {path} no value", hint=WRITE)
    quantity = quantity_at(path, machine, listed)
    values = tuple(_value(path, value, quantity) for value in listed)
    if len(set(values)) < len(values):
        twice = next(value for value in values if values.count(value) > 1)
        raise UsageError(f"the space gives {path} the value {twice!r} twice", hint="keep one of them")
    return Variable(path, values)


def _interval(path: str, given: Span, machine: Chip | System) -> Variable:
    quantity = quantity_at(path, machine)
    low, high = (_value(path, end, quantity) for end in (given.low, given.high))
    shown = f"{given.low} to {given.high}"
    if not all(isinstance(end, Real) and not isinstance(end, bool) for end in (low, high)):
        raise UsageError(f"the space gives {path} as {shown}", hint="a span has two numbers; " + WRITE)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise UsageError(f"the space gives {path} as {shown}", hint="write finite numbers")
    if low > high:
        raise UsageError(f"the space gives {path} as {shown}: it ends before it begins",
                         hint=f"write {given.high} to {given.low}")  # fmt: skip
    if given.log and low <= 0.0:
        raise UsageError(f"the space gives {path} as {shown} on a logarithmic scale", hint="begin above 0")
    if given.count > 1:
        return variable(path, _grid(float(low), float(high), given, quantity), machine)
    whole = quantity.integer if quantity is not None else isinstance(low, int) and isinstance(high, int)
    if whole and not given.log:
        return Variable(path, range(int(low), int(high) + 1))
    if low == high:
        return Variable(path, (low,))
    return Variable(path, (), float(low), float(high), given.log, whole)


def _grid(low: float, high: float, span: Span, quantity: Quantity | None) -> list[float]:
    import numpy as np

    values = (np.geomspace if span.log else np.linspace)(low, high, span.count)
    if quantity is not None and quantity.integer:
        values = np.unique(np.rint(values))
    return [float(value) for value in values]


def _value(path: str, value: Any, quantity: Quantity | None) -> Any:
    if hasattr(value, "item"):  # a numpy scalar
        value = value.item()
    if quantity is None or isinstance(value, bool):
        return value
    try:
        return quantity.read(value)
    except UnitError as error:
        raise UsageError(f"the space gives {path} the value {value!r}: {error.message}", hint=error.hint) from error


def quantity_at(path: str, machine: Chip | System, values: Sequence[Any] = ()) -> Quantity | None:
    """Return what kind of number a path leads to; None where it is no number of a chip's description.

    Raises
    ------
    UsageError
        It leads nowhere, or to text or a part that cannot be any of the `values`.
    """
    if is_outside(path) or isinstance(machine, System):
        return None
    try:
        return place_of(machine.spec, path).column.quantity
    except UsageError:
        if not any(isinstance(value, str) for value in values):
            raise
        for value in values:
            with_(machine, path, value)
        return None
