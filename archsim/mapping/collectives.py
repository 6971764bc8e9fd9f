"""Collectives on a system: which links a group of chips crosses, how its software does it, time and energy.

The slowest level a group crosses sets the pace (`archsim.mapping.stages`); the time is the least over the algorithms
the software has and over two protocols: words with flags, at half the bandwidth, or bulk, which starts later
(`archsim.arch.system.Link`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Final

from archsim.arch.system import System
from archsim.errors import UnsupportedError, UsageError
from archsim.jit import kernel
from archsim.laws import collective as law
from archsim.laws import halo as tiles
from archsim.laws import link as message
from archsim.mapping.stages import Stage, crossings, pairs, stages_of

PASSES: Final[Mapping[str, float]] = {"all_reduce": 2.0, "all_gather": 1.0, "reduce_scatter": 1.0}
"""Passes round the ring."""
FUNCTIONS: Final = (*PASSES, "all_to_all", "send_recv", "halo")
NEIGHBOURS: Final = 8.0
"""Tiles round a tile, corners among them."""


@dataclass(frozen=True)
class Exchange:
    """What one collective costs.

    Attributes
    ----------
    latency : float
        s.
    energy : float
        J, of the links.
    payload : float
        B over all links together.
    level : str
        The level that sets the pace.
    algorithm : str
        How it is done.
    kernel : callable
        What gives the latency.
    arguments : tuple of float
        What it was called with.
    """

    latency: float
    energy: float
    payload: float
    level: str
    algorithm: str
    kernel: Callable[..., float] = field(repr=False)
    arguments: tuple[float, ...] = field(repr=False)


@kernel
def alone() -> float:
    """Return the time of a collective of one chip, s: none."""
    return 0.0


@kernel
def ring(payload: float, members: float, passes: float, hop: float, bandwidth: float, start: float,
         bulk: float) -> float:  # fmt: skip
    """Return the time of a collective round a ring in the better protocol, s."""
    words = start + law.ring_time(payload, members, passes, hop, law.WORDS * bandwidth)
    return min(words, start + bulk + law.ring_time(payload, members, passes, hop, bandwidth))


@kernel
def tree(payload: float, depth: float, hop: float, bandwidth: float, start: float, bulk: float) -> float:
    """Return the time of an all-reduce over two trees in the better protocol, s."""
    words = start + law.tree_time(payload, depth, hop, law.WORDS * bandwidth)
    return min(words, start + bulk + law.tree_time(payload, depth, hop, bandwidth))


@kernel
def one_shot(payload: float, members: float, hop: float, bandwidth: float, start: float) -> float:
    """Return the time of an all-reduce in one step, s: each reads the others' buffers, no flags travel."""
    return start + law.one_shot_time(payload, members, hop, bandwidth)


@kernel
def in_switch(payload: float, members: float, hop: float, bandwidth: float, start: float) -> float:
    """Return the time of an all-reduce that the switch adds up, s."""
    return start + law.in_switch_time(payload, members, hop, bandwidth)


@kernel
def hierarchical(payload: float, inner: float, outer: float, inner_hop: float, outer_hop: float,
                 inner_bandwidth: float, outer_bandwidth: float, start: float) -> float:  # fmt: skip
    """Return the time of an all-reduce in two levels, s: in bulk, since it is for long messages."""
    return start + law.hierarchical_time(payload, inner, outer, inner_hop, outer_hop, inner_bandwidth, outer_bandwidth)


@kernel
def all_to_all(payload: float, members: float, hop: float, bandwidth: float, start: float, bulk: float) -> float:
    """Return the time of an exchange of everybody with everybody in the better protocol, s."""
    words = start + law.all_to_all_time(payload, members, hop, law.WORDS * bandwidth)
    return min(words, start + bulk + law.all_to_all_time(payload, members, hop, bandwidth))


@kernel
def send(payload: float, hop: float, bandwidth: float, start: float, bulk: float) -> float:
    """Return the time of one message in the better protocol, s."""
    words = message.transfer_time(payload, start + hop, law.WORDS * bandwidth)
    return min(words, message.transfer_time(payload, start + bulk + hop, bandwidth))


@kernel
def send_shaped(payload: float, hop: float, bandwidth: float, start: float, burst: float, sustained: float) -> float:
    """Return the time of one message over a way that holds back after a burst, s."""
    return start + hop + law.shaped_time(payload, burst, bandwidth, sustained)


@kernel
def halo(payload: float, neighbours: float, hop: float, bandwidth: float, start: float, bulk: float) -> float:
    """Return the time to fetch what windows need of the tiles beside in the better protocol, s."""
    words = start + tiles.halo_time(payload, neighbours, hop, law.WORDS * bandwidth)
    return min(words, start + bulk + tiles.halo_time(payload, neighbours, hop, bandwidth))


