"""What runs on the cores, and what on the digital unit."""

from __future__ import annotations

from typing import Final

from archsim.graph.kinds import ATTENTION, CONV, MATMUL
from archsim.jit import Record, kernel

STREAMED: Final = 2
FOURIER: Final = 4
AUTO: Final = 0
CORE: Final = 2
"""Codes of the description's choices."""


@kernel
def on_cores(op: Record, chip: Record) -> bool:
    """Say whether the cores run an op.

    Products do; those of two computed operands, attention among them, where the description says so; on a lens
    convolutions with a filter larger than a pixel, and nothing else.
    """
    if (op.kind != MATMUL and op.kind != CONV and op.kind != ATTENTION) or op.macs <= 0.0:  # noqa: PLR1714
        return False
    if chip.core_structure == FOURIER:
        filtered = op.kind == CONV and op.transposed == 0 and op.dynamic == 0
        return filtered and op.kernel_height * op.kernel_width > 1.0
    if op.dynamic == 1 or op.kind == ATTENTION:
        return chip.core_dynamic == CORE or (chip.core_dynamic == AUTO and chip.core_weights == STREAMED)
    return True
