"""What one op costs on a systolic machine, by kind."""

from __future__ import annotations

from archsim.families.systolic.attention import cost_attention
from archsim.families.systolic.compatible import NATIVE, cost_compatible
from archsim.families.systolic.conv import cost_conv
from archsim.families.systolic.gemm import cost_gemm
from archsim.families.systolic.parts import NO_UNIT
from archsim.families.systolic.vector import cost_vector
from archsim.graph.kinds import ATTENTION, CONV, MATMUL
from archsim.jit import Record, kernel


@kernel
def cost(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one op."""
    if work.lane_code[op.precision] < 0:
        out.status = NO_UNIT
    elif chip.compatible != NATIVE and (op.kind == MATMUL or op.kind == CONV):  # noqa: PLR1714
        cost_compatible(op, chip, work, out)
    elif op.kind == MATMUL:
        cost_gemm(op, chip, work, out)
    elif op.kind == CONV:
        cost_conv(op, chip, work, out)
    elif op.kind == ATTENTION:
        cost_attention(op, chip, work, out)
    else:
        cost_vector(op, chip, work, out)
