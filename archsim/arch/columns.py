"""From a description to a row of the chip table: every numeric, bool or enum leaf is a column.

Nothing is computed here. A path names a leaf in three ways, all meaning the same column entry::

    memory.hbm.bandwidth        by the name of a list's item
    memory[0].bandwidth         by its position
    memory.0.bandwidth

In a kernel that leaf is ``chip.memory_bandwidth[0]``. Lists are padded to `ITEMS` entries, with their length in
``<list>_count``; a leaf left out (None) is NaN. Text and the lengths of lists are structural: they are not columns.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from archsim.arch.precision import ByPrecision
from archsim.arch.tables import LEVELS, WORD, padded
from archsim.errors import InvalidDescriptionError, UsageError, did_you_mean
from archsim.graph.dtypes import CODES, PRECISIONS
from archsim.units import Quantity, quantity_of

if TYPE_CHECKING:
    import numpy as np

ITEMS: Final = LEVELS


@dataclass(frozen=True)
class Column:
    """One column of a chip table.

    Attributes
    ----------
    name : str
        Field name in the record.
    path : tuple of str
        Names that lead to the leaf; ``*`` stands for a list's item.
    shape : tuple of int
        Empty, or the padded length of a list or of a per-precision table.
    choices : tuple
        Values of an enum, in code order; empty for numbers.
    quantity : Quantity or None
        Dimension and bounds.
    """

    name: str
    path: tuple[str, ...]
    shape: tuple[int, ...]
    choices: tuple[Any, ...]
    quantity: Quantity | None


@cache
def columns(spec: type[BaseModel]) -> tuple[Column, ...]:
    """Return the columns of a family's description."""
    return tuple(_walk(spec, (), ()))


def _walk(model: type[BaseModel], path: tuple[str, ...], shape: tuple[int, ...]) -> Iterator[Column]:
    for name, info in model.model_fields.items():
        annotation: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
        yield from _leaf(annotation, (*path, name), shape)


def _leaf(annotation: Any, path: tuple[str, ...], shape: tuple[int, ...]) -> Iterator[Column]:
    quantity = quantity_of(annotation)
    kind = _plain(annotation)
    name = "_".join(part for part in path if part != "*")
    if isinstance(kind, type) and issubclass(kind, ByPrecision):
        first = next(iter(kind.model_fields.values()))
        yield Column(name, (*path, "?"), (*shape, PRECISIONS), (), quantity_of(Annotated[Any, *first.metadata]))
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _walk(kind, path, shape)
    elif get_origin(kind) in (list, tuple):
        item = _plain(get_args(kind)[0])
        if isinstance(item, type) and issubclass(item, BaseModel):
            yield Column(f"{name}_count", (*path, "#"), (), (), None)
            yield from _walk(item, (*path, "*"), (*shape, ITEMS))
    elif get_origin(kind) is Literal:
        choices = get_args(kind)
        if len(choices) > 1:
            yield Column(name, path, shape, choices, None)
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield Column(name, path, shape, tuple(member.value for member in kind), None)
    elif kind in (int, float, bool) or quantity is not None:
        yield Column(name, path, shape, (), quantity)


def _plain(annotation: Any) -> Any:
    """Strip Annotated and Optional."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            options = [option for option in get_args(annotation) if option is not type(None)]
            if len(options) != 1:
                return annotation
            annotation = options[0]
        else:
            return annotation


@cache
def chip_dtype(spec: type[BaseModel]) -> np.dtype:
    """Return the record type of a family's chip table."""
    import numpy as np

    fields = [(c.name, "i8" if c.choices else "f8", c.shape) for c in columns(spec)]
    dtype = np.dtype([(name, kind, shape) if shape else (name, kind) for name, kind, shape in fields], align=True)
    return padded(dtype)


def fill(table: np.ndarray, spec: BaseModel) -> None:
    """Write a description's leaves into every row of `table`."""
    for column in columns(type(spec)):
        values = list(_values(spec, column.path))
        if column.path[-1] == "#":
            table[column.name] = values[0]
            continue
        codes = [_number(value, column) for value in values]
        if not column.shape:
            table[column.name] = codes[0]
        elif "*" not in column.path:
            table[column.name] = codes
        elif codes:
            table[column.name][:, : len(codes)] = codes


