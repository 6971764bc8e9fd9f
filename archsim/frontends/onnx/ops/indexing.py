"""Irregular reads and writes: Gather*, Scatter*, GridSample, NonZero, Compress."""

from __future__ import annotations

import math

from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.node import Node
from archsim.frontends.onnx.ops.rule import Mapper
from archsim.graph.work import Gather, Move, Scatter


def _gather(node: Node, emit: Emitter) -> Results:
    table, indices = node.need(0), node.need(1)
    axis = node.integer("axis") % max(table.rank, 1)
    width = math.prod(table.shape[axis + 1 :])
    entries = math.prod(table.shape[:axis]) * indices.elements
    reads = [min(entries * width, table.elements), indices.elements]
    if indices.constant and indices.elements == 1:
        # One known position is a slice: regular, and no index is read.
        return emit.node(node, Move("slice", entries * width), [table], reads=reads[:1])
    return emit.node(node, Gather(entries, width), [table, indices], reads=reads)


def _gather_elements(node: Node, emit: Emitter) -> Results:
    table, indices = node.need(0), node.need(1)
    reads = [min(indices.elements, table.elements), indices.elements]
    return emit.node(node, Gather(indices.elements, 1), [table, indices], shape=indices.shape, reads=reads)


def _gather_nd(node: Node, emit: Emitter) -> Results:
    table, indices = node.need(0), node.need(1)
    entries = math.prod(indices.shape[:-1])
    total = math.prod(node.shape)
    reads = [min(total, table.elements), indices.elements]
    return emit.node(node, Gather(entries, max(total // max(entries, 1), 1)), [table, indices], reads=reads)


def _scatter(node: Node, emit: Emitter) -> Results:
    """Write updates into a copy of the data, as ONNX defines it."""
    data, indices, updates = node.need(0), node.need(1), node.need(2)
    entries = math.prod(indices.shape[:-1]) if node.op == "ScatterND" else indices.elements
    adds = 0.0 if node.text("reduction", "none") == "none" else 1.0
    work = Scatter(entries, max(updates.elements // max(entries, 1), 1), adds)
    return emit.node(node, work, [data, indices, updates], shape=data.shape)


def _cache_update(node: Node, emit: Emitter) -> Results:
    """TensorScatter: new keys or values into a cache, in rows along its axis."""
    cache, update = node.need(0), node.need(1)
    axis = node.integer("axis", -2) % max(cache.rank, 1)
    width = math.prod(update.shape[axis + 1 :])
    work = Scatter(update.elements // max(width, 1), width)
    return emit.node(node, work, [cache, update, node.get(2)], shape=cache.shape)


def _grid_sample(node: Node, emit: Emitter) -> Results:
    """Every output pixel reads its neighbours in all channels and blends them."""
    x, grid = node.need(0), node.need(1)
    mode = node.text("mode", "linear")
    reach = {"nearest": 1, "bicubic": 4, "cubic": 4}.get(mode, 2)
    taps = reach ** (x.rank - 2)
    positions = grid.elements // max(grid.shape[-1], 1)
    work = Gather(positions * taps, x.shape[1], 0.0 if taps == 1 else 2.0)
    return emit.node(node, work, [x, grid])


def _compact(node: Node, emit: Emitter) -> Results:
    return emit.node(node, Move("compact", node.need(0).elements), node.inputs, shape=node.shape)


RULES: dict[str, Mapper] = {
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "GatherND": _gather_nd,
    "Scatter": _scatter,
    "ScatterElements": _scatter,
    "ScatterND": _scatter,
    "TensorScatter": _cache_update,
    "GridSample": _grid_sample,
    "NonZero": _compact,
    "Compress": _compact,
}
