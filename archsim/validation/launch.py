"""Who started the kernels that a table times, and how much of that its times hold."""

from __future__ import annotations

from enum import StrEnum

from archsim.arch.chip import Chip
from archsim.io.hardware import with_

LATENCY = "generation.launch.latency"


class Launch(StrEnum):
    """What a time begins with.

    ``GRAPH``: kernels follow one another from a recorded graph or a filled queue, and the gap between them counts.
    ``CALL``: a framework calls a kernel and the host waits for it, so that dispatching comes on top of all else.
    ``KERNEL``: a profiler's duration of the kernel, without any gap.
    """

    GRAPH = "graph"
    CALL = "call"
    KERNEL = "kernel"


class Driven:
    """Machines as they were driven; each is changed once."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self._found: dict[str, Chip] = {}

    def find(self, chip: Chip, library: str = "") -> Chip:
        """Return the machine as it was driven, by a library if one is named; unchanged where its family knows none."""
        if hasattr(chip.spec, "library"):
            return self._by_library(chip, library) if library else chip
        generation = getattr(chip.spec, "generation", None)
        if self.launch is Launch.GRAPH or generation is None:
            return chip
        if chip.name not in self._found:
            gap = generation.launch.latency + generation.launch.eager if self.launch is Launch.CALL else 0.0
            self._found[chip.name] = with_(chip, LATENCY, gap)
        return self._found[chip.name]

    def _by_library(self, chip: Chip, library: str) -> Chip:
        key = f"{chip.name} {library}"
        if key not in self._found:
            self._found[key] = with_(chip, "library", library)
        return self._found[key]