def exchange(
    system: System, function: str, payload: float, group: Sequence[int], *, crowded: bool = False,
    strides: Sequence[int] = (),
) -> Exchange:  # fmt: skip
    """Cost one collective.

    Parameters
    ----------
    system : System
        The chips and their links.
    function : str
        ``all_reduce``, ``all_gather``, ``reduce_scatter``, ``all_to_all``, ``send_recv`` or ``halo``.
    payload : float
        Bytes of the whole buffer, as benchmarks count: what is summed on each chip, what each has gathered in the end,
        what each has before it is scattered or sent to all, the message, the halo of one chip.
    group : sequence of int
        Members of each level that take part, innermost first; `archsim.mapping.stages.spread` makes it from a number.
    crowded : bool
        Whether all other chips of the system do the same in groups of their own.
    strides : sequence of int
        Members of each level from one that takes part to the next; empty: side by side.

    Raises
    ------
    UsageError
        No such collective, or a group of another shape.
    """
    if function not in FUNCTIONS:
        raise UsageError(f"unknown collective {function!r}", hint=f"there are {', '.join(FUNCTIONS)}")
    stages = stages_of(system, group, crowded=crowded, strides=strides)
    chips = prod(stage.members for stage in stages)
    if not stages:
        return Exchange(0.0, 0.0, 0.0, system.spec.levels[0].name, "none", alone, ())
    if function == "all_reduce":
        ways = [_ALL_REDUCE[name] for name in system.spec.algorithms]
        found = [cost for way in ways if (cost := way(stages, payload, chips)) is not None]
    elif function == "all_to_all":
        found = [_all_to_all(stages, payload, chips)]
    elif function == "send_recv":
        found = [_send(stages[-1], payload)]
    elif function == "halo":
        found = [_halo(stages, payload, chips)]
    else:
        found = [_ring(stages, payload, chips, PASSES[function])]
    if not found:
        raise UnsupportedError(
            f"{system.name!r} has no algorithm for {function!r} over {chips} chips",
            hint="add ring to its algorithms",
        )
    return min(found, key=lambda cost: cost.latency)


def _starts(stages: Sequence[Stage]) -> tuple[float, float]:
    links = [stage.level.link for stage in stages]
    return max(link.start for link in links), max(link.bulk_start for link in links)


def _cost(time: Callable[..., float], arguments: tuple[float, ...], stages: Sequence[Stage],
          amounts: Sequence[float], level: str, algorithm: str) -> Exchange:  # fmt: skip
    """Add up what crosses each level."""
    energies = [message.transfer_energy(b, stage.level.link.energy) for stage, b in zip(stages, amounts, strict=True)]
    return Exchange(time(*arguments), sum(energies), sum(amounts), level, algorithm, time, arguments)


def _slowest(stages: Sequence[Stage], rates: Sequence[float]) -> tuple[str, float]:
    index = min(range(len(rates)), key=lambda position: rates[position])
    return stages[index].level.name, rates[index]


def _ring(stages: Sequence[Stage], payload: float, chips: int, passes: float) -> Exchange:
    steps = crossings(stages, chips)
    waiting = sum(count * stage.level.link.hop for count, stage in zip(steps, stages, strict=True))
    name, rate = _slowest(stages, [stage.ring_rate() for stage in stages])
    arguments = (payload, chips, passes, waiting / (chips - 1), rate, *_starts(stages))
    # The ring closes over the outermost level.
    edges = [count + (stage is stages[-1]) for count, stage in zip(steps, stages, strict=True)]
    each = law.ring_bytes(payload, chips, passes)
    return _cost(ring, arguments, stages, [edge * each for edge in edges], name, "ring")


def _tree(stages: Sequence[Stage], payload: float, chips: int) -> Exchange:
    """Chains inside, a binary tree over the outermost level, as NCCL builds them."""
    steps = [float(stage.members - 1) for stage in stages[:-1]] + [law.tree_depth(stages[-1].members)]
    waiting = sum(count * stage.level.link.hop for count, stage in zip(steps, stages, strict=True))
    name, rate = _slowest(stages, [stage.ring_rate() for stage in stages])
    depth = sum(steps)
    arguments = (payload, depth, waiting / depth, rate, *_starts(stages))
    amounts = [2.0 * payload * count for count in crossings(stages, chips)]
    return _cost(tree, arguments, stages, amounts, name, "tree")


def _tree_between(stages: Sequence[Stage], payload: float, chips: int) -> Exchange | None:
    """Use trees between nodes only; inside one the chain is a ring that does not close."""
    return _tree(stages, payload, chips) if len(stages) > 1 else None


