"""Why a number is what it is: one run of the winner through the recording twin, as a tree of law calls."""

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
from archsim.engine.rows import to_rows
from archsim.engine.run import phases
from archsim.errors import UnknownNameError, UsageError, did_you_mean
from archsim.graph.dtypes import NAMES
from archsim.units import ENERGY, TIME, Dimension, format_quantity

if TYPE_CHECKING:
    import numpy as np

    from archsim.engine.evaluate import Part
    from archsim.engine.result import OpResult, Result

SHOWN: Final = 3
"""Ops explained when none is named: those that answer for most of the quantity."""
_QUANTITIES: Final[dict[str, Dimension]] = {"latency": TIME, "energy": ENERGY}
_ONLY: Final = {"latency": ("cmos", "sram", "wire", "power", "energies"), "energy": ("roofline", "latency")}
"""Laws that say nothing about a quantity, by module."""


@dataclass(frozen=True)
class Node:
    """One line of an explanation, and what stands below it."""

    text: str
    source: str = ""
    children: tuple[Node, ...] = ()

    def lines(self, depth: int = 0) -> Iterable[str]:
        """Yield the lines of this node and of all below it, indented."""
        yield "  " * depth + self.text + (f"   [{self.source}]" if self.source else "")
        for child in self.children:
            yield from child.lines(depth + 1)

    def to_dict(self) -> dict[str, Any]:
        """Return the tree, ready for JSON."""
        return {"text": self.text, "source": self.source, "children": [child.to_dict() for child in self.children]}


@dataclass(frozen=True)
class Explanation(Node):
    """The tree behind one quantity of a result, and the sources its numbers rest on."""

    cited: dict[str, Cited] = field(default_factory=dict)

    def __str__(self) -> str:
        return "\n".join(self.lines())


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
        raise UsageError("this result was read from a file and holds no run", hint="evaluate it again")
    rows = [row for row in result.ops if row.placed_on != "link"]
    names = {row.name for row in rows}
    if op is not None and op not in names:
        raise UnknownNameError("op", op, names, hint=f"the first ones are {', '.join(list(names)[:5])}")
    chosen = [row for row in rows if row.name == op] if op else _largest(rows, quantity)
    cited: dict[str, Cited] = {}
    dimension = _QUANTITIES[quantity]
    total = getattr(result, quantity)
    parts = result.exposed if quantity == "latency" else result.energy_by_detail
    breakdown = tuple(
        Node(f"{name}: {format_quantity(value, dimension)} ({100 * value / total:.1f} %)")
        for name, value in sorted(parts.items(), key=lambda item: -item[1])
        if value
    )
    described = [_derived(part, quantity, cited) for part in result.run.parts if part.lowered.rows]
    ops = [_op_node(result, row, quantity, cited) for row in chosen]
    heading = f"{quantity} of {result.workload} on {result.hardware} = {format_quantity(total, dimension)}"
    children = (Node("by what answers for it", children=breakdown), *described, *ops)
    return Explanation(heading, children=children, cited=cited)


def _largest(rows: list[OpResult], quantity: str) -> list[OpResult]:
    return sorted(rows, key=lambda row: -getattr(row, quantity) * row.count)[:SHOWN]


def _op_node(result: Result, row: OpResult, quantity: str, cited: dict[str, Cited]) -> Node:
    part, index = _find(result, row.name)
    chip, work, ops = _settled(part)
    recorder = jit.Recorder()
    out = _empty(part.outs.dtype)
    jit.traced(part.family.cost, recorder)(ops[index], chip, work, out)
    value = getattr(row, quantity)
    share = 100 * value * row.count / getattr(result, quantity)
    text = (
        f"{row.name} ({row.kind}) on {row.placed_on}: {format_quantity(value, _QUANTITIES[quantity])}"
        f" x {row.count} = {share:.1f} %, bound by {row.bound}"
    )
    return Node(text, children=tuple(_nodes(recorder.calls, part, quantity, cited)))


def _empty(dtype: np.dtype) -> SimpleNamespace:
    import numpy as np

    return to_rows(np.zeros(1, dtype=dtype))[0]


def _find(result: Result, name: str) -> tuple[Part, int]:
    for part in result.run.parts if result.run else ():
        for index, same in enumerate(part.lowered.rows):
            if same[0].name == name:
                return part, index
    raise UnknownNameError("op", name, ())


