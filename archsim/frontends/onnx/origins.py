"""Where values come from: initialisers, inputs and constants of the file."""

from __future__ import annotations

from typing import Any

from archsim.errors import ImportFormatError
from archsim.frontends.onnx import constants, formats
from archsim.frontends.onnx.dims import Dims
from archsim.frontends.onnx.emit import Results
from archsim.frontends.onnx.node import Node
from archsim.frontends.onnx.rescale import Rescale
from archsim.frontends.onnx.value import Array, Source, Value
from archsim.graph import Role

_SAME_BYTES = frozenset(
    {"Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose", "Expand", "Dropout", "DequantizeLinear"}
)
"""Of a constant, these are the same stored bytes in another order, shape or scale, so tied parameters stay tied."""


def payload(onnx: Any, proto: Any) -> Array | None:
    """Numbers of a small tensor in the file; None when they were stripped or are kept elsewhere."""
    if proto.data_location == proto.EXTERNAL:
        return None
    try:
        array: Array = onnx.numpy_helper.to_array(proto)
    except Exception:
        # A stripped payload, or a format that numpy lacks: the numbers are simply not known.
        return None
    return array if array.size <= constants.LARGEST else None


def initialisers(onnx: Any, graph: Any) -> dict[str, Value]:
    """Trained tensors of a graph, by name."""
    found: dict[str, Value] = {}
    for proto in graph.initializer:
        shape = tuple(int(size) for size in proto.dims)
        source = Source(proto.name, shape, proto.data_type)
        found[proto.name] = Value(proto.name, shape, proto.data_type, True, True, payload(onnx, proto), source)
    for sparse in graph.sparse_initializer:
        name, code, shape = sparse.values.name, sparse.values.data_type, tuple(int(size) for size in sparse.dims)
        value = Value(name, shape, code, True, True)
        stored = sparse.values.dims[0] if len(sparse.values.dims) else 0
        value.source = Source(name, shape, code, density=min(1.0, stored / max(value.elements, 1)))
        found[name] = value
    return found


def graph_input(entry: Any, dims: Dims, rescale: Rescale) -> Value:
    """Describe an input of the network; a cache handed in is kept on the machine between runs.

    Raises
    ------
    ImportFormatError
        It is not a tensor, or a size of it is open.
    """
    if not entry.type.HasField("tensor_type"):
        raise ImportFormatError(f"input {entry.name!r} is not a tensor", hint="export the model with tensor inputs")
    tensor = entry.type.tensor_type
    if not tensor.HasField("shape"):
        raise ImportFormatError(f"input {entry.name!r} has no shape", hint="export the model with input shapes")
    shape = rescale.input_shape(dims.concrete(tensor.shape, entry.name))
    role = Role.STATE if "past" in entry.name and len(shape) > 2 else Role.INPUT
    return Value(entry.name, shape, tensor.elem_type, source=Source(entry.name, shape, tensor.elem_type, role))


def number(name: str, numbers: Any, code: int = formats.INT64) -> Value:
    """Describe a constant whose numbers are at hand."""
    array = constants.as_array(numbers, code)
    trained = code in formats.FLOATS and array.size > 1
    return Value(name, array.shape, code, True, trained, array, Source(name, array.shape, code))


def literal(node: Node) -> Value:
    """Value of a Constant node; a float array counts as trained, as some exporters write weights this way.

    Raises
    ------
    ImportFormatError
        It holds no number.
    """
    name = node.outputs[0].name
    for key, found in node.attributes.items():
        if key in ("value_int", "value_ints"):
            return number(name, found)
        if key in ("value_float", "value_floats"):
            return number(name, found, formats.FLOAT)
    proto = node.attributes.get("value/proto")
    if proto is None:
        raise ImportFormatError(f"node {node.name!r} (Constant) holds no number")
    shape, code = tuple(int(size) for size in proto.dims), proto.data_type
    value = Value(name, shape, code, True, False, node.attributes["value"], Source(name, shape, code))
    value.trained = value.is_float and value.elements > 1
    return value


def measured(onnx: Any, node: Node) -> Results | None:
    """Results of Constant, Shape, Size and of small computations among known numbers; None for all other nodes."""
    standard = not node.domain
    if standard and node.op == "Constant":
        return [literal(node)]
    if standard and node.op == "Shape":
        return [
            number(node.outputs[0].name, node.need(0).shape[node.attributes.get("start") : node.attributes.get("end")])
        ]
    if standard and node.op == "Size":
        return [number(node.outputs[0].name, node.need(0).elements)]
    if not all(value.constant for value in node.given) or looks_up(node):
        return None
    arrays = constants.evaluate(node)
    if arrays is None or len(arrays) > len(node.outputs):
        return None
    results: Results = []
    for slot, array in zip(node.outputs, arrays, strict=False):
        code = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
        value = derived(node, slot.name, array.shape, code)
        value.data = array
        results.append(value)
    return results


def derived(node: Node, name: str, shape: tuple[int, ...], code: int | None) -> Value:
    """Describe a constant computed from constants."""
    given = node.given
    first = given[0] if given else None
    code = code or (first.code if first is not None else formats.FLOAT)
    if first is not None and node.op in _SAME_BYTES:
        return Value(name, shape, code, True, first.trained, None, first.source)
    trained = any(value.trained and value.is_float for value in given)
    if node.op == "ConstantOfShape" and first is not None and first.source is not None:
        # Files without weights write `ConstantOfShape(initialiser)` where the weight would stand.
        trained = first.trained and first.name == first.source.name
    return Value(name, shape, code, True, trained, None, Source(name, shape, code))


def looks_up(node: Node) -> bool:
    """Whether a node reads rows of a trained table, which stays a table even when the indices are known."""
    if node.op != "Gather" or node.domain or len(node.given) < 2:
        return False
    table = node.need(0)
    return table.trained and table.is_float and table.rank > 1 and node.need(1).elements > 1