def _values(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if not path:
        yield value
    elif path[0] == "*":
        for item in value:
            yield from _values(item, path[1:])
    elif path[0] == "#":
        yield float(len(value)) if value is not None else 0.0
    elif path[0] == "?":
        for name in CODES:
            yield getattr(value, name) if value is not None else None
    else:
        yield from _values(getattr(value, path[0]) if value is not None else None, path[1:])


def _number(value: Any, column: Column) -> float | int:
    if column.choices and value is None:  # a part left out
        return 0
    if column.choices:
        return column.choices.index(value.value if isinstance(value, Enum) else value)
    return float("nan") if value is None else float(value)


@dataclass(frozen=True)
class Place:
    """Where a leaf stands in a chip table: column, index into it, and the path its citation is kept under."""

    column: Column
    index: tuple[int, ...]
    path: tuple[str | int, ...]


def split_path(path: str) -> list[str]:
    """Split ``memory[2].bandwidth`` or ``memory.hbm.bandwidth`` into its segments."""
    return [part for part in re.split(r"[.\[\]]+", path) if part]


def place_of(spec: BaseModel, path: str) -> Place:
    """Find the column of a leaf.

    Raises
    ------
    UsageError
        No such leaf, or the path leads to a structural value (text, a list's length).
    """
    segments = split_path(path)
    node: Any = spec
    names: list[str] = []
    index: list[int] = []
    exact: list[str | int] = []
    for segment in segments:
        if isinstance(node, ByPrecision):
            if segment not in CODES:
                raise UsageError(f"{path!r}: {segment!r} is no number format", hint=did_you_mean(segment, CODES))
            index.append(CODES[segment])
            names.append("?")
            exact.append(segment)
        elif isinstance(node, tuple | list):
            index.append(_item(node, segment, path))
            names.append("*")
            exact.append(index[-1])
            node = node[index[-1]]
            continue
        else:
            fields = type(node).model_fields if isinstance(node, BaseModel) else {}
            if segment not in fields:
                here = ".".join(segments[: segments.index(segment)]) or "the description"
                hint = did_you_mean(segment, fields) or f"{here} has {', '.join(fields) or 'no parts'}"
                raise UsageError(f"{path!r}: there is no {segment!r}", hint=hint)
            names.append(segment)
            exact.append(segment)
        node = getattr(node, segment)
    for column in columns(type(spec)):
        if column.path == tuple(names) and len(index) == len(column.shape):
            return Place(column, tuple(index), tuple(exact))
    raise UsageError(f"{path!r} is not a number that can be varied",
                     hint="name a numeric leaf, such as clock or memory.<name>.bandwidth")  # fmt: skip


def _item(items: Any, segment: str, path: str) -> int:
    names = [getattr(item, "name", str(position)) for position, item in enumerate(items)]
    if segment in names:
        return names.index(segment)
    if segment.isdigit() and int(segment) < len(items):
        return int(segment)
    raise UsageError(f"{path!r}: there is no {segment!r}", hint=did_you_mean(segment, names) or f"write one of {names}")


@dataclass(frozen=True)
class Swept:
    """A leaf with one value per design point, checked."""

    place: Place
    values: np.ndarray

    @classmethod
    def of(cls, spec: BaseModel, path: str, values: Any) -> Swept:
        """Find the leaf at `path` and check the values it shall have.

        Raises
        ------
        UsageError
            The path leads to no number, or the values are not a plain list.
        InvalidDescriptionError
            A value is not finite or outside the leaf's bounds.
        """
        import numpy as np

        place = place_of(spec, path)
        try:
            array = np.atleast_1d(np.asarray(values, dtype=np.float64))
        except (TypeError, ValueError):
            raise UsageError(f"{path} has the values {values!r}", hint="write numbers, in SI units") from None
        if array.ndim > 1:
            raise UsageError(f"{path} has values of shape {array.shape}", hint="give one value per design point")
        choices = place.column.choices
        if place.column.quantity is not None:
            place.column.quantity.check(array, path)
        elif choices and not np.isin(array, range(len(choices))).all():
            wrong = array[~np.isin(array, range(len(choices)))][0]
            listed = ", ".join(f"{code} for {choice}" for code, choice in enumerate(choices))
            raise InvalidDescriptionError(f"{path} = {wrong:g}", hint=f"write {listed}")
        elif not np.all(np.isfinite(array)):
            raise InvalidDescriptionError(f"{path} = {array[~np.isfinite(array)][0]}", hint="write finite numbers")
        return cls(place, array)

    def bits(self, dtype: np.dtype) -> np.ndarray:
        """Return the values as the 8-byte words of the chip table `dtype`, (points,)."""
        column = dtype[self.place.column.name].base
        words: np.ndarray = self.values.astype(column).view("i8")
        return words

    def word(self, dtype: np.dtype) -> int:
        """Return which 8-byte word of a row of the chip table `dtype` the leaf is."""
        shape, index = self.place.column.shape, self.place.index
        position = 0
        for size, step in zip(shape, index, strict=True):
            position = position * size + step
        return dtype.fields[self.place.column.name][1] // WORD + position  # type: ignore[index]

    def write(self, table: np.ndarray) -> None:
        """Give the leaf its values, one per row of `table`."""
        column: Any = table[self.place.column.name]
        column[(slice(None), *self.place.index)] = self.values
