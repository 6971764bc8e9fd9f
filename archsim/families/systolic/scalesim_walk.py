"""All that SCALE-Sim reports of one layer: what crosses to DRAM is walked word by word.

A window of inputs that overlaps the next one is found in its buffer or not depending on when that was dropped, so no
closed form is exact; nor is there one for the outputs, some of which SCALE-Sim counts twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

from archsim.families.systolic import dataflow, refill_walk
from archsim.families.systolic.dataflow import INPUTS, OUTPUTS, WEIGHTS
from archsim.families.systolic.scalesim import Access, Array, Layer, Mapped, Scratchpads, mapped, scratchpads
from archsim.laws import refill

if TYPE_CHECKING:
    import numpy as np

PREFETCHED: Final = 10
"""Words a cycle at which SCALE-Sim fills a buffer before the array starts; the number is fixed in its code."""


@dataclass(frozen=True)
class Report:
    """One row of each of SCALE-Sim's three reports.

    Attributes
    ----------
    layer : Layer
        Which one.
    total, stalls : int
        Cycles, stalls included, and those.
    scratchpads : Scratchpads
        Accesses of the scratchpads.
    input, weight, output : Access
        Accesses of the DRAM: inputs and weights read, outputs written.
    """

    layer: Layer
    total: int
    stalls: int
    scratchpads: Scratchpads
    input: Access
    weight: Access
    output: Access

    @property
    def with_prefetch(self) -> int:
        """Cycles from the first word prefetched to the last one written."""
        return self.output.stop - min(self.input.start, self.weight.start)


@dataclass(frozen=True)
class Walks:
    """The walks compiled: looked up once for many layers."""

    stream: Callable[..., None]
    still: Callable[..., None]
    writes: Callable[..., None]

    @classmethod
    def ready(cls) -> Self:
        """Return them."""
        from archsim.jit import compiled

        kernels = (refill_walk.walk_stream, refill_walk.walk_still, refill_walk.walk_writes)
        return cls(*(compiled(each) for each in kernels))


@dataclass(frozen=True)
class _Grid:
    """Where the words of an operand lie: address, row and column by pixel or filter and by product summed."""

    words: int
    outer: tuple[np.ndarray, np.ndarray, np.ndarray]
    deep: tuple[np.ndarray, np.ndarray, np.ndarray]
    height: int
    width: int


def report(layer: Layer, array: Array, walks: Walks | None = None) -> Report:
    """Return all that SCALE-Sim reports of a layer where it finds the bandwidths itself (``CALC``).

    Takes time in proportion to the words that cross the array's edges, some 3e8 a second.

    Parameters
    ----------
    layer, array : Layer, Array
        Which ones.
    walks : Walks, optional
        From `Walks.ready`, where there are many layers.
    """
    walks = walks or Walks.ready()
    folded = mapped(layer, array)
    near = scratchpads(layer, array)
    read, last = _reads(INPUTS, _inputs(layer), array, folded, array.input, walks)
    fetched, _ = _reads(WEIGHTS, _weights(layer), array, folded, array.weight, walks)
    written, stalls = _writes(layer, array, folded, walks)
    near = replace(near, input=replace(near.input, stop=last + 1))
    return Report(layer, folded.total + stalls, stalls, near, read, fetched, written)


def _inputs(layer: Layer) -> _Grid:
    import numpy as np

    pixel, tap = np.arange(layer.m), np.arange(layer.k)
    image, inside = np.divmod(pixel, layer.out_height * layer.out_width)
    row, column = np.divmod(inside, layer.out_width)
    down, rest = np.divmod(tap, layer.kernel_width * layer.channels)
    across, channel = np.divmod(rest, layer.channels)
    row, column = row * layer.stride[0], column * layer.stride[1]
    whole = layer.in_height * layer.in_width * layer.channels
    first = image * whole + (row * layer.in_width + column) * layer.channels
    second = (down * layer.in_width + across) * layer.channels + channel
    return _Grid(layer.images * whole, (first, row, column), (second, down, across), layer.in_height, layer.in_width)


def _weights(layer: Layer) -> _Grid:
    import numpy as np

    first, second = np.arange(layer.n) * layer.k, np.arange(layer.k)
    flat, thin = np.zeros_like(first), np.zeros_like(second)
    return _Grid(layer.n * layer.k, (first, flat, flat), (second, thin, thin), 1, 1)


def _reads(operand: int, grid: _Grid, array: Array, folded: Mapped, capacity: int, walks: Walks) -> tuple[Access, int]:
    """Walk the inputs or the weights; return what was fetched when, and the last cycle a word was asked for."""
    import numpy as np

    window, part = int(refill.window(capacity)), int(refill.set_words(capacity))
    seen = np.zeros(grid.words, dtype=np.int32)
    state = np.zeros(refill_walk.STATE, dtype=np.int64)
    # With outputs staying, a port is a pixel or a filter; otherwise the ports of what streams by are those of the rows,
    # products summed. What stays lies with pixels or filters along the columns.
    by_depth = folded.stays not in (OUTPUTS, operand)
    first, second = (grid.deep, grid.outer) if by_depth else (grid.outer, grid.deep)
    words = [each for pair in zip(first, second, strict=True) for each in pair]
    common = (*words, grid.height, grid.width, window, seen, state)
    if folded.stays == operand:
        begin = array.rows - min(folded.high, array.rows)
        walks.still(folded.outer, folded.inner, array.rows, array.columns, folded.cycles, *common)
    else:
        by_rows = by_depth or operand == INPUTS
        begin = array.rows if by_depth else 0
        side = array.rows if by_rows else array.columns
        walks.stream(folded.outer, folded.inner, int(by_rows), side, begin, folded.cycles, *common)
    fetched, last = int(state[refill_walk.FETCHED]), int(state[refill_walk.LAST])
    if state[refill_walk.LAST_FILL] < 0:
        whole_sets = part * -(-int(state[refill_walk.HELD]) // part)
        return Access(fetched, -_filling(whole_sets), -1), last
    return Access(fetched, begin - _filling(window), int(state[refill_walk.LAST_FILL]) + 1), last


def _filling(words: int) -> int:
    """Return the cycles in which a buffer is filled before the array starts."""
    return -(-words // PREFETCHED)


def _writes(layer: Layer, array: Array, folded: Mapped, walks: Walks) -> tuple[Access, int]:
    """Walk the outputs; return what was written when, and the cycles stalled."""
    import numpy as np

    words = int(dataflow.output_writes(folded.stays, layer.m, layer.n, layer.k, array.rows))
    lines_drained = -(-(array.output // 2) // array.columns)
    short = words // max((lines_drained - 1) * array.columns, 1) + 2
    lines = np.zeros(words // array.columns + short, dtype=np.int64)
    counts = np.zeros(refill_walk.COUNTS, dtype=np.int64)
    if folded.stays == OUTPUTS:
        begin = folded.long - 1 + (array.rows if array.drained else 0)
        sides, upside_down = (folded.high, array.rows), 1
    else:
        begin, sides, upside_down = 2 * array.rows - 1, (folded.long, folded.long), 0
    walks.writes(folded.outer, folded.inner, *sides, folded.wide, array.columns, begin, folded.cycles, upside_down,
                 array.output, lines, counts)  # fmt: skip
    written, start, stop = (int(counts[each]) for each in (refill_walk.WRITTEN, refill_walk.START, refill_walk.STOP))
    return Access(written, start, stop), int(counts[refill_walk.STALLS])
