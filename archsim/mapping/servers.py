"""Machines that hold the parameters of a network: what each pushes, what each lets in, and how long it takes.

Servers are members of the outermost level, side by side behind those that work. All push, then all pull, so that each
way is busy in one direction at a time. What passes between a worker and the servers leaves its leaf switch, or goes to
everywhere on a ring or torus.
"""

from __future__ import annotations

from archsim.arch.system import LATTICES, System
from archsim.jit import kernel
from archsim.laws import link as message
from archsim.laws import parameter_server
from archsim.mapping.collectives import Exchange
from archsim.mapping.stages import Stage


@kernel
def push_and_pull(payload: float, ways: float, load: float, servers: float, hop: float, bandwidth: float,
                  server_bandwidth: float, start: float) -> float:  # fmt: skip
    """Return the time to push gradients to parameter servers and to pull weights, s: in bulk, for it is all of them."""
    return start + parameter_server.server_time(payload, ways, load, servers, hop, bandwidth, server_bandwidth)


def serve(
    system: System, payload: float, chips: int, copies: int, servers: int, beside: float | None = None
) -> Exchange:
    """Cost the exchange of copies of a network with the machines that hold its parameters.

    Parameters
    ----------
    system : System
        The chips and their links; servers are members of its outermost level.
    payload : float
        Bytes that one chip pushes, and pulls.
    chips, copies : int
        Chips of one copy that push as much as one another, and copies.
    servers : int
        Members of the outermost level that hold the parameters.
    beside : float, optional
        Bytes that one chip of every stage pushes at the same time, all stages together; left out: `payload`.
    """
    outermost = system.spec.levels[-1]
    room = system.chips // outermost.members
    whole = Stage(outermost, outermost.members, room, room, system.chips, crowded=True)
    mine, theirs = _rates(whole, servers)
    load = (payload if beside is None else beside) * chips * copies
    link = outermost.link
    arguments = (payload * chips, chips, load, servers, link.hop, mine, theirs, link.start + link.bulk_start)
    amount = 2.0 * payload * chips * copies
    energy = message.transfer_energy(amount, link.energy)
    latency = push_and_pull(*arguments)
    return Exchange(latency, energy, amount, outermost.name, "parameter_server", push_and_pull, arguments)


def _rates(whole: Stage, servers: int) -> tuple[float, float]:
    """Return what one chip that works and what one server let through, one direction, B/s."""
    level, room = whole.level, whole.below
    if level.topology == "bus":
        return level.bandwidth, level.bandwidth / servers  # the one way is full when it carries what all push
    theirs = whole.port() / level.link.duplex
    if level.topology in LATTICES:
        everywhere = min(line.uniform_rate(level.bandwidth, crowded=False) for line in whole.lines)
        return everywhere / room, theirs
    mine = theirs / room
    if level.leaf is None or level.members <= level.leaf:
        return mine, theirs
    return mine * whole.up(min(level.leaf, level.members - servers)), theirs * whole.up(min(level.leaf, servers))
