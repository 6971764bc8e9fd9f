"""What an explanation says of memories: what fusion spares, what stays on the chip, when most is alive."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from archsim.engine.liveness import lives
from archsim.graph.spared import spared
from archsim.units import DATA, format_quantity

if TYPE_CHECKING:
    from archsim.engine.evaluate import Part, Run
    from archsim.engine.explain import Node

OPERANDS: Final = ("weight_bytes", "input_bytes", "extra_bytes", "state_bytes", "output_bytes")


def on_chip(run: Run) -> tuple[Node, ...]:
    """Return what a run keeps off its outermost memory, as one tree."""
    from archsim.engine.explain import Node

    lines = [*_fused(run), *(line for part in run.parts if part.ops for line in _kept(part, run))]
    return (Node("what stays on the chip", tuple(Node(line) for line in lines)),)


def _fused(run: Run) -> Iterable[str]:
    kinds = spared(run.graph)
    listed = ", ".join(f"{format_quantity(kinds[kind], DATA)} by {_NAMES[kind]}" for kind in sorted(kinds))
    yield f"fusion={run.policy.fusion} spares {listed or 'nothing'} written and read between ops"


_NAMES: Final = {"attention": "whole attention", "epilogue": "what runs in one kernel"}


def _kept(part: Part, run: Run) -> Iterable[str]:
    """Say how many operands a machine finds on the chip, how many go to memory, and when most is alive."""
    table, counts = part.lowered.table, part.lowered.table["count"]
    once = float(sum((table[name] * counts).sum() for name in OPERANDS))
    found = float((part.outs["resident"] * counts).sum())
    levels = part.family.levels(part.chip.spec)
    if not levels or not once:
        return
    crossed = float((part.outs["bytes"][:, 0] * counts).sum())
    yield (
        f"{part.label}, residency={run.policy.residency}: ops have {format_quantity(once, DATA)} of operands, "
        f"{format_quantity(found, DATA)} found on the chip; {format_quantity(crossed, DATA)} cross {levels[0]}"
    )
    ops = tuple(op for same in part.lowered.rows for op in same)
    position = {op.name: index for index, op in enumerate(run.graph.ops)}
    ordered = sorted(ops, key=lambda op: position[op.name])
    alive = lives(ordered, run.graph.tensors, run.graph.outputs)
    most, where = alive.at[alive.fullest], ordered[alive.fullest].name
    yield (
        f"{part.label}: {format_quantity(most, DATA)} of results and inputs alive at most, at {where!r}, beside "
        f"{format_quantity(alive.standing, DATA)} of weights and state"
    )
