"""``archsim doctor``: whether everything archsim needs is there and works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.cli.checks import Check
    from archsim.cli.screen import Block


def doctor(as_json: options.AsJson = False, output: options.Output = None) -> None:
    """Check the installation: packages, compiler, cache, data files."""
    from dataclasses import asdict

    from archsim.cli.checks import run_checks
    from archsim.cli.output import deliver, target
    from archsim.errors import EXIT_UNSUPPORTED

    where = target(as_json, output=output)
    checks = run_checks()
    healthy = all(check.ok for check in checks if check.required)
    deliver(
        where,
        data=lambda: {"schema_version": 1, "ok": healthy, "checks": [asdict(check) for check in checks]},
        blocks=lambda: _blocks(checks, healthy),
    )
    if not healthy:
        raise typer.Exit(EXIT_UNSUPPORTED)


def _blocks(checks: list[Check], healthy: bool) -> list[Block]:
    from archsim.cli.screen import Line
    from archsim.engine.table import Column, Table

    rows = tuple(
        (check.name, "ok" if check.ok else "FAILED" if check.required else "absent", check.detail, check.hint)
        for check in checks
    )
    columns = (Column("name", "check"), Column("state", "state"), Column("detail", "found"), Column("hint", "to do"))
    verdict = Line("everything works", "green") if healthy else Line("something that archsim needs is broken", "red")
    return [Table("", columns, rows), verdict]
