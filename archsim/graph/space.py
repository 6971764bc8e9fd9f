"""Spatial parallelism: every picture cut into tiles, one for each chip of a group, as the graph of one chip.

Windows reach beyond a tile, so that a chip fetches a halo from its neighbours before a convolution, a pool or a layer
whose filters differ from place to place (Dryden et al. 2019, arXiv:1903.06681); what a layer adds to places beyond its
tile it sends them. Filters that differ from place to place lie with the places: no chip has those of others. Shared
ones are on every chip, and so is whatever has no places: it is computed by all, on the picture brought together.

Places are dealt out evenly, and the halo is that of a tile of the mean size.
"""

from __future__ import annotations

import math
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from archsim.errors import UnsupportedError
from archsim.graph.check import check_graph
from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Collective, Conv, Elementwise, MatMul, Move, Normalise, Reduce

PICTURE: Final = 4
"""Dimensions of a picture: batch, channels, height, width."""
FILTERS: Final = 3
"""Dimensions of filters that differ from place to place: places, taps, features."""
LEAST: Final = 0.5
"""Share of the MACs that must be split for a group of chips to make sense."""


def grid(chips: int) -> tuple[int, int]:
    """Return rows and columns of tiles, as nearly square as may be."""
    rows = max(count for count in range(1, math.isqrt(chips) + 1) if chips % count == 0)
    return rows, chips // rows


def halo_pixels(height: int, width: int, tiles: tuple[int, int], reach: tuple[int, int]) -> int:
    """Return the pixels a tile needs of the tiles beside: min(a + u, A) min(b + v, B) - a b, rounded up.

    Parameters
    ----------
    height, width : int
        The picture, A and B.
    tiles : tuple of int
        Rows and columns of tiles; a and b are the mean height and width of one.
    reach : tuple of int
        Pixels beyond a tile that its windows see, both sides together, u and v.
    """
    high, wide = height / tiles[0], width / tiles[1]
    seen = min(high + reach[0], height) * min(wide + reach[1], width)
    return math.ceil(seen - high * wide - 1e-9)


def split_space(graph: Graph, chips: int) -> Graph:
    """Return what one chip of a group runs when the pictures of `graph` are cut into tiles.

    Parameters
    ----------
    graph : Graph
        A forward graph that is not fused yet.
    chips : int
        Chips of the group.

    Returns
    -------
    Graph
        With the exchange of halos; its items are those of the whole group. Pictures the outside reads stay in tiles.

    Raises
    ------
    UnsupportedError
        Less than half of the MACs can be split.
    """
    if chips == 1:
        return graph
    cutter = _Cutter(graph, chips)
    for op in graph.ops:
        cutter.place(op)
    total = sum(op.macs for op in graph.ops)
    share = 1.0 - cutter.unsplit / max(total, 1)
    if share < LEAST or not total:
        raise UnsupportedError(
            f"{100 * share:.0f} % of the MACs of {graph.name!r} lie on pictures of at least {chips} pixels",
            hint="leave spatial_parallel out, or choose fewer chips",
        )
    made = graph.replace(
        ops=tuple(cutter.ops),
        tensors=MappingProxyType(cutter.tensors),
        parameters=MappingProxyType({**graph.parameters, "spatial_parallel": chips}),
    )
    check_graph(made)
    return made


