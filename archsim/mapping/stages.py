"""The levels of a system that a group of chips crosses, and what each lets through.

A group takes its chips as close together as they are: whole nodes first, the innermost levels filled before the next
is used. In a ring, neighbours inside a level stay inside it, so that of all steps only a few cross an outer level, and
one stream leaves each of its members. What a level lets through is then

    switch        the ways out of one member, at most one per chip inside it;
    bus           the one way, shared by all chips of the group on it;
    ring, torus   the links of the dimensions the group lies along, `archsim.mapping.lattice`;
    fat_tree      a switch, and between its leaf switches the ways up of one, shared by all that cross.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archsim.arch.system import LATTICES, Level, System
from archsim.errors import UnsupportedError, UsageError
from archsim.mapping import lattice


@dataclass(frozen=True)
class Stage:
    """One level as a group of chips crosses it.

    Attributes
    ----------
    level : Level
        The level.
    members : int
        Members of it that take part.
    below : int
        Chips of the group in each of them.
    busy : int
        Chips in each member that exchange at the same time: those of other groups beside them, too.
    total : int
        The same on the whole level.
    stride : int
        Members from one that takes part to the next; those between belong to groups of the same kind.
    crowded : bool
        Whether these exchange at the same time.
    """

    level: Level
    members: int
    below: int
    busy: int
    total: int
    stride: int = 1
    crowded: bool = False

    @property
    def chips(self) -> int:
        """Chips of the group on one whole of this level."""
        return self.members * self.below

    @property
    def lines(self) -> list[lattice.Line]:
        """Dimensions of a ring or torus that the group lies along."""
        return lattice.lines(self.level, self.members, self.stride)

    def port(self) -> float:
        """Return the bandwidth out of one member for this group, both directions busy, B/s."""
        if self.level.topology in LATTICES:
            ways = sum(line.links / (line.inside if self.crowded else 1) for line in self.lines)
        else:
            ways = 1 if self.level.topology == "bus" else min(self.level.ports, self.busy)
        return ways * self.level.bandwidth * self.level.link.duplex * self.below / self.busy

    def ring_rate(self) -> float:
        """Return the rate at which a ring advances through this level, B/s."""
        if self.level.topology == "bus":
            return self.level.bandwidth * self.level.link.duplex / self.total
        return self.port() * self.up(self._streams())

    def exchange_rate(self, chips: int) -> float:
        """Return the rate of each of `chips` in all when everybody sends to everybody, B/s.

        Of what the chips of a member send, the share (N - b) / (N - 1) leaves it.
        """
        if self.level.topology == "bus":
            return self.ring_rate()
        if self.level.topology in LATTICES:
            uniform = min(line.uniform_rate(self.level.bandwidth, crowded=self.crowded) for line in self.lines)
            shared = uniform * self.level.link.duplex * self.below / self.busy
            return shared * (chips - 1) / (self.below * self.chips)
        leaving = 1.0
        if self.level.leaf is not None:
            beside = min(max(self.level.leaf // self.stride, 1), self.members)
            senders = (self.level.leaf if self.crowded else beside) * self.below * (self.members - beside)
            leaving = self.up(senders / (chips - self.below))
        return self.port() * (chips - 1) / (self.below * (chips - self.below)) * leaving

    def send_rate(self) -> float:
        """Return the rate of one chip that sends to one in another member, one direction busy, B/s."""
        if not self.crowded:
            return self.level.bandwidth
        if self.level.topology == "bus":
            return self.level.bandwidth / self.total
        if self.level.topology in LATTICES:
            return self.level.bandwidth / (self.busy * max(line.inside for line in self.lines))
        return self.level.bandwidth * min(self.level.ports, self.busy) / self.busy * self.up(self._streams())

    def _streams(self) -> float:
        """Members of one leaf switch whose traffic crosses to another, with all groups that do the same."""
        if self.level.leaf is None or self.members * self.stride <= self.level.leaf:
            return 0.0
        return min(self.level.leaf, self.stride) if self.crowded else 1.0

    def up(self, streams: float) -> float:
        """Return what so many members' traffic keeps of its rate on the ways up of a leaf switch."""
        if self.level.leaf is None:
            return 1.0
        ways = self.level.leaf / self.level.oversubscription
        return min(1.0, ways / streams) if streams else 1.0


def spread(system: System, participants: int) -> tuple[int, ...]:
    """Return how many members of each level a group of chips takes, innermost level first.

    Raises
    ------
    UnsupportedError
        The system has fewer chips, or the group would leave a node partly used.
    """
    group: list[int] = []
    left = participants
    for level in system.spec.levels:
        here = min(left, level.members)
        if left % here:
            raise UnsupportedError(
                f"{participants} chips do not fill the levels of {system.name!r}",
                hint=f"choose a number that divides by {level.members}, the members of {level.name!r}, or fewer",
            )
        group.append(here)
        left //= here
    if left > 1:
        raise UnsupportedError(
            f"{system.name!r} has {system.chips} chips, a group of {participants} does not fit", hint="choose fewer"
        )
    return tuple(group)


def stages_of(
    system: System, group: Sequence[int], *, crowded: bool = False, strides: Sequence[int] = ()
) -> list[Stage]:
    """Return the levels a group crosses, innermost first.

    Parameters
    ----------
    system : System
        The chips and their links.
    group : sequence of int
        Members of each level that take part, innermost first.
    crowded : bool
        Whether all other chips of the system form groups of the same kind that exchange at the same time.
    strides : sequence of int
        Members of each level from one that takes part to the next; empty: side by side.

    Raises
    ------
    UsageError
        The system has no such group.
    """
    levels = system.spec.levels
    steps = tuple(strides) or (1,) * len(levels)
    if len(group) > len(levels) or any(
        not 1 <= taken * step <= level.members for taken, step, level in zip(group, steps, levels, strict=False)
    ):
        there = " x ".join(str(level.members) for level in levels)
        asked = " x ".join(str(taken) for taken in group)
        raise UsageError(f"a group of {asked} does not fit into {system.name!r} ({there})", hint="choose fewer")
    stages, below, room = [], 1, 1
    for level, taken, step in zip(levels, group, steps, strict=False):
        if taken > 1:
            busy = room if crowded else below
            total = busy * (level.members if crowded else taken)
            stages.append(Stage(level, taken, below, busy, total, step, crowded))
        below *= taken
        room *= level.members
    return stages


def crossings(stages: Sequence[Stage], chips: int) -> list[int]:
    """Steps of one pass round the ring at each level: all but those that stay in a member, or go further out."""
    return [chips // stage.below - chips // stage.chips for stage in stages]


def pairs(stages: Sequence[Stage], chips: int) -> list[int]:
    """Ordered pairs of chips that meet at each level."""
    return [chips * (stage.chips - stage.below) for stage in stages]
