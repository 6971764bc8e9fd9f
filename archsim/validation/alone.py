"""Many ops, each a run of its own: measured tables time one kernel at a time.

In one run with its neighbours an op would share their operating point (a power cap holds for the mean of a run) and
their residency, so every row is planned, costed and settled by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archsim.arch import registry
from archsim.engine.check import check_outcomes, check_totals
from archsim.engine.lower import chip_table, lower
from archsim.engine.run import run_each

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.graph.op import Op
    from archsim.graph.tensor import Tensor


@dataclass(frozen=True)
class Alone:
    """Outcomes of ops that each ran alone.

    Attributes
    ----------
    latency : ndarray, (n_ops,) float64, s
        Of one execution.
    energy : ndarray, (n_ops,) float64, J
        Of one execution, with what the machine draws at rest meanwhile.
    verdict : tuple of str, (n_ops,)
        ``ok``, or why the machine cannot run the op; its latency and energy are then void.
    """

    latency: np.ndarray
    energy: np.ndarray
    verdict: tuple[str, ...]


def table_alone(ops: Iterable[Op], tensors: Mapping[str, Tensor], *, copies: int | Sequence[int] = 1,
                between: float | Sequence[float] = 0.0) -> np.ndarray:  # fmt: skip
    """Return the op table of ops that each run alone, again and again: (n_ops,) records, one per op, in order.

    Parameters
    ----------
    ops, tensors, copies, between
        As in `run_alone`.
    """
    import numpy as np

    ops = tuple(ops)
    lowered = lower(ops, tensors)
    row_of = {op.name: row for row, same in enumerate(lowered.rows) for op in same}
    table: np.ndarray = lowered.table[np.array([row_of[op.name] for op in ops], dtype=np.intp)]
    turns, others = np.asarray(copies, dtype=np.float64), np.asarray(between, dtype=np.float64)
    table["count"] = turns
    activations = table["input_bytes"] + table["extra_bytes"] + table["state_bytes"] + table["output_bytes"]
    table["weight_distance"] = turns * table["weight_bytes"] + activations + others
    table["input_distance"] = table["weight_bytes"] + activations
    table["weight_sets"] = np.where(table["weight_elements"] > 0.0, turns, 1.0)
    return table


def run_alone(chip: Chip, ops: Iterable[Op], tensors: Mapping[str, Tensor], *, copies: int | Sequence[int] = 1,
              between: float | Sequence[float] = 0.0, mode: str = "auto") -> Alone:  # fmt: skip
    """Evaluate every op in a run of its own.

    Parameters
    ----------
    chip : Chip
        The machine.
    ops : iterable of Op
        Names are unique.
    tensors : mapping of str to Tensor
        What they read and write.
    copies : int, or one for each op
        Executions in one run, each with weights of its own and the same activations: benchmarks rotate copies of the
        weights so that none is found in a cache.
    between : float, or one for each op
        Bytes that other kernels touch before the same weights are used again, B. The inputs were written or read just
        before.
    mode : str
        ``auto``, ``always`` or ``never`` compile.

    Raises
    ------
    InvariantError
        A result that breaks a law all results obey.
    """
    import numpy as np

    family = registry.get(chip.family)
    ops = tuple(ops)
    table = table_alone(ops, tensors, copies=copies, between=between)
    outs, totals = run_each(family, table, chip_table(chip), mode=mode)
    status = np.where(totals["status"] != 0, totals["status"], outs["status"])
    fine = status == 0
    names = np.array([op.name for op in ops], dtype=object)
    check_outcomes(table[fine], outs[fine], tuple(names[fine]), chip.name)
    check_totals(totals[fine], chip.name)
    energy = totals["energy"].sum(axis=1) / table["count"]
    return Alone(outs["latency"], energy, tuple(family.verdicts[code] for code in status.tolist()))
