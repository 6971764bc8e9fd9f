"""Recurrent layers: one product for all inputs at once, then dependent steps."""

from __future__ import annotations

from typing import NamedTuple

from archsim.errors import ImportFormatError
from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.node import Node
from archsim.frontends.onnx.ops.rule import Mapper
from archsim.frontends.onnx.value import Source, Value
from archsim.graph import Role
from archsim.graph.work import Elementwise, MatMul, Move


class _Cell(NamedTuple):
    """Gates of a cell, and its pointwise work per hidden unit and step."""

    gates: int
    flops: float
    special: float


_CELLS = {
    # One sum and a tanh.
    "RNN": _Cell(1, 1, 1),
    # Three sums, two sigmoids, one tanh; reset the state (1) and blend old with new (3).
    "GRU": _Cell(3, 3 + 2 * 1 + 4, 2 * 2 + 1),
    # Four sums, three sigmoids, two tanh; forget, write and add to the cell (3), and open the output (1).
    "LSTM": _Cell(4, 4 + 3 * 1 + 4, 3 * 2 + 2),
}


def _recurrent(node: Node, emit: Emitter) -> Results:
    x, inner, recurrent, bias = node.need(0), node.need(1), node.need(2), emit.weight(node.get(3))
    cell = _CELLS[node.op]
    if x.rank != 3 or inner.rank != 3 or recurrent.rank != 3:
        raise ImportFormatError(f"{node.label} {node.name!r}: {x.name} {x.shape}, {inner.name} {inner.shape}")
    length, batch = (x.shape[1], x.shape[0]) if node.integer("layout") else x.shape[:2]
    directions, hidden, width = inner.shape[0], recurrent.shape[2], inner.shape[1]
    emit.weight(inner)
    emit.weight(recurrent)
    projected = emit.inner(
        node,
        "inputs",
        MatMul(directions, length * batch, width, x.shape[2], bias=bias is not None),
        [x, inner, bias],
        (length, directions, batch, width),
    )
    before = _kept(node, "state", (directions, batch, hidden), x.code)
    sums = emit.inner(
        node,
        "recurrence",
        MatMul(directions, batch, width, hidden),
        [before, recurrent],
        (directions, batch, width),
        steps=length,
    )
    inputs: list[Value | None] = [emit.view(projected, (directions, batch, width)), sums]
    memory = _kept(node, "cell", (directions, batch, hidden), x.code)
    peepholes = emit.weight(node.get(7)) if node.op == "LSTM" else None
    if node.op == "LSTM":
        inputs += [memory, peepholes]
    units = directions * batch * hidden
    # Peephole connections add three products and sums per unit.
    flops = cell.flops + (6 if peepholes is not None else 0)
    work = Elementwise(f"{node.op.lower()}_cell", units, flops, cell.special)
    state = emit.inner(node, "step", work, inputs, (directions, batch, hidden), steps=length)
    return _results(node, emit, state, memory, length)


def _results(node: Node, emit: Emitter, state: Value, memory: Value, length: int) -> Results:
    """Every step's state is written out only when somebody reads the sequence."""
    results: Results = [None] * len(node.outputs)
    directions, batch, hidden = state.shape
    batch_first = bool(node.integer("layout"))
    for place, slot in enumerate(node.outputs):
        if not slot.used:
            continue
        if place == 0:
            whole = (batch, length, directions, hidden) if batch_first else (length, directions, batch, hidden)
            results[0] = emit.inner(node, "sequence", Move("stack", length * state.elements), [state], whole)
        else:
            last = (batch, directions, hidden) if batch_first else state.shape
            results[place] = emit.view(state if place == 1 else memory, last)
    return results


def _kept(node: Node, part: str, shape: tuple[int, ...], code: int) -> Value:
    name = f"{node.name}/{part}"
    return Value(name, shape, code, source=Source(name, shape, code, Role.STATE))


RULES: dict[str, Mapper] = {"RNN": _recurrent, "GRU": _recurrent, "LSTM": _recurrent}
