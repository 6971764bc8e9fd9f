"""The protocol of a machine family: the phases of one evaluation, and the names behind the numbers.

A family is one object of this type, found by name through `archsim.arch.registry`. Its phases are kernels
(see `archsim.jit`): plain scalar functions on records.

``derive(chip, work)``          what follows from the description alone: peaks, voltages, powers;
``plan(ops, chip, work)``       what needs all ops at once: residency, duplication, packing;
``cost(op, chip, work, out)``   one op;
``settle(totals, chip, work)``  one operating point for the whole run: returns True when another round is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from archsim.arch.chip import Chip, ChipSpec
from archsim.arch.scaling import Rules
from archsim.arch.tables import LEVELS, WORK, Attribute, outcome, totals
from archsim.graph.op import Op
from archsim.graph.tensor import Tensor
from archsim.jit import Record, kernel

GROUPS: Final = (
    "compute", "on_chip_memory", "off_chip_memory", "network", "conversion", "light", "control", "static", "host",
)  # fmt: skip
"""Standard causes: every family's finer ones belong to one of these, so that machines can be compared."""


@dataclass(frozen=True)
class Cause:
    """A cause of energy: a finer name, and the standard group it belongs to."""

    name: str
    group: str


STATIC: Final = Cause("static", "static")
"""The first cause of every family: what the machine draws whatever it does."""


@dataclass(frozen=True)
class Zeros:
    """What a family gains from zeros of one operand that lie in one way.

    Attributes
    ----------
    operand : str
        ``weights`` or ``inputs``.
    structure : str
        How they lie, see `archsim.graph.tensor.STRUCTURES`.
    effect : str
        ``skipped``: less time and energy; ``gated``: less energy, in the same time.
    note : str
        Under what conditions, and which law says how much.
    """

    operand: str
    structure: str
    effect: str
    note: str


@kernel
def no_plan(ops: Record, chip: Record, work: Record) -> None:
    """Plan nothing."""


def no_remarks(chip: Chip, ops: Any, outs: Any) -> Iterable[str]:
    """Have nothing to say."""
    return ()


@kernel
def settled(totals: Record, chip: Record, work: Record) -> bool:
    """Need no further round."""
    return False


@dataclass(frozen=True)
class Again:
    """A finished run, handed to a finer model of a family that puts its own numbers in place of the first ones.

    Attributes
    ----------
    chip : Chip
        The machine.
    ops : tuple of Op
        What it ran, in order.
    tensors : mapping of str to Tensor
        All tensors of the graph.
    row_of : mapping of str to int
        Row of the op table each op stands in, by name.
    rows : list of records
        The op table.
    chip_row : record
        The description.
    names : tuple of str
        Columns of the family's scratch record.
    outs : ndarray of records, (n_rows,)
        Outcomes, to be changed in place; totals are added up again.
    """

    chip: Chip
    ops: tuple[Op, ...]
    tensors: Mapping[str, Tensor]
    row_of: Mapping[str, int]
    rows: list[Any]
    chip_row: Any
    names: tuple[str, ...]
    outs: Any


