"""The levels of a system that a group of chips crosses, and what each lets through.

A group takes its chips as close together as they are: whole nodes first, the innermost levels filled before the next
is used. In a ring, neighbours inside a level stay inside it, so that of all steps only a few cross an outer level, and
one stream leaves each of its members. What a level lets through is then

    switch   the ways out of one member, at most one per chip inside it;
    bus      the one way, shared by all chips of the group on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archsim.arch.system import Level, System
from archsim.errors import UnsupportedError, UsageError


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
    """

    level: Level
    members: int
    below: int
    busy: int
    total: int

    @property
    def chips(self) -> int:
        """Chips of the group on one whole of this level."""
        return self.members * self.below

    def port(self) -> float:
        """Return the bandwidth out of one member for this group, both directions busy, B/s."""
        ways = 1 if self.level.topology == "bus" else min(self.level.ports, self.busy)
        return ways * self.level.bandwidth * self.level.link.duplex * self.below / self.busy

    def ring_rate(self) -> float:
        """Return the rate at which a ring advances through this level, B/s."""
        if self.level.topology == "bus":
            return self.level.bandwidth * self.level.link.duplex / self.total
        return self.port()

    def exchange_rate(self, chips: int) -> float:
        """Return the rate of each of `chips` in all when everybody sends to everybody, B/s.

        Of what the chips of a member send, the share (N - b) / (N - 1) leaves it.
        """
        if self.level.topology == "bus":
            return self.ring_rate()
        return self.port() * (chips - 1) / (self.below * (chips - self.below))


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


def stages_of(system: System, group: Sequence[int], *, crowded: bool = False) -> list[Stage]:
    """Return the levels a group crosses, innermost first.

    Parameters
    ----------
    system : System
        The chips and their links.
    group : sequence of int
        Members of each level that take part, innermost first.
    crowded : bool
        Whether all other chips of the system form groups of the same kind that exchange at the same time.

    Raises
    ------
    UsageError
        The system has no such group.
    """
    levels = system.spec.levels
    if len(group) > len(levels) or any(
        not 1 <= taken <= level.members for taken, level in zip(group, levels, strict=False)
    ):
        there = " x ".join(str(level.members) for level in levels)
        asked = " x ".join(str(taken) for taken in group)
        raise UsageError(f"a group of {asked} does not fit into {system.name!r} ({there})", hint="choose fewer")
    stages, below, room = [], 1, 1
    for level, taken in zip(levels, group, strict=False):
        if taken > 1:
            busy = room if crowded else below
            stages.append(Stage(level, taken, below, busy, busy * (level.members if crowded else taken)))
        below *= taken
        room *= level.members
    return stages


def crossings(stages: Sequence[Stage], chips: int) -> list[int]:
    """Steps of one pass round the ring at each level: all but those that stay in a member, or go further out."""
    return [chips // stage.below - chips // stage.chips for stage in stages]


def pairs(stages: Sequence[Stage], chips: int) -> list[int]:
    """Ordered pairs of chips that meet at each level."""
    return [chips * (stage.chips - stage.below) for stage in stages]
