"""Tensor parallelism: one network split over a group of chips, layer by layer, as the graph of one chip of the group.

A layer whose results may lie apart (`archsim.graph.apart`) is split by columns: each chip has some of the outputs, all
of the heads of its own. A layer whose inputs lie apart is split by rows: each chip has a partial sum of every output,
and an all-reduce adds them up. So a transformer block needs two all-reduces, one behind its attention and one behind
its network (Shoeybi et al. 2019, arXiv:1909.08053). Large tables are split by rows too: a chip finds its own entries
and nothing else. Nothing is known of transformers here: the same rules split any graph.

What cannot be split is on every chip as a whole and is computed by all; sizes that do not divide stay whole, but for
the last layer, whose outputs are padded.
"""

from __future__ import annotations

from dataclasses import replace
from math import gcd
from types import MappingProxyType
from typing import Any, Final

from archsim.errors import UnsupportedError
from archsim.graph.apart import WHOLE, apart, by_head, is_layer, kv_parts, works_on_parts
from archsim.graph.check import check_graph
from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Attention, Collective, Gather, MatMul, Normalise, Scatter

TABLE_ROWS: Final = 8192
"""Tables of fewer rows stay whole: an all-reduce would cost more than they take."""
LEAST: Final = 0.5
"""Share of the MACs that must be split for a group of chips to make sense."""
TOLD: Final = 0.01
"""Share of the MACs that may stay on every chip without a word."""


def shard(graph: Graph, chips: int) -> Graph:
    """Return what one chip of a group runs when `graph` is split over the group.

    Parameters
    ----------
    graph : Graph
        A forward graph that is not fused yet.
    chips : int
        Chips of the group.

    Returns
    -------
    Graph
        With collectives over `chips`; its items are those of the whole group.

    Raises
    ------
    UnsupportedError
        Less than half of the MACs can be split over so many chips.
    """
    if chips == 1:
        return graph
    splitter = _Splitter(graph, chips)
    for op in graph.ops:
        splitter.place(op)
    splitter.gather_outputs()
    total = sum(op.macs for op in graph.ops)
    whole = splitter.unsplit / max(total, 1)
    if whole > 1.0 - LEAST or not total:
        raise UnsupportedError(
            f"{100 * (1 - whole):.0f} % of the MACs of {graph.name!r} can be split over {chips} chips",
            hint=_hint(graph, chips),
        )
    told = f"{100 * whole:.1f} % of the MACs cannot be split over {chips} chips: each does them all"
    made = graph.replace(
        ops=tuple(splitter.ops),
        tensors=MappingProxyType(splitter.tensors),
        parameters=MappingProxyType({**graph.parameters, "tensor_parallel": chips}),
        notes=(*graph.notes, told) if whole > TOLD else graph.notes,
    )
    check_graph(made)
    return made


def _hint(graph: Graph, chips: int) -> str:
    """Name a number of chips that the heads divide by, if there is one."""
    fewer = gcd(chips, *(work.heads for op in graph.ops if isinstance(work := op.work, Attention)))
    return (
        f"write tensor_parallel={fewer}" if 1 < fewer < chips else "run a copy on each chip: leave tensor_parallel out"
    )


