"""SCALE-Sim topologies (CSV) and configurations (INI).

A topology lists layers, a convolution or a matrix product a row, and does not say how they are joined: every layer
reads an input of its own. Many published files have missing or extra commas, titles between the rows, comments, or
another header; what a row means is taken from its numbers, and only a row that could mean two things is refused.
"""

from __future__ import annotations

import configparser
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from archsim.errors import ArchsimError, ImportFormatError, UsageError
from archsim.frontends.files import read_text
from archsim.graph import Graph, GraphBuilder
from archsim.graph.work import Conv, MatMul

LARGEST_FILE: Final = 16 * 2**20
LARGEST_SIZE: Final = 10**12

_RATIO: Final = re.compile(r"\s*(\d{1,9})\s*:\s*(\d{1,9})\s*")
_NUMBER: Final = re.compile(r"\d{1,18}")
_PRODUCT: Final = ("M", "N", "K")
_CONVOLUTION: Final = 7


@dataclass(frozen=True)
class _Row:
    """One layer as it stands in the file: name, numbers, kept and group size of n:m sparsity."""

    line: int
    name: str
    numbers: tuple[int, ...]
    ratio: tuple[int, int]
    text: str


def load_scalesim(path: str | Path, *, batch: int = 1, dtype: str = "int8") -> Graph:
    """Read a SCALE-Sim topology.

    Parameters
    ----------
    path : str or Path
        CSV file of convolutions (name, input height and width, filter height and width, channels, filters, stride),
        of matrix products (name, M, N, K), or of both.
    batch : int
        Inputs processed together; the format has none.
    dtype : str
        Number format; SCALE-Sim counts words of one byte.

    Raises
    ------
    UsageError
        No such file, or a batch below 1.
    ImportFormatError
        A row that is no layer, with file and line.
    """
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise UsageError(f"batch={batch!r}", hint="write a whole number of at least 1")
    file = Path(path)
    rows, order = _read(file)
    b = GraphBuilder(file.stem, dtype=dtype, items=batch, item="input", parameters={"batch": batch, "dtype": dtype})
    for row in rows:
        try:
            if len(row.numbers) < _CONVOLUTION - 1:
                _product(b, row, order, batch)
            else:
                _convolution(b, row, batch)
        except ArchsimError as error:
            raise ImportFormatError(
                f"{error.message} (the row is {row.text!r})", hint=error.hint, where=f"{file}:{row.line}"
            ) from error
    b.note("SCALE-Sim topologies do not say how layers are joined: each reads an input of its own")
    return b.build()


def load_scalesim_config(path: str | Path) -> dict[str, dict[str, str | int | float | bool]]:
    """Read a SCALE-Sim configuration.

    Returns
    -------
    dict of str to dict
        Settings by section, ``architecture_presets`` among them, names in lower case; numbers and truth values as
        such, lists such as ``10,10`` as text.

    Raises
    ------
    UsageError
        No such file.
    ImportFormatError
        It is not such a file, or has no ``[architecture_presets]``.
    """
    file = Path(path)
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    try:
        parser.read_string(read_text(file, LARGEST_FILE))
    except configparser.Error as error:
        reason = " ".join(str(error).split())[:200]
        raise ImportFormatError(f"this is not a SCALE-Sim configuration: {reason}", where=str(file)) from error
    if not parser.has_section("architecture_presets"):
        raise ImportFormatError("there is no section [architecture_presets]",
                                hint="give a SCALE-Sim .cfg file", where=str(file))  # fmt: skip
    return {section: {key: _value(text or "") for key, text in parser.items(section)} for section in parser.sections()}


def _value(text: str) -> str | int | float | bool:
    word = text.strip()
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    if re.fullmatch(r"[-+]?\d{1,18}", word):
        return int(word)
    if re.fullmatch(r"[-+]?\d{1,18}\.\d{1,18}", word):
        return float(word)
    return word


def _read(file: Path) -> tuple[list[_Row], Sequence[str]]:
    """Return the layers, and in which order a matrix product's sizes stand."""
    rows: list[_Row] = []
    order: Sequence[str] = _PRODUCT
    title = ""
    for line, cells in _lines(file):
        name, *rest = cells
        labels = [cell.strip().upper() for cell in rest]
        if not _numbers(rest):
            found = [label for label in labels if label in _PRODUCT]
            order = found if sorted(found) == sorted(_PRODUCT) else order
            title = name.strip() if not any(labels) else title
            continue
        prefix = f"{title}/" if title else ""
        rows.append(_row(file, line, f"{prefix}{name.strip() or f'layer-{len(rows)}'}", rest, ",".join(cells)))
    if not rows:
        raise ImportFormatError("this file lists no layers", hint="a row is: name, sizes", where=str(file))
    return rows, order


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    for line, text in enumerate(read_text(file, LARGEST_FILE).splitlines(), start=1):
        try:
            cells = next(csv.reader([text]), [])
        except csv.Error as error:
            raise ImportFormatError(f"this is not CSV: {error}", where=f"{file}:{line}") from error
        kept = [cell for cell in cells if not cell.strip().startswith("#")]
        if any(cell.strip() for cell in kept):
            yield line, kept


