"""Where a dataset's file is: among the shipped tables, or by its name anywhere below a folder of somebody's own."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from archsim.errors import UsageError
from archsim.io import catalogue


def shipped(names: Iterable[str]) -> dict[str, Path]:
    """Find tables of these file names in the ``measured`` catalogue; absent ones are left out."""
    wanted = set(names)
    return {entry.path.name: entry.path for entry in catalogue.entries("measured") if entry.path.name in wanted}


def below(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """Find files of these names anywhere below a folder; absent ones are left out.

    Raises
    ------
    UsageError
        There is no such folder, or two files below it have one of the names.
    """
    if not folder.is_dir():
        problem = "is a file" if folder.exists() else "does not exist"
        raise UsageError(f"the data folder {str(folder)!r} {problem}", hint="name a folder that holds measured tables")
    wanted = set(names)
    found: dict[str, Path] = {}
    for here, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(wanted.intersection(files)):
            path = Path(here) / name
            if name in found:
                raise UsageError(
                    f"{str(found[name])!r} and {str(path)!r} are both called {name!r}", hint="keep one below the folder"
                )
            found[name] = path
    return found
