"""Convolutions: as implicit matrix products, by Winograd's algorithm, or directly on the lanes."""

from __future__ import annotations

from typing import Final

from archsim.families.gpu.gemm import fill_product
from archsim.families.gpu.outcome import finish
from archsim.families.gpu.product import LANE_UNITS, run_product
from archsim.jit import Record, kernel
from archsim.laws import roofline, waves, winograd
from archsim.mapping.processor import LANES, MEMORY, START, fill_busy
from archsim.mapping.resident import keep_resident

FEW: Final = 4.0
"""Channels of a group up to which a convolution is no product worth unrolling."""
VECTOR: Final = 16.0
"""Bytes of one tap's channels that tensor-core kernels fetch together; fewer channels are padded, B."""
TAPS: Final = 3.0
"""Side of the kernels that libraries transform."""
FUSED: Final = 2.0
APART: Final = 4.0
"""Sides of the patches: inside one kernel, or by transforms before and after the products."""
FUSED_FLOPS: Final = 32.0 / 4.0
FUSED_INVERSE: Final = 24.0 / 4.0
"""Additions of the transforms of inputs and results per element (Lavin, Gray 2015, arXiv:1509.09308, section 4.1)."""
TRANSFORMS: Final = 2.0
"""Further kernels where the transforms run apart; the weights are transformed once for all runs."""


@kernel
def cost_conv(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one convolution by the fastest of its algorithms."""
    fill_busy(op, chip, work, out, chip.generation_launch_latency)
    written = keep_resident(op, chip, work, out, chip.generation_cache_share)
    if op.groups > 1.0 and op.in_channels <= FEW * op.groups:
        direct(op, chip, work, out)
    elif work.on_matrix[op.precision] == 1:
        implicit(op, chip, work, out, written)
    else:
        on_lanes(op, chip, work, out, written)


@kernel
def direct(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost a convolution of few channels per group, such as a depthwise one: every result on a lane of its own."""
    out.busy[MEMORY] = roofline.bound_time(out.bytes[0], work.stream_rate[LANE_UNITS])
    out.busy[LANES] = roofline.bound_time((2.0 * op.macs + op.flops) * op.steps, work.lane_peak[op.precision])
    finish(op, chip, work, out, chip.memory_latency[0] * op.steps)


@kernel
def implicit(op: Record, chip: Record, work: Record, out: Record, written: float) -> None:
    """Cost a convolution as a product whose left operand is unrolled on the way, channels padded to whole vectors."""
    width = work.mac_widening[op.precision] / 8.0
    left, right, result = op.input_bits * width, op.weight_bits * width, op.output_bits / 8.0
    taps = op.kernel_height * op.kernel_width
    depth = taps * waves.padded(op.k / taps, VECTOR / left) if op.dynamic == 0 else op.k
    fill_product(op, chip, work, out, op.m, op.n, depth, op.batch, left, right, result, written, 1.0)


@kernel
def on_lanes(op: Record, chip: Record, work: Record, out: Record, written: float) -> None:
    """Cost a convolution on lanes: as a product, or of patches by Winograd, whichever is fastest."""
    width = work.mac_widening[op.precision] / 8.0
    left, right, result = op.input_bits * width, op.weight_bits * width, op.output_bits / 8.0
    peak, memory = work.mac_peak[op.precision], out.bytes[0] / op.steps
    square = op.kernel_height == TAPS and op.kernel_width == TAPS and op.stride == 1.0
    if not square or op.dynamic == 1 or op.transposed == 1:
        fill_product(op, chip, work, out, op.m, op.n, op.k, op.batch, left, right, result, written, 1.0)
        return
    images = op.m / (op.out_height * op.out_width)
    channels = op.k / (TAPS * TAPS)
    share = chip.generation_winograd_share
    plain = run_product(
        op.m, op.n, op.k, op.batch, left, right, result, peak, memory, written, LANE_UNITS, chip, work, out
    )
    small = images * winograd.patches(op.out_height, op.out_width, FUSED)
    points = winograd.multiplications(FUSED, TAPS)
    inputs, results = op.input_bytes / left, op.elements
    additions = (FUSED_FLOPS * inputs + FUSED_INVERSE * results) / work.lane_peak[op.precision]
    fused = additions + run_product(
        small, op.n, channels, op.batch * points, left, right, result * FUSED * FUSED / points, peak * share, memory,
        written, LANE_UNITS, chip, work, out,
    )  # fmt: skip
    large = images * winograd.patches(op.out_height, op.out_width, APART)
    wide = winograd.multiplications(APART, TAPS)
    grown = memory + 2.0 * wide * large * op.batch * (channels * left + op.n * result)
    further = TRANSFORMS * chip.generation_launch_latency
    apart = further + run_product(
        large, op.n, channels, op.batch * wide, left, right, result, peak * share, grown, 1.0, LANE_UNITS, chip, work,
        out,
    )  # fmt: skip
    if plain <= min(fused, apart):
        fill_product(op, chip, work, out, op.m, op.n, op.k, op.batch, left, right, result, written, 1.0)
    elif fused <= apart:
        out.busy[START] += additions * op.steps
        fill_product(
            op, chip, work, out, small, op.n, channels, op.batch * points, left, right,
            result * FUSED * FUSED / points, written, share,
        )  # fmt: skip
    else:
        out.busy[START] += further * op.steps
        out.bytes[0] = grown * op.steps
        fill_product(op, chip, work, out, large, op.n, channels, op.batch * wide, left, right, result, 1.0, share)
