"""Reports of SCALE-Sim: every column that is compared is to be the same, to the last digit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from archsim.families.systolic.compatible import touched
from archsim.families.systolic.scalesim import STAYS, Access, Array, Layer, mapped, scratchpads, utilisations
from archsim.families.systolic.scalesim_walk import Report, Walks, report
from archsim.validation.cells import SkipRow, quoted, size, text
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

SIZES: Final = ("ifmap_h", "ifmap_w", "filt_h", "filt_w", "channels", "num_filter", "stride")
LAYER: Final = ("kind", *SIZES, "M", "N", "K", "rows", "cols", "dataflow", "total_cycles")
BUFFERS: Final = ("if_kB", "fil_kB", "of_kB")
SHARES: Final = ("overall_util_pct", "mapping_eff_pct", "compute_util_pct")
WITHOUT_STALLS: Final = "total_cycles - stall_cycles"
KILO: Final = 1024
MOST_WORDS: Final = 10**10
"""Words walked for one row at most: minutes."""
EXACT: Final = Target("max_difference", 0.0)
ROUNDED: Final = Target("max_difference", 1e-9)
"""Shares and rates: the same to the last digits of a float."""


@check(
    "scalesim_compute_only.csv",
    topic="systolic",
    family="systolic",
    columns=LAYER,
    title="Cycles, utilisations and scratchpad accesses by SCALE-Sim",
)
def compute_only(dataset: Dataset) -> list[Outcome]:
    """Compare closed forms."""
    return _judge(dataset, lambda row: _closed(*_read(row, buffers=False)))


@check(
    "scalesim_full.csv",
    topic="systolic",
    family="systolic",
    columns=(*LAYER, *BUFFERS, "mode", "stall_cycles"),
    title="Every column of SCALE-Sim's three reports",
)
def full(dataset: Dataset) -> list[Outcome]:
    """Compare whole reports; of rows with given bandwidths what does not depend on stalls."""
    walks = Walks.ready()
    return _judge(dataset, lambda row: _full(row, walks))


def _judge(dataset: Dataset, columns: Callable[[Row], Mapping[str, float]]) -> list[Outcome]:
    tally = Tally()
    for row in dataset.rows:
        try:
            predicted = columns(row)
        except SkipRow as skip:
            tally.skip("total_cycles", skip.reason, row.line)
            continue
        for column, value in predicted.items():
            if column == WITHOUT_STALLS or row.cells.get(column, "").strip():
                tally.compare(column, value, _measured(row, column))
    return tally.outcomes(dataset.name, dataset.split, lambda group: ROUNDED if _is_rounded(group) else EXACT)


def _is_rounded(column: str) -> bool:
    return column.endswith(("_pct", "_bw"))


def _measured(row: Row, column: str) -> float:
    try:
        if column == WITHOUT_STALLS:
            return float(row.cells["total_cycles"]) - float(row.cells["stall_cycles"])
        return float(row.cells[column])
    except ValueError:
        raise SkipRow(f"{column} is not a number") from None


def _read(row: Row, *, buffers: bool) -> tuple[Layer, Array]:
    """Return the layer and the array of a row."""
    cells = {name: cell.strip() for name, cell in row.cells.items()}
    dataflow = next((name for name in STAYS if name == text(row, "dataflow")), None)
    if dataflow is None:
        raise SkipRow(f"unknown dataflow {quoted(text(row, 'dataflow'))}")
    kind = text(row, "kind")
    if kind == "conv":
        high, wide, tall, long, channels, filters, stride = (size(cells, name) for name in SIZES)
        layer = Layer(cells.get("layer", ""), high, wide, tall, long, channels, filters, (stride, stride))
    elif kind == "gemm":
        m, n, k = (size(cells, name) for name in ("M", "N", "K"))
        layer = Layer(cells.get("layer", ""), m, k, 1, k, 1, n)
    else:
        raise SkipRow(f"unknown kind {quoted(kind)}")
    inputs, weights, outputs = (KILO * size(cells, name) if buffers else KILO for name in BUFFERS)
    return layer, Array(size(cells, "rows"), size(cells, "cols"), dataflow, inputs, weights, outputs)


def _closed(layer: Layer, array: Array) -> dict[str, float]:
    """Return the columns that need no walk."""
    near = scratchpads(layer, array)
    sides = (
        (layer.in_height, layer.kernel_height, layer.stride[0], layer.out_height),
        (layer.in_width, layer.kernel_width, layer.stride[1], layer.out_width),
    )
    high, wide = (touched(size, taps, step) for size, taps, step, _ in sides)
    over = any((out - 1) * step + taps > size for size, taps, step, out in sides)
    return {
        "M": layer.m,
        "N": layer.n,
        "K": layer.k,
        "total_cycles": mapped(layer, array).total,
        **dict(zip(SHARES, utilisations(layer, array), strict=True)),
        "if_sram_reads": near.input.words,
        "fil_sram_reads": near.weight.words,
        "of_sram_writes": near.output.words,
        # All words beyond the edge have the address -1, which is counted as one more.
        "unique_ifmap": high * wide * layer.channels + over,
        "filter_elems": layer.n * layer.k,
        "ofmap_elems": layer.m * layer.n,
    }


def _full(row: Row, walks: Walks) -> dict[str, float]:
    layer, array = _read(row, buffers=True)
    closed = _closed(layer, array)
    mode = text(row, "mode")
    if mode == "USER":
        _measured(row, WITHOUT_STALLS)
        closed[WITHOUT_STALLS] = closed.pop("total_cycles")
        del closed["overall_util_pct"]
        return closed
    if mode != "CALC":
        raise SkipRow(f"unknown mode {quoted(mode)}")
    if closed["if_sram_reads"] + closed["fil_sram_reads"] + closed["of_sram_writes"] > MOST_WORDS:
        raise SkipRow("more words to walk than is worth the time")
    found = report(layer, array, walks)
    shares = zip(SHARES, utilisations(layer, array, found.stalls), strict=True)
    return closed | dict(shares) | dict(_walked(found))


def _walked(found: Report) -> Iterator[tuple[str, float]]:
    """Yield the columns of a whole report."""
    yield "total_cycles", found.total
    yield "cycles_incl_prefetch", found.with_prefetch
    near = found.scratchpads
    for prefix, access in (("if_sram", near.input), ("fil_sram", near.weight), ("of_sram", near.output)):
        yield from _access(prefix, access)
        yield f"{prefix}_bw", access.words / found.total
    for prefix, access in (("if_dram", found.input), ("fil_dram", found.weight), ("of_dram", found.output)):
        yield from _access(prefix, access)
        yield f"{prefix}_bw", access.rate


def _access(prefix: str, access: Access) -> Iterator[tuple[str, float]]:
    yield f"{prefix}_{'writes' if prefix.startswith('of') else 'reads'}", access.words
    yield f"{prefix}_start", access.start
    yield f"{prefix}_stop", access.stop
