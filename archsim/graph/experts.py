"""Expert parallelism: each chip of a group has some of the experts and a batch of its own, and tokens travel.

Everything but the experts is on every chip as a whole, and each works on its own tokens. Before the experts an
all-to-all brings every token to the chips that have its experts, behind them another one brings the results back
(Lepikhin et al. 2020, GShard, arXiv:2006.16668). Tokens are spread evenly: a chip works on as many rows as it sends
away, for fewer experts, so that its MACs are those of the graph it was made from, and each expert serves more rows.

Experts are found by their weights: one tensor for all of them, of which a batched product reads some, for rows that
were gathered.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from types import MappingProxyType
from typing import Final

from archsim.errors import UnsupportedError
from archsim.graph.check import check_graph
from archsim.graph.graph import Graph
from archsim.graph.op import Op, Phase
from archsim.graph.tensor import Role
from archsim.graph.work import Collective, Elementwise, Gather, MatMul

SIDES: Final = 3
"""Dimensions of a tensor that holds the weights of all experts: experts, rows, columns."""


def split_experts(graph: Graph, chips: int) -> Graph:
    """Return what one chip of a group runs when the experts of `graph` are spread over the group.

    Parameters
    ----------
    graph : Graph
        A forward graph that is not fused yet: the work of one chip.
    chips : int
        Chips of the group.

    Returns
    -------
    Graph
        With an all-to-all before and behind each layer of experts; the same MACs and items, fewer weights.

    Raises
    ------
    UnsupportedError
        There are no such experts, or their number does not divide by `chips`.
    """
    if chips == 1:
        return graph
    dealer = _Dealer(graph, chips)
    if not dealer.weights:
        raise UnsupportedError(
            f"{graph.name!r} has no experts that one product computes together",
            hint="leave expert_parallel out, or name a mixture of experts such as mixtral-8x7b",
        )
    for op in graph.ops:
        dealer.place(op)
    dealer.bring_back(graph.name)
    made = graph.replace(
        ops=tuple(dealer.ops),
        tensors=MappingProxyType(dealer.tensors),
        outputs=tuple(dealer.returned.get(name, name) for name in graph.outputs),
        parameters=MappingProxyType({**graph.parameters, "expert_parallel": chips}),
    )
    check_graph(made)
    return made


def works_for_experts(graph: Graph) -> frozenset[str]:
    """Names of the ops that run where the experts are: their products, and pointwise work on what these return.

    In training the gradients of their weights, too.
    """
    inside: dict[str, bool] = {}
    weights = expert_weights(graph)
    for op in graph.ops:
        if isinstance(op.work, MatMul) and not weights.isdisjoint(op.inputs):
            inside[op.name] = True
        elif op.phase is Phase.WGRAD:
            inside[op.name] = inside.get(op.name.rpartition("/wgrad")[0], False)
        elif isinstance(op.work, Elementwise):
            sources = [graph.producer[name].name for name in op.inputs if name in graph.producer]
            inside[op.name] = bool(sources) and all(inside.get(name, False) for name in sources)
    return frozenset(name for name, there in inside.items() if there)


def expert_weights(graph: Graph) -> set[str]:
    """Names of tensors that hold the weights of several experts, dealt out already or not."""
    routed: set[str] = set()
    found: set[str] = set()
    for op in graph.ops:
        work = op.work
        passes = isinstance(work, Elementwise | MatMul | Collective)
        if type(work) is Gather or (passes and not routed.isdisjoint(op.inputs)):
            routed.update(op.outputs)
        if not isinstance(work, MatMul) or not op.inputs or op.inputs[0] not in routed:
            continue
        for tensor in (graph.tensors[name] for name in op.inputs[1:]):
            alike = tensor.role is Role.WEIGHT and len(tensor.shape) == SIDES
            if alike and tensor.shape[1:] == (work.k, work.n) and work.batch <= tensor.shape[0]:
                found.add(tensor.name)
    return found


def busier(graph: Graph, load: float) -> Graph:
    """Return what the chip with most tokens runs: the same experts, for `load` times as many rows.

    Weights are read once whatever the rows, and so are their gradients written: where they set the pace, the busiest
    chip takes hardly longer than the others.

    Parameters
    ----------
    graph : Graph
        As one chip of the group runs it when tokens are spread evenly.
    load : float
        Rows of the busiest chip over the mean.
    """
    inside = works_for_experts(graph)
    ops: list[Op] = []
    rows: set[str] = set()
    for op in graph.ops:
        if op.name not in inside and inside.isdisjoint(each.name for each in op.epilogue):
            ops.append(op)
            continue
        written = () if op.phase is Phase.WGRAD else op.outputs
        mine = {name for name in (*op.inputs, *written) if graph.tensors[name].role is Role.ACTIVATION}
        reads = [
            ceil(count * load) if name in mine else count for count, name in zip(op.reads, op.inputs, strict=False)
        ]
        rows |= mine
        epilogue = tuple(_with_rows(each, load) for each in op.epilogue)
        ops.append(replace(_with_rows(op, load), reads=tuple(reads), epilogue=epilogue))
    tensors = {name: graph.tensors[name] for name in rows}
    more = {name: replace(t, shape=(ceil(t.shape[0] * load), *t.shape[1:])) for name, t in tensors.items() if t.shape}
    return graph.replace(ops=tuple(ops), tensors=MappingProxyType({**graph.tensors, **more}))


def _with_rows(op: Op, load: float) -> Op:
    work = op.work
    if isinstance(work, MatMul):
        side = "k" if op.phase is Phase.WGRAD else "m"  # gradients of weights are sums over rows
        return replace(op, work=replace(work, **{side: ceil(getattr(work, side) * load)}))
    if isinstance(work, Elementwise):
        return replace(op, work=replace(work, elements=ceil(work.elements * load), rows=ceil(work.rows * load)))
    return op


class _Dealer:
    """Walks the ops in order, lets rows travel, and gives each chip its share of the experts."""

    def __init__(self, graph: Graph, chips: int) -> None:
        self.graph, self.chips = graph, chips
        self.tensors = dict(graph.tensors)
        self.ops: list[Op] = []
        self.weights = expert_weights(graph)
        self.inside = works_for_experts(graph)
        self.sent: dict[str, str] = {}
        self.returned: dict[str, str] = {}
        self.waiting: list[str] = []

    def place(self, op: Op) -> None:
        """Add an op as one chip runs it, with the rows it waits for and the rows it sends."""
        if op.name in self.inside:
            rows = [name for name in dict.fromkeys(op.inputs) if self._comes_from_outside(name)]
            rows = [name for name in rows if name not in self.sent]
            if rows:
                self._exchange(f"{op.name}/dispatch", rows, self.sent, "there")
            inputs = tuple(self.sent.get(name, name) for name in op.inputs)
            self.ops.append(replace(self._dealt(op), inputs=inputs))
            self.waiting += [name for name in op.outputs if self._is_read_outside(name)]
            return
        if not set(self.waiting).isdisjoint(op.inputs):
            self.bring_back(op.name)
        self.ops.append(replace(op, inputs=tuple(self.returned.get(name, name) for name in op.inputs)))

    def bring_back(self, where: str) -> None:
        """Return all results that wait at the experts to the chips their tokens came from."""
        if self.waiting:
            self._exchange(f"{where}/return", self.waiting, self.returned, "back")
            self.waiting = []

    def _exchange(self, name: str, rows: list[str], renamed: dict[str, str], way: str) -> None:
        payload, made = 0, []
        for row in rows:
            here = replace(self.tensors[row], name=f"{row}/{way}")
            self.tensors[here.name] = here
            renamed[row] = here.name
            made.append(here.name)
            payload += here.stored
        self.ops.append(
            Op(name, Collective("all_to_all", self.chips, payload, axis="experts"), tuple(rows), tuple(made))
        )

    def _comes_from_outside(self, name: str) -> bool:
        source = self.graph.producer.get(name)
        return self.graph.tensors[name].role is Role.ACTIVATION and (source is None or source.name not in self.inside)

    def _is_read_outside(self, name: str) -> bool:
        readers = self.graph.consumers.get(name, ())
        return name in self.graph.outputs or any(reader.name not in self.inside for reader in readers)

    def _dealt(self, op: Op) -> Op:
        """Let a product of experts serve as many rows with the experts that one chip has."""
        work = op.work
        if not isinstance(work, MatMul):
            return op
        rows, most = work.batch * work.m, -(-work.batch // self.chips)
        busy = next(count for count in range(min(most, rows), 0, -1) if rows % count == 0)
        reads = list(op.reads) or [self.graph.tensors[name].elements for name in op.inputs]
        for position, name in enumerate(op.inputs):
            if name in self.weights:
                self._keep_share(op, name)
                reads[position] = busy * work.k * work.n
        return replace(op, work=replace(work, batch=busy, m=rows // busy), reads=tuple(reads))

    def _keep_share(self, op: Op, name: str) -> None:
        tensor = self.graph.tensors[name]
        experts = tensor.shape[0]
        if experts % self.chips:
            raise UnsupportedError(
                f"the {experts} experts of {op.name!r} cannot be dealt to {self.chips} chips evenly",
                hint=f"choose a divisor of {experts}",
            )
        self.tensors[name] = replace(tensor, shape=(experts // self.chips, *tensor.shape[1:]))
