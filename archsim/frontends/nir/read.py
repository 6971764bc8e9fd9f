"""Read a NIR file through the `nir` package, after a look at what the file claims to hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from archsim.errors import ImportFormatError, MissingExtraError
from archsim.frontends.files import read_bytes

LARGEST_FILE: Final = 2**31
_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_PACKED: Final = 1100
"""No dataset holds more than this many bytes for one stored byte: the best that deflate can do, and a margin."""
_MOST_DATASETS: Final = 200_000


def nir_library() -> Any:
    """Import the `nir` package.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import h5py  # noqa: F401
        import nir
    except ImportError as error:
        raise MissingExtraError("nir", "nir") from error
    return nir


def read_network(path: Path) -> Any:
    """Return the ``NIRGraph`` in a file.

    Raises
    ------
    UsageError
        No such file.
    ImportFormatError
        It is no NIR file, is cut off, or claims to hold more than it can.
    MissingExtraError
        The `nir` package is not installed.
    """
    nir = nir_library()
    content = read_bytes(path, LARGEST_FILE)
    if not content.startswith(_SIGNATURE):
        raise ImportFormatError(f"{path.name!r} is not a NIR file: it is no HDF5", hint="write it with nir.write")
    try:
        _check_claims(path, len(content))
        network = nir.read(str(path), type_check=False)
    except ImportFormatError:
        raise
    except Exception as error:
        # Broken files surface as whatever h5py, nir or numpy stumbles over first.
        text = " ".join(str(error).split())[:200] or type(error).__name__
        raise ImportFormatError(f"{path.name!r} is not a complete NIR file: {text}", hint="write it again") from error
    if type(network).__name__ != "NIRGraph":
        raise ImportFormatError(f"{path.name!r} holds a single {type(network).__name__}, not a graph")
    return network


def _check_claims(path: Path, size: int) -> None:
    import h5py

    claimed = 0
    seen = 0

    def visit(name: str, item: Any) -> None:
        nonlocal claimed, seen
        seen += 1
        if seen > _MOST_DATASETS:
            raise ImportFormatError(f"{path.name!r} holds more than {_MOST_DATASETS} entries")
        if isinstance(item, h5py.Dataset):
            claimed += item.nbytes
            if claimed > _PACKED * size:
                raise ImportFormatError(f"{name!r} in {path.name!r} claims {item.nbytes} bytes, the file has {size}")

    with h5py.File(path, "r") as file:
        file.visititems(visit)
