"""The cheapest place for every op: its own cost there, and that of every tensor that crosses a link once.

Between two places the choice is a cut through the graph of ops and tensors, and the least cut is the optimum (Stone
1977). Among more places it is made pair by pair until no pair gains: the least for each pair, not always for all.

References: Stone: Multiprocessor scheduling with the aid of network flow algorithms, IEEE Transactions on Software
Engineering SE-3(1), 1977, doi:10.1109/TSE.1977.233840; Boykov, Veksler, Zabih: Fast approximate energy minimization via
graph cuts, IEEE PAMI 23(11), 2001, doi:10.1109/34.969114 (pairs of labels in turn).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from archsim.engine.place import Allowed, hops
from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.tensor import Role

Costs = Mapping[tuple[str, str], float]
"""Of each op at each place that can run it."""
Crossing = Callable[[str, str, str], float]
"""Of a tensor from one place to another: name, source, target."""
WIDEST: Final = 2**30
"""Capacity that is never cut; flows are counted in 32-bit integers."""
MOST_ROUNDS: Final = 8


def cheapest(graph: Graph, allowed: Allowed, costs: Costs, crossing: Crossing, centre: str) -> dict[str, str]:
    """Return a place for every op.

    Parameters
    ----------
    graph : Graph
        Without moves.
    allowed : mapping of str to tuple of str
        Places that can run each op, the preferred one first.
    costs : mapping
        Cost of an op at a place, by (op, place); never negative.
    crossing : callable
        Cost of moving a tensor.
    centre : str
        Where network inputs start.
    """
    where = {
        op.name: min(allowed[op.name], key=lambda place, name=op.name: costs[name, place])  # type: ignore[misc]
        for op in graph.ops
    }
    starts = [where, {op.name: allowed[op.name][0] for op in graph.ops}]
    where = min(starts, key=lambda each: total(graph, each, costs, crossing, centre))
    places = sorted({place for able in allowed.values() for place in able})
    best = total(graph, where, costs, crossing, centre)
    for _ in range(MOST_ROUNDS):
        before = best
        for pair in itertools.combinations(places, 2):
            tried = _cut(graph, allowed, costs, crossing, centre, where, pair)
            cost = total(graph, tried, costs, crossing, centre)
            if cost < best:
                where, best = tried, cost
        if best == before or len(places) == 2:
            break
    return where


def total(graph: Graph, where: Mapping[str, str], costs: Costs, crossing: Crossing, centre: str) -> float:
    """Return the cost of a choice: every op at its place, every tensor once over each link and direction it needs."""
    sum_of = sum(costs[op.name, where[op.name]] for op in graph.ops)
    for name, readers in graph.consumers.items():
        home = _home(graph, name, where, centre)
        if home is not None:
            sides = {where[op.name] for op in readers} - {home}
            ways = {way for side in sides for way in hops([home], side, centre)}
            sum_of += sum(crossing(name, source, target) for source, target in sorted(ways))
    return sum_of


def _writer(graph: Graph, name: str) -> Op | None:
    """Return the op whose result readers see: in this run, or in the next where a weight or state is changed."""
    return graph.producer.get(name) or graph.rewritten.get(name)


def _home(graph: Graph, name: str, where: Mapping[str, str], centre: str) -> str | None:
    writer = _writer(graph, name)
    if writer is not None:
        return where[writer.name]
    return centre if graph.tensors[name].role is Role.INPUT else None


@dataclass
class _Network:
    """Capacities between numbered nodes; 0 is the side of the first place of a pair, 1 that of the second."""

    nodes: int = 2
    sources: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    def node(self) -> int:
        self.nodes += 1
        return self.nodes - 1

    def edge(self, source: int, target: int, cost: float) -> None:
        """Charge `cost` where `source` is on the first side and `target` on the second; infinite: never."""
        if cost > 0.0:
            self.sources.append(source)
            self.targets.append(target)
            self.costs.append(cost)

    def second_side(self) -> set[int]:
        """Return the nodes on the second side of the least cut."""
        import numpy as np
        from scipy.sparse import coo_array, csr_array
        from scipy.sparse.csgraph import breadth_first_order, maximum_flow

        costs = np.array(self.costs)
        finite = costs[np.isfinite(costs)]
        scale = WIDEST / 4 / finite.sum() if len(finite) else 1.0
        capacity = np.where(np.isfinite(costs), np.rint(np.where(np.isfinite(costs), costs, 0.0) * scale), WIDEST)
        shape = (self.nodes, self.nodes)
        network = coo_array((capacity.astype(np.int32), (self.sources, self.targets)), shape=shape).tocsr()
        network = csr_array(network, dtype=np.int32)
        left = network - maximum_flow(network, 0, 1).flow
        left.eliminate_zeros()
        reached = breadth_first_order(left, 0, return_predecessors=False)
        return set(range(self.nodes)) - set(reached.tolist())


def _cut(
    graph: Graph, allowed: Allowed, costs: Costs, crossing: Crossing, centre: str, where: Mapping[str, str],
    pair: tuple[str, str],
) -> dict[str, str]:  # fmt: skip
    """Return the choice with ops dealt anew between two places; all others stay where they are."""
    one, other = pair
    network = _Network()
    node: dict[str, int] = {}
    for op in graph.ops:
        if where[op.name] in pair:
            node[op.name] = network.node()
            network.edge(node[op.name], 1, costs[op.name, one] if one in allowed[op.name] else float("inf"))
            network.edge(0, node[op.name], costs[op.name, other] if other in allowed[op.name] else float("inf"))
    for name, readers in graph.consumers.items():
        home = _home(graph, name, where, centre)
        if home is not None:
            writer = _writer(graph, name)
            made = node.get(writer.name) if writer is not None else None
            free = sorted({node[op.name] for op in readers if op.name in node})
            fixed = {where[op.name] for op in readers if op.name not in node}
            _tensor(network, name, made, home, free, fixed, pair, crossing)
    second = network.second_side()
    return {**where, **{op: other if place in second else one for op, place in node.items()}}


def _tensor(
    network: _Network, name: str, made: int | None, home: str, free: Sequence[int], fixed: set[str],
    pair: tuple[str, str], crossing: Crossing,
) -> None:  # fmt: skip
    """Add what one tensor costs on its way from who writes it to those who read it, once over each way."""
    one, other = pair
    forever = float("inf")
    if made is None:  # written elsewhere: each side pays if anybody there reads it
        for side, place in ((0, one), (1, other)):
            if place == home or place in fixed or not free:
                continue
            hub = network.node()
            for reader in free:
                network.edge(reader if side == 0 else hub, hub if side == 0 else reader, forever)
            network.edge(hub if side == 0 else 0, 1 if side == 0 else hub, crossing(name, home, place))
        return
    for place in fixed:
        network.edge(made, 1, crossing(name, one, place) if place != one else 0.0)
        network.edge(0, made, crossing(name, other, place) if place != other else 0.0)
    readers = [reader for reader in free if reader != made]
    if readers:
        there, back = network.node(), network.node()
        network.edge(made, there, crossing(name, one, other))
        network.edge(back, made, crossing(name, other, one))
        for reader in readers:
            network.edge(there, reader, forever)
            network.edge(reader, back, forever)
