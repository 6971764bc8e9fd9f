"""Running the driver: plain Python for one small answer, compiled and parallel for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from archsim import jit
from archsim.arch.columns import Swept
from archsim.arch.family import Family
from archsim.arch.tables import record
from archsim.engine.driver import one_by_one, overlap, run_point, run_points, run_rows
from archsim.engine.rows import from_rows, to_rows
from archsim.engine.schedule.lanes import Arranged, one_after_the_other

if TYPE_CHECKING:
    import numpy as np

ROOM: Final = 16
"""Outcomes held at a time when they are not kept."""
EVALUATIONS_PER_RUN: Final = 10
"""A run of one op costs about this many op evaluations: its phases are not shared."""
EVALUATIONS_PER_TASK: Final = 4
"""Scheduling one op costs about this many op evaluations."""
PLAIN_LIMIT: Final = 10_000
"""Op evaluations up to which plain Python answers sooner than numba can be imported."""


def phases(family: Family, arranged: Arranged) -> Mapping[str, Any]:
    """Return what the driver's slots are filled with."""
    beside = overlap if len(arranged.tasks) else one_by_one
    return {
        "derive": family.derive, "plan": family.plan, "cost": family.cost, "settle": family.settle,
        "side_by_side": beside,
    }  # fmt: skip


_at_hand: set[tuple[str, bool]] = set()
"""Families whose compiled driver over points is loaded in this process, and whether it puts ops side by side."""


def compiles(mode: str, evaluations: int, driver: tuple[str, bool] | None = None) -> bool:
    """Say whether this much work is worth compiled code under a jit policy; once it is loaded, always."""
    if mode == "never" or not jit.enabled():
        return False
    return mode == "always" or evaluations > PLAIN_LIMIT or driver in _at_hand


def run(
    family: Family, ops: np.ndarray, chip: np.ndarray, *, mode: str = "auto", keep: bool = False,
    arranged: Arranged | None = None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Evaluate one design point.

    Parameters
    ----------
    family : Family
        Whose phases to run.
    ops : ndarray of records, (n_ops,)
        The op table.
    chip : ndarray of records, (1,)
        The chip table.
    mode : str
        ``auto``, ``always`` or ``never`` compile.
    keep : bool
        Keep the outcome of every op.
    arranged : Arranged, optional
        How ops may lie side by side; left out, they follow one another.

    Returns
    -------
    outcomes : ndarray of records, (n_ops,) or (0,)
        Outcome of every op, if kept.
    totals : ndarray of records, (1,)
        Totals of the point.
    """
    outs, totals = _run(family, ops, chip, (), 1, mode, len(ops) if keep else ROOM, arranged)
    return (outs if keep else outs[:0]), totals


def run_sweep(
    family: Family, ops: np.ndarray, chip: np.ndarray, swept: Sequence[Swept], *, mode: str = "auto",
    arranged: Arranged | None = None,
) -> np.ndarray:  # fmt: skip
    """Evaluate many design points of one machine.

    Parameters
    ----------
    family, ops, chip, mode, arranged
        As in `run`: the point all others start from.
    swept : sequence of Swept
        Leaves that differ from point to point, all of one length.

    Returns
    -------
    ndarray of records, (n_points,)
        Totals of every point.
    """
    points = len(swept[0].values) if swept else 1
    return _run(family, ops, chip, swept, points, mode, ROOM, arranged)[1]


def _run(
    family: Family, ops: np.ndarray, chip: np.ndarray, swept: Sequence[Swept], points: int, mode: str, room: int,
    arranged: Arranged | None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    import numpy as np

    arranged = arranged or one_after_the_other()
    if len(arranged.tasks):
        room = len(ops)  # all of them are put side by side
    totals = np.zeros(points, dtype=record(family.totals_table))
    threads = max(1, min(jit.threads(), points))
    outs = np.zeros((threads, max(1, min(room, len(ops)))), dtype=record(family.out_table))
    works = np.zeros(threads, dtype=record(family.work_table))
    if len(ops) == 0 or points == 0:
        return outs[0][: len(ops)], totals
    work = (len(ops) * family.candidates + EVALUATIONS_PER_TASK * len(arranged.tasks)) * points
    which = family.name, bool(len(arranged.tasks))
    if compiles(mode, work, which):
        driver = jit.compiled(run_points, bind=phases(family, arranged), family=family.name, parallel=True)
        _at_hand.add(which)
        chips = np.repeat(chip, threads)
        places = np.array([each.word(chip.dtype) for each in swept], dtype=np.int64)
        values = np.array([each.bits(chip.dtype) for each in swept], dtype=np.int64).reshape(len(swept), points)
        words = chips.view(np.int64).reshape(threads, -1)
        driver(np.ascontiguousarray(ops), chips, words, places, values, works, outs, totals, *arranged.threads(threads))
    else:
        chips = np.repeat(chip, points)
        for each in swept:
            each.write(chips)
        _run_plain(family, ops, chips, works[:1], outs[0], totals, arranged)
    return outs[0], totals


def run_each(family: Family, ops: np.ndarray, chip: np.ndarray, *, mode: str = "auto") -> tuple[np.ndarray, np.ndarray]:
    """Evaluate one design point once per op, each op a run of its own: nothing is shared with neighbours.

    Parameters
    ----------
    family, ops, chip, mode
        As in `run`.

    Returns
    -------
    outcomes, totals : ndarray of records, (n_ops,)
        Outcome of each op, and totals of its run.
    """
    import numpy as np

    outs = np.zeros(len(ops), dtype=record(family.out_table))
    totals = np.zeros(len(ops), dtype=record(family.totals_table))
    threads = max(1, min(jit.threads(), len(ops)))
    works = np.zeros(threads, dtype=record(family.work_table))
    if compiles(mode, len(ops) * max(EVALUATIONS_PER_RUN, family.candidates)):
        alone = one_after_the_other()
        driver = jit.compiled(run_rows, bind=phases(family, alone), family=family.name, parallel=True)
        driver(np.ascontiguousarray(ops), chip, works, outs, totals, *alone.alone())
    else:
        for row in range(len(ops)):
            one = slice(row, row + 1)
            _run_plain(family, ops[one], chip, works[:1], outs[one], totals[one], one_after_the_other())
    return outs, totals


def _run_plain(
    family: Family, ops: np.ndarray, chips: np.ndarray, works: np.ndarray, outs: np.ndarray, totals: np.ndarray,
    arranged: Arranged,
) -> None:  # fmt: skip
    driver = jit.bound(run_point, phases(family, arranged))
    op_rows, out_rows, total_rows = to_rows(ops), to_rows(outs), to_rows(totals)
    beside = arranged.plain()
    for chip, total in zip(to_rows(chips), total_rows, strict=True):
        driver(op_rows, chip, to_rows(works)[0], out_rows, total, *beside)
    from_rows(total_rows, totals)
    from_rows(out_rows, outs)
