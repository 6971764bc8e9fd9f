"""Walk an ONNX graph once, in order: fold what is known before the run, map the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archsim.errors import ArchsimError, ImportFormatError
from archsim.frontends.coverage import Coverage
from archsim.frontends.onnx.dims import Dims, open_dimension
from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.infer import Inference
from archsim.frontends.onnx.node import STANDARD, Node, Slot, Unmapped, operator_label
from archsim.frontends.onnx.ops import mapper
from archsim.frontends.onnx.origins import derived, graph_input, initialisers, looks_up, measured, payload
from archsim.frontends.onnx.read import strip
from archsim.frontends.onnx.rescale import Rescale
from archsim.frontends.onnx.unknown import Unknown
from archsim.frontends.onnx.uses import live_nodes, names_read
from archsim.frontends.onnx.value import Value

_RANDOM = frozenset(
    {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}
)
_FOLDED = frozenset({"Constant", "ConstantOfShape", "EyeLike", "If", "Loop", "Range", "Scan", "Shape", "Size"})
"""Operators without a rule that are no surprise: they are folded, or have a rule of their own here."""
_CONTROL_FLOW = frozenset({"If", "Loop", "Scan"})
_DEEPEST = 16


class Walk:
    """State of one import: what every ONNX tensor is, and what was emitted so far.

    Parameters
    ----------
    onnx : module
        The `onnx` package.
    model : ModelProto
        Without weights.
    dims : Dims
        Sizes of symbolic dimensions.
    emitter : Emitter
        Receives ops and tensors.
    policy : str
        What to do with unknown operators: ``error``, ``opaque`` or ``skip``.
    rescale : Rescale
        Change of a fixed batch, or none.
    """

    def __init__(self, onnx: Any, model: Any, dims: Dims, emitter: Emitter, policy: str, rescale: Rescale) -> None:
        self.coverage = Coverage()
        self.values: dict[str, Value] = {}
        self.inputs: list[Value] = []
        self._onnx = onnx
        self._model = model
        self._dims = dims
        self._emitter = emitter
        self._rescale = rescale
        self._inference = Inference(onnx, model, dims)
        self._unknown = Unknown(policy, emitter, self.coverage)
        self._depth = 0

    def run(self) -> list[Value]:
        """Walk the whole model and return the values of its outputs."""
        graph = self._model.graph
        self.values.update(initialisers(self._onnx, graph))
        for entry in graph.input:
            if entry.name not in self.values:
                self.values[entry.name] = graph_input(entry, self._dims, self._rescale)
                self.inputs.append(self.values[entry.name])
        self._nodes(graph, [entry.name for entry in graph.output])
        return [self.values[entry.name] for entry in graph.output if entry.name in self.values]

    def _nodes(self, graph: Any, outputs: Iterable[str]) -> None:
        live, dead = live_nodes(graph, outputs)
        used = names_read(live) | set(outputs)
        self._unknown.expect(
            proto
            for proto in live
            if mapper(proto.domain, proto.op_type) is None
            and not (proto.domain in STANDARD and proto.op_type in _FOLDED)
        )
        for proto in live:
            self._visit(proto, used)
        if dead:
            self._emitter.note(f"{len(dead)} nodes that no output needs were left out")
        for proto in dead:
            self.coverage.folded[operator_label(proto.domain, proto.op_type)] += 1

    def _visit(self, proto: Any, used: set[str]) -> None:
        node = self._node(proto)
        try:
            results = self._results(proto, node, used)
        except ArchsimError:
            raise
        except Exception as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise ImportFormatError(
                f"node {node.name!r} ({node.label}) does not fit its inputs: {text[:300]}"
            ) from error
        for name, value in zip(proto.output, results, strict=False):
            if value is not None and name:
                self.values[name] = value

    def _node(self, proto: Any) -> Node:
        domain = "" if proto.domain in STANDARD else proto.domain
        name = proto.name or f"{proto.op_type}:{next((output for output in proto.output if output), '')}"
        inputs: list[Value | None] = []
        for wanted in proto.input:
            if wanted and wanted not in self.values:
                label = operator_label(domain, proto.op_type)
                raise ImportFormatError(f"node {name!r} ({label}) reads {wanted!r}, which no node before it writes")
            inputs.append(self.values[wanted] if wanted else None)
        node = Node(name, proto.op_type, domain, self._inference.version(domain), self._attributes(proto), inputs)
        node.outputs = [Slot(output) for output in proto.output]
        return node

    def _attributes(self, proto: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for attribute in proto.attribute:
            try:
                value = self._onnx.helper.get_attribute_value(attribute)
            except ValueError:
                continue
            if isinstance(value, self._onnx.TensorProto):
                found[f"{attribute.name}/proto"] = value
                value = payload(self._onnx, value)
            found[attribute.name] = value
        return found

    def _results(self, proto: Any, node: Node, used: set[str]) -> Results:
        if not node.outputs:
            raise ImportFormatError(f"node {node.name!r} ({node.label}) has no output")
        if node.op in _CONTROL_FLOW and not node.domain:
            return self._control_flow(proto, node, used)
        known = measured(self._onnx, node)
        if known is not None:
            self.coverage.folded[node.label] += 1
            return known
        target = self._rescale.reshape(node)
        if target is not None:
            node.inputs[1] = target
        node.outputs = self._inference.outputs(proto, node, used, self.values)
        if self._constant(node):
            self.coverage.folded[node.label] += 1
            return [
                derived(node, slot.name, slot.shape, slot.code) if slot.shape is not None else None
                for slot in node.outputs
            ]
        return self._mapped(node)

    def _constant(self, node: Node) -> bool:
        """Whether the node could run before the network does; how large its results are must be known."""
        before = all(value.constant for value in node.given) or (node.op == "EyeLike" and not node.domain)
        if node.op in _RANDOM or looks_up(node) or not before:
            return False
        sized = all(slot.shape is not None for slot in node.outputs if slot.used)
        known = mapper(node.domain, node.op) is not None or self._inference.known(node)
        if sized and known and node.op == "DequantizeLinear":
            self._emitter.weight(node.need(0))
            self._emitter.note("weights kept as integers are read as such; scaling them back is charged nowhere")
        return sized and known

    def _mapped(self, node: Node) -> Results:
        rule = mapper(node.domain, node.op)
        if rule is None:
            return self._unknown.resolve(node, "archsim has no rule for it")
        before = self._emitter.mark()
        try:
            results = rule(node, self._emitter)
        except Unmapped as reason:
            self._emitter.rewind(before)
            missing = next((slot.name for slot in node.outputs if slot.used and slot.shape is None), None)
            dimension = self._inference.open_dimension(missing) if missing is not None else None
            if dimension is not None:
                raise open_dimension(*dimension) from reason
            return self._unknown.resolve(node, str(reason))
        (self.coverage.mapped if self._emitter.mark() > before else self.coverage.folded)[node.label] += 1
        return results

    def _control_flow(self, proto: Any, node: Node, used: set[str]) -> Results:
        condition = node.need(0).scalar() if node.op == "If" else None
        if condition is not None:
            return self._branch(node, node.attributes["then_branch" if condition else "else_branch"])
        node.outputs = self._inference.outputs(proto, node, used, self.values)
        node.inputs += [self.values[name] for name in sorted(names_read([proto])) if name in self.values]
        return self._unknown.opaque(node, f"{node.op} decides at run time what is computed")

    def _branch(self, node: Node, graph: Any) -> Results:
        """Walk the branch of an If whose condition is known as if it stood in the main graph."""
        if self._depth >= _DEEPEST:
            raise ImportFormatError(f"node {node.name!r} (If) is nested more than {_DEEPEST} deep")
        self._depth += 1
        strip(graph)
        self.values.update(initialisers(self._onnx, graph))
        self._inference.learn(graph)
        self._nodes(graph, [entry.name for entry in graph.output])
        self._depth -= 1
        self.coverage.folded[node.label] += 1
        return [self.values[entry.name] for entry in graph.output]
