"""Text files, read with errors that name the file."""

from __future__ import annotations

from pathlib import Path

from archsim.errors import InvalidDescriptionError, UsageError


def read_text(path: Path, largest: int) -> str:
    """Read a file in UTF-8, with or without a byte order mark.

    Parameters
    ----------
    path : Path
        The file.
    largest : int
        Largest size that is read, B.

    Raises
    ------
    UsageError
        There is no such file, or it cannot be read.
    InvalidDescriptionError
        It is larger, or no text.
    """
    try:
        if path.is_dir():
            raise UsageError(f"{str(path)!r} is a folder", hint="name one file in it")
        if path.stat().st_size > largest:
            raise InvalidDescriptionError(f"{str(path)!r} is larger than {largest // 2**20} MiB")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"there is no file {str(path)!r}", hint="check the name and the current folder") from None
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidDescriptionError(f"{str(path)!r} is not text (byte {error.start} is not UTF-8)") from None
