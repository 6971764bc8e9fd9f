"""Why a number is what it is: one run of the winner through the recording twin, as a tree of law calls.

The tree shows laws with their arguments and results. A number that comes from the machine's description says from
which leaves; the leaves and the laws are listed below with their sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from archsim import jit
from archsim.arch.columns import columns, split_path
from archsim.arch.tables import record
from archsim.cited import Cited
from archsim.engine.driver import run_point
from archsim.engine.explain_memory import on_chip
from archsim.engine.explain_schedule import scheduled
from archsim.engine.place import LINK
from archsim.engine.rows import to_rows
from archsim.engine.run import phases
from archsim.engine.table import fraction
from archsim.errors import UnknownNameError, UsageError, did_you_mean
from archsim.graph.dtypes import NAMES
from archsim.units import DATA, ENERGY, POWER, TIME, Dimension, format_quantity

if TYPE_CHECKING:
    import numpy as np

    from archsim.engine.evaluate import Part
    from archsim.engine.result import OpResult, Result
    from archsim.mapping.collectives import Exchange

SHOWN: Final = 3
"""Ops explained when none is named: those that answer for most of the quantity."""
_QUANTITIES: Final[dict[str, Dimension]] = {"latency": TIME, "energy": ENERGY}
_LAWS: Final = "archsim.laws."


@dataclass(frozen=True)
class Node:
    """One line of an explanation, and what stands below it."""

    text: str
    children: tuple[Node, ...] = ()

    def lines(self, depth: int = 0) -> Iterable[str]:
        """Yield the lines of this node and of all below it, indented."""
        yield "  " * depth + self.text
        for child in self.children:
            yield from child.lines(depth + 1)

    def to_dict(self) -> dict[str, Any]:
        """Return the tree, ready for JSON."""
        return {"text": self.text, "children": [child.to_dict() for child in self.children]}


@dataclass(frozen=True)
class Explanation(Node):
    """The tree behind one quantity of a result.

    Attributes
    ----------
    laws : mapping of str to str
        Name of each law used to its equation and reference.
    leaves : mapping of str to Cited
        Each number of a description that was used to what its file says about it.
    """

    laws: dict[str, str] = field(default_factory=dict)
    leaves: dict[str, Cited] = field(default_factory=dict)

    def __str__(self) -> str:
        return "\n".join([*self.lines(), *(line for node in self.notes() for line in node.lines())])

    def notes(self) -> tuple[Node, ...]:
        """Return the laws and leaves used, with their sources, as trees of their own."""
        laws = tuple(Node(f"{name}: {about}") for name, about in self.laws.items())
        leaves = tuple(Node(f"{path} = {about.text} ({cite(about)})") for path, about in self.leaves.items())
        return Node("laws", laws), Node("numbers", leaves)

    def to_dict(self) -> dict[str, Any]:
        """Return the tree, its laws and its numbers, ready for JSON."""
        numbers = {path: {"value": about.text, "source": cite(about)} for path, about in self.leaves.items()}
        return {**super().to_dict(), "laws": self.laws, "numbers": numbers}


def cite(about: Cited) -> str:
    """Say in one line how a number is known."""
    if about.kind is None:
        return "exact"
    return ", ".join(part for part in (about.kind.value, about.source, about.where, about.why) if part)


def explain(result: Result, quantity: str, op: str | None) -> Explanation:
    """Explain a result's latency or energy.

    Raises
    ------
    UsageError
        Any other quantity, an unknown op, or a result without its run.
    """
    if quantity not in _QUANTITIES:
        hint = did_you_mean(quantity, _QUANTITIES) or "write latency or energy"
        raise UsageError(f"cannot explain {quantity!r}", hint=hint)
    if result.run is None:
        raise UsageError("this result holds no run to explain", hint="evaluate it again")
    between = {each.op.name: each.cost for each in result.run.exchanges if each.cost}
    rows = {row.name: row for row in result.ops if row.placed_on != LINK or row.name in between}
    if op is not None and op not in rows:
        raise UnknownNameError("op", op, rows, hint=f"the first ones are {', '.join(list(rows)[:5])}")
    largest = sorted(rows.values(), key=lambda row: -getattr(row, quantity) * row.count)
    laws: dict[str, str] = {}
    leaves: dict[str, Cited] = {}
    total, show = getattr(result, quantity), _QUANTITIES[quantity]
    parts = result.exposed if quantity == "latency" else result.energy_by_detail
    answers = [
        Node(f"{name}: {format_quantity(value, show)} ({100 * value / total:.1f} %)")
        for name, value in sorted(parts.items(), key=lambda item: -item[1])
        if value
    ]
    chosen = [rows[op]] if op else largest[:SHOWN]
    ops = [
        _Between(result, row, quantity, laws, cost).node()
        if (cost := between.get(row.name))
        else _Teller(result, row, quantity, laws, leaves).node()
        for row in chosen
    ]
    if quantity == "energy" and result.run:
        answers += [_static(part, leaves) for part in result.run.parts]
    answers_for = Node("what answers for it", tuple(answers))
    heading = f"{quantity} of {result.workload} on {result.hardware} = {format_quantity(total, show)}"
    return Explanation(heading, (answers_for, *scheduled(result.run), *on_chip(result.run), *ops), laws, leaves)


class _Teller:
    """Tells the story of one op, and collects the laws and leaves it meets."""

    def __init__(
        self, result: Result, row: OpResult, quantity: str, laws: dict[str, str], leaves: dict[str, Cited]
    ) -> None:
        self.result, self.row, self.quantity = result, row, quantity
        self.laws, self.leaves = laws, leaves
        self.part, self.index = _find(result, row.name)

    def node(self) -> Node:
        chip, work, ops = _settled(self.part)
        recorder, out = jit.Recorder(), _empty(self.part.outs.dtype)
        jit.traced(self.part.family.cost, recorder)(ops[self.index], chip, work, out)
        return Node(self.heading(), (Node("of which", tuple(self.shares(out))), *self.calls(recorder.calls)))

    def heading(self) -> str:
        """Tell what the op takes, and what share of all that is."""
        row = self.row
        value = getattr(row, self.quantity)
        share = 100 * fraction(value * row.count, getattr(self.result, self.quantity))
        times = f" x {row.count}" if row.count > 1 else ""
        return (
            f"{row.name} ({row.kind}) on {row.placed_on}: {format_quantity(value, _QUANTITIES[self.quantity])}{times}"
            f" = {share:.1f} % of all, bound by {row.bound}"
        )

    def shares(self, out: SimpleNamespace) -> Iterable[Node]:
        """Tell what the op's quantity is made of, and the leaves each part was worked out from."""
        family = self.part.family
        if self.quantity == "latency":
            parts = zip(family.resource_names(self.part.chip.spec), out.exposed, strict=False)
        else:
            parts = zip([cause.name for cause in family.causes], out.energy, strict=True)
        for name, amount in parts:
            if amount:
                shown = format_quantity(float(amount), _QUANTITIES[self.quantity])
                yield Node(f"{name}: {shown}{self.origin(amount)}")

    def calls(self, calls: Iterable[jit.Call]) -> Iterable[Node]:
        for call in calls:
            below = tuple(self.calls(call.children))
            if call.module.startswith(_LAWS):
                if not isinstance(call.result, bool | None) and call.result != 0:
                    yield self.law(call, below)
            elif below or any(isinstance(value, jit.Leaf) for value in call.arguments.values()):
                yield Node(f"{_first_line(call.doc)}{self.result_of(call)}", below)

    def law(self, call: jit.Call, below: tuple[Node, ...]) -> Node:
        name = f"{call.module.removeprefix(_LAWS)}.{call.name}"
        self.laws.setdefault(name, f"{_first_line(call.doc)}. {_reference(call.doc)}")
        arguments = (self.argument(key, value) for key, value in call.arguments.items())
        return Node(f"{name}{self.result_of(call)}", (*arguments, *below))

    def argument(self, name: str, value: Any) -> Node:
        if not isinstance(value, jit.Leaf):
            return Node(f"{name} = {value:.6g}" if isinstance(value, int | float) else f"{name} = {value}")
        return Node(f"{name} = {float(value):.6g}{self.origin(value)}")

    def origin(self, value: Any) -> str:
        return _origin(value, self.part, self.leaves)

    def result_of(self, call: jit.Call) -> str:
        if not isinstance(call.result, int | float) or isinstance(call.result, bool):
            return ""
        unit = _unit(call.doc)
        dimension = {"s": TIME, "J": ENERGY}.get(unit)
        return f" = {format_quantity(call.result, dimension) if dimension else f'{call.result:.6g} {unit}'.rstrip()}"


