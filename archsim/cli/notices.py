"""What people are told on stderr: failures, warnings, and where a file went."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Iterable
from typing import Final, TextIO

_RED: Final = "31"
_YELLOW: Final = "33"


def debugging() -> bool:
    """Say whether tracebacks are wanted: ``ARCHSIM_DEBUG=1``."""
    return os.environ.get("ARCHSIM_DEBUG", "").strip() not in ("", "0")


def coloured(stream: TextIO) -> bool:
    """Say whether a stream is a terminal that wants colours."""
    wants = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wants and hasattr(stream, "isatty") and stream.isatty()


def plain(text: str) -> None:
    """Write a line to stderr; nobody reading it is no failure."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def notice(label: str, text: str, colour: str = "") -> None:
    """Write ``label: text``, the label coloured on a terminal."""
    shown = f"\x1b[1;{colour}m{label}\x1b[0m" if colour and coloured(sys.stderr) else label
    plain(f"{shown}: {text}" if text else shown)


def failure(text: str, *, internal: bool = False) -> None:
    """Say what went wrong."""
    notice("internal error" if internal else "error", text, _RED)


def defect(error: BaseException) -> None:
    """Say that archsim itself is at fault, with a traceback when debugging."""
    if debugging():
        plain("".join(traceback.format_exception(error)).rstrip())
    text = " ".join(str(error).split())
    hint = "" if debugging() else " (ARCHSIM_DEBUG=1 shows where)"
    failure(f"{type(error).__name__}: {text}; please report this{hint}", internal=True)


def warn(texts: Iterable[str]) -> None:
    """Write warnings, one a line, behind everything printed so far."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    for text in texts:
        notice("warning", text, _YELLOW)
