"""Attention: two products per head on the arrays, the softmax between them on the vector unit."""

from __future__ import annotations

from archsim.families.systolic.folds import map_product
from archsim.families.systolic.levels import keep_on_chip
from archsim.families.systolic.outcome import fill_energy, finish
from archsim.families.systolic.parts import ARRAYS, FILLING, IDLE, LOADING, MEMORY, VECTOR
from archsim.families.systolic.vector import vector_time
from archsim.jit import Record, kernel
from archsim.laws import roofline
from archsim.mapping.reuse import move_bytes


@kernel
def cost_attention(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost attention kept whole: t = launch + fill + max(products, softmax, memories).

    Scores are computed in full; a masked part takes its cycles. Gradients repeat the two products as their MACs say.
    """
    stored = op.precision
    work.streaming, work.shifting, work.filling, work.loading, work.sums = 0.0, 0.0, 0.0, 0.0, 0.0
    on_arrays = work.on_matrix[stored] == 1
    macs = op.macs * op.steps
    out.busy[VECTOR] = vector_time(op, chip, work, op.batch * op.m, op.n)
    move_bytes(op, chip, work, out, MEMORY, work.mac_widening[stored])
    if on_arrays:
        pace = chip.array_pace[work.mac_code[stored]]
        map_product(op, chip, work, out, op.batch, op.m, op.n, op.k, pace)
        streaming, shifting, filling = work.streaming, work.shifting, work.filling
        loading, reads, sums = work.loading, work.reads, work.sums
        map_product(op, chip, work, out, op.batch, op.m, op.value_size, op.n, pace)
        again = op.macs / max(1.0, op.batch * op.m * op.n * (op.k + op.value_size))
        work.streaming = (work.streaming + streaming) * again
        work.shifting = (work.shifting + shifting) * again
        work.filling = (work.filling + filling) * again
        work.loading = (work.loading + loading) * again
        work.sums = (work.sums + sums) * again
        work.reads = (work.reads + reads) * again
        useful = roofline.bound_time(2.0 * macs * op.mask, work.mac_peak[stored])
        out.busy[ARRAYS] = useful
        out.busy[IDLE] = max(0.0, work.streaming * op.steps / chip.clock - useful)
        out.busy[LOADING] = work.shifting * op.steps / chip.clock
        out.busy[FILLING] = (work.filling / chip.clock + work.combining) * op.steps
    else:
        out.busy[VECTOR] += roofline.bound_time(2.0 * macs * op.mask, work.lane_peak[stored])
    keep_on_chip(op, chip, work, out, work.mac_widening[stored], chip.overhead_product_bandwidth)
    finish(op, chip, work, out, 0.0)
    fill_energy(op, chip, work, out, macs * op.mask if on_arrays else 0.0, 0.0 if on_arrays else macs * op.mask)
