"""What Linux says of the processor: cores this process may use, caches, instruction sets.

Everything is read below one folder, so that a copy of another machine's ``/proc`` and ``/sys`` reads as well.
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from archsim.errors import UnsupportedError

UNITS: Final = {"K": 2**10, "M": 2**20, "G": 2**30}
"""Suffixes of sizes below /sys."""


@dataclass(frozen=True, slots=True)
class Cache:
    """One level of cache, as the cores this process may use see it.

    Attributes
    ----------
    level : int
        1 next to the core.
    capacity : int, B
        Of one instance.
    instances : int
        How many there are for these cores.
    line : int, B
        Smallest transfer.
    """

    level: int
    capacity: int
    instances: int
    line: int


@dataclass(frozen=True, slots=True)
class Host:
    """A processor.

    Attributes
    ----------
    model : str
        Name it gives itself.
    identity : tuple of str and int
        Maker, family and model of x86; implementer, part and variant of Arm.
    flags : frozenset of str
        Instruction sets.
    cpus : tuple of int
        One logical CPU per physical core this process may use.
    logical : int
        All logical CPUs it may use.
    quota : float
        CPUs its container may keep busy; infinite without a limit.
    caches : tuple of Cache
        Data caches, from the core outward.
    memory : int, B
        Main memory.
    available : int, B
        What of it is free.
    """

    model: str
    identity: tuple[str, int, int]
    flags: frozenset[str]
    cpus: tuple[int, ...]
    logical: int
    quota: float
    caches: tuple[Cache, ...]
    memory: int
    available: int

    @property
    def cores(self) -> int:
        """Physical cores that can be kept busy."""
        return max(1, min(len(self.cpus), math.floor(self.quota) if math.isfinite(self.quota) else len(self.cpus)))


def read_host(root: Path = Path("/"), allowed: frozenset[int] | None = None) -> Host:
    """Read the processor.

    Parameters
    ----------
    root : Path
        Folder that holds ``proc`` and ``sys``.
    allowed : frozenset of int, optional
        Logical CPUs of this process; those of its affinity if left out.

    Raises
    ------
    UnsupportedError
        Not Linux, or a kernel that does not tell.
    """
    if allowed is None:
        if not sys.platform.startswith("linux"):
            raise UnsupportedError(
                f"archsim measures the machine it runs on under Linux only, and this is {sys.platform}",
                hint="write a description by hand: docs/howto/add-a-machine.md",
            )
        allowed = frozenset(os.sched_getaffinity(0))
    information = _pairs(root / "proc/cpuinfo")
    folder = root / "sys/devices/system/cpu"
    cpus = _one_per_core(folder, sorted(allowed))
    quota = _quota(root)
    used = cpus if quota >= len(cpus) else cpus[: max(1, math.floor(quota))]
    caches = _caches(folder, used) or _of_the_library(used)
    if not caches:
        raise UnsupportedError("this kernel does not say which caches the processor has",
                               hint="write a description by hand: docs/howto/add-a-machine.md")  # fmt: skip
    memory = _pairs(root / "proc/meminfo")
    return Host(
        model=information.get("model name") or information.get("Model") or information.get("Hardware") or "unknown CPU",
        identity=_identity(information),
        flags=frozenset((information.get("flags") or information.get("Features") or "").split()),
        cpus=cpus,
        logical=len(allowed),
        quota=quota,
        caches=caches,
        memory=_kilobytes(memory.get("MemTotal")),
        available=_kilobytes(memory.get("MemAvailable")),
    )


def _pairs(file: Path) -> dict[str, str]:
    """Read ``key : value`` lines; the first of each key counts."""
    found: dict[str, str] = {}
    for line in _text(file).splitlines():
        key, colon, value = line.partition(":")
        if colon:
            found.setdefault(key.strip(), value.strip())
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _kilobytes(text: str | None) -> int:
    digits = (text or "").split(" ")[0]
    return int(digits) * 2**10 if digits.isdecimal() else 0


def _identity(information: dict[str, str]) -> tuple[str, int, int]:
    if "CPU implementer" in information:
        return (information["CPU implementer"], _whole(information.get("CPU part")),
                _whole(information.get("CPU variant")))  # fmt: skip
    return (information.get("vendor_id", ""), _whole(information.get("cpu family")), _whole(information.get("model")))


def _whole(text: str | None) -> int:
    try:
        return int(text or "", 0)
    except ValueError:
        return -1


def _one_per_core(folder: Path, allowed: list[int]) -> tuple[int, ...]:
    """Return the first logical CPU of every physical core; all of them where the kernel does not tell."""
    first: dict[tuple[str, str], int] = {}
    for cpu in allowed:
        place = folder / f"cpu{cpu}/topology"
        core = (_text(place / "physical_package_id"), _text(place / "core_id") or f"cpu{cpu}")
        first.setdefault(core, cpu)
    return tuple(sorted(first.values()))


def _caches(folder: Path, cpus: tuple[int, ...]) -> tuple[Cache, ...]:
    shared: dict[int, set[str]] = {}
    sizes: dict[int, tuple[int, int]] = {}
    for cpu in cpus:
        for place in sorted((folder / f"cpu{cpu}/cache").glob("index*")):
            level, kind, size = (_text(place / name) for name in ("level", "type", "size"))
            if kind == "Instruction" or not level.isdecimal() or not _size(size):
                continue
            shared.setdefault(int(level), set()).add(_text(place / "shared_cpu_list") or str(cpu))
            line = _whole(_text(place / "coherency_line_size"))
            sizes.setdefault(int(level), (_size(size), line if line > 0 else 64))
    return tuple(Cache(level, sizes[level][0], len(shared[level]), sizes[level][1]) for level in sorted(shared))


def _size(text: str) -> int:
    digits, unit = (text[:-1], UNITS.get(text[-1:].upper(), 0)) if text[-1:].isalpha() else (text, 1)
    return int(digits) * unit if digits.isdecimal() else 0


def _of_the_library(cpus: tuple[int, ...]) -> tuple[Cache, ...]:
    """Ask the C library, which asks the processor: containers may hide the kernel's own list."""
    found = []
    for level, name in ((1, "SC_LEVEL1_DCACHE"), (2, "SC_LEVEL2_CACHE"), (3, "SC_LEVEL3_CACHE")):
        capacity, line = (_configured(f"{name}_{what}") for what in ("SIZE", "LINESIZE"))
        if capacity > 0:
            found.append(Cache(level, capacity, 1 if level > 2 else len(cpus), line if line > 0 else 64))
    return tuple(found)


def _configured(name: str) -> int:
    try:
        return os.sysconf(name)
    except (OSError, ValueError):
        return 0


def _quota(root: Path) -> float:
    """Return the CPUs that the container's control group allows, under either version of control groups."""
    groups = root / "sys/fs/cgroup"
    own = next((line[3:] for line in _text(root / "proc/self/cgroup").splitlines() if line.startswith("0::")), "/")
    found = [math.inf]
    for file in {groups / "cpu.max", groups / own.strip("/") / "cpu.max"}:
        limit, _, period = _text(file).partition(" ")
        if limit.isdecimal() and period.isdecimal() and int(period) > 0:
            found.append(int(limit) / int(period))
    limit, period = (_text(groups / f"cpu/cpu.cfs_{what}_us") for what in ("quota", "period"))
    if limit.isdecimal() and period.isdecimal() and int(period) > 0:
        found.append(int(limit) / int(period))
    return min(each for each in found if each > 0.0)
