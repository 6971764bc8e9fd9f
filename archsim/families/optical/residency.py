"""Which weights stay in cores of their own from run to run."""

from __future__ import annotations

import math
from typing import Final

from archsim.families.optical.place import FOURIER, on_cores
from archsim.graph.kinds import CONV, MATMUL
from archsim.jit import Record, kernel
from archsim.laws import fold, fold_time, optical_core

IN_PLACE: Final = 0
UPDATE: Final = 3
"""Code of the phase that changes weights."""


@kernel
def blocks_of(chip: Record, batch: float, n: float, k: float) -> float:
    """Return the cores that hold `batch` matrices of k x n, -; small ones lie on the diagonal of one core together."""
    together = fold_time.packed_groups(k, n, chip.core_rows, chip.core_columns, batch)
    each = optical_core.blocks(n * together, k * together, chip.core_rows, chip.core_columns)
    return fold.folds(batch, together) * each


@kernel
def hold_weights(ops: Record, chip: Record, work: Record) -> None:
    """Fill the share of weights that stay: all that fit, with one core left to the rest; none in training."""
    needed = 0.0
    changed = False
    for index in range(len(ops)):
        op = ops[index]
        if op.phase == UPDATE:
            changed = True
        if (op.kind == MATMUL or op.kind == CONV) and op.dynamic == 0 and on_cores(op, chip):  # noqa: PLR1714
            needed += op.weight_sets * blocks_of(chip, op.batch, op.n, op.k)
    work.held_share = 0.0
    if chip.core_weights == IN_PLACE and chip.core_structure != FOURIER and not changed:
        room = chip.core_count
        work.held_share = 1.0 if needed <= room else max(0.0, (room - 1.0) / needed)


@kernel
def staying_share(op: Record, chip: Record, work: Record) -> float:
    """Return the share of an op's weights that are in their cores before it starts, -."""
    if chip.core_weights != IN_PLACE or op.dynamic == 1 or op.weight_distance == math.inf:
        return 0.0
    return work.held_share
