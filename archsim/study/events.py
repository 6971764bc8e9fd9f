"""Records of events: which neuron fires in which timestep, in a table of two columns.

===========  ====================================================================
``.csv``     a line ``timestep,neuron``, then one event per line
``.npz``     arrays ``timestep`` and ``neuron`` of one length
===========  ====================================================================

Both count from 0; an input of several axes is counted through in the order of its shape, the last axis fastest. An
event that is there twice counts once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import ImportFormatError, UsageError
from archsim.frontends.files import read_bytes

if TYPE_CHECKING:
    import numpy as np

LARGEST_FILE: Final = 2**30
COLUMNS: Final = ("timestep", "neuron")


def read_events(path: str | Path, *, steps: int, neurons: int) -> np.ndarray:
    """Read a record of events, (timesteps, neurons): 1 where a neuron fires.

    Parameters
    ----------
    path : str or Path
        A ``.csv`` or ``.npz`` file.
    steps, neurons : int
        Size of the record; events in later timesteps are an error, not left out.

    Raises
    ------
    UsageError
        No such file, another ending, or an event beyond `steps` or `neurons`.
    ImportFormatError
        A file without the two columns, or with something else than whole numbers in them.
    """
    import numpy as np

    path = Path(path)
    if path.suffix not in (".csv", ".npz"):
        raise UsageError(f"{path.name!r} is no record of events", hint="give a .csv or .npz file of timestep, neuron")
    content = read_bytes(path, LARGEST_FILE)
    times, sources = _csv(path, content) if path.suffix == ".csv" else _npz(path, content)
    for name, column, end in (("timestep", times, steps), ("neuron", sources, neurons)):
        beyond = (column < 0) | (column >= end)
        if beyond.any():
            first = int(beyond.argmax())
            raise UsageError(f"event {first} of {path.name!r} has {name} {column[first]}",
                             hint=f"there are {end}, counted from 0")  # fmt: skip
    record = np.zeros((steps, neurons), dtype=np.uint8)
    record[times, sources] = 1
    return record


def _csv(path: Path, content: bytes) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    lines = content.decode("utf-8", errors="replace").split("\n")
    if tuple(word.strip() for word in lines[0].split(",")) != COLUMNS:
        raise ImportFormatError(f"{path.name!r} begins with {lines[0].strip()[:60]!r}", hint="write timestep,neuron")
    found = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        words = line.split(",")
        try:
            time, source = (int(word) for word in words)
        except ValueError:
            raise ImportFormatError(f"line {number} of {path.name!r} is {line.strip()[:60]!r}",
                                    hint="write two whole numbers, such as 3,17") from None  # fmt: skip
        found.append((time, source))
    table = np.array(found, dtype=np.int64).reshape(len(found), 2)
    return table[:, 0], table[:, 1]


def _npz(path: Path, content: bytes) -> tuple[np.ndarray, np.ndarray]:
    import io
    import zipfile

    import numpy as np

    columns: list[Any] = []
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as read:
            columns = [read[name] for name in COLUMNS]
    except (KeyError, OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ImportFormatError(f"{path.name!r} has no arrays timestep and neuron: {error}") from error
    times, sources = columns
    if (
        times.ndim != 1
        or times.shape != sources.shape
        or times.dtype.kind not in "iu"
        or sources.dtype.kind not in "iu"
    ):
        raise ImportFormatError(
            f"{path.name!r} has timesteps of shape {times.shape}, {times.dtype}, and neurons of {sources.shape}, "
            f"{sources.dtype}", hint="give whole numbers in two arrays of one length",
        )  # fmt: skip
    return times.astype(np.int64), sources.astype(np.int64)
