"""One op as a row of the op table: its sizes by kind, and the bytes of its tensors by role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archsim.graph.dtypes import CODES, DTYPES
from archsim.graph.exact import times
from archsim.graph.op import Op
from archsim.graph.tensor import STRUCTURES, Role, Tensor
from archsim.graph.work import (
    Attention,
    Chase,
    Collective,
    Conv,
    Elementwise,
    Fft,
    Gather,
    MatMul,
    Neuron,
    Normalise,
    Scan,
    Scatter,
    Work,
)

Columns = dict[str, float]


def describe(op: Op, tensors: Mapping[str, Tensor]) -> Columns:
    """Return the columns of one op that are not at their defaults."""
    columns: Columns = {
        "kind": op.work.code,
        "steps": float(op.steps),
        "macs": float(op.work.macs + sum(inner.work.macs for inner in op.epilogue)),
        "flops": op.work.flops + sum(inner.work.flops for inner in op.epilogue),
        "special": op.work.special + sum(inner.work.special for inner in op.epilogue),
    }
    columns |= _sizes(op.work)
    columns |= _traffic(op, tensors)
    if isinstance(op.work, Gather):
        columns["access_bytes"] = op.work.width * columns["input_bits"] / 8
    return columns


def _sizes(work: Work) -> Columns:
    for kind, columns in _BY_KIND.items():
        if isinstance(work, kind):
            return columns(work)
    return {}


def _matmul(work: MatMul) -> Columns:
    return {"batch": work.batch, "m": work.m, "n": work.n, "k": work.k, "dynamic": int(work.dynamic)}


def _conv(work: Conv) -> Columns:
    per_group = work.in_channels // work.groups
    pixels = work.in_height * work.in_width if work.transposed else work.out_height * work.out_width
    return {
        "batch": work.groups, "m": work.batch * pixels, "n": work.out_channels // work.groups,
        "k": per_group * work.kernel_height * work.kernel_width, "groups": work.groups,
        "in_channels": work.in_channels, "in_height": work.in_height, "in_width": work.in_width,
        "out_height": work.out_height, "out_width": work.out_width, "kernel_height": work.kernel_height,
        "kernel_width": work.kernel_width, "stride": work.stride[0], "transposed": int(work.transposed),
        "dynamic": int(work.dynamic),
    }  # fmt: skip


def _attention(work: Attention) -> Columns:
    return {
        "batch": work.batch * work.kv_heads, "m": work.query_length * work.heads // work.kv_heads,
        "n": work.key_length, "k": work.head_size, "heads": work.heads, "kv_heads": work.kv_heads,
        "value_size": work.value_size, "mask": work.mask,
    }  # fmt: skip


def _elementwise(work: Elementwise) -> Columns:
    return {"rows": work.rows, "length": work.elements / work.rows, "row_blocks": 1} if work.rows else {}


def _normalise(work: Normalise) -> Columns:
    return {"rows": work.rows, "length": work.length, "passes": work.passes, "row_blocks": int(work.blocks)}


def _gather(work: Gather) -> Columns:
    return {"accesses": work.entries, "branches": times(work.entries, work.branches), "taken": work.taken}


def _scan(work: Scan) -> Columns:
    return {"rows": work.width, "length": work.length, "chain": work.length}


def _chase(work: Chase) -> Columns:
    return {"rows": work.chains, "length": work.loads, "chain": work.loads, "accesses": work.loads * work.chains,
            "access_bytes": work.POINTER, "footprint": work.footprint}  # fmt: skip


def _fft(work: Fft) -> Columns:
    return {"rows": work.batch, "length": work.length}


def _neuron(work: Neuron) -> Columns:
    return {"rows": work.neurons, "length": work.steps, "rate": work.rate}


def _collective(work: Collective) -> Columns:
    return {"participants": work.participants, "payload": work.payload}


_BY_KIND: dict[type[Work], Callable[[Any], Columns]] = {
    MatMul: _matmul,
    Conv: _conv,
    Attention: _attention,
    Elementwise: _elementwise,
    Normalise: _normalise,
    Gather: _gather,
    Scan: _scan,
    Chase: _chase,
    Fft: _fft,
    Neuron: _neuron,
    Collective: _collective,
}


def _traffic(op: Op, tensors: Mapping[str, Tensor]) -> Columns:
    """Bytes by role, widths and densities; operands that only the epilogue reads are kept apart."""
    read = op.elements_read(tensors)
    written = [tensors[name] for name in op.outputs]
    inside = {name for inner in op.epilogue for name in inner.inputs}
    amounts = dict.fromkeys(("weight_bytes", "input_bytes", "state_bytes", "extra_bytes"), 0.0)
    elements = 0.0
    weights: list[Tensor] = []
    inputs: list[Tensor] = []
    for name, count in read.items():
        tensor = tensors[name]
        size = count * DTYPES[tensor.dtype].bits / 8
        if tensor.role is Role.WEIGHT:
            amounts["weight_bytes"] += size
            elements += count
            weights.append(tensor)
        elif tensor.role is Role.STATE:
            amounts["state_bytes"] += size
        elif name in inside:
            amounts["extra_bytes"] += size
        else:
            amounts["input_bytes"] += size
        if tensor.role is not Role.WEIGHT:
            inputs.append(tensor)
    first = inputs[0] if inputs else weights[0] if weights else written[0]
    if isinstance(op.work, Gather) and not isinstance(op.work, Scatter) and weights:
        first = weights[0]
    weight = weights[0] if weights else first
    return amounts | {
        "precision": CODES[first.dtype],
        "weight_precision": CODES[weight.dtype],
        "weight_elements": elements,
        "output_bytes": sum(tensor.bytes for tensor in written),
        "elements": float(sum(tensor.elements for tensor in written)),
        "input_bits": DTYPES[first.dtype].bits,
        "weight_bits": DTYPES[weight.dtype].bits,
        "output_bits": DTYPES[written[0].dtype].bits if written else DTYPES[first.dtype].bits,
        "weight_structure": STRUCTURES.index(weight.structure) if weights else 0,
        "input_density": first.density,
        "input_sources": float(first.sources),
        "weight_density": weight.density,
        "footprint": _footprint(op, tensors),
    }


def _footprint(op: Op, tensors: Mapping[str, Tensor]) -> float:
    """Bytes that irregular accesses fall into: what a scatter writes, the table a gather or a pointer chain reads."""
    target = op.outputs if isinstance(op.work, Scatter) else op.inputs[:1]
    return sum(tensors[name].bytes for name in target)
