"""Groups of machines on a ring or torus: the dimensions they lie along, and the links of these.

A group of neighbours fills the first dimension before the next is used. Where it takes every s-th machine, those
between belong to groups of the same kind, which send over the same links.
"""

from __future__ import annotations

from dataclasses import dataclass

from archsim.arch.system import Level
from archsim.errors import UnsupportedError
from archsim.laws import torus


@dataclass(frozen=True)
class Line:
    """What a group takes of one dimension.

    Attributes
    ----------
    taken : int
        Machines of the group along it.
    inside : int
        Steps from one to the next.
    length : int
        Machines along the dimension.
    """

    taken: int
    inside: int
    length: int

    @property
    def links(self) -> float:
        """Links of one machine that a ring round the group can use: a line sends back the other way what closes it."""
        return torus.ways(self.taken) if self.taken * self.inside == self.length else 1.0

    def uniform_rate(self, bandwidth: float, *, crowded: bool) -> float:
        """Return what each machine may send when everybody sends to everybody, itself among them, B/s."""
        rate = torus.uniform_rate(self.taken, self.links, bandwidth)
        return rate / self.inside if crowded else rate


def lines(level: Level, members: int, stride: int = 1) -> list[Line]:
    """Return the dimensions that `members` of a level lie along, each `stride` from the next.

    Raises
    ------
    UnsupportedError
        They are no block of the ring or torus.
    """
    found: list[Line] = []
    left, skip = members, stride
    for length in level.dimensions:
        inside = min(skip, length)
        taken = min(left, length // inside)
        if skip % inside or length % inside or left % taken:
            break
        skip //= inside
        left //= taken
        if taken > 1:
            found.append(Line(taken, inside, length))
    else:
        if left == 1:
            return found
    shape = " x ".join(str(length) for length in level.dimensions)
    every = f", every {stride}th," if stride > 1 else ""
    raise UnsupportedError(f"{members} members{every} are no block of the {level.topology} {level.name!r} of {shape}",
                           hint="choose a number that fills its first dimensions one after the other")  # fmt: skip
