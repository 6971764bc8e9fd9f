"""The roofs over a result: what its machine could do at most, in arithmetic and at the outermost memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archsim.arch.tables import record
from archsim.engine.rows import to_rows
from archsim.errors import UnsupportedError, UsageError
from archsim.graph.dtypes import NAMES

if TYPE_CHECKING:
    from archsim.engine.result import Result


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
        What is computed and in which number format, such as ``MACs in fp16``, to its peak, FLOP/s; highest first.
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
        The machine's family has no units by number format (`archsim.mapping.units`) or no memory hierarchy.
    """
    import numpy as np

    if result.run is None:
        raise UsageError("a result without its run has no roofs", hint="evaluate the workload again")
    part = result.run.parts[0]
    family = part.family
    work = to_rows(np.zeros(1, dtype=record(family.work_table)))[0]
    chip = to_rows(part.chips)[0]
    ops = to_rows(part.lowered.table)
    family.derive(chip, work)
    family.plan(ops, chip, work)
    if not ops or not hasattr(work, "mac_pace") or not hasattr(work, "level_pace"):
        raise UnsupportedError(f"there is no roofline for {result.workload!r} on {result.hardware!r}")
    return Roofs(family.levels(part.chip.spec)[0], 1.0 / work.level_pace[0], _peaks(work, _stored(ops)))


def _stored(ops: list[Any]) -> int:
    """Return the code of the number format most of the arithmetic is stored in."""
    amounts: dict[int, float] = {}
    for op in ops:
        amounts[op.precision] = amounts.get(op.precision, 0.0) + (2.0 * op.macs + op.flops) * op.steps * op.count
    return max(amounts, key=lambda code: amounts[code])


def _peaks(work: Any, stored: int) -> dict[str, float]:
    macs = (NAMES[work.mac_code[stored]], 1.0 / work.mac_pace[stored])
    lanes = (NAMES[work.lane_code[stored]], 1.0 / work.lane_pace[stored])
    if macs == lanes:
        return {f"all arithmetic in {macs[0]}": macs[1]}
    peaks = {f"MACs in {macs[0]}": macs[1], f"other in {lanes[0]}": lanes[1]}
    return dict(sorted(peaks.items(), key=lambda item: -item[1]))
