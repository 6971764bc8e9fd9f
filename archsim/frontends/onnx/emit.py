"""Write ops and tensors of the graph while the importer walks; mappers speak only to this."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import replace
from types import MappingProxyType

from archsim.frontends.onnx import formats
from archsim.frontends.onnx.node import Node, Slot, Unmapped
from archsim.frontends.onnx.value import Value
from archsim.graph import Graph, Op, Role, Tensor, check_graph
from archsim.graph.work import Work

Results = list[Value | None]
Shape = Sequence[int]


class Emitter:
    """Collects ops; turns constants and inputs into tensors when something first reads them.

    Parameters
    ----------
    dtype : str or None
        Number format that replaces every plain float.
    """

    def __init__(self, dtype: str | None = None) -> None:
        self.dtype = dtype
        self.notes: list[str] = []
        self._ops: list[Op] = []
        self._tensors: dict[str, Tensor] = {}
        self._op_names: set[str] = set()

    def note(self, text: str) -> None:
        """Record something the reader of a result should know."""
        if text not in self.notes:
            self.notes.append(text)

    def weight(self, value: Value | None) -> Value | None:
        """Say that a constant is a trained parameter, whatever its format."""
        return _with_role(value, Role.WEIGHT)

    def state(self, value: Value | None) -> Value | None:
        """Say that a constant is kept but not trained: running statistics, quantisation scales, tables."""
        return _with_role(value, Role.STATE)

    def node(
        self,
        node: Node,
        work: Work,
        inputs: Sequence[Value | None],
        *,
        shape: Shape | None = None,
        code: int | None = None,
        steps: int = 1,
        reads: Sequence[int] | None = None,
    ) -> Results:
        """Add the op that writes the node's outputs; `shape` and `code` describe the first where inference cannot.

        Raises
        ------
        Unmapped
            The shape of an output that somebody reads is not known.
        """
        outputs: Results = []
        for position, slot in enumerate(node.outputs):
            first = position == 0
            given = tuple(shape) if first and shape is not None else slot.shape
            outputs.append(self._result(node, slot, given, code if first else None) if slot.used or first else None)
        self._add(node.name, work, inputs, [value for value in outputs if value], steps, reads)
        return outputs

    def inner(
        self,
        node: Node,
        part: str,
        work: Work,
        inputs: Sequence[Value | None],
        shape: Shape,
        *,
        code: int | None = None,
        steps: int = 1,
        reads: Sequence[int] | None = None,
    ) -> Value:
        """Add one of several ops a node consists of, and return its result."""
        name = f"{node.name}/{part}"
        value = self._computed(name, tuple(shape), code or node.need(0).code)
        self._add(name, work, inputs, [value], steps, reads)
        return value

    def last(self, node: Node, value: Value, *rest: Value | None) -> Results:
        """Return results made by `inner` as the node's outputs."""
        return [value, *rest]

    def view(self, value: Value, shape: Shape, code: int | None = None) -> Value:
        """See the same bytes under another shape; free."""
        return replace(value, shape=tuple(shape), code=code or value.code, data=None)

    def free(self, node: Node, value: Value, *rest: Value | None) -> Results:
        """Pass an input through as the node's first output, under the inferred shape."""
        shape = node.outputs[0].shape
        return [self.view(value, value.shape if shape is None else shape, node.outputs[0].code), *rest]

    def mark(self) -> int:
        """Return how many ops there are, to see later whether a rule added any or to take them back."""
        return len(self._ops)

    def rewind(self, mark: int) -> None:
        """Take back the ops added since `mark`."""
        del self._ops[mark:]

    def handle(self, value: Value) -> Tensor | None:
        """Tensor behind a value; None for literals and for tensors without elements."""
        if value.tensor is not None:
            return value.tensor if value.elements else None
        source = value.source
        if source is None or value.immediate or not math.prod(source.shape):
            return None
        if source.tensor is None:
            role = source.role or _usual_role(value)
            source.tensor = Tensor(
                _unique(source.name, self._tensors),
                source.shape,
                self._format(source.code, source.name),
                role,
                source.density,
                "dense" if source.density == 1 else "uniform",
            )
            self._tensors[source.tensor.name] = source.tensor
        return source.tensor

    def build(self, name: str, outputs: Sequence[Value], items: int, parameters: dict[str, object]) -> Graph:
        """Check what was collected and return it as a graph.

        Raises
        ------
        GraphError
            Nothing was collected, or sizes are not countable.
        """
        computed = [value for value in outputs if not value.constant]
        visible = [tensor.name for value in computed if (tensor := self.handle(value)) is not None]
        named = {name for op in self._ops for name in (*op.inputs, *op.outputs)} | set(visible)
        tensors = {name: tensor for name, tensor in self._tensors.items() if name in named}
        graph = Graph(
            name,
            tuple(self._ops),
            MappingProxyType(tensors),
            tuple(dict.fromkeys(visible)),
            items,
            parameters=MappingProxyType(parameters),
            notes=tuple(self.notes),
        )
        check_graph(graph)
        return graph

    def _result(self, node: Node, slot: Slot, shape: Shape | None, code: int | None) -> Value:
        if shape is None:
            raise Unmapped(f"the shape of its output {slot.name!r} could not be worked out")
        # Operators that ONNX does not define say nothing about types; they keep their first input's.
        like = node.given[0].code if node.given else formats.FLOAT
        return self._computed(slot.name or f"{node.name}/out", tuple(shape), code or slot.code or like)

    def _computed(self, name: str, shape: tuple[int, ...], code: int) -> Value:
        value = Value(name, shape, code)
        if value.elements:
            value.tensor = Tensor(_unique(name, self._tensors), shape, self._format(code, name))
            self._tensors[value.tensor.name] = value.tensor
        return value

    def _add(
        self,
        name: str,
        work: Work,
        inputs: Sequence[Value | None],
        outputs: Sequence[Value],
        steps: int,
        reads: Sequence[int] | None,
    ) -> None:
        written = tuple(value.tensor.name for value in outputs if value.tensor is not None)
        if not written:
            return
        names: list[str] = []
        elements: list[int] = []
        for position, value in enumerate(inputs):
            tensor = None if value is None else self.handle(value)
            if value is not None and tensor is not None:
                names.append(tensor.name)
                elements.append(value.elements if reads is None else reads[position])
        whole = all(self._tensors[name].elements == read for name, read in zip(names, elements, strict=True))
        full = _unique(name, self._op_names)
        self._op_names.add(full)
        self._ops.append(Op(full, work, tuple(names), written, steps=steps, reads=() if whole else tuple(elements)))

    def _format(self, code: int, name: str) -> str:
        return formats.number_format(code, self.dtype, name)


def _unique(name: str, taken: Container[str]) -> str:
    """Return `name`, with a number behind it when it is taken."""
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _with_role(value: Value | None, role: Role) -> Value | None:
    if value is not None and value.constant and value.source is not None and value.source.tensor is None:
        value.source.role = role
    return value


def _usual_role(value: Value) -> Role:
    """Floats from initialisers are parameters; masks, indices and computed constants are merely kept."""
    return Role.WEIGHT if value.trained and value.is_float else Role.STATE
