"""What an evaluation says: totals, ops, causes, bytes, and what was assumed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.family import GROUPS
from archsim.engine.table import Table

if TYPE_CHECKING:
    from archsim.engine.evaluate import Run
    from archsim.engine.explain import Explanation
    from archsim.graph.memory import Memory

SCHEMA_VERSION: Final = 1
MOVING: Final = ("control", "on_chip_memory", "off_chip_memory", "network")
"""Standard causes of energy that a machine without instructions and memory apart from its units would not have."""


@dataclass(frozen=True)
class OpResult:
    """One row of the result; values are those of one execution, which happens `count` times.

    Attributes
    ----------
    name, kind, placed_on : str
        The first op the row stands for, its kind, and the machine that ran it.
    count : int
        Executions.
    macs : int
        Multiply-accumulates as the field counts them, exact: of causal attention the full square.
    macs_performed : float
        Those that are computed: inside the mask only, and without zeros, where the machine skips the rest.
    flops, special : float
        All arithmetic (two per MAC), FLOP, and special functions, OP.
    latency, energy : float
        s, and J without static energy.
    energy_by_cause : mapping of str to float
        J by the family's own causes.
    bytes_by_level : mapping of str to float
        B across each memory level.
    exposed : mapping of str to float
        Share of the latency each resource answers for, s.
    bound : str
        What limits.
    utilisation : float
        Achieved share of the peak of the units it ran on.
    details : mapping of str to float
        What else the family has to say of it, such as bits that its converters resolve; units end the names.
    """

    name: str
    kind: str
    count: int
    placed_on: str
    macs: int
    macs_performed: float
    flops: float
    special: float
    latency: float
    energy: float
    energy_by_cause: Mapping[str, float]
    bytes_by_level: Mapping[str, float]
    exposed: Mapping[str, float]
    bound: str
    utilisation: float
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What one workload costs on one machine.

    Attributes
    ----------
    workload, hardware, boundary : str
        Names, and what the machine's published power includes.
    latency : float
        s per run, from its start to its end.
    interval : float
        s from one run to the next: the latency, but in a pipeline.
    energy : float
        J per run, static and host included.
    items : float
        Items one run completes.
    item : str
        What one item is.
    ops : tuple of OpResult
        One row per distinct op.
    energy_by_cause : mapping of str to float
        J by standard cause; adds up to `energy`.
    energy_by_detail : mapping of str to float
        J by each family's own causes.
    bytes_by_level : mapping of str to float
        B across each memory level.
    exposed : mapping of str to float
        s by the resource that answers for them; adds up to `latency`.
    memory : Memory
        B the run keeps: weights, state, optimiser state, activations.
    warnings, assumed : tuple of str
        What a reader must know; leaves of the description that rest on assumptions.
    """

    workload: str
    hardware: str
    boundary: str
    latency: float
    interval: float
    energy: float
    items: float
    item: str
    ops: tuple[OpResult, ...]
    energy_by_cause: Mapping[str, float]
    energy_by_detail: Mapping[str, float]
    bytes_by_level: Mapping[str, float]
    exposed: Mapping[str, float]
    warnings: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    memory: Memory | None = None
    run: Run | None = field(default=None, repr=False, compare=False)

    @property
    def power(self) -> float:
        """Mean power, W."""
        return self.energy / self.interval if self.interval else 0.0

    @property
    def throughput(self) -> float:
        """Items per second."""
        return self.items / self.interval if self.interval else 0.0

    @cached_property
    def bound(self) -> str:
        """The resource that answers for most of the time."""
        return max(self.exposed, key=lambda name: self.exposed[name])

    @property
    def von_neumann_share(self) -> float:
        """Share of the energy that starts instructions and moves data between memory and units, -.

        Control, memories and networks over everything, static and host included; what is left computes, converts,
        shines, or runs whatever happens.
        """
        moved = sum(self.energy_by_cause.get(group, 0.0) for group in MOVING)
        return moved / self.energy if self.energy else 0.0

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one run, exact."""
        return sum(op.macs * op.count for op in self.ops)

    def table(self, by: str = "op") -> Table:
        """Return the result as a table: ``by`` op, kind, cause, level or resource.

        Raises
        ------
        UsageError
            Any other `by`.
        """
        from archsim.engine.tables import result_table

        return result_table(self, by)

    def explain(self, quantity: str = "latency", op: str | None = None) -> Explanation:
        """Return the arithmetic behind the latency or the energy: a tree of law calls with their sources.

        Parameters
        ----------
        quantity : str
            ``latency`` or ``energy``.
        op : str, optional
            Name of one op; without it the ops that answer for most of the quantity are explained.
        """
        from archsim.engine.explain import explain

        return explain(self, quantity, op)

    def to_dict(self) -> dict[str, Any]:
        """Return the result with unit suffixes in its keys, ready for JSON."""
        ops = []
        for op in self.ops:
            columns = asdict(op)
            for name, key in _UNITS.items():
                columns[key] = columns.pop(name)
            ops.append(columns)
        return {
            "schema_version": SCHEMA_VERSION,
            "workload": self.workload,
            "hardware": self.hardware,
            "boundary": self.boundary,
            "parameters": dict(self.parameters),
            "latency_s": self.latency,
            "interval_s": self.interval,
            "energy_j": self.energy,
            "power_w": self.power,
            "throughput_per_s": self.throughput,
            "item": self.item,
            "items": self.items,
            "macs": self.macs,
            "macs_performed": sum(op.macs_performed * op.count for op in self.ops),
            "bound": self.bound,
            "energy_by_cause_j": {group: self.energy_by_cause.get(group, 0.0) for group in GROUPS},
            "von_neumann_share": self.von_neumann_share,
            "energy_by_detail_j": dict(self.energy_by_detail),
            "bytes_by_level": dict(self.bytes_by_level),
            "latency_by_resource_s": dict(self.exposed),
            "memory_bytes": {**asdict(self.memory), "total": self.memory.total} if self.memory else None,
            "ops": ops,
            "warnings": list(self.warnings),
            "assumed": list(self.assumed),
        }

    def to_json(self, indent: int | None = 2) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def __str__(self) -> str:
        return str(self.table("summary"))


_UNITS: Final = {
    "latency": "latency_s",
    "energy": "energy_j",
    "energy_by_cause": "energy_by_cause_j",
    "exposed": "latency_by_resource_s",
    "special": "special_functions",
}
