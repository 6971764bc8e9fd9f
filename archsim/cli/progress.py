"""A bar of what is done and what comes next, on stderr and only where that is a terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator

Report = Callable[[int, int, str], None]
"""Told how many steps are done, how many there are, and what comes next."""


@contextlib.contextmanager
def progress(what: str) -> Iterator[Report | None]:
    """Give a function to report steps to; None where nobody would see it."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)

        def report(done: int, total: int, following: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{what}: {following}")

        yield report
