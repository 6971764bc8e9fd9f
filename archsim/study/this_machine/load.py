"""Whether other programs use the machine: times taken beside them say little of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from archsim.errors import UnsupportedError

MOST: Final = 0.5
"""Largest load average per core, and largest share of the cores that is busy at the moment."""
BUSY: Final = 0.2
"""Largest share that is busy at the moment where the load average is high."""
NAP: Final = 1.0
"""How long the moment is, s."""
IDLE: Final = slice(3, 5)
"""Fields of a line of /proc/stat in which a CPU did nothing: idle, and waiting for a disk."""
COUNTED: Final = slice(0, 8)
"""Fields that add up to all of its time, that stolen by other guests of the host among it."""


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the machine is with other work.

    Attributes
    ----------
    average : float
        Load average of the last minute per core; the measuring itself raises it for a while.
    busy : float
        Share of the cores that was busy while this process slept.
    """

    average: float
    busy: float

    @property
    def crowded(self) -> bool:
        """Whether times would say little: busy now, and not just with what this process did before."""
        return self.busy > MOST or (self.average > MOST and self.busy > BUSY)

    def worse(self, other: Load) -> Load:
        """Return the one in which others kept more of the machine busy."""
        return other if other.busy > self.busy else self

    def __str__(self) -> str:
        return f"load average {self.average:.2f} per core, {100 * self.busy:.0f} % busy"


def read_load(cpus: tuple[int, ...], root: Path = Path("/"), sleep: Callable[[float], None] = time.sleep) -> Load:
    """Read the load.

    Parameters
    ----------
    cpus : tuple of int
        Logical CPUs that matter.
    root : Path
        Folder that holds ``proc``.
    sleep : callable
        Waits for some seconds.
    """
    average = _average(root) / max(1, len(cpus))
    before = _times(root, cpus)
    sleep(NAP)
    after = _times(root, cpus)
    passed = sum(after[1]) - sum(before[1])
    idle = sum(after[0]) - sum(before[0])
    busy = min(1.0, max(0.0, 1.0 - idle / passed)) if passed > 0 else min(1.0, average)
    return Load(average, busy)


def refuse_a_crowd(load: Load, force: bool) -> None:
    """Stop unless the machine is quiet.

    Raises
    ------
    UnsupportedError
        It is not, and nobody said to go on.
    """
    if load.crowded and not force:
        raise UnsupportedError(
            f"other programs use this machine: {load}, and {MOST:g} with {100 * BUSY:.0f} % is the most; times taken "
            "beside them say little of it",
            hint="wait until it is quiet, or go on with --force",
        )


def _average(root: Path) -> float:
    try:
        return float((root / "proc/loadavg").read_text(encoding="utf-8").split()[0])
    except (OSError, ValueError, IndexError):
        return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def _times(root: Path, cpus: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Return the idle and all clock ticks of some CPUs so far."""
    wanted = {f"cpu{cpu}" for cpu in cpus}
    idle, spent = [], []
    try:
        lines = (root / "proc/stat").read_text(encoding="utf-8").splitlines()
    except OSError:
        return [], []
    for line in lines:
        name, *fields = line.split()
        if name in wanted and all(field.isdecimal() for field in fields):
            ticks = [int(field) for field in fields]
            idle.append(sum(ticks[IDLE]))
            spent.append(sum(ticks[COUNTED]))
    return idle, spent
