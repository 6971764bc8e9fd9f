"""One tree of errors: what a person did, where, and what to write instead.

Every error carries the exit code that the command line ends with, so that scripts can tell a typo from a network that
does not fit. The library raises; only `archsim.cli` exits.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

EXIT_OK = 0
EXIT_USAGE = 2
EXIT_INVALID = 3
EXIT_UNSUPPORTED = 4
EXIT_INTERNAL = 5


class ArchsimError(Exception):
    """Base of everything archsim raises on purpose.

    Parameters
    ----------
    message : str
        One sentence that quotes the user's own text.
    hint : str, optional
        What to write instead.
    where : str, optional
        ``file:line:col`` or a dotted path, whichever the user can act on.
    """

    exit_code = EXIT_INVALID

    def __init__(self, message: str, *, hint: str = "", where: str = "") -> None:
        self.message = message
        self.hint = hint
        self.where = where
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}; {self.hint}" if self.hint else text


class UsageError(ArchsimError):
    """The call itself is wrong: an unknown option, policy, path or output file."""

    exit_code = EXIT_USAGE


class UnknownNameError(UsageError):
    """A name that no catalogue holds; suggests the nearest ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, hint: str = "", where: str = "") -> None:
        self.name = name
        super().__init__(f"unknown {kind} {name!r}", hint=did_you_mean(name, known) or hint, where=where)


class InvalidDescriptionError(ArchsimError):
    """A hardware, workload or data file says something that cannot be."""


class UnitError(InvalidDescriptionError):
    """A quantity whose text is ambiguous, malformed or of another dimension."""


class GraphError(InvalidDescriptionError):
    """A graph that is not legal: empty, cyclic, or with tensors that do not fit together."""


class ImportFormatError(InvalidDescriptionError):
    """A foreign file that is truncated, of another format, or leaves something open."""


class UnsupportedError(ArchsimError):
    """The machine, or archsim, cannot run this; nothing was left out to make it run."""

    exit_code = EXIT_UNSUPPORTED


class DoesNotFitError(UnsupportedError):
    """The workload needs more of a resource than the machine has."""


class MissingExtraError(UsageError):
    """A library of an optional extra is not installed."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"this needs the package {library!r}", hint=f"run: pip install 'archsim[{extra}]'")


class InvariantError(ArchsimError):
    """A result broke a law every result obeys: a defect of archsim, never a number."""

    exit_code = EXIT_INTERNAL


def did_you_mean(text: str, known: Iterable[str], *, count: int = 3) -> str:
    """Say which known names are nearest to `text`; an empty string when none is near.

    Parameters
    ----------
    text : str
        What the user wrote.
    known : iterable of str
        What could have been meant.
    count : int
        How many names to offer at most.
    """
    folded = {name.lower(): name for name in known}
    near = difflib.get_close_matches(text.lower(), folded, n=count, cutoff=0.6)
    if not near:
        near = [name for name in folded if text and text.lower() in name][:count]
    return "did you mean " + " or ".join(repr(folded[name]) for name in near) + "?" if near else ""
