"""What happens to an element between two layers: converted, stored and encoded again, or handed on in analog.

Rules, in the order they are asked:

(a) an electronic function between detector and modulator skips output converter, memory and input converter, where it
    works on single elements of sums that one pass completes;
(b) an optical one skips the detector and the modulator too, while the light lasts: the link budget runs on through the
    next layer, and where it is spent the element is converted;
(c) functions of whole rows (softmax, norms) always convert: they are ops of their own, on the digital unit;
(d) so do sums over several passes, and sums with a second operand.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.families.optical.place import FOURIER, on_cores
from archsim.graph.kinds import ATTENTION
from archsim.jit import Record, kernel
from archsim.laws import optical_core

DIGITAL: Final = 0
ELECTRONIC: Final = 1
"""Codes of the description's choices."""


@kernel
def chain_length(loss: float, inserted: float, budget: float) -> float:
    """Return the layers that one light passes, -: n L + (n - 1) L_n is within the budget, and at least 1."""
    return max(1.0, math.floor((budget + inserted) / max(loss + inserted, 1e-9)))


@kernel
def is_computed(op: Record) -> bool:
    """Say whether both operands of a product are computed: one of them waits in memory for the other."""
    return op.dynamic == 1 or op.kind == ATTENTION


@kernel
def hands_on(op: Record, chip: Record) -> bool:
    """Say whether an op's outputs can leave a core in analog."""
    if chip.nonlinearity_kind == DIGITAL or chip.core_structure == FOURIER or is_computed(op):
        return False
    if op.flops + op.special <= 0.0 or op.extra_bytes > 0.0 or chip.core_signs > 0 or not on_cores(op, chip):
        return False
    reads = optical_core.output_reads(1.0, 1.0, op.k, chip.core_rows, chip.core_accumulate, chip.core_summed, 1.0)
    return reads <= 1.0


@kernel
def takes_up(op: Record, chip: Record) -> bool:
    """Say whether an op's inputs can enter a core in analog: they are encoded once, since nothing keeps them."""
    if chip.nonlinearity_kind == DIGITAL or chip.core_structure == FOURIER or is_computed(op):
        return False
    return on_cores(op, chip) and math.ceil(op.n / chip.core_columns) <= chip.core_broadcast


@kernel
def share_boundaries(ops: Record, chip: Record, work: Record) -> None:
    """Fill which share of what can be handed on in analog finds a layer that takes it up, and the other way round.

    Which op reads which is not known here; over a run as many elements are handed on as taken up.
    """
    work.lit_inputs, work.lit_outputs = 0.0, 0.0
    if chip.nonlinearity_kind == DIGITAL:
        return
    given, taken = 0.0, 0.0
    for index in range(len(ops)):
        op = ops[index]
        each = op.count * op.steps * op.batch * op.m
        if hands_on(op, chip):
            given += each * op.n
        if takes_up(op, chip):
            taken += each * op.k / windows_of(op)
    both = min(given, taken)
    lasting = 1.0 if chip.nonlinearity_kind == ELECTRONIC else (work.chain - 1.0) / work.chain
    if both > 0.0:
        work.lit_outputs = lasting * both / given
        work.lit_inputs = lasting * both / taken


@kernel
def windows_of(op: Record) -> float:
    """Return how many windows of a convolution hold one input, -; 1 for a matrix product."""
    return max(1.0, op.kernel_height * op.kernel_width / (op.stride * op.stride)) if op.kernel_height > 0.0 else 1.0
