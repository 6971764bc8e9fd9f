"""Convolutions as implicit matrix products, or by Winograd."""

from __future__ import annotations

from archsim.families.gpu.outcome import finish
from archsim.jit import Record, kernel
from archsim.mapping.processor import fill_busy


@kernel
def cost_conv(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one convolution."""
    fill_busy(op, chip, work, out, chip.generation_launch_latency)
    finish(op, chip, work, out, 0.0)
