"""What is legal in a graph; `check_graph` says what is wrong in the user's own names."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import TYPE_CHECKING

from archsim.errors import GraphError, did_you_mean
from archsim.graph.dtypes import DTYPES
from archsim.graph.exact import real, written
from archsim.graph.tensor import Role

if TYPE_CHECKING:
    from archsim.graph.graph import Graph
    from archsim.graph.op import Op

LARGEST = 1e300
"""Beyond this, products of counts would leave float64."""


def check_graph(graph: Graph) -> None:
    """Raise unless `graph` can be executed as it stands.

    Raises
    ------
    GraphError
        It is empty, cyclic, reads tensors nobody writes, writes one twice, or has sizes that are not positive
        integers or too large to be counted in float64.
    """
    if not graph.ops:
        raise GraphError(f"workload {graph.name!r} has no ops", hint="add at least one layer")
    _check_tensors(graph)
    writers: dict[str, str] = {}
    names: set[str] = set()
    for op in graph.ops:
        if op.name in names:
            raise GraphError(f"two ops are called {op.name!r}", hint="give each op a name of its own")
        names.add(op.name)
        for name in op.outputs:
            if name in writers:
                raise GraphError(
                    f"tensor {name!r} is written by {writers[name]!r} and by {op.name!r}",
                    hint="let each op write a tensor of its own",
                )
            writers[name] = op.name
    _check_order(graph, writers)
    for op in graph.ops:
        _check_work(op)
    for name in graph.outputs:
        if name not in graph.tensors:
            raise GraphError(
                f"workload {graph.name!r} has the output {name!r}, which is not among the tensors",
                hint=did_you_mean(name, graph.tensors),
            )
    if not (0 < real(graph.items) < LARGEST):
        raise GraphError(
            f"workload {graph.name!r} completes {written(graph.items)} items", hint="write a number above 0"
        )


def _check_work(op: Op) -> None:
    for size in fields(op.work):  # type: ignore[arg-type]
        value = getattr(op.work, size.name)
        for number in value if isinstance(value, tuple) else (value,):
            legal = isinstance(number, str) or (math.isfinite(real(number)) and (number >= 0 or size.name == "padding"))
            if not legal:
                raise GraphError(
                    f"op {op.name!r} has {size.name} = {written(value)}", hint="sizes and rates are finite, 0 or more"
                )
    if op.steps < 1:
        raise GraphError(f"op {op.name!r} runs in {written(op.steps)} steps", hint="write 1 or more")
    total = op.flops + op.special
    if not 0 <= total < LARGEST:
        raise GraphError(f"op {op.name!r} would do {total:.3g} operations, more than can be counted")
    if op.reads and (len(op.reads) != len(op.inputs) or min(op.reads) < 0):
        raise GraphError(
            f"op {op.name!r} reads {len(op.inputs)} tensors, but `reads` is {written(op.reads)}",
            hint="give one count of elements, 0 or more, per input",
        )
    for inner in op.epilogue:
        _check_work(inner)


def _check_tensors(graph: Graph) -> None:
    for tensor in graph.tensors.values():
        if tensor.dtype not in DTYPES:
            raise GraphError(
                f"tensor {tensor.name!r} has the unknown number format {tensor.dtype!r}",
                hint=did_you_mean(tensor.dtype, DTYPES) or f"write one of {', '.join(DTYPES)}",
            )
        if any(not isinstance(size, int) or size < 1 for size in tensor.shape):
            raise GraphError(
                f"tensor {tensor.name!r} has the shape {written(tensor.shape)}",
                hint="every size must be a positive integer",
            )
        if tensor.elements >= LARGEST:
            raise GraphError(f"tensor {tensor.name!r} of shape {written(tensor.shape)} is too large to count")
        if tensor.sources < 1:
            raise GraphError(
                f"tensor {tensor.name!r} has {tensor.sources} sources", hint="write a whole number, from 1 on"
            )
        if not 0 <= tensor.density <= 1:
            raise GraphError(f"tensor {tensor.name!r} has density {tensor.density}", hint="write a share from 0 to 1")


def _check_order(graph: Graph, writers: dict[str, str]) -> None:
    ready = {name for name, tensor in graph.tensors.items() if tensor.role is not Role.ACTIVATION}
    late: list[tuple[str, str]] = []
    for op in graph.ops:
        for name in op.inputs:
            if name not in graph.tensors or (name not in ready and name not in writers):
                raise GraphError(
                    f"op {op.name!r} reads {name!r}, which nothing writes", hint=did_you_mean(name, graph.tensors)
                )
            if name not in ready:
                late.append((op.name, name))
        for name in op.outputs:
            if name not in graph.tensors:
                raise GraphError(f"op {op.name!r} writes {name!r}, which is not among the tensors")
        ready.update(op.outputs)
    if not late:
        return
    import networkx

    directed = graph.networkx()
    try:
        cycle = [edge[0] for edge in networkx.find_cycle(directed)]
    except networkx.NetworkXNoCycle:
        op_name, name = late[0]
        raise GraphError(
            f"op {op_name!r} reads {name!r} before {writers[name]!r} writes it", hint="list the ops in execution order"
        ) from None
    raise GraphError(
        f"the graph {graph.name!r} goes round in a circle: {' -> '.join([*cycle, cycle[0]])}",
        hint="break the loop with a state tensor, which is kept from one run to the next",
    )
