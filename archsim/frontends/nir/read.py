"""Read a NIR file through the `nir` package, in a child process that a damaged file may bring down."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from archsim.errors import ImportFormatError, MissingExtraError
from archsim.frontends.files import read_bytes

LARGEST_FILE: Final = 2**31
SLOWEST: Final = 60.0
"""Beside what reading at 1 MB/s takes, second."""

_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_CHILD: Final = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from archsim.frontends.nir.child import main
main(*sys.argv[2:])
"""


def check_library() -> None:
    """Raise unless the `nir` package is there.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    for library in ("nir", "h5py"):
        if find_spec(library) is None:
            raise MissingExtraError(library, "nir")


def read_network(path: Path, arrays: str = "") -> dict[str, Any]:
    """Return the graph in a file as plain values, see `archsim.frontends.nir.describe`.

    Parameters
    ----------
    path : Path
        The NIR file.
    arrays : str
        File to write the arrays of all parameters to, see `archsim.frontends.nir.values`; empty: none.

    Raises
    ------
    UsageError
        No such file.
    ImportFormatError
        It is no NIR file, is cut off or damaged, or takes far too long or too much memory to read.
    MissingExtraError
        The `nir` package is not installed.
    """
    check_library()
    size = len(content := read_bytes(path, LARGEST_FILE))
    if not content.startswith(_SIGNATURE):
        raise ImportFormatError(f"{path.name!r} is not a NIR file: it is no HDF5", hint="write it with nir.write")
    command = [sys.executable, "-c", _CHILD, json.dumps(sys.path), str(path), *([arrays] if arrays else [])]
    # One thread: each would claim address space, which the child limits.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=SLOWEST + size / 1e6, env=environment)
        made = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise _damaged(path, "reading it does not come to an end") from None
    except ValueError:
        raise _damaged(path, "the HDF5 library fails on it") from None
    if "failed" in made:
        raise _damaged(path, str(made["failed"]))
    network: dict[str, Any] = made
    return network


def _damaged(path: Path, reason: str) -> ImportFormatError:
    return ImportFormatError(
        f"{path.name!r} is not a complete NIR file: {reason}", hint="write it again, or check that the copy is whole"
    )
