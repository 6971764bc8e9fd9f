"""What one op costs on a GPU: one kernel, by kind."""

from __future__ import annotations

from archsim.families.gpu.attention import cost_attention
from archsim.families.gpu.conv import cost_conv
from archsim.families.gpu.gemm import cost_gemm
from archsim.families.gpu.streams import cost_stream
from archsim.graph.kinds import ATTENTION, CONV, MATMUL
from archsim.jit import Record, kernel
from archsim.mapping.processor import NO_UNIT


@kernel
def cost(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one op."""
    if work.lane_code[op.precision] < 0:
        out.status = NO_UNIT
    elif op.kind == MATMUL:
        cost_gemm(op, chip, work, out)
    elif op.kind == CONV:
        cost_conv(op, chip, work, out)
    elif op.kind == ATTENTION:
        cost_attention(op, chip, work, out)
    else:
        cost_stream(op, chip, work, out)
