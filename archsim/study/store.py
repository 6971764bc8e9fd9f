"""Results of design points on disk, found again by what they follow from.

A store is a folder: ``results.sqlite`` says which results there are, and each chunk of points is one ``.npz`` file
beside it. The key of a chunk is a digest of everything its numbers follow from, so nothing in a store is ever out of
date: after a change to a description, a technology, the network or archsim itself, other keys are asked for.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import UsageError
from archsim.study.canonical import Keys, engine_digest
from archsim.study.points import Points

if TYPE_CHECKING:
    from archsim.study.groups import Job

INDEX: Final = "results.sqlite"
VERSION: Final = 1
"""Of the form of the index and of the files."""
_PATIENCE: Final = 60.0
"""How long one process waits for another that writes, s."""
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS chunk (
    key TEXT PRIMARY KEY, file TEXT NOT NULL, points INTEGER NOT NULL, workload TEXT NOT NULL, hardware TEXT NOT NULL,
    policy TEXT NOT NULL, engine TEXT NOT NULL, made TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
)
"""


@dataclass
class Store:
    """An open store.

    Attributes
    ----------
    folder : Path
        Where it is.
    found, added : int
        Points read from it, and points written to it, since it was opened.
    """

    folder: Path
    index: sqlite3.Connection
    keys: Keys
    found: int = 0
    added: int = 0

    def get(self, job: Job) -> Points | None:
        """Return the results of a job; None when they are not there, or cannot be read."""
        key = self.keys.of(job)
        row = self.index.execute("SELECT file FROM chunk WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        points = _read(self.folder / row[0])
        if points is None or len(points) != job.count:
            return None
        self.found += job.count
        return points

    def put(self, job: Job, points: Points) -> None:
        """Keep the results of a job: the file is whole before the index names it.

        Raises
        ------
        UsageError
            Nothing can be written there.
        """
        key = self.keys.of(job)
        file = f"{key[:2]}/{key}.npz"
        policy = json.dumps({name: value for name, value in vars(job.how).items() if value}, sort_keys=True)
        about = (key, file, job.count, job.graph.name, job.machine.name, policy, engine_digest())
        try:
            _write(self.folder / file, points)
            with self.index:
                self.index.execute(
                    "INSERT OR REPLACE INTO chunk (key, file, points, workload, hardware, policy, engine) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)", about,
                )  # fmt: skip
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"cannot write to the store {str(self.folder)!r}: {error}") from error
        self.added += job.count


@contextmanager
def opened(folder: str | os.PathLike[str]) -> Iterator[Store]:
    """Open the store in a folder, which is made when it is not there.

    Raises
    ------
    UsageError
        The path is a file, nothing can be written there, or another version of archsim made it.
    """
    path = Path(folder).expanduser()
    if path.exists() and not path.is_dir():
        raise UsageError(f"store {str(folder)!r} is a file", hint="name a folder")
    try:
        path.mkdir(parents=True, exist_ok=True)
        index = sqlite3.connect(path / INDEX, timeout=_PATIENCE)
    except (OSError, sqlite3.Error) as error:
        raise UsageError(f"cannot open the store {str(folder)!r}: {error}", hint="name another folder") from error
    try:
        _prepare(index, path)
        yield Store(path, index, Keys())
    finally:
        index.close()


def _prepare(index: sqlite3.Connection, path: Path) -> None:
    try:
        index.execute("PRAGMA journal_mode=WAL")
        (version,) = index.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            raise UsageError(f"store {str(path)!r} has format {version}, and this archsim reads {VERSION}",
                             hint="name another folder")  # fmt: skip
        with index:
            index.execute(_TABLE)
            index.execute(f"PRAGMA user_version={VERSION}")
    except sqlite3.Error as error:
        raise UsageError(
            f"{str(path / INDEX)!r} is no index of a store: {error}", hint="name another folder"
        ) from error


def _write(file: Path, points: Points) -> None:
    import numpy as np

    names = json.dumps({"verdicts": points.verdicts, "resources": points.resources})
    arrays: dict[str, Any] = {
        "latency_s": points.latency, "interval_s": points.interval, "energy_j": points.energy,
        "items": points.items, "status": points.status,
        "bounds": points.bounds, "names": np.frombuffer(names.encode(), dtype=np.uint8),
        **{f"cause_{group}_j": joules for group, joules in points.energy_by_cause.items()},
    }  # fmt: skip
    file.parent.mkdir(exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=file.parent, suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez(stream, **arrays)
            stream.flush()
            os.fsync(stream.fileno())
        Path(partial).replace(file)
    finally:
        with suppress(FileNotFoundError):
            Path(partial).unlink()


def _read(file: Path) -> Points | None:
    import zipfile

    import numpy as np

    try:
        with np.load(file, allow_pickle=False) as stored:
            names = json.loads(stored["names"].tobytes())
            causes = {name.removeprefix("cause_").removesuffix("_j"): stored[name]
                      for name in stored.files if name.startswith("cause_")}  # fmt: skip
            return Points(
                stored["latency_s"], stored["interval_s"], stored["energy_j"], stored["items"],
                causes, stored["status"],
                tuple(names["verdicts"]), stored["bounds"], tuple(names["resources"]),
            )  # fmt: skip
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):  # damaged or gone: evaluated anew
        return None