class _Splitter:
    """Walks the ops in order; `parts` says into how many parts each tensor lies apart."""

    def __init__(self, graph: Graph, chips: int) -> None:
        self.graph, self.chips = graph, chips
        self.stored = graph.tensors
        self.tensors = dict(graph.tensors)
        self.ops: list[Op] = []
        self.parts: dict[str, int] = {}
        self.partial: set[str] = set()
        self.renamed: dict[str, str] = {}
        self.unsplit = 0
        self.wanted = apart(graph, chips)

    def place(self, op: Op) -> None:
        """Add an op as one chip runs it, with the collectives it needs."""
        ways = [self.parts.get(name, WHOLE) for name in op.inputs]
        if is_layer(op, self.stored):
            self._layer(op, ways[0])
        elif self._is_large_table(op):
            self._cut(op.inputs[0], self.chips, along=self.stored[op.inputs[0]].shape[0])
            self.ops.append(op)
            self._sum(op)
        elif max(ways, default=WHOLE) == WHOLE:
            self._whole(op)
        elif self._agree(op, ways):
            self._local(op, ways[0] if isinstance(op.work, Attention) else max(ways))
        else:
            for name in dict.fromkeys(op.inputs):
                self._gather(name)
            self._whole(op)

    def gather_outputs(self) -> None:
        """Bring together what the outside reads."""
        for name in self.graph.outputs:
            self._gather(name)

    def _agree(self, op: Op, ways: list[int]) -> bool:
        """Whether all tensors that lie apart do so in a way the op can work on."""
        if isinstance(op.work, Attention):
            kv = {each for each in ways[1:] if each > WHOLE}
            return (
                ways[0] > WHOLE and works_on_parts(op, ways[0], self.stored) and kv <= {kv_parts(op.work, self.chips)}
            )
        return len(set(ways) - {WHOLE}) == 1 and works_on_parts(op, max(ways), self.stored)

    def _layer(self, op: Op, ways: int) -> None:
        work: Any = op.work
        out, outside = (
            op.outputs[0],
            op.outputs[0] in self.graph.outputs and not self.graph.consumers.get(op.outputs[0]),
        )
        columns = self.chips if outside else self.wanted[out]
        if ways > WHOLE and by_head(op, self.stored):
            self._emit(op, replace(work, batch=work.batch // ways), ways, ways, along=0)
        elif ways > WHOLE:
            self._emit(op, replace(work, k=work.k // ways), ways, WHOLE, along=work.k)
            self._sum(op)
        elif columns > WHOLE:
            self._emit(op, replace(work, n=-(-work.n // columns)), columns, columns, along=work.n)
        else:
            self._whole(op)

    def _local(self, op: Op, ways: int) -> None:
        """Add an op that works on its part alone."""
        work: Any = op.work
        kv = kv_parts(work, self.chips) if isinstance(work, Attention) else ways
        if isinstance(work, Attention):
            work = replace(work, heads=work.heads // ways, kv_heads=work.kv_heads // kv)
        elif isinstance(work, Normalise):
            work = replace(work, rows=work.rows // ways)
        else:
            work = replace(work, elements=work.elements // ways)
        out = self.stored[op.outputs[0]].elements
        reads = []
        for position, (name, count) in enumerate(zip(op.inputs, self._reads(op), strict=True)):
            tensor, cut = self.stored[name], self.parts.get(name, WHOLE)
            if isinstance(op.work, Attention) and position:
                cut = kv
                if tensor.role is Role.STATE:
                    self._cut(name, kv)
            elif cut == WHOLE and (
                count == out or (tensor.role is Role.WEIGHT and tensor.shape[-1:] == self._last(op))
            ):
                # A whole operand as large as the result, or one value per feature: its slice.
                cut = ways
                if tensor.role is Role.WEIGHT:
                    self._cut(name, ways)
            reads.append(count // cut)
        self._add(op, work, reads, ways)

    def _last(self, op: Op) -> tuple[int, ...]:
        return self.stored[op.outputs[0]].shape[-1:]

    def _emit(self, op: Op, work: Any, cut: int, ways: int, *, along: int) -> None:
        """Add a layer with its weight cut along the axis of that size; a bias follows the columns."""
        reads = []
        for position, (name, count) in enumerate(zip(op.inputs, self._reads(op), strict=True)):
            if not position:
                reads.append(count // self.parts.get(name, WHOLE))
            elif position == 1 or ways > WHOLE:
                self._cut(name, cut, along=along)
                reads.append(min(-(-count // cut), self.tensors[name].elements))
            else:
                reads.append(count)
        self._add(op, work, reads, ways)

    def _add(self, op: Op, work: Any, reads: list[int], ways: int) -> None:
        for name in op.outputs:
            self._cut(name, ways, along=self.stored[name].shape[-1] if self.stored[name].shape else 0)
            self.parts[name] = ways
        inputs = tuple(self.renamed.get(name, name) for name in op.inputs)
        everything = all(self.tensors[name].elements == count for name, count in zip(inputs, reads, strict=True))
        self.ops.append(replace(op, work=work, inputs=inputs, reads=() if everything else tuple(reads)))

    def _reads(self, op: Op) -> tuple[int, ...]:
        return op.reads or tuple(self.stored[name].elements for name in op.inputs)

    def _whole(self, op: Op) -> None:
        self.unsplit += op.macs
        self.ops.append(replace(op, inputs=tuple(self.renamed.get(name, name) for name in op.inputs)))
        if self.partial & set(op.inputs):
            self._all_reduce(op)

    def _sum(self, op: Op) -> None:
        """Add up partial sums: behind the scatter that puts them in place, if that is all that reads them."""
        out = op.outputs[0]
        readers = self.graph.consumers.get(out, ())
        if readers and all(type(reader.work) is Scatter for reader in readers) and out not in self.graph.outputs:
            self.partial.add(out)
        else:
            self._all_reduce(op)

    def _all_reduce(self, op: Op) -> None:
        """Let the last op write a partial sum, and an all-reduce the sum."""
        out, writer = op.outputs[0], self.ops.pop()
        part = replace(self.tensors[out], name=f"{out}/partial")
        self.tensors[part.name] = part
        self.ops.append(replace(writer, outputs=(part.name,)))
        work = Collective("all_reduce", self.chips, part.stored)
        self.ops.append(Op(f"{op.name}/all-reduce", work, (part.name,), (out,), op.phase))

    def _gather(self, name: str) -> None:
        """Bring the parts of a tensor together on every chip; chips that hold the same parts do it side by side."""
        ways = self.parts.get(name, WHOLE)
        if ways > WHOLE:
            whole = replace(self.stored[name], name=f"{name}/whole")
            self.tensors[whole.name] = whole
            self.ops.append(
                Op(f"{name}/all-gather", Collective("all_gather", ways, whole.stored), (name,), (whole.name,))
            )
            self.parts[name] = WHOLE
            self.renamed[name] = whole.name

    def _is_large_table(self, op: Op) -> bool:
        """Whether an op looks up rows of a table that is worth splitting and that nobody reads otherwise."""
        if type(op.work) is not Gather or op.steps > 1:
            return False
        name, table = op.inputs[0], self.stored[op.inputs[0]]
        if table.role is not Role.WEIGHT or len(table.shape) != 2 or table.shape[0] < TABLE_ROWS:
            return False
        return all(self._splits_rows(reader, table) for reader in self.graph.consumers[name])

    def _splits_rows(self, reader: Op, table: Tensor) -> bool:
        """Whether a reader looks up rows, or is a layer whose outputs are the rows and lie apart: a tied head."""
        work: Any = reader.work
        if type(work) is Gather:
            return reader.inputs[0] == table.name and reader.steps == 1
        return is_layer(reader, self.stored) and work.n == table.shape[0] and self._columns(reader) > WHOLE

    def _columns(self, op: Op) -> int:
        """Into how many parts the outputs of a layer lie apart."""
        out = op.outputs[0]
        outside = out in self.graph.outputs and not self.graph.consumers.get(out)
        return self.chips if outside else self.wanted[out]

    def _cut(self, name: str, ways: int, *, along: int = 0) -> None:
        """Cut a tensor once: along the axis of the given size, else along the last that divides; rounded up."""
        tensor = self.stored[name]
        if ways == WHOLE or self.tensors[name].shape != tensor.shape:
            return
        if tensor.role is Role.WEIGHT and len(self.graph.consumers[name]) > 1 and not self._shared(name):
            return
        axes = list(reversed(range(len(tensor.shape))))
        fitting = [axis for axis in axes if tensor.shape[axis] == along] or [
            axis for axis in axes if tensor.shape[axis] % ways == 0
        ]
        if fitting:
            shape = [-(-size // ways) if axis == fitting[0] else size for axis, size in enumerate(tensor.shape)]
            self.tensors[name] = replace(tensor, shape=tuple(shape))

    def _shared(self, name: str) -> bool:
        """Whether all readers of a weight split it the same way: a table and its tied head, or a batch of experts."""
        readers = self.graph.consumers[name]
        sizes = {(work.n, work.k) for reader in readers if isinstance(work := reader.work, MatMul) and work.batch > 1}
        alike = len(sizes) == 1 and all(is_layer(reader, self.stored) for reader in readers)
        return alike or any(self._is_large_table(reader) for reader in readers)
