"""Convolutions: as implicit matrix products, by Winograd's algorithm, or directly on the lanes."""

from __future__ import annotations

from typing import Final

from archsim.families.gpu.gemm import fill_product, keep_resident
from archsim.families.gpu.outcome import finish
from archsim.jit import Record, kernel
from archsim.mapping.processor import LANES, MEMORY, fill_busy

FEW: Final = 4.0
"""Channels per group up to which a convolution is no product worth unrolling."""
WINOGRAD: Final = 3.0
"""Kernel size of the transform F(2 x 2, 3 x 3)."""
WINOGRAD_SHARE: Final = 16.0 / 36.0
"""Its multiplications over those of the definition: 4 x 4 instead of 2 x 2 x 3 x 3 per channel."""


@kernel
def cost_conv(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one convolution."""
    fill_busy(op, chip, work, out, chip.generation_launch_latency)
    written = keep_resident(op, chip, work, out)
    if op.groups > 1.0 and op.in_channels <= FEW * op.groups:
        out.busy[MEMORY] = out.bytes[0] / work.stream_rate[0]
        out.busy[LANES] = (2.0 * op.macs + op.flops) * op.steps / work.lane_peak[op.precision]
        finish(op, chip, work, out, chip.memory_latency[0])
        return
    width = work.mac_widening[op.precision] / 8.0
    left, right, result = op.input_bits * width, op.weight_bits * width, op.output_bits / 8.0
    fill_product(op, chip, work, out, op.m, op.n, op.k, op.batch, left, right, result, written, 1.0)
