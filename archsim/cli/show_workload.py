"""A workload for people and programs: layers, shapes, counts, and how much arithmetic there is per byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from archsim.engine.table import Column, Table, fraction, share
from archsim.engine.tables import count as short
from archsim.graph.counts import count, parameters_of
from archsim.graph.dtypes import DTYPES
from archsim.laws import sparsity
from archsim.units import DATA, format_quantity

if TYPE_CHECKING:
    from archsim.cli.screen import Block
    from archsim.graph.graph import Graph
    from archsim.graph.op import Op
    from archsim.graph.tensor import Tensor


def moved(op: Op, tensors: Mapping[str, Tensor]) -> float:
    """Bytes one execution reads and writes when nothing is kept from op to op."""
    read = sum(number * DTYPES[tensors[name].dtype].bits / 8 for name, number in op.elements_read(tensors).items())
    return read + sum(tensors[name].bytes for name in op.outputs)


def useful_macs(op: Op, tensors: Mapping[str, Tensor]) -> float:
    """MACs of one execution whose operands are both not zero."""
    first, second = [tensors[name].density for name in (*op.inputs, *op.inputs)[:2]] if op.macs else (1.0, 1.0)
    return sparsity.effective_macs(float(op.macs), first, second)


def least_moved(graph: Graph) -> float:
    """Bytes a run moves at least: weights, state and inputs read once, outputs written once."""
    read: dict[str, int] = {}
    for op in graph.ops:
        for name, number in op.elements_read(graph.tensors).items():
            if name not in graph.producer:
                read[name] = min(read.get(name, 0) + number, graph.tensors[name].elements)
    inside = sum(number * DTYPES[graph.tensors[name].dtype].bits / 8 for name, number in read.items())
    return inside + sum(graph.tensors[name].bytes for name in graph.outputs if name in graph.producer)


def data(graph: Graph) -> dict[str, Any]:
    """Return a workload, ready for JSON; one entry per op."""
    totals = count(graph)
    ops: list[dict[str, Any]] = [
        {
            "name": op.name,
            "kind": op.kind,
            "phase": op.phase.value,
            "count": 1,
            "steps": op.steps,
            "macs": op.macs,
            "flops": op.flops,
            "special_functions": op.special,
            "parameters": parameters_of(op, graph.tensors),
            "bytes": moved(op, graph.tensors),
            "flop_per_byte": fraction(op.flops, moved(op, graph.tensors)),
            "sizes": asdict(op.work) if is_dataclass(op.work) else {},
            "inputs": [_tensor(graph.tensors[name]) for name in op.inputs],
            "outputs": [_tensor(graph.tensors[name]) for name in op.outputs],
        }
        for op in graph.ops
    ]
    everything = sum(moved(op, graph.tensors) for op in graph.ops)
    return {
        "schema_version": 1,
        "name": graph.name,
        "arguments": dict(graph.parameters),
        "item": graph.item,
        "items": graph.items,
        "parameters": totals.parameters,
        "macs": totals.macs,
        "flops": totals.flops,
        "special_functions": totals.special,
        "weight_bytes": totals.weight_bytes,
        "state_bytes": totals.state_bytes,
        "activations": totals.activations,
        "activation_bytes": totals.activation_bytes,
        "flop_per_byte": fraction(totals.flops, everything),
        "flop_per_byte_at_most": fraction(totals.flops, least_moved(graph)),
        "by_kind": _kinds(graph).to_dicts(),
        "ops": ops,
        "warnings": list(graph.notes),
    }


def blocks(graph: Graph) -> list[Block]:
    """Return what people read."""
    from archsim.cli.screen import Facts, Line

    totals = count(graph)
    everything = sum(moved(op, graph.tensors) for op in graph.ops)
    intensity = fraction(totals.flops, everything)
    useful = sum(useful_macs(op, graph.tensors) for op in graph.ops)
    facts = [
        ("work", f"{short(totals.macs)} MAC, {short(totals.flops)} FLOP, {short(totals.special)} special functions"),
        ("parameters", f"{short(totals.parameters)}, {format_quantity(totals.weight_bytes, DATA, 4)}"),
        ("without zeros", f"{short(useful)} MAC" if useful < totals.macs else ""),
        ("activations", f"{short(totals.activations)}, {format_quantity(totals.activation_bytes, DATA, 4)}"),
        ("state", format_quantity(totals.state_bytes, DATA, 4) if totals.state_bytes else ""),
        ("one run", f"{graph.items:g} {graph.item}{'' if graph.items == 1 else 's'}"),
        (
            "intensity",
            f"{intensity:.4g} FLOP/B op by op, {fraction(totals.flops, least_moved(graph)):.4g} FLOP/B at most",
        ),
        *origin(graph.parameters),
    ]
    return [
        Line(graph.name, "bold"),
        Facts(tuple((label, text) for label, text in facts if text)),
        _kinds(graph),
        table(graph),
    ]


def table(graph: Graph, *, whole: bool = False) -> Table:
    """Return the layers as a table, ops of the same work and shapes in one row; `whole` gives programs all columns."""
    columns = (
        Column("name", "op"), Column("kind", "kind"), Column("count", "count", show=str), Column("shapes", "shapes"),
        Column("macs", "MAC", show=short), Column("parameters", "parameters", show=short),
        Column("flop_per_byte", "FLOP/B", show=_number), Column("share", "of MAC", show=share),
    )  # fmt: skip
    more = (
        Column("flops", "FLOP", show=short), Column("special_functions", "special functions", show=short),
        Column("bytes", "bytes", DATA), Column("steps", "steps", show=str),
    )  # fmt: skip
    same: dict[Any, list[Op]] = {}
    for op in graph.ops:
        shapes = tuple((graph.tensors[name].shape, graph.tensors[name].dtype) for name in (*op.inputs, *op.outputs))
        same.setdefault((op.work, op.phase, op.steps, op.reads, shapes), []).append(op)
    everything = sum(op.macs for op in graph.ops)
    rows = []
    for ops in same.values():
        op = ops[0]
        size = moved(op, graph.tensors)
        row = (op.name, op.kind, len(ops), _shapes(op, graph), op.macs, parameters_of(op, graph.tensors),
               fraction(op.flops, size), fraction(op.macs * len(ops), everything))  # fmt: skip
        rows.append((*row, op.flops, op.special, size, op.steps) if whole else row)
    title = f"{len(graph.ops)} ops, {len(rows)} distinct; values of one execution"
    return Table(title, columns + more if whole else columns, tuple(rows))


def _kinds(graph: Graph) -> Table:
    columns = (
        Column("kind", "kind"), Column("ops", "ops", show=str), Column("macs", "MAC", show=short),
        Column("mac_share", "of MAC", show=share), Column("flops", "FLOP", show=short),
        Column("flop_share", "of FLOP", show=share), Column("bytes", "bytes", DATA),
        Column("byte_share", "of bytes", show=share), Column("flop_per_byte", "FLOP/B", show=_number),
    )  # fmt: skip
    groups: dict[str, list[Op]] = {}
    for op in graph.ops:
        groups.setdefault(op.kind, []).append(op)
    sums = {
        kind: (len(ops), sum(op.macs for op in ops), sum(op.flops for op in ops),
               sum(moved(op, graph.tensors) for op in ops))
        for kind, ops in groups.items()
    }  # fmt: skip
    macs, flops, size = (sum(row[i] for row in sums.values()) for i in (1, 2, 3))
    rows = [
        (kind, n, m, fraction(m, macs), f, fraction(f, flops), b, fraction(b, size), fraction(f, b))
        for kind, (n, m, f, b) in sums.items()
    ]
    return Table("by kind of op", columns, tuple(sorted(rows, key=lambda row: (-row[4], -row[6]))))


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {
        "name": tensor.name, "shape": list(tensor.shape), "dtype": tensor.dtype, "role": tensor.role.value,
        "density": tensor.density,
    }  # fmt: skip


def _shapes(op: Op, graph: Graph) -> str:
    read, written = (
        " ".join("x".join(map(str, graph.tensors[name].shape)) or "1" for name in names)
        for names in (op.inputs, op.outputs)
    )
    return f"{read} -> {written}"


def _number(value: float) -> str:
    return f"{value:.3g}"


def origin(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say what a graph was made from: arguments, and how much of a foreign file was understood."""
    facts = []
    coverage = parameters.get("coverage")
    if isinstance(coverage, Mapping):
        mapped = sum(coverage["mapped"].values())
        nodes = f"{mapped} of {coverage['compute_nodes']} compute nodes mapped, {100 * coverage['covered']:.4g} %"
        facts.append(("coverage", nodes))
    rest = ", ".join(f"{key}={value}" for key, value in parameters.items() if key != "coverage")
    return [("made from", rest), *facts]
