"""Attention in one kernel: blocks of queries pass over the keys, and scores stay in the cache."""

from __future__ import annotations

from typing import Final

from archsim.families.cpu.ecm import begin, finish
from archsim.families.cpu.gemm import compute, find
from archsim.families.cpu.tiles import SIDES, prepare, product_clocks
from archsim.jit import Record, kernel

BLOCK: Final = 32.0
"""Queries of one block: blocks are dealt out to the cores."""


@kernel
def cost_attention(op: Record, chip: Record, work: Record, out: Record, threads: float) -> float:
    """Cost one fused attention on some of the cores: two products and a softmax; return its latency, s."""
    begin(op, chip, work, out, threads)
    find(op, chip, work, out)
    prepare(op, chip, work)
    queries = min(BLOCK, op.m)
    blocks = op.batch * op.m / queries
    scores = product_clocks(queries, op.n, op.k, 1.0, blocks, threads, SIDES, chip, work, out)
    values = product_clocks(queries, op.value_size, op.n, 1.0, blocks, threads, SIDES, chip, work, out)
    compute(op.mask * (scores + values), op, chip, work, out)
    return finish(op, chip, work, out)
