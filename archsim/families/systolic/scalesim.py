"""What SCALE-Sim reports of one layer before any memory is simulated, in exact whole numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from archsim.families.systolic import compatible, dataflow
from archsim.families.systolic.dataflow import INPUTS, OUTPUTS, WEIGHTS
from archsim.graph.op import Op
from archsim.graph.work import Conv, MatMul
from archsim.laws import fold

Dataflow = Literal["ws", "os", "is"]

STAYS: Final[dict[Dataflow, int]] = {"ws": WEIGHTS, "os": OUTPUTS, "is": INPUTS}
"""What stays in the cells, by the name of a dataflow."""
PERCENT: Final = 100


@dataclass(frozen=True)
class Layer:
    """A layer as SCALE-Sim sees it: a convolution without padding, or a product written as one."""

    name: str
    in_height: int
    in_width: int
    kernel_height: int
    kernel_width: int
    channels: int
    filters: int
    stride: tuple[int, int] = (1, 1)
    images: int = 1

    @property
    def out_height(self) -> int:
        """Rows of output pixels: ceil((IH - FH + S) / S); the last window may hang over the edge."""
        return int(compatible.windows(self.in_height, self.kernel_height, self.stride[0]))

    @property
    def out_width(self) -> int:
        """Columns of output pixels."""
        return int(compatible.windows(self.in_width, self.kernel_width, self.stride[1]))

    @property
    def m(self) -> int:
        """Output pixels."""
        return self.images * self.out_height * self.out_width

    @property
    def n(self) -> int:
        """Output channels."""
        return self.filters

    @property
    def k(self) -> int:
        """Products summed for one output."""
        return self.kernel_height * self.kernel_width * self.channels


@dataclass(frozen=True)
class Array:
    """An array and its buffers: cells and bytes; `drained`: outputs leave it before the next fold, as in the paper."""

    rows: int
    columns: int
    dataflow: Dataflow
    input: int
    weight: int
    output: int
    drained: bool = False


@dataclass(frozen=True)
class Mapped:
    """A layer on an array: what stays in the cells, axes, and folds."""

    stays: int
    high: int
    """Axis along the rows."""
    wide: int
    """Axis along the columns."""
    long: int
    """Axis that streams past."""
    inner: int
    """Folds along the rows, the inner loop."""
    outer: int
    """Folds along the columns."""
    cycles: int
    """Cycles of one fold."""

    @property
    def total(self) -> int:
        """Cycles reported, without stalls: one below those of the folds."""
        return self.inner * self.outer * self.cycles - 1


@dataclass(frozen=True)
class Access:
    """Words moved, and the first and last cycle in which they were."""

    words: int
    start: int
    stop: int

    @property
    def rate(self) -> float:
        """Words a cycle."""
        return self.words / (self.stop - self.start + 1)


@dataclass(frozen=True)
class Scratchpads:
    """Accesses of the scratchpads: inputs and weights read, outputs written."""

    input: Access
    weight: Access
    output: Access


def layers(op: Op) -> Iterator[Layer]:
    """Yield the layers SCALE-Sim would run for an op: one for each group or independent product; none for the rest."""
    work = op.work
    if isinstance(work, MatMul):
        layer, times = _product(op.name, work.m, work.n, work.k), work.batch
    elif isinstance(work, Conv):
        channels, filters = work.in_channels // work.groups, work.out_channels // work.groups
        times = work.groups
        if work.transposed:
            taps = work.kernel_height * work.kernel_width
            layer = _product(op.name, work.batch * work.in_height * work.in_width, filters, taps * channels)
        else:
            layer = Layer(op.name, work.in_height, work.in_width, work.kernel_height, work.kernel_width, channels,
                          filters, work.stride, work.batch)  # fmt: skip
    else:
        return
    for _ in range(times * op.steps):
        yield layer


def _product(name: str, m: int, n: int, k: int) -> Layer:
    """Return a product as a convolution of an m x k image with 1 x k kernels."""
    return Layer(name, m, k, 1, k, 1, n)


def mapped(layer: Layer, array: Array) -> Mapped:
    """Fold a layer onto an array."""
    stays = STAYS[array.dataflow]
    axes = (dataflow.along_rows, dataflow.along_columns, dataflow.streamed)
    high, wide, long = (int(axis(stays, layer.m, layer.n, layer.k)) for axis in axes)
    each = compatible.per_fold(stays, array.rows, array.columns, long, int(array.drained))
    inner, outer = fold.folds(high, array.rows), fold.folds(wide, array.columns)
    return Mapped(stays, high, wide, long, int(inner), int(outer), int(each))


def utilisations(layer: Layer, array: Array, stalls: int = 0) -> tuple[float, float, float]:
    """Return the overall utilisation, the mapping efficiency and the compute utilisation, percent.

    The last divides by cycles that are not those of a fold where weights or inputs stay: 2 R + 2 C + T - 3.
    """
    found = mapped(layer, array)
    rows, columns = array.rows, array.columns
    folds = found.inner * found.outer
    counted = found.cycles if found.stays == OUTPUTS else 2 * rows + 2 * columns + found.long - 3
    return (
        PERCENT * layer.m * layer.n * layer.k / ((found.total + stalls) * rows * columns),
        PERCENT * fold.mapped_share(found.high, found.wide, rows, columns),
        PERCENT * found.high * found.wide * found.long / (folds * rows * columns * counted),
    )


def scratchpads(layer: Layer, array: Array) -> Scratchpads:
    """Return the accesses of the scratchpads; a read is served a cycle after it was asked for.

    The last input may hang over the edge of a convolution; the stop of the inputs is then earlier, see
    `archsim.families.systolic.scalesim_walk`.
    """
    found = mapped(layer, array)
    rows, columns = array.rows, array.columns
    m, n, k, stays = layer.m, layer.n, layer.k, found.stays
    last = (found.inner * found.outer - 1) * found.cycles
    used = min(found.high, rows)
    low = found.high - rows * (found.inner - 1)
    right = found.wide - columns * (found.outer - 1)
    if stays == OUTPUTS:
        inputs, weights = (1, last + found.long + low - 1), (1, last + found.long + right - 1)
        late = found.long - 1 + (rows if array.drained else 0)
        outputs = (late + rows - used, last + late + rows + right - 2)
    else:
        still, stream = (rows - used + 1, last + rows), (rows + 1, last + rows + found.long + low - 1)
        inputs, weights = (stream, still) if stays == WEIGHTS else (still, stream)
        outputs = (2 * rows - 1, last + 2 * rows + found.long + right - 3)
    return Scratchpads(
        Access(int(dataflow.input_reads(stays, m, n, k, columns)), *inputs),
        Access(int(dataflow.weight_reads(stays, m, n, k, rows, columns)), *weights),
        Access(int(compatible.counted_writes(stays, m, n, k, rows, columns)), *outputs),
    )
