"""Running the driver: plain Python for one small answer, compiled and parallel for many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from archsim import jit
from archsim.arch.family import Family
from archsim.arch.tables import record
from archsim.engine.driver import run_point, run_points
from archsim.engine.rows import from_rows, to_rows

if TYPE_CHECKING:
    import numpy as np

ROOM: Final = 16
"""Outcomes held at a time when they are not kept."""
PLAIN_LIMIT: Final = 10_000
"""Op evaluations up to which plain Python answers sooner than numba can be imported."""


def phases(family: Family) -> Mapping[str, Any]:
    """Return what the driver's slots are filled with."""
    return {"derive": family.derive, "plan": family.plan, "cost": family.cost, "settle": family.settle}


def compiles(mode: str, evaluations: int) -> bool:
    """Say whether this much work is worth compiled code under a jit policy."""
    if mode == "never" or not jit.enabled():
        return False
    return mode == "always" or evaluations > PLAIN_LIMIT


def run(
    family: Family, ops: np.ndarray, chips: np.ndarray, *, mode: str = "auto", keep: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate design points.

    Parameters
    ----------
    family : Family
        Whose phases to run.
    ops : ndarray of records, (n_ops,)
        The op table.
    chips : ndarray of records, (n_points,)
        The chip table.
    mode : str
        ``auto``, ``always`` or ``never`` compile.
    keep : bool
        Keep the outcome of every op; for one point only.

    Returns
    -------
    outcomes : ndarray of records, (n_ops,) or (0,)
        Outcome of every op, if kept.
    totals : ndarray of records, (n_points,)
        Totals of every point.
    """
    import numpy as np

    totals = np.zeros(len(chips), dtype=record(family.totals_table))
    threads = max(1, min(jit.threads(), len(chips)))
    outs = np.zeros((threads, len(ops) if keep else min(ROOM, max(len(ops), 1))), dtype=record(family.out_table))
    works = np.zeros(threads, dtype=record(family.work_table))
    if len(ops) and len(chips):
        if compiles(mode, len(ops) * len(chips)):
            driver = jit.compiled(run_points, bind=phases(family), family=family.name, parallel=True)
            driver(ops, chips, works, outs, totals, threads)
        else:
            _run_plain(family, ops, chips, works[:1], outs[:1], totals)
    return (outs[0] if keep else outs[0][:0]), totals


def _run_plain(
    family: Family, ops: np.ndarray, chips: np.ndarray, works: np.ndarray, outs: np.ndarray, totals: np.ndarray
) -> None:
    driver = jit.bound(run_point, phases(family))
    op_rows, chip_rows, total_rows = to_rows(ops), to_rows(chips), to_rows(totals)
    out_rows = to_rows(outs[0])
    for chip, total in zip(chip_rows, total_rows, strict=True):
        driver(op_rows, chip, to_rows(works)[0], out_rows, total)
    from_rows(total_rows, totals)
    from_rows(out_rows, outs[0])
