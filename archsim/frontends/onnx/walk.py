"""Walk an ONNX graph once, in order: fold what is known before the run, map the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archsim.errors import ArchsimError, ImportFormatError, UsageError
from archsim.frontends.coverage import Coverage
from archsim.frontends.onnx import constants, formats
from archsim.frontends.onnx.dims import Dims, open_dimension
from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.infer import Inference
from archsim.frontends.onnx.node import STANDARD, Node, Slot, Unmapped
from archsim.frontends.onnx.ops import mapper
from archsim.frontends.onnx.read import strip
from archsim.frontends.onnx.rescale import Rescale
from archsim.frontends.onnx.unknown import Unknown
from archsim.frontends.onnx.uses import live_nodes, names_read
from archsim.frontends.onnx.value import Source, Value
from archsim.graph import Role

_RANDOM = frozenset(
    {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}
)
_CONTROL_FLOW = frozenset({"If", "Loop", "Scan"})
_SAME_BYTES = frozenset({"Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose", "Expand", "Dropout"})
"""Of a constant, these give the same stored bytes in another order or shape, so ties between parameters survive."""
_STORED_FORM = frozenset({"DequantizeLinear"})
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
        ``error``, ``opaque`` or ``skip``.
    rescale : Rescale
        Change of a fixed batch, or none.
    """

    def __init__(self, onnx: Any, model: Any, dims: Dims, emitter: Emitter, policy: str, rescale: Rescale) -> None:
        self.coverage = Coverage()
        self.values: dict[str, Value] = {}
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
        self._initialisers(graph)
        for entry in graph.input:
            if entry.name not in self.values:
                self.values[entry.name] = self._input(entry)
        self._nodes(graph, [entry.name for entry in graph.output])
        return [self.values[entry.name] for entry in graph.output if entry.name in self.values]

    def _initialisers(self, graph: Any) -> None:
        for proto in graph.initializer:
            shape = tuple(int(size) for size in proto.dims)
            data = self._payload(proto)
            source = Source(proto.name, shape, proto.data_type)
            self.values[proto.name] = Value(proto.name, shape, proto.data_type, True, True, data, source)
        for sparse in graph.sparse_initializer:
            name, shape = sparse.values.name, tuple(int(size) for size in sparse.dims)
            source = Source(name, shape, sparse.values.data_type)
            value = Value(name, shape, sparse.values.data_type, True, True, None, source)
            stored = sparse.values.dims[0] if len(sparse.values.dims) else 0
            source.density = min(1.0, stored / max(value.elements, 1))
            self.values[name] = value

    def _payload(self, proto: Any) -> Any:
        if proto.data_location == proto.EXTERNAL:
            return None
        try:
            array = self._onnx.numpy_helper.to_array(proto)
        except Exception:
            # Payloads were stripped, or are of a format numpy lacks: the numbers are simply not known.
            return None
        return array if array.size <= constants.LARGEST else None

    def _input(self, entry: Any) -> Value:
        if not entry.type.HasField("tensor_type"):
            raise ImportFormatError(f"input {entry.name!r} is not a tensor", hint="export the model with tensor inputs")
        tensor = entry.type.tensor_type
        if not tensor.HasField("shape"):
            raise ImportFormatError(f"input {entry.name!r} has no shape", hint="export the model with input shapes")
        shape = self._rescale.input_shape(self._dims.concrete(tensor.shape, entry.name))
        # A cache handed in as an input is kept on the machine between runs.
        role = Role.STATE if "past" in entry.name and len(shape) > 2 else Role.INPUT
        return Value(entry.name, shape, tensor.elem_type, source=Source(entry.name, shape, tensor.elem_type, role))

    def _nodes(self, graph: Any, outputs: Iterable[str]) -> None:
        live, dead = live_nodes(graph, outputs)
        used = names_read(live) | set(outputs)
        self._unknown.expect(proto for proto in live if mapper(proto.domain, proto.op_type) is None)
        for proto in live:
            self._visit(proto, used)
        if dead:
            self._emitter.note(f"{len(dead)} nodes that no output needs were left out")
        for proto in dead:
            self.coverage.folded[proto.op_type] += 1

    def _visit(self, proto: Any, used: set[str]) -> None:
        node = self._node(proto)
        try:
            results = self._results(proto, node, used)
        except ArchsimError:
            raise
        except Exception as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise ImportFormatError(f"node {node.name!r} ({node.label}) does not fit its inputs: {text[:300]}") from error
        for name, value in zip(proto.output, results, strict=False):
            if value is not None and name:
                self.values[name] = value

    def _node(self, proto: Any) -> Node:
        domain = "" if proto.domain in STANDARD else proto.domain
        first = next((name for name in proto.output if name), "")
        name = proto.name or f"{proto.op_type}:{first}"
        inputs: list[Value | None] = []
        for wanted in proto.input:
            if wanted and wanted not in self.values:
                raise ImportFormatError(f"node {name!r} ({proto.op_type}) reads {wanted!r}, which nothing writes")
            inputs.append(self.values[wanted] if wanted else None)
        return Node(name, proto.op_type, domain, self._inference.version(domain), self._attributes(proto), inputs)

    def _attributes(self, proto: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for attribute in proto.attribute:
            value = self._onnx.helper.get_attribute_value(attribute)
            found[attribute.name] = self._payload(value) if isinstance(value, self._onnx.TensorProto) else value
            if isinstance(value, self._onnx.TensorProto):
                found[f"{attribute.name}/proto"] = value
        return found

    def _results(self, proto: Any, node: Node, used: set[str]) -> Results:
        if node.op in _CONTROL_FLOW and not node.domain:
            return self._control_flow(proto, node, used)
        node.outputs = [Slot(name, used=name in used) for name in proto.output]
        known = self._known(node)
        if known is not None:
            self.coverage.folded[node.label] += 1
            return known
        target = self._rescale.reshape(node)
        if target is not None:
            node.inputs[1] = target
        node.outputs = self._inference.outputs(proto, node, used, self.values)
        if all(value.constant for value in node.given) and node.op not in _RANDOM and not _looks_up(node):
            self.coverage.folded[node.label] += 1
            return self._constants(node)
        return self._mapped(node)

    def _mapped(self, node: Node) -> Results:
        rule = mapper(node.domain, node.op)
        if rule is None:
            return self._unknown.resolve(node, "archsim does not know this operator")
        try:
            mapped = rule.map(node, self._emitter)
        except Unmapped as reason:
            open_axis = None if node.outputs[0].shape else self._inference.open_axis(node.outputs[0].name)
            if open_axis is not None:
                raise open_dimension(open_axis, node.outputs[0].name, 0) from reason
            return self._unknown.resolve(node, str(reason))
        (self.coverage.folded if rule.free else self.coverage.mapped)[node.label] += 1
        return mapped

    def _known(self, node: Node) -> Results | None:
        """Results that are small numbers or literal constants, without any shape inference."""
        if node.op == "Constant" and not node.domain:
            return [self._literal(node)]
        if node.op in ("Shape", "Size") and not node.domain:
            value = node.need(0)
            numbers: Any = value.shape if node.op == "Shape" else value.elements
            if node.op == "Shape":
                numbers = numbers[node.attributes.get("start") : node.attributes.get("end")]
            return [_number(node.outputs[0].name, numbers)]
        if not all(value.constant for value in node.given) or _looks_up(node):
            return None
        arrays = constants.evaluate(node)
        if arrays is None or len(arrays) > len(node.outputs):
            return None
        results: Results = []
        for slot, array in zip(node.outputs, arrays, strict=False):
            code = self._onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
            results.append(self._constant(node, slot.name, array.shape, code))
            if results[-1] is not None:
                results[-1].data = array
        return results

    def _literal(self, node: Node) -> Value:
        attributes = node.attributes
        name = node.outputs[0].name
        for key, value in attributes.items():
            if key in ("value_int", "value_ints"):
                return _number(name, value)
            if key in ("value_float", "value_floats"):
                array = constants.as_array(value, formats.FLOAT)
                return Value(name, array.shape, formats.FLOAT, True, array.size > 1, array, _source(name, array.shape))
        proto = attributes.get("value/proto")
        if proto is None:
            raise ImportFormatError(f"node {node.name!r} (Constant) holds no number")
        shape = tuple(int(size) for size in proto.dims)
        value = Value(name, shape, proto.data_type, True, False, attributes["value"], None)
        value.trained = value.elements > 1 and value.is_float
        value.source = Source(name, shape, proto.data_type)
        return value

    def _constants(self, node: Node) -> Results:
        return [
            self._constant(node, slot.name, slot.shape, slot.code) if slot.used and slot.shape is not None else None
            for slot in node.outputs
        ]

    def _constant(self, node: Node, name: str, shape: tuple[int, ...], code: int | None) -> Value:
        """Describe a constant derived from constants."""
        given = node.given
        code = code or (given[0].code if given else formats.FLOAT)
        first = given[0] if given else None
        if first is not None and node.op in _SAME_BYTES | _STORED_FORM:
            if node.op in _STORED_FORM:
                self._emitter.weight(first)
                self._emitter.note("weights stored in integers are read as stored; scaling them back costs nothing")
            return Value(name, shape, code, True, first.trained, None, first.source)
        trained = any(value.trained and value.is_float for value in given)
        if node.op == "ConstantOfShape" and first is not None and first.trained and first.source is not None:
            # Files without weights write `ConstantOfShape(initialiser)` where the weight would stand.
            trained = first.name == first.source.name
        return Value(name, shape, code, True, trained, None, Source(name, shape, code))

    def _control_flow(self, proto: Any, node: Node, used: set[str]) -> Results:
        condition = node.need(0).scalar() if node.op == "If" else None
        if condition is not None:
            return self._branch(node, node.attributes["then_branch" if condition else "else_branch"])
        node.outputs = self._inference.outputs(proto, node, used, self.values)
        return self._unknown.opaque(node, f"{node.op} chooses at run time what is computed")

    def _branch(self, node: Node, graph: Any) -> Results:
        """Walk the branch of an If whose condition is known as if it stood in the main graph."""
        if self._depth >= _DEEPEST:
            raise ImportFormatError(f"node {node.name!r} (If) is nested more than {_DEEPEST} deep")
        self._depth += 1
        strip(graph)
        self._initialisers(graph)
        self._inference.learn(graph)
        self._nodes(graph, [entry.name for entry in graph.output])
        self._depth -= 1
        self.coverage.folded[node.label] += 1
        return [self.values[entry.name] for entry in graph.output]


def _looks_up(node: Node) -> bool:
    """Whether a node reads rows of a trained table, which stays a table even when the indices are known."""
    if node.op != "Gather" or node.domain or not node.inputs:
        return False
    table = node.need(0)
    return table.trained and table.is_float and table.rank > 1 and node.need(1).elements > 1


def _number(name: str, numbers: Any) -> Value:
    array = constants.as_array(numbers, formats.INT64)
    return Value(name, array.shape, formats.INT64, True, False, array, Source(name, array.shape, formats.INT64))


def _source(name: str, shape: tuple[int, ...]) -> Source:
    return Source(name, shape, formats.FLOAT)


def check_policy(policy: str) -> None:
    """Raise unless `policy` is one of the three.

    Raises
    ------
    UsageError
        It is not.
    """
    if policy not in ("error", "opaque", "skip"):
        raise UsageError(f"unknown={policy!r}", hint="write 'error', 'opaque' or 'skip'")