class _Between(_Teller):
    """Tells the story of a collective, which no machine runs by itself."""

    def __init__(self, result: Result, row: OpResult, quantity: str, laws: dict[str, str], cost: Exchange) -> None:
        self.result, self.row, self.quantity, self.laws, self.cost = result, row, quantity, laws, cost

    def node(self) -> Node:
        recorder = jit.Recorder()
        jit.traced(self.cost.kernel, recorder)(*self.cost.arguments)
        way = self.cost.algorithm.replace("_", " ")
        about = Node(f"{way} over {self.cost.level}: {format_quantity(self.row.bytes_by_level[self.row.bound], DATA)}")
        return Node(self.heading(), (about, *self.calls(recorder.calls)))


def _origin(value: Any, part: Part, leaves: dict[str, Cited]) -> str:
    """Say which leaves a number comes from, and remember their sources."""
    if not isinstance(value, jit.Leaf):
        return ""
    names = [_named(path, part) for path in value.paths]
    for path, name in zip(value.paths, names, strict=True):
        about = part.chip.cited.get(_key(path))
        if about is not None:
            leaves.setdefault(name, about)
    return f", from {', '.join(names)}"


def _named(path: str, part: Part) -> str:
    """Write a list's item by its name: memory.hbm.bandwidth."""
    node: Any = part.chip.spec
    steps = []
    for step in split_path(path):
        node = node[int(step)] if step.isdigit() else getattr(node, step, None)
        steps.append(getattr(node, "name", step) if step.isdigit() else step)
    return ".".join(steps)