@dataclass(frozen=True)
class Family:
    """A family of machines.

    Attributes
    ----------
    name : str
        As in ``family:`` of hardware files.
    title : str
        For people.
    spec : type of ChipSpec
        The description's model.
    scratch : tuple of Attribute
        Columns of its scratch record, behind the common ones.
    derive, plan, cost, settle : kernel
        The phases.
    causes : tuple of Cause
        Names behind the ``energy`` columns; the first is `STATIC`.
    resources : tuple of str
        Names behind ``busy``, ``exposed`` and ``bound``; the memory levels follow them.
    verdicts : tuple of str
        Names behind ``status``; the first, for 0, is ``ok``.
    levels : callable
        Names of the memory levels of a description, outermost first.
    capacity : callable
        What a description's outermost memory holds, B; infinite when nothing need be kept.
    supports : callable
        Whether a description can run an op; what it cannot goes to the host.
    takes : callable
        Whether a description takes an op with operands such as these; for machines that compute on spikes only.
    formats : callable
        Number formats a description computes in; an empty set: all.
    attention_kernel : bool
        Whether attention can run as one kernel.
    fidelities : mapping
        Finer network-level models by name; empty for most.
    details : tuple of str
        Names of the first numbers an op's outcome keeps in ``mapping``, told with every op where they are numbers; in
        snake_case, with a unit at the end unless they have none.
    remarks : callable
        What a reader of a result must know: description, op table (n_ops,) and outcomes (n_ops,) to sentences.
    lanes : mapping of str to str
        Lane that a resource belongs to where several stand for one unit, such as the arrays and the loading of their
        weights; empty text for what occupies nothing; resources not named are lanes of their own. Ops run side by side
        where they need different lanes.
    whole : str
        Lane that every op holds from its start to its end; empty: none.
    apart : tuple of str
        Lanes that every set of weights has of its own.
    unless : str
        Resource that shows, when it works, that there are no such units; empty: they always are.
    zeros : tuple of Zeros
        What it gains from zeros; of operands and structures not named, nothing.
    zeros : tuple of Zeros
        What it gains from zeros; of operands and structures not named, nothing.
    candidates : int
        Mappings that the cost of one op tries, about: how much longer it takes than one evaluation.
    scaling : callable
        What of a description follows the process node, by path, see `archsim.arch.scaling`; empty: nobody has said.
    areas : callable
        Area of a description part by part, m2; empty where a description has no parts with an area.
    internal : bool
        Left out of listings: for tests of the engine.
    """

    name: str
    title: str
    spec: type[ChipSpec]
    scratch: tuple[Attribute, ...]
    derive: Callable[[Record, Record], None]
    cost: Callable[[Record, Record, Record, Record], None]
    causes: tuple[Cause, ...]
    resources: tuple[str, ...]
    verdicts: tuple[str, ...] = ("ok",)
    plan: Callable[[Record, Record, Record], None] = no_plan
    settle: Callable[[Record, Record, Record], bool] = settled
    levels: Callable[[Any], tuple[str, ...]] = lambda spec: tuple(level.name for level in spec.memory)
    capacity: Callable[[Any], float] = lambda spec: spec.memory[0].capacity * spec.memory[0].instances
    supports: Callable[[Op, Chip], bool] = lambda op, chip: True
    takes: Callable[[Op, Chip, Mapping[str, Tensor]], bool] = lambda op, chip, tensors: True
    formats: Callable[[Any], frozenset[str]] = lambda spec: frozenset()
    attention_kernel: bool = True
    fidelities: Mapping[str, Callable[[Again], None]] = field(default_factory=dict)
    details: tuple[str, ...] = ()
    remarks: Callable[[Chip, Any, Any], Iterable[str]] = no_remarks
    lanes: Mapping[str, str] = field(default_factory=dict)
    whole: str = ""
    apart: tuple[str, ...] = ()
    unless: str = ""
    zeros: tuple[Zeros, ...] = ()
    candidates: int = 1
    scaling: Callable[[Chip], Rules] = lambda chip: {}
    areas: Callable[[Chip], Mapping[str, float]] = lambda chip: {}
    internal: bool = False

    @property
    def work_table(self) -> tuple[Attribute, ...]:
        """Layout of the scratch record."""
        return WORK + self.scratch

    @property
    def out_table(self) -> tuple[Attribute, ...]:
        """Layout of one op's outcome."""
        return outcome(len(self.causes), len(self.resources) + LEVELS)

    @property
    def totals_table(self) -> tuple[Attribute, ...]:
        """Layout of one design point's totals."""
        return totals(len(self.causes), len(self.resources) + LEVELS)

    def resource_names(self, spec: ChipSpec) -> tuple[str, ...]:
        """Names of all resources of one machine, its memory levels last."""
        return self.resources + self.levels(spec)
