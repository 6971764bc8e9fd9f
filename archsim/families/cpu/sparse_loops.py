"""The inner loops of products with compressed weights: instructions, clocks and waiting for every stored value."""

from __future__ import annotations

import math
from typing import Final

from archsim.families.cpu.latencies import innermost, mean_latency
from archsim.jit import Record, kernel
from archsim.laws import parallelism, sparse_rate, sparsity

LOOP: Final = 2.0
"""Instructions that count and branch, in every iteration."""
EXPANDED_LOADS: Final = 4.0
EXPANDED_INSTRUCTIONS: Final = 10.0
"""One product of two compressed operands: it loads an index, a value, the result's sum and whether that is new; and it
multiplies, adds, stores the sum, compares, counts and branches."""
RESULT_INSTRUCTIONS: Final = 8.0
"""What a result of such sums takes to be collected and cleared."""

INSTRUCTIONS: Final = 1
WAITED: Final = 2
PASSES: Final = 3
DENSE_BYTES: Final = 4
PIECE: Final = 5
"""Numbers of the mapping: instructions of one step; clocks by latency alone; passes over the values; bytes in which
elements of the dense operand are looked for, and those of one piece of it that lies together."""


@kernel
def scalar_rate(chip: Record) -> float:
    """Return the loads of single elements one core starts, 1/clk."""
    return max(chip.core_loads, chip.core_gather)


@kernel
def adding(chip: Record) -> float:
    """Return the clocks from one term of a sum to the next, clk."""
    if chip.library_sparse_fused or math.isnan(chip.core_addition):
        return chip.core_depth
    return chip.core_addition


@kernel
def values_of(op: Record) -> float:
    """Return the stored values."""
    return op.weight_elements * op.weight_density


@kernel
def element_width(op: Record, work: Record) -> float:
    """Return the width of an element of the dense operand, B."""
    return op.input_bits / 8.0 * work.mac_widening[op.precision]


@kernel
def sum_columns(op: Record, chip: Record, work: Record, out: Record) -> float:
    """Return the clocks of values that each fetch an element from one column, or from a few; also fill the mapping.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost.

    Returns
    -------
    float
        Clocks the busiest parts of the cores take for one step, clk.
    """
    together = min(chip.library_sparse_together, op.m)
    passes = sparse_rate.passes(op.m, together)
    width = element_width(op, work)
    loads = sparse_rate.column_loads(together)
    count = LOOP + loads + together
    body = parallelism.body_clocks(loads, scalar_rate(chip), together, chip.core_slots, count, chip.core_issue)
    near = innermost(chip, work)
    chains = chip.library_sparse_sums * in_window(op, chip, count)
    dense = op.k * together * width
    reach = near + mean_latency(chip, dense) * work.core_clock + chip.core_depth
    waiting = parallelism.loop_clocks(0.0, adding(chip) / chains, reach, count, chip.core_window)
    return fill_loop(op, chip, out, passes, count, body, waiting, dense, width)


@kernel
def add_rows(op: Record, chip: Record, work: Record, out: Record) -> float:
    """Return the clocks of values that are each multiplied with a row of the dense operand; as `sum_columns`.

    A row of the result is loaded and stored for every value, so each value waits for what the last one has stored.
    """
    row = op.m * element_width(op, work)
    vectors = sparse_rate.row_vectors(row, min(chip.library_sparse_width, chip.core_register_width))
    loads = sparse_rate.row_loads(vectors)
    count = LOOP + loads + 2.0 * vectors  # each register is multiplied and added at once, and stored
    body = parallelism.body_clocks(loads, chip.core_loads, vectors, chip.core_slots, count, chip.core_issue)
    near = innermost(chip, work)
    dense = op.k * row
    reach = near + mean_latency(chip, dense) * work.core_clock + chip.core_depth
    chained = (near + adding(chip)) / in_window(op, chip, count)
    waiting = parallelism.loop_clocks(0.0, chained, reach, count, chip.core_window)
    return fill_loop(op, chip, out, 1.0, count, body, waiting, dense, row)


@kernel
def in_window(op: Record, chip: Record, count: float) -> float:
    """Return how many rows of weights are summed side by side, -, given the instructions for one value."""
    return parallelism.chains_in_window(chip.core_window / count, max(1.0, op.k * op.weight_density))


@kernel
def fill_loop(
    op: Record, chip: Record, out: Record, passes: float, count: float, body: float, waiting: float, dense: float,
    piece: float,
) -> float:  # fmt: skip
    """Fill the mapping of a loop over all values, given what one of them takes in one pass; return its clocks, clk."""
    values = values_of(op)
    out.mapping[INSTRUCTIONS] = values * passes * count
    out.mapping[WAITED] = values * passes * waiting
    out.mapping[PASSES] = passes
    out.mapping[DENSE_BYTES] = dense
    out.mapping[PIECE] = piece
    return values * passes * (body + chip.library_sparse_visit)


@kernel
def expand(op: Record, chip: Record, work: Record, out: Record) -> float:
    """Return the clocks of values that each meet the values in a row of the other operand; as `sum_columns`.

    Sums stand in a row of their own; whether one is new decides a branch. The new ones are linked in a list, which is
    walked to collect the results.
    """
    values = values_of(op)
    products = sparse_rate.expansion_steps(values, op.m, op.input_density)
    results = op.batch * op.m * op.n * sparsity.output_density(op.weight_density, op.input_density, op.k)
    body = parallelism.body_clocks(
        EXPANDED_LOADS, scalar_rate(chip), 1.0, chip.core_slots, EXPANDED_INSTRUCTIONS, chip.core_issue
    )
    new = min(1.0, results / products) if products > 0.0 else 0.0
    lost = products * parallelism.mispredicted_share(new) * chip.core_mispredict
    walk = results * max(innermost(chip, work), RESULT_INSTRUCTIONS / chip.core_issue)
    pair = element_width(op, work) + chip.library_sparse_index / 8.0
    out.mapping[INSTRUCTIONS] = values * LOOP + products * EXPANDED_INSTRUCTIONS + results * RESULT_INSTRUCTIONS
    out.mapping[WAITED] = 0.0
    out.mapping[PASSES] = 1.0
    out.mapping[DENSE_BYTES] = op.k * op.m * op.input_density * pair
    out.mapping[PIECE] = op.m * op.input_density * pair
    return values * chip.library_sparse_visit + products * body + lost + walk