def _static(part: Part, leaves: dict[str, Cited]) -> Node:
    """Tell what a machine draws whatever runs, which no op answers for."""
    power = _settled(part)[1].static_power
    return Node(
        f"static power of {part.chip.name}: {format_quantity(float(power), POWER)}{_origin(power, part, leaves)}"
    )


def _find(result: Result, name: str) -> tuple[Part, int]:
    for part in result.run.parts if result.run else ():
        for index, same in enumerate(part.lowered.rows):
            if same[0].name == name:
                return part, index
    raise UnknownNameError("op", name, ())


def _settled(part: Part) -> tuple[SimpleNamespace, SimpleNamespace, list[SimpleNamespace]]:
    """Return the chip, the scratch record as the last round left it, and the ops; numbers know their leaves."""
    chip, work, ops = _leaves(part), _empty(record(part.family.work_table)), to_rows(part.lowered.table)
    run = jit.bound(run_point, phases(part.family, part.arranged))
    beside = part.arranged.plain()
    run(ops, chip, work, [_empty(part.outs.dtype) for _ in ops], _empty(part.totals.dtype), *beside)
    return chip, work, ops


def _empty(dtype: np.dtype) -> SimpleNamespace:
    import numpy as np

    return to_rows(np.zeros(1, dtype=dtype))[0]


def _leaves(part: Part) -> SimpleNamespace:
    """Return the chip's row with every number knowing the leaf it comes from."""
    row = to_rows(part.chips)[0]
    for column in columns(type(part.chip.spec)):
        if not column.choices:
            path = ".".join(step for step in column.path if step not in ("?", "#"))
            setattr(row, column.name, _marked(getattr(row, column.name), path))
    return row


def _marked(value: Any, path: str) -> Any:
    if not isinstance(value, list):
        return jit.Leaf(value, path)
    if "*" in path:
        return [_marked(item, path.replace("*", str(index), 1)) for index, item in enumerate(value)]
    return [jit.Leaf(item, f"{path}.{name}") for item, name in zip(value, NAMES, strict=False)]


def _key(path: str) -> tuple[str | int, ...]:
    return tuple(int(step) if step.isdigit() else step for step in split_path(path))


def _first_line(doc: str) -> str:
    line = doc.strip().split("\n", 1)[0].rstrip(".")
    return re.sub(r"^(Return|Fill|Say) (the )?", "", line)


def _unit(doc: str) -> str:
    section = re.search(r"Returns\n\s*-+\n\s*\w+\n\s*(.+)", doc)
    unit = re.search(r", ([A-Za-z/()%]+)[.;]", section.group(1)) if section else None
    return unit.group(1) if unit else ""


def _reference(doc: str) -> str:
    section = re.search(r"References\n\s*-+\n\s*(.+?)(?:\n\s*\n|$)", doc, re.DOTALL)
    return " ".join(section.group(1).split()) if section else ""
