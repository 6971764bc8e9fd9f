"""Convolutions in the focus of a lens: a mask multiplies the spectrum of a whole plane; a filter's size is free.

Each pair of input and output channel is a plane filtered with a mask of its own. Inputs are encoded pixel by pixel,
once for as many masks as share an encoding; the filtered planes are read pixel by pixel, pixels between strides too,
once for as many input channels as are added up on the detector, and the rest is added up in digital.
"""

from __future__ import annotations

from typing import Final

from archsim.families.optical.product import move_and_run
from archsim.jit import Record, kernel
from archsim.laws import fold, optical_core

STREAMED: Final = 2


@kernel
def cost_fourier(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost a convolution on a 4f engine: t = start + pipeline + max(frames / f + masks, conversions, memories)."""
    signs = work.signs
    images = op.m / (op.out_height * op.out_width)
    channels = op.in_channels / op.groups  # of one group
    dense = op.stride  # pixels between outputs are filtered too
    high, wide = op.out_height * dense, op.out_width * dense
    framed = (max(op.in_height, high) + op.kernel_height - 1.0) * (max(op.in_width, wide) + op.kernel_width - 1.0)
    pairs = op.batch * channels * op.n
    work.inputs = (
        signs * images * op.in_channels * op.in_height * op.in_width
        * max(1.0, op.n / chip.core_broadcast)
    )  # fmt: skip
    added = fold.folds(fold.folds(channels, chip.core_accumulate), chip.core_summed)
    work.results = op.batch * op.m * op.n
    work.outputs = signs * images * op.batch * op.n * high * wide * added
    work.seen = signs * images * pairs * high * wide
    resolution = chip.core_rows * chip.core_columns
    engines = chip.core_count * chip.core_vectors
    work.symbols = signs * optical_core.frames(images * pairs, framed, resolution, engines)
    work.occupied = min(chip.core_count, images * pairs)
    # A mask has the resolution of the plane; images behind one another find it set.
    pixels = pairs * min(framed, resolution)
    work.written = pixels * op.steps
    work.turns = optical_core.frames(pairs, framed, resolution, engines) * op.steps
    work.settings = pixels
    work.moved = 1.0
    move_and_run(op, chip, work, out)
