"""What a reader of a run on a spiking machine must know: which limit decides, and how many chips it takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archsim.arch.chip import Chip
from archsim.families.spiking.parts import CORES, LIMIT, LIMITS
from archsim.graph.kinds import NEURON, REDUCE


def remarks(chip: Chip, ops: Any, outs: Any) -> Iterable[str]:
    """Yield sentences on cores, chips, and formats of weights."""
    spec: Any = chip.spec
    layers = [(op, out) for op, out in zip(ops, outs, strict=True) if op["kind"] == NEURON]
    cores = sum(float(op["count"] * out["mapping"][CORES]) for op, out in layers)
    if cores > spec.cores:
        needed: dict[str, float] = {}
        for op, out in layers:
            limit = LIMITS[int(out["mapping"][LIMIT])]
            needed[limit] = needed.get(limit, 0.0) + float(op["count"] * out["mapping"][CORES])
        chips = -(-cores // spec.cores)
        parts = ", ".join(f"{count:.0f} by {name}" for name, count in sorted(needed.items(), key=lambda it: -it[1]))
        there = counted(spec.cores, "core")
        yield (
            f"{chip.name} has {there} and the network takes {cores:.0f} ({parts}): time and energy are those of "
            f"{chips:.0f} chips"
        )
    wide = {
        int(op["weight_bits"])
        for op in ops
        if op["kind"] not in (NEURON, REDUCE) and op["weight_bits"] > spec.limits.most_bits
    }
    if wide:
        asked = ", ".join(str(bits) for bits in sorted(wide))
        most = counted(spec.limits.most_bits, "bit")
        yield f"{chip.name} holds weights of {most} at most: those of {asked} are rounded"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
