"""Reads one NIR file in a process of its own and writes what is in it to standard output.

The HDF5 library can crash, or ask for any amount of memory, on a damaged file; here it takes nothing with it.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Final

from archsim.frontends.nir.describe import describe

MEMORY: Final = 2**30
"""Beside eight times the file's own size, byte."""


def main(path: str, arrays: str = "") -> None:
    """Read the file and write its description as JSON; on failure, an object with the reason.

    Parameters
    ----------
    path : str
        The NIR file.
    arrays : str
        File to write the arrays of all parameters to, see `archsim.frontends.nir.values`; empty: none.
    """
    _limit_memory(MEMORY + 8 * Path(path).stat().st_size)
    try:
        import nir

        network = nir.read(path, type_check=False)
        kind = type(network).__name__
        made = describe(network) if kind == "NIRGraph" else {"failed": f"it holds a single {kind}, not a graph"}
        if arrays:
            from archsim.frontends.nir.values import write_values

            write_values(network, arrays)
        text = json.dumps(made)
    except Exception as error:
        # Broken files surface as whatever h5py, nir or numpy stumbles over first.
        text = json.dumps({"failed": " ".join(str(error).split())[:200] or type(error).__name__})
    sys.stdout.write(text)


def _limit_memory(size: int) -> None:
    """Keep a file that claims to be huge from taking the machine's memory, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (size, size))