class _Cutter:
    """Walks the ops in order; `tiled` has the names of tensors of which a chip holds a tile."""

    def __init__(self, graph: Graph, chips: int) -> None:
        self.graph, self.chips, self.tiles = graph, chips, grid(chips)
        self.stored = graph.tensors
        self.tensors = dict(graph.tensors)
        self.ops: list[Op] = []
        self.tiled: set[str] = set()
        self.gathered: dict[str, str] = {}
        self.haloed: dict[tuple[str, tuple[int, int]], str] = {}
        self.unsplit = 0
        for tensor in graph.tensors.values():
            if tensor.role is Role.INPUT and self._is_picture(tensor):
                self._tile(tensor)

    def place(self, op: Op) -> None:
        """Add an op as one chip runs it, with what it exchanges."""
        cut = [name for name in op.inputs if name in self.tiled]
        out = self.stored[op.outputs[0]] if len(op.outputs) == 1 else None
        if not cut or op.steps > 1 or out is None:
            self._everywhere(op)
        elif isinstance(op.work, Conv) and not op.work.transposed and self._is_picture(out):
            self._convolve(op, op.work, out)
        elif isinstance(op.work, MatMul) and self._has_places(op, op.work) and self._is_picture(out):
            self._locally(op, op.work, out)
        elif isinstance(op.work, Reduce) and self._is_picture(out):
            self._pool(op, op.work, out)
        elif isinstance(op.work, Elementwise | Normalise | Move) and self._is_picture(out):
            self._pointwise(op, out)
        else:
            self._everywhere(op)

    def whole(self, name: str) -> str:
        """Bring the tiles of a tensor together on every chip; return what it is called there."""
        if name not in self.tiled:
            return name
        if name not in self.gathered:
            there = replace(self.stored[name], name=f"{name}/whole")
            self.tensors[there.name] = there
            self.gathered[name] = there.name
            work = Collective("all_gather", self.chips, there.stored)
            self.ops.append(Op(f"{name}/all-gather", work, (name,), (there.name,)))
        return self.gathered[name]

    def _everywhere(self, op: Op) -> None:
        self.unsplit += op.macs
        self.ops.append(replace(op, inputs=tuple(self.whole(name) for name in op.inputs)))

    def _convolve(self, op: Op, work: Conv, out: Tensor) -> None:
        taps = zip((work.kernel_height, work.kernel_width), work.dilation, work.stride, strict=True)
        reach = [max((kernel - 1) * dilation + 1 - stride, 0) for kernel, dilation, stride in taps]
        high, wide = (-(-size // count) for size, count in zip(out.shape[2:], self.tiles, strict=True))
        local = replace(
            work, out_height=high, out_width=wide, in_height=high * work.stride[0] + reach[0],
            in_width=wide * work.stride[1] + reach[1], padding=(0, 0, 0, 0),
        )  # fmt: skip
        self._tile(out)
        self._add(op, local, (self._halo(op.inputs[0], (reach[0], reach[1])), *op.inputs[1:]))

    def _locally(self, op: Op, work: MatMul, out: Tensor) -> None:
        """Split a layer whose filters differ from place to place, which reads windows or writes them."""
        weight = self.stored[op.inputs[1]]
        places = -(-work.batch // self.chips)
        self.tensors[weight.name] = replace(weight, shape=(places, *weight.shape[1:]))
        local = replace(work, batch=places)
        source = self.stored[op.inputs[0]].shape
        reach = (abs(source[2] - out.shape[2]), abs(source[3] - out.shape[3]))
        self._tile(out)
        if math.prod(out.shape[2:]) == work.batch:
            self._add(op, local, (self._halo(op.inputs[0], reach), *op.inputs[1:]))
            return
        sums = replace(self._wider(out, reach), name=f"{out.name}/partial")
        self.tensors[sums.name] = sums
        self._add(op, local, op.inputs, sums.name)
        work_of_edge = Collective("halo", self.chips, sums.stored - self.tensors[out.name].stored)
        self.ops.append(Op(f"{op.name}/halo", work_of_edge, (sums.name,), (out.name,), op.phase))

    def _pool(self, op: Op, work: Reduce, out: Tensor) -> None:
        source = self.stored[op.inputs[0]]
        size = math.isqrt(work.window)
        steps = [max(round(wide / narrow), 1) for wide, narrow in zip(source.shape[2:], out.shape[2:], strict=True)]
        reach = (max(size - steps[0], 0), max(size - steps[1], 0))
        self._tile(out)
        local = replace(work, outputs=self.tensors[out.name].elements)
        self._add(op, local, (self._halo(op.inputs[0], reach), *op.inputs[1:]))

    def _pointwise(self, op: Op, out: Tensor) -> None:
        work: Any = op.work
        self._tile(out)
        here = self.tensors[out.name].elements
        if isinstance(work, Normalise):
            # Rows are places or channels: what there is enough of is split.
            rows = work.rows >= self.chips
            local = replace(work, rows=-(-work.rows // self.chips)) if rows else replace(
                work, length=-(-work.length // self.chips))  # fmt: skip
        else:
            local = replace(work, elements=min(here, work.elements) if work.elements == out.elements
                            else -(-work.elements // self.chips))  # fmt: skip
        self._add(op, local, op.inputs)

    def _halo(self, name: str, reach: tuple[int, int]) -> str:
        """Fetch what windows see beyond a tile; return what the tile is called with it."""
        tensor = self.stored[name]
        if name not in self.tiled or not any(reach):
            return name
        if (name, reach) not in self.haloed:
            made = self._wider(tensor, reach)
            self.tensors[made.name] = made
            self.haloed[name, reach] = made.name
            if tensor.role is Role.INPUT:  # a chip is given what its windows see
                return made.name
            work = Collective("halo", self.chips, made.stored - self.tensors[name].stored)
            self.ops.append(Op(made.name, work, (name,), (made.name,)))
        return self.haloed[name, reach]

    def _wider(self, tensor: Tensor, reach: tuple[int, int]) -> Tensor:
        """Return a tile of a tensor with the halo round it."""
        batch, channels, height, width = tensor.shape
        places = self.tensors[tensor.name].shape[-1] + halo_pixels(height, width, self.tiles, reach)
        return replace(tensor, name=f"{tensor.name}/halo-{reach[0]}x{reach[1]}", shape=(batch, channels, places))

    def _add(self, op: Op, work: Any, inputs: tuple[str, ...], output: str = "") -> None:
        reads: list[int] = []
        for position, (before, name) in enumerate(zip(op.inputs, inputs, strict=True)):
            there, here = self.stored[before].elements, self.tensors[name].elements
            reads.append(min(op.reads[position], here) if op.reads and here == there else here)
        everything = all(self.tensors[name].elements == count for name, count in zip(inputs, reads, strict=True))
        outputs = (output,) if output else op.outputs
        self.ops.append(
            replace(op, work=work, inputs=inputs, outputs=outputs, reads=() if everything else tuple(reads))
        )

    def _tile(self, tensor: Tensor) -> None:
        batch, channels, height, width = tensor.shape
        self.tensors[tensor.name] = replace(tensor, shape=(batch, channels, -(-height * width // self.chips)))
        self.tiled.add(tensor.name)

    def _is_picture(self, tensor: Tensor) -> bool:
        return len(tensor.shape) == PICTURE and math.prod(tensor.shape[2:]) >= self.chips

    def _has_places(self, op: Op, work: MatMul) -> bool:
        weight = self.stored[op.inputs[1]] if len(op.inputs) > 1 else None
        if weight is None or weight.role is not Role.WEIGHT or len(weight.shape) != FILTERS or work.dynamic:
            return False
        readers = [reader.work for reader in self.graph.consumers[weight.name]]
        return all(isinstance(each, MatMul) and each.batch == work.batch == weight.shape[0] for each in readers)
