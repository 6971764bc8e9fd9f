"""A crossbar machine at full work: one product that fills all arrays, with memories and network out of the way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim.engine.evaluate import evaluate
from archsim.graph.builder import GraphBuilder
from archsim.io.hardware import with_all
from archsim.validation.cells import SkipRow

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.engine.result import OpResult

VECTORS: Final = 4096
"""Enough that the first and the last of them are nothing."""
FAST: Final = 1e18
WIDE: Final = 1e9
"""A bandwidth, B/s, and a width, bytes a clock, that are never in the way."""
ARRAY_CAUSES: Final = ("cells", "input conversion", "output conversion", "shift and add", "array periphery")
FORMATS: Final = {8: "int8", 16: "int16"}


@dataclass(frozen=True)
class FullLoad:
    """What all arrays do at once.

    Attributes
    ----------
    chip : Chip
        The machine as described.
    op : OpResult
        The product that fills it.
    """

    chip: Chip
    op: OpResult

    @property
    def time(self) -> float:
        """From one vector to the next, s."""
        return self.op.latency / VECTORS

    @property
    def peak(self) -> float:
        """Operations a second, two for each MAC, OP/s."""
        return 2.0 * self.op.macs / self.op.latency

    @property
    def energy(self) -> float:
        """Energy of arrays and converters for one vector through all arrays, J."""
        return sum(self.op.energy_by_cause.get(cause, 0.0) for cause in ARRAY_CAUSES) / VECTORS

    def power(self, *causes: str) -> float:
        """Power by cause, W."""
        return sum(self.op.energy_by_cause.get(cause, 0.0) for cause in causes) / self.op.latency


def full_load(chip: Chip, *, shallow: bool = False) -> FullLoad:
    """Run the product that fills all arrays of a machine.

    Parameters
    ----------
    chip : Chip
        A crossbar machine with weights of 8 or 16 bits.
    shallow : bool
        As deep as one array, so that no sums meet; otherwise as square as the number of arrays divides.

    Raises
    ------
    SkipRow
        The product leaves arrays empty, or something else than the arrays limits it.
    """
    spec: Any = chip.spec
    columns = math.ceil(spec.weights.bits / spec.cell.bits) + spec.weights.extra_columns
    columns *= 2 if spec.cell.signs == "differential" else 1
    count = spec.array.count
    deep = 1 if shallow else max(n for n in range(1, math.isqrt(count) + 1) if count % n == 0)
    depth, features = deep * spec.array.rows, count // deep * spec.array.columns // columns
    fast = unhindered(chip, {"mapping.duplicate": False})
    builder = GraphBuilder("full", dtype=FORMATS[spec.weights.bits])
    builder.linear(builder.input("x", (VECTORS, depth)), features, bias=False, name="full")
    (op,) = evaluate(builder.build(), fast).ops
    if op.details["arrays"] != count or op.bound not in ("arrays", "output converters"):
        raise SkipRow("no product fills all arrays")
    return FullLoad(chip, op)


def unhindered(chip: Chip, more: Mapping[str, Any] | None = None) -> Chip:
    """Return a machine with memories and network out of the way of its arrays, layers one after the other."""
    spec: Any = chip.spec
    ways: dict[str, Any] = dict(_fast(level) for level in spec.memory)
    if spec.tiles.bandwidth is not None:
        ways["tiles.bandwidth"] = FAST
    return with_all(chip, ways | {"mapping.pipelined": False} | dict(more or {}))


def _fast(level: Any) -> tuple[str, float]:
    """Return the path of a memory's speed, and what never is in the way."""
    path = f"memory.{level.name}."
    return (f"{path}bandwidth", FAST) if level.width is None else (f"{path}width", WIDE)