def _numbers(cells: Sequence[str]) -> list[str]:
    return [word for cell in cells if not _RATIO.fullmatch(cell) for word in cell.split() if _NUMBER.fullmatch(word)]


def _row(file: Path, line: int, name: str, cells: Sequence[str], text: str) -> _Row:
    where = f"{file}:{line}"
    text = text if len(text) <= 100 else f"{text[:97]}..."
    ratios = [match for cell in cells if (match := _RATIO.fullmatch(cell))]
    words = [word for cell in cells if not _RATIO.fullmatch(cell) for word in cell.split()]
    strange = next((word for word in words if not _NUMBER.fullmatch(word)), None)
    if strange is not None:
        raise ImportFormatError(f"{strange!r} in the row {text!r} is no size", hint="write whole numbers", where=where)
    numbers = tuple(int(word) for word in words)
    if not all(1 <= number <= LARGEST_SIZE for number in numbers):
        raise ImportFormatError(f"a size in the row {text!r} is 0 or absurd", where=where)
    if len(numbers) not in (3, 4, 5, 6, 7, 8, 9):
        raise ImportFormatError(
            f"the row {text!r} has {len(numbers)} sizes",
            hint="a convolution has 7 (or 8, with two strides), a matrix product M, N, K",
            where=where,
        )
    kept, group = (int(ratios[-1][1]), int(ratios[-1][2])) if ratios else (1, 1)
    if not 1 <= kept <= group:
        raise ImportFormatError(f"the sparsity {kept}:{group} in the row {text!r} keeps no share", where=where)
    return _Row(line, name, numbers, (kept, group), text)


def _product(b: GraphBuilder, row: _Row, order: Sequence[str], batch: int) -> None:
    if len(row.numbers) > len(_PRODUCT) + 1:
        raise ImportFormatError(f"{row.name!r} has {len(row.numbers)} sizes", hint="a product is name, M, N, K, batch")
    sizes = dict(zip(order, row.numbers, strict=False))
    m, n, k = (sizes[label] for label in _PRODUCT)
    times = batch * (row.numbers[3] if len(row.numbers) > len(_PRODUCT) else 1)
    density, structure = _sparsity(row)
    with b.scope(b.unique(row.name)):
        x = b.input("input", (times, m, k))
        # A batch of products has a second operand for each: neither is shared, so both are computed.
        if len(row.numbers) > len(_PRODUCT):
            other = b.input("other", (times, k, n))
            b.op("matmul", MatMul(times, m, n, k, dynamic=True), [x, other], (times, m, n))
        else:
            weight = b.weight("weight", (k, n), density=density, structure=structure)
            b.op("matmul", MatMul(1, times * m, n, k), [x, weight], (times, m, n))


def _convolution(b: GraphBuilder, row: _Row, batch: int) -> None:
    height, width, tall, wide, channels, filters, *strides = row.numbers
    if not strides:
        b.note(f"{row.name}: the row gives no stride; 1 is assumed")
    stride = (strides[0], strides[1]) if len(strides) > 1 else ((strides or [1])[0],) * 2
    if tall > height or wide > width:
        raise ImportFormatError(f"the filter of {row.name!r}, {tall} x {wide}, is larger than its input")
    # SCALE-Sim rounds the number of windows up; the last one hangs over the edge.
    out = tuple(
        -(-(size - taps + step) // step) for size, taps, step in ((height, tall, stride[0]), (width, wide, stride[1]))
    )
    over = (max((out[0] - 1) * stride[0] + tall - height, 0), max((out[1] - 1) * stride[1] + wide - width, 0))
    # "DP" in the name marks a depthwise layer: `filters` of one channel for each channel.
    groups = channels if "DP" in row.name.rsplit("/", 1)[-1] else 1
    filters *= groups
    density, structure = _sparsity(row)
    with b.scope(b.unique(row.name)):
        x = b.input("input", (batch, channels, height, width))
        shape = (filters, channels // groups, tall, wide)
        weight = b.weight("weight", shape, density=density, structure=structure)
        work = Conv(batch, channels, filters, height, width, out[0], out[1], tall, wide, stride,
                    padding=(0, over[0], 0, over[1]), groups=groups)  # fmt: skip
        b.op("conv", work, [x, weight], (batch, filters, *out))


def _sparsity(row: _Row) -> tuple[float, str]:
    kept, group = row.ratio
    return (1.0, "dense") if kept == group else (kept / group, "n:m")