def _derived(part: Part, quantity: str, cited: dict[str, Cited]) -> Node:
    recorder = jit.Recorder()
    jit.traced(part.family.derive, recorder)(_leaves(part), _scratch(part))
    return Node(
        f"what follows from the description of {part.chip.name}",
        children=tuple(_nodes(recorder.calls, part, quantity, cited)),
    )


def _settled(part: Part) -> tuple[SimpleNamespace, SimpleNamespace, list[SimpleNamespace]]:
    """Return the chip, the scratch record as the last round left it, and the ops."""
    chip, work, ops = _leaves(part), _scratch(part), to_rows(part.lowered.table)
    run = jit.bound(run_point, phases(part.family))
    run(ops, chip, work, [_empty(part.outs.dtype)], _empty(part.totals.dtype))
    return chip, work, ops


def _scratch(part: Part) -> SimpleNamespace:
    return _empty(record(part.family.work_table))


def _leaves(part: Part) -> SimpleNamespace:
    """Return the chip's row with every number knowing the leaf it comes from."""
    row = to_rows(part.chips)[0]
    for column in columns(type(part.chip.spec)):
        if not column.choices:
            path = ".".join(step for step in column.path if step not in ("?", "#"))
            setattr(row, column.name, _marked(getattr(row, column.name), path))
    return row


def _marked(value: Any, path: str) -> Any:
    if isinstance(value, list):
        if "*" in path:
            return [_marked(item, path.replace("*", str(index), 1)) for index, item in enumerate(value)]
        return [jit.Leaf(item, f"{path}.{name}") for item, name in zip(value, NAMES, strict=False)]
    return jit.Leaf(value, path)


def _nodes(calls: Iterable[jit.Call], part: Part, quantity: str, cited: dict[str, Cited]) -> Iterable[Node]:
    for call in calls:
        module = call.module.rpartition(".")[2]
        if module in _ONLY[quantity]:
            continue
        children = tuple(_nodes(call.children, part, quantity, cited))
        children = (*_arguments(call, part, cited), *children)
        if isinstance(call.result, bool | None) or call.result == 0:
            if call.children and call.result is None:
                below = tuple(_nodes(call.children, part, quantity, cited))
                if below:
                    yield Node(f"{module}.{call.name}: {_first_line(call.doc)}", children=below)
            continue
        unit = _unit(call.doc)
        value = f"{call.result:.4g} {unit}".rstrip() if isinstance(call.result, float | int) else str(call.result)
        yield Node(f"{module}.{call.name} = {value}: {_first_line(call.doc)}", _reference(call.doc), children)


def _arguments(call: jit.Call, part: Part, cited: dict[str, Cited]) -> Iterable[Node]:
    for name, value in call.arguments.items():
        if isinstance(value, jit.Leaf):
            about = part.chip.cited.get(_key(value.path))
            if about is not None:
                cited[value.path] = about
            yield Node(f"{name} = {float(value):.6g} from {value.path}", _cite(about))
        elif isinstance(value, bool | int | float):
            yield Node(f"{name} = {value:.6g}")


def _key(path: str) -> tuple[str | int, ...]:
    return tuple(int(step) if step.isdigit() else step for step in split_path(path))


def _cite(about: Cited | None) -> str:
    if about is None:
        return ""
    if about.source is None:
        return f'"{about.text}", {about.kind or "exact"}{": " + about.why if about.why else ""}'
    return ", ".join(str(part) for part in (f'"{about.text}"', about.kind, about.source, about.where) if part)


def _first_line(doc: str) -> str:
    line = doc.strip().split("\n", 1)[0].rstrip(".")
    return re.sub(r"^(Return|Fill) (the )?", "", line)


def _unit(doc: str) -> str:
    section = re.search(r"Returns\n\s*-+\n\s*\w+\n\s*(.+)", doc)
    unit = re.search(r", ([A-Za-z/()%]+)[.;]", section.group(1)) if section else None
    return unit.group(1) if unit else ""


def _reference(doc: str) -> str:
    section = re.search(r"References\n\s*-+\n\s*(.+?)(?:\n\s*\n|$)", doc, re.DOTALL)
    return " ".join(section.group(1).split()) if section else ""
