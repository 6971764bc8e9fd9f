"""The roofs over a result: what its machine could do at most, in arithmetic and at the outermost memory.

Peaks are read off two small probes, a matrix product and an addition, evaluated on the same machine: what an op
computes over the time its units work. So nothing of a family's inside is needed, and probes too small to draw much
power see the described clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from archsim.engine.evaluate import evaluate
from archsim.errors import UnsupportedError, UsageError
from archsim.graph.builder import GraphBuilder
from archsim.graph.dtypes import NAMES

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.engine.evaluate import Part
    from archsim.engine.result import Result

PROBE: Final = 64
"""Edge of the matrices of the probes."""


@dataclass(frozen=True)
class Roofs:
    """Largest rates of a machine, as its family derives them from the description.

    Attributes
    ----------
    memory : str
        Name of the outermost memory.
    bandwidth : float
        Of that memory, B/s.
    peaks : mapping of str to float
        What is computed on tensors of which format, such as ``MACs (fp16 data)``, to its peak, FLOP/s; highest first.
    """

    memory: str
    bandwidth: float
    peaks: Mapping[str, float]


def roofs(result: Result) -> Roofs:
    """Return the roofs over a result, for the number format that most of its arithmetic is stored in.

    Parameters
    ----------
    result : Result
        Of `archsim.evaluate`, so that the run behind it is known.

    Raises
    ------
    UsageError
        The result has no run behind it.
    UnsupportedError
        The machine has no peak rate, or its outermost memory takes no time.
    """
    if result.run is None:
        raise UsageError("a result without its run has no roofs", hint="evaluate the workload again")
    part = result.run.parts[0]
    peaks = _peaks(part.chip, _stored(part)) if len(part.lowered.table) else {}
    bandwidth = _bandwidth(part)
    if not peaks or not bandwidth:
        raise UnsupportedError(f"there is no roofline for {result.workload!r} on {result.hardware!r}")
    return Roofs(part.family.levels(part.chip.spec)[0], bandwidth, peaks)


def _stored(part: Part) -> str:
    """Return the number format most of the arithmetic is stored in."""
    import numpy as np

    ops = part.lowered.table
    work = (2.0 * ops["macs"] + ops["flops"]) * ops["steps"] * ops["count"]
    return NAMES[int(np.bincount(ops["precision"], weights=work).argmax())]


def _bandwidth(part: Part) -> float:
    """Return the outermost memory's bandwidth, B/s: as described, or what it moves while it is busy.

    The memory levels follow the other resources.
    """
    busy = part.outs["busy"][:, len(part.family.resources)].sum()
    levels = getattr(part.chip.spec, "memory", ())
    if busy > 0.0 and levels and levels[0].bandwidth is not None:
        return float(levels[0].bandwidth * levels[0].instances)
    return float(part.outs["bytes"][:, 0].sum() / busy) if busy > 0.0 else 0.0


def _peaks(chip: Chip, dtype: str) -> dict[str, float]:
    builder = GraphBuilder("probe", dtype=dtype)
    x = builder.input("x", (PROBE, PROBE))
    builder.output(builder.linear(x, PROBE, bias=False))
    builder.output(builder.elementwise("add", x, x))
    found = {}
    for op in evaluate(builder.build(), chip, fusion="none", fallback="forbid").ops:
        if op.utilisation > 0.0:
            found["MACs" if op.macs else "other"] = op.flops / (op.utilisation * op.latency)
    macs, other = found.get("MACs", 0.0), found.get("other", 0.0)
    if found and abs(macs - other) <= 1e-9 * macs:
        return {f"all arithmetic ({dtype} data)": macs}
    return {f"{name} ({dtype} data)": peak for name, peak in sorted(found.items(), key=lambda item: -item[1])}
