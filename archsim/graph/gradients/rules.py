"""Which rule serves which kind of op, and the walk back through a graph that applies them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from archsim.errors import GraphError
from archsim.graph.gradients import contraction, data, pointwise
from archsim.graph.gradients.tape import Tape
from archsim.graph.op import Op
from archsim.graph.tensor import Tensor

Rule = Callable[[Tape, Op, Any, Sequence[Tensor]], None]

RULES: Final[dict[str, Rule]] = {
    "matmul": contraction.matmul,
    "conv": contraction.conv,
    "attention": contraction.attention,
    "fft": data.fft,
    "elementwise": pointwise.elementwise,
    "normalise": pointwise.normalise,
    "reduce": pointwise.reduce,
    "gather": data.gather,
    "scatter": data.scatter,
    "move": data.move,
    "scan": pointwise.scan,
    "chase": data.chase,
    "neuron": pointwise.neuron,
    "collective": data.collective,
    "opaque": data.opaque,
}


def differentiate(tape: Tape, ops: Sequence[Op]) -> None:
    """Walk back through `ops`, which stand in execution order, from the gradients `tape` holds already.

    Raises
    ------
    GraphError
        A kind of work that has no rule.
    """
    for op in reversed(ops):
        gradients = [made for made in (tape.take(name) for name in op.outputs if name in tape.needed) if made]
        if not gradients:
            continue
        rule = RULES.get(op.kind)
        if rule is None:
            raise GraphError(f"op {op.name!r} of kind {op.kind!r} has no gradient rule")
        rule(tape, op, op.work, gradients)
