"""Reading foreign files whole, with a limit: what cannot be read is an error that names the file."""

from __future__ import annotations

from pathlib import Path

from archsim.errors import ImportFormatError, UsageError


def read_bytes(path: Path, most: int) -> bytes:
    """Return the content of a file of at most `most` bytes.

    Raises
    ------
    UsageError
        No such file, a folder, or one that may not be read.
    ImportFormatError
        It is empty or too large.
    """
    try:
        if path.is_dir():
            raise UsageError(f"{str(path)!r} is a folder", hint="name one file in it")
        size = path.stat().st_size
        if size > most:
            raise ImportFormatError(f"{path.name!r} has {size} bytes, more than the {most} that are read")
        content = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"there is no file {str(path)!r}", hint="check the name and the current folder") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {str(path)!r}: {getattr(error, 'strerror', None) or error}") from error
    if not content:
        raise ImportFormatError(f"{path.name!r} is empty", hint="export it again, or check that the copy is whole")
    return content


def read_text(path: Path, most: int) -> str:
    """Return the text of a file of at most `most` bytes.

    Raises
    ------
    ImportFormatError
        It is not UTF-8 text.
    """
    content = read_bytes(path, most)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportFormatError(f"{path.name!r} is not text (byte {error.start} is not UTF-8)") from None
    if "\0" in text:
        raise ImportFormatError(f"{path.name!r} is not text (byte {text.index(chr(0))} is zero)")
    return text
