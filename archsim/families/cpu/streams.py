"""Everything that is no product: pointwise, normalising, reducing, moving, irregular and dependent work."""

from __future__ import annotations

from typing import Final

from archsim.families.cpu.ecm import begin, finish
from archsim.families.cpu.gemm import find
from archsim.jit import Record, kernel
from archsim.mapping.processor import LANES

FUSED: Final = 2.0
"""Operations of the multiply-add that peaks count; an operation of its own takes an instruction for one."""


@kernel
def cost_stream(op: Record, chip: Record, work: Record, out: Record, threads: float) -> float:
    """Cost one op that streams, gathers or waits, on some of the cores; return its latency, s."""
    begin(op, chip, work, out, threads)
    find(op, chip, work, out)
    out.busy[LANES] *= FUSED
    return finish(op, chip, work, out)
