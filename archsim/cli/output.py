"""Where an answer goes and in which form: text for people, JSON or CSV for programs; stdout or a file."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from archsim.cli import notices
from archsim.errors import UsageError

if TYPE_CHECKING:
    from archsim.cli.screen import Block

Form = Literal["text", "json", "csv"]
_SUFFIXES: Final[dict[str, Form]] = {".json": "json", ".csv": "csv"}


@dataclass(frozen=True)
class Target:
    """Form of an answer, and the file it goes to; no file: stdout."""

    form: Form
    file: Path | None = None


class HasCsv(Protocol):
    """What can be written as CSV, such as a table."""

    def to_csv(self) -> str:
        """Return it as CSV."""


def target(as_json: bool, as_csv: bool = False, output: str | None = None) -> Target:
    """Decide where the answer goes, before any work is done for it.

    Raises
    ------
    UsageError
        Two forms at once, or a file that cannot be written.
    """
    if as_json and as_csv:
        raise UsageError("--json and --csv ask for two forms at once", hint="keep one of them")
    asked: Form = "json" if as_json else "csv" if as_csv else "text"
    if output is None:
        return Target(asked)
    file = writable(output)
    return Target(_SUFFIXES.get(file.suffix.lower(), "text") if asked == "text" else asked, file)


def writable(output: str) -> Path:
    """Return the path of a file that can be written.

    Raises
    ------
    UsageError
        It cannot.
    """
    file = Path(output).expanduser()
    if not output or file.is_dir():
        raise UsageError(f"cannot write to {output!r}: it is a folder", hint="name a file in it")
    if not file.parent.is_dir():
        raise UsageError(f"cannot write to {output!r}: there is no folder {str(file.parent)!r}", hint="make it first")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise UsageError(f"cannot write to {output!r}: permission denied", hint="name another file")
    return file


def deliver(
    where: Target,
    *,
    data: Callable[[], Any],
    blocks: Callable[[], Sequence[Block]],
    table: Callable[[], HasCsv] | None = None,
    warnings: Iterable[str] = (),
) -> None:
    """Write one answer.

    Parameters
    ----------
    where : Target
        Form and place.
    data : callable
        Returns what ``--json`` writes; warnings are part of it.
    blocks : callable
        Returns what people read.
    table : callable, optional
        Returns what ``--csv`` writes.
    warnings : iterable of str
        Written to stderr unless the answer is JSON.
    """
    from archsim.cli import screen

    if where.form == "json":
        _write(where, json_text(data()) + "\n")
    elif where.form == "csv" and table is not None:
        _write(where, table().to_csv())
    elif where.form == "csv":
        raise UsageError("this command has no CSV form", hint="write a .json or .txt file")
    elif where.file is None and screen.on_terminal():
        from archsim.cli import terminal

        terminal.draw(blocks())
    else:
        _write(where, screen.plain(blocks()))
    if where.form != "json":
        notices.warn(warnings)
    if where.file is not None:
        notices.notice("wrote", str(where.file))


def _write(where: Target, text: str) -> None:
    if where.file is None:
        sys.stdout.write(text)
        return
    try:
        where.file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write to {str(where.file)!r}: {error.strerror}", hint="name another file") from error


def json_text(data: Any) -> str:
    """Write strict JSON: no NaN, no infinity, everything of a type JSON has."""
    return json.dumps(plain_values(data), indent=2, allow_nan=False, ensure_ascii=False)


def plain_values(value: Any) -> Any:
    """Turn a value into what JSON can hold; numbers that are not finite become null."""
    if isinstance(value, Enum):
        return plain_values(value.value)
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_values(item) for item in value]
    if hasattr(value, "item"):  # a numpy scalar
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, bool | int | str) else str(value)
