"""Shapes, node by node: ONNX's own inference with concrete input shapes and the small constants known so far.

Walking forward with concrete sizes needs no symbolic reasoning: by the time a dynamic Reshape is reached, the chain of
Shape, Gather and Concat before it has become numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from archsim.frontends.onnx.dims import Dims
from archsim.frontends.onnx.node import Node, Slot
from archsim.frontends.onnx.value import Value

_CONTROL_FLOW = frozenset({"If", "Loop", "Scan"})
_NUMPY_TYPES = frozenset({1, 2, 3, 6, 7, 9, 11})


class Inference:
    """Shape inference of single nodes.

    Parameters
    ----------
    onnx : module
        The `onnx` package.
    model : ModelProto
        For operator-set versions and the shapes written into the file.
    dims : Dims
        Sizes of symbolic dimensions.
    """

    def __init__(self, onnx: Any, model: Any, dims: Dims) -> None:
        self._onnx = onnx
        self._dims = dims
        self._opsets = {entry.domain: entry.version for entry in model.opset_import}
        self._imports = list(model.opset_import)
        self._ir_version = model.ir_version
        self._written: dict[str, Any] = {}
        self.learn(model.graph)

    def learn(self, graph: Any) -> None:
        """Remember the shapes written into a graph; they are used where inference finds none."""
        for entry in (*graph.value_info, *graph.output):
            self._written[entry.name] = entry.type.tensor_type

    def version(self, domain: str) -> int:
        """Operator-set version of a domain; 1 when the file imports none."""
        if domain in ("", "ai.onnx"):
            return int(self._opsets.get("", self._opsets.get("ai.onnx", 1)))
        return int(self._opsets.get(domain, 1))

    def known(self, node: Node) -> bool:
        """Whether ONNX itself defines the operator."""
        return self._schema(node) is not None

    def outputs(self, proto: Any, node: Node, used: set[str], scope: Mapping[str, Value]) -> list[Slot]:
        """Slots of the node's outputs, as far as inference and the file itself say.

        Raises
        ------
        onnx.shape_inference.InferenceError
            The inputs do not fit the operator.
        """
        inferred = self._infer(proto, node, scope)
        return [self._slot(name, inferred.get(name), name in used) for name in proto.output]

    def _infer(self, proto: Any, node: Node, scope: Mapping[str, Value]) -> Mapping[str, Any]:
        schema = self._schema(node)
        if schema is None:
            return {}
        given = {name: value for name, value in zip(proto.input, node.inputs, strict=True) if value is not None}
        visible: Iterable[tuple[str, Value]] = (scope if node.op in _CONTROL_FLOW else given).items()
        types = {name: self._onnx.helper.make_tensor_type_proto(value.code, value.shape) for name, value in visible}
        data = {
            name: self._onnx.numpy_helper.from_array(value.data)
            for name, value in given.items()
            if value.data is not None and value.code in _NUMPY_TYPES
        }
        inferred: Mapping[str, Any] = self._onnx.shape_inference.infer_node_outputs(
            schema, proto, types, data, {}, self._imports, self._ir_version
        )
        return inferred

    def _schema(self, node: Node) -> Any:
        domain = "" if node.domain == "ai.onnx" else node.domain
        try:
            return self._onnx.defs.get_schema(node.op, max_inclusive_version=node.version, domain=domain)
        except self._onnx.defs.SchemaError:
            return None

    def _slot(self, name: str, inferred: Any, used: bool) -> Slot:
        slot = Slot(name, used=used and bool(name))
        candidates = [inferred.tensor_type] if inferred is not None and inferred.HasField("tensor_type") else []
        if name in self._written:
            candidates.append(self._written[name])
        for candidate in candidates:
            slot.code = slot.code or candidate.elem_type or None
            if slot.shape is None and candidate.HasField("shape"):
                sizes = self._dims.shape(candidate.shape, name)
                slot.shape = tuple(size for size in sizes if size is not None) if None not in sizes else None
        return slot

    def open_dimension(self, name: str) -> tuple[str, str, int]:
        """Dimension that keeps a computed tensor's shape unknown: its name, the tensor and the axis."""
        written = self._written.get(name)
        if written is not None and written.HasField("shape"):
            for axis, dim in enumerate(written.shape.dim):
                if self._dims.size(dim, name, axis) is None:
                    return str(dim.dim_param) or f"{name}.{axis}", name, axis
        return f"{name}.0", name, 0