def _in_switch(stages: Sequence[Stage], payload: float, chips: int) -> Exchange | None:
    stage = stages[0]
    link = stage.level.link
    if len(stages) > 1 or link.switch_start is None or stage.level.topology != "switch":
        return None
    arguments = (payload, chips, link.hop, stage.ring_rate(), link.start + link.switch_start)
    return _cost(in_switch, arguments, stages, [payload * (chips + 1)], stage.level.name, "in_switch")


def _one_shot(stages: Sequence[Stage], payload: float, chips: int) -> Exchange:
    name, rate = _slowest(stages, [stage.exchange_rate(chips) for stage in stages])
    hop = max(stage.level.link.hop for stage in stages)
    arguments = (payload, chips, hop, rate, _starts(stages)[0])
    return _cost(one_shot, arguments, stages, [payload * each for each in pairs(stages, chips)], name, "one_shot")


def _hierarchical(stages: Sequence[Stage], payload: float, chips: int) -> Exchange | None:
    if len(stages) < 2:
        return None
    inside, outermost = stages[:-1], stages[-1]
    inner = chips // outermost.members
    steps = crossings(inside, inner)
    waiting = sum(count * stage.level.link.hop for count, stage in zip(steps, inside, strict=True))
    name, rate = _slowest(inside, [stage.ring_rate() for stage in inside])
    outer_rate = outermost.ring_rate() / (1 if outermost.level.topology == "bus" else outermost.below)
    outer_hop = outermost.level.link.hop
    arguments = (payload, inner, outermost.members, waiting / (inner - 1), outer_hop, rate, outer_rate,
                 sum(_starts(stages)))  # fmt: skip
    each = law.ring_bytes(payload, inner, 2.0)
    amounts = [(count + (stage is inside[-1])) * each * outermost.members
               for count, stage in zip(steps, inside, strict=True)]  # fmt: skip
    between = law.ring_bytes(payload / inner, outermost.members, 2.0) * chips
    slow = outermost.level.name if between / chips / outer_rate > each / rate else name
    return _cost(hierarchical, arguments, stages, [*amounts, between], slow, "hierarchical")


def _all_to_all(stages: Sequence[Stage], payload: float, chips: int) -> Exchange:
    name, rate = _slowest(stages, [stage.exchange_rate(chips) for stage in stages])
    hops = [(stage.chips - stage.below) * stage.level.link.hop for stage in stages]
    arguments = (payload, chips, sum(hops) / (chips - 1), rate, *_starts(stages))
    amounts = [payload / chips * each for each in pairs(stages, chips)]
    return _cost(all_to_all, arguments, stages, amounts, name, "pairwise")


def _send(stage: Stage, payload: float) -> Exchange:
    """One message between two chips that meet at the outermost level of the group."""
    link = stage.level.link
    rate = stage.send_rate()
    if link.burst is not None and link.sustained is not None:
        shaped = (payload, link.hop, rate, link.start, link.burst, link.sustained)
        return _cost(send_shaped, shaped, [stage], [payload], stage.level.name, "send")
    plain = (payload, link.hop, rate, link.start, link.bulk_start)
    return _cost(send, plain, [stage], [payload], stage.level.name, "send")


def _halo(stages: Sequence[Stage], payload: float, chips: int) -> Exchange:
    """Let every chip fetch its halo; what enters a member of a level does so along the edge of its block of tiles."""
    entering = [tiles.block_bytes(payload, stage.below) for stage in stages]
    whole = [stage.level.topology == "bus" for stage in stages]
    rates = [stage.ring_rate() * stage.total / stage.below if bus else stage.port()
             for stage, bus in zip(stages, whole, strict=True)]  # fmt: skip
    loads = [each * (stage.total / stage.below if bus else 1.0)
             for each, stage, bus in zip(entering, stages, whole, strict=True)]  # fmt: skip
    slowest = max(range(len(stages)), key=lambda index: loads[index] / rates[index])
    hop = max(stage.level.link.hop for stage in stages)
    arguments = (loads[slowest], min(NEIGHBOURS, chips - 1.0), hop, rates[slowest], *_starts(stages))
    crossing = [chips / stage.below * each for stage, each in zip(stages, entering, strict=True)]
    amounts = [here - beyond for here, beyond in zip(crossing, [*crossing[1:], 0.0], strict=True)]
    return _cost(halo, arguments, stages, amounts, stages[slowest].level.name, "halo")


_Way = Callable[[Sequence[Stage], float, int], Exchange | None]
_ALL_REDUCE: Final[Mapping[str, _Way]] = {
    "ring": lambda stages, payload, chips: _ring(stages, payload, chips, PASSES["all_reduce"]),
    "tree": _tree_between,
    "binary_tree": _tree,
    "in_switch": _in_switch,
    "one_shot": _one_shot,
    "hierarchical": _hierarchical,
}
