"""What ``archsim run ... --csv`` writes for a machine that counts as SCALE-Sim does: SCALE-Sim's own three reports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from archsim.cli import notices
from archsim.errors import UsageError

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.graph.graph import Graph


def folder(output: str | None) -> Path | None:
    """Return the folder that reports go to; it need not be there yet.

    Raises
    ------
    UsageError
        It is a file, or the folder around it is not there.
    """
    if output is None:
        return None
    found = Path(output).expanduser()
    if found.is_file() or found.suffix.lower() in (".csv", ".json"):
        raise UsageError(f"--output {output!r} is to be a folder", hint="three reports go into it; name a folder")
    if not found.resolve().parent.is_dir():
        raise UsageError(f"cannot make the folder {output!r}: there is none around it", hint="make that first")
    return found


def deliver(graph: Graph, chip: Chip | System, where: Path | None) -> None:
    """Write the three reports into a folder, or one after the other to stdout."""
    from archsim.report.scalesim import reports

    made = reports(graph, chip)
    if where is None:
        sys.stdout.write("\n".join(f"{name}\n{text}" for name, text in made.files.items()))
        notices.warn(made.warnings)
        return
    try:
        where.mkdir(exist_ok=True)
        for name, text in made.files.items():
            (where / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write to {str(where)!r}: {error.strerror}", hint="name another folder") from error
    notices.warn(made.warnings)
    for name in made.files:
        notices.notice("wrote", str(where / name))
