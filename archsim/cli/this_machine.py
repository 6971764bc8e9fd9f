"""``archsim validate --this-machine``: predict what was not measured, time it now, and say how far off it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from archsim.cli.calibrate import FILE

if TYPE_CHECKING:
    from archsim.cli.screen import Block
    from archsim.engine.table import Table
    from archsim.study.this_machine import Judgement


def described(file: Path | None) -> Path:
    """Return the file of this machine's description.

    Raises
    ------
    UsageError
        It is not there.
    """
    from archsim.cli.inputs import existing
    from archsim.errors import UsageError

    if file is not None:
        return existing(str(file), (".yaml", ".yml"))
    if not Path(FILE).is_file():
        raise UsageError(f"there is no file {FILE!r} here", hint="write one with: archsim calibrate cpu")
    return Path(FILE)


def hold_against(file: Path, *, force: bool) -> Judgement:
    """Time the unseen work, with a bar of what is done."""
    from archsim.cli.progress import progress
    from archsim.study import this_machine

    with progress("timing") as report:
        return this_machine.judge(file, force=force, report=report)


def table(found: Judgement) -> Table:
    """Return one row per sample."""
    from archsim.engine.table import Column, Table
    from archsim.units import TIME

    columns = (
        Column("op", "op"),
        Column("shape", "shape"),
        Column("measured_s", "measured", TIME),
        Column("predicted_s", "predicted", TIME),
        Column("error_percent", "error", show=lambda value: f"{value:+.0f} %"),
        Column("variation", "repeats vary", show=lambda value: f"{100 * value:.0f} %"),
    )
    rows = tuple((row.op, row.shape, row.measured, row.predicted, row.error, row.variation) for row in found.rows)
    return Table("", columns, rows)


def blocks(found: Judgement) -> list[Block]:
    """Return what people read."""
    from archsim.cli.screen import Line
    from archsim.study.this_machine.judgement import LIMIT

    verdict = f"MAPE {found.mape:.1f} %, limit {LIMIT:g} %; median {found.middle:.1f} %; {found.load}"
    return [table(found), Line(verdict, "green" if found.ok else "red")]


def warnings(found: Judgement) -> list[str]:
    """Return what a reader must know: what else ran meanwhile."""
    if not found.load.crowded:
        return []
    return [f"other programs used the machine ({found.load}): the errors are not the model's alone"]


def data(found: Judgement) -> dict[str, Any]:
    """Return what programs read."""
    return {**found.to_dict(), "warnings": warnings(found)}
