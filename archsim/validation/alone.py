"""Many ops, each a run of its own: measured tables time one kernel at a time.

In one run with its neighbours an op would share their operating point (a power cap holds for the mean of a run) and
their residency, so every row is planned, costed and settled by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    verdict : tuple of str, (n_ops,)
        ``ok``, or why the machine cannot run the op; its latency is then void.
    """

    latency: np.ndarray
    verdict: tuple[str, ...]


def run_alone(chip: Chip, ops: Iterable[Op], tensors: Mapping[str, Tensor], *, copies: int = 1,
              mode: str = "auto") -> Alone:  # fmt: skip
    """Evaluate every op in a run of its own.

    Parameters
    ----------
    chip : Chip
        The machine.
    ops : iterable of Op
        Names are unique.
    tensors : mapping of str to Tensor
        What they read and write.
    copies : int
        Executions in one run, each with weights of its own and the same activations: benchmarks rotate copies of the
        weights so that none is found in a cache.
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
    lowered = lower(ops, tensors)
    table = lowered.table
    table["count"] = copies
    activations = table["input_bytes"] + table["extra_bytes"] + table["state_bytes"] + table["output_bytes"]
    table["weight_distance"] = copies * table["weight_bytes"] + activations
    table["input_distance"] = table["weight_bytes"] + activations
    table["weight_sets"] = np.where(table["weight_elements"] > 0.0, copies, 1.0)
    outs, totals = run_each(family, table, chip_table(chip), mode=mode)
    names = tuple(same[0].name for same in lowered.rows)
    status = np.where(totals["status"] != 0, totals["status"], outs["status"])
    fine = status == 0
    check_outcomes(table[fine], outs[fine], tuple(np.array(names, dtype=object)[fine]), chip.name)
    check_totals(totals[fine], chip.name)
    row_of = {op.name: row for row, same in enumerate(lowered.rows) for op in same}
    rows = np.array([row_of[op.name] for op in ops], dtype=np.intp)
    return Alone(outs["latency"][rows], tuple(family.verdicts[code] for code in status[rows].tolist()))
