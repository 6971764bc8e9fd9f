"""Finer models of a family: the closed form has run, and they put their own outcomes in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archsim.arch.family import Again
from archsim.engine.driver import STATIC, add, clear
from archsim.engine.rows import from_rows, to_rows
from archsim.errors import UsageError, did_you_mean
from archsim.laws import power

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.arch.family import Family
    from archsim.engine.lower import Lowered
    from archsim.graph.op import Op
    from archsim.graph.tensor import Tensor


def refine(
    fidelity: str, family: Family, chip: Chip, ops: tuple[Op, ...], tensors: Mapping[str, Tensor], lowered: Lowered,
    chips: np.ndarray, outs: np.ndarray, totals: np.ndarray,
) -> None:  # fmt: skip
    """Let a finer model change the outcomes of a run, and add up its totals again.

    Parameters
    ----------
    fidelity : str
        Name of the model.
    family, chip, ops, tensors, lowered, chips
        What ran, see `archsim.arch.family.Again`.
    outs : ndarray of records, (n_rows,)
        Outcomes of the closed form; changed.
    totals : ndarray of records, (1,)
        Its totals; changed.

    Raises
    ------
    UsageError
        The family has no such model.
    """
    known = tuple(family.fidelities)
    if fidelity not in known:
        hint = did_you_mean(fidelity, known) or (f"write one of {', '.join(known)}" if known else "leave it out")
        raise UsageError(f"policy fidelity={fidelity!r}: {chip.name!r} has no such model", hint=hint)
    if not len(outs):
        return
    latency = float(totals["latency"][0])
    static = float(totals["energy"][0][STATIC]) / latency if latency else chip.spec.power.idle
    rows = to_rows(lowered.table)
    family.fidelities[fidelity](finished(family, chip, ops, tensors, lowered, chips, outs, rows))
    total = to_rows(totals)[0]
    clear(total)
    for row, out in zip(rows, to_rows(outs), strict=True):
        add(row, out, total)
    total.interval = total.latency
    total.energy[STATIC] += power.static_energy(static, total.latency)
    from_rows([total], totals)


def finished(
    family: Family, chip: Chip, ops: tuple[Op, ...], tensors: Mapping[str, Tensor], lowered: Lowered,
    chips: np.ndarray, outs: np.ndarray, rows: list[Any],
) -> Again:  # fmt: skip
    """Return a finished run as finer models take it; arguments as in `refine`, and the rows of the op table."""
    row_of = {op.name: row for row, same in enumerate(lowered.rows) for op in same}
    names = tuple(attribute.name for attribute in family.work_table)
    return Again(chip, ops, tensors, row_of, rows, to_rows(chips)[0], names, outs)
