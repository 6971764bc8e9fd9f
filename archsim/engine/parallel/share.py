"""How the chips of a system are shared out: who has a part of a layer, a stage, some experts, a copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from types import MappingProxyType
from typing import Final

from archsim.arch.system import System
from archsim.engine.policy import Policy
from archsim.errors import UnsupportedError, UsageError
from archsim.graph.graph import Graph
from archsim.graph.op import Op, Phase
from archsim.graph.work import Collective

SPLITTING: Final = ("tensor_parallel", "spatial_parallel", "pipeline_parallel", "expert_parallel")
"""Policies that need several chips."""


@dataclass(frozen=True)
class Share:
    """How the chips of a system are shared out.

    Attributes
    ----------
    chips : int
        Chips that share a layer of one copy.
    copies : int
        Copies side by side.
    stages : int
        Groups of such chips that share the depth of one copy.
    experts : int
        Copies that share the experts.
    servers, idle : int
        Members of the outermost level that hold parameters, and their chips, which do nothing else.
    pushed : float
        Bytes that one chip of every stage pushes to the servers, all stages together; 0: there is one stage.
    sources : mapping of str to (int, int)
        Stages that what is received comes from and goes to, by the name of the op.
    """

    chips: int
    copies: int
    stages: int = 1
    experts: int = 1
    servers: int = 0
    idle: int = 0
    pushed: float = 0.0
    sources: Mapping[str, tuple[int, int]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def working(self) -> int:
        """Chips of all copies that do the same as one another: those of one stage."""
        return self.chips * self.copies

    @property
    def ends(self) -> int:
        """Most that can take part in one exchange: chips that work, and members that serve."""
        return self.working * self.stages + self.servers


ALONE: Final = Share(1, 1)


def share_out(system: System | None, how: Policy, graph: Graph) -> Share:
    """Return how a system's chips are shared out; a single chip runs one copy.

    Raises
    ------
    UsageError
        A single chip was asked to split layers, or choices contradict one another.
    UnsupportedError
        The chips do not divide into such groups.
    """
    if how.tensor_parallel > 1 and how.spatial_parallel > 1:
        raise UsageError("policies tensor_parallel and spatial_parallel both split layers", hint="leave one out")
    if how.parameter_servers and not how.training:
        raise UsageError(f"policy parameter_servers={how.parameter_servers} is for training",
                         hint="set policy training=true, too")  # fmt: skip
    if how.expert_imbalance > 1.0 and how.expert_parallel == 1:
        raise UsageError(f"policy expert_imbalance={how.expert_imbalance:g} is of experts on several chips",
                         hint="set policy expert_parallel, too")  # fmt: skip
    if how.expert_imbalance > how.expert_parallel:
        raise UsageError(
            f"policy expert_imbalance={how.expert_imbalance:g} is beyond expert_parallel={how.expert_parallel}: a chip "
            "that has all tokens has so many times the mean",
            hint=f"choose at most {how.expert_parallel}",
        )
    if system is None:
        for name in (*SPLITTING, "parameter_servers"):
            if getattr(how, name) > (name != "parameter_servers"):
                raise UsageError(
                    f"policy {name}={getattr(how, name)} needs a system of chips, and this is one machine",
                    hint="name a system: archsim list systems",
                )
        return ALONE
    outermost = system.spec.levels[-1].members
    if how.parameter_servers >= outermost:
        raise UnsupportedError(
            f"{system.name!r} has {outermost} members to spare: {how.parameter_servers} parameter servers leave nobody "
            "to work",
            hint="choose fewer",
        )
    idle = how.parameter_servers * (system.chips // outermost)
    there = system.chips - idle
    chips = max([how.tensor_parallel, how.spatial_parallel, *(_participants(op) for op in graph.ops)])
    group = chips * how.pipeline_parallel
    if there % group:
        kept = f", less {idle} that serve parameters," if idle else ""
        raise UnsupportedError(
            f"the {system.chips} chips of {system.name!r}{kept} do not divide into groups of {group}",
            hint=f"choose a divisor of {there}",
        )
    copies = there // group
    if copies % how.expert_parallel:
        raise UnsupportedError(
            f"the {copies} copies on {system.name!r} do not divide into groups of {how.expert_parallel} that share "
            "experts",
            hint=f"choose a divisor of {copies}",
        )
    return Share(chips, copies, how.pipeline_parallel, how.expert_parallel, how.parameter_servers, idle)


def _participants(op: Op) -> int:
    return op.work.participants if isinstance(op.work, Collective) and op.phase is not Phase.UPDATE else 1


@dataclass(frozen=True)
class Group:
    """Members of each level that take part, innermost first, and from one to the next."""

    members: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def size(self) -> int:
        """Chips."""
        return prod(self.members)


def layout(system: System, shared: Share) -> dict[str, Group]:
    """Return where each kind of group lies: chips of a layer closest together, then experts, stages, and copies.

    Raises
    ------
    UnsupportedError
        A group would leave a node partly used.
    """
    room = [level.members for level in system.spec.levels]
    room[-1] -= shared.servers
    used = [1] * len(room)
    found: dict[str, Group] = {}
    sizes = {"": shared.chips, "experts": shared.experts, "stages": shared.stages}
    for axis, size in {**sizes, "replicas": shared.copies // shared.experts}.items():
        strides, members, left = tuple(used), [], size
        for index, level in enumerate(system.spec.levels):
            free = room[index] // used[index]
            here = min(left, free)
            if left % here:
                raise UnsupportedError(
                    f"{size} groups do not fill the levels of {system.name!r}",
                    hint=f"choose numbers whose product divides {level.members}, the members of {level.name!r}",
                )
            members.append(here)
            left //= here
            used[index] *= here
        found[axis] = Group(tuple(members), strides)
    experts, replicas = found["experts"], found["replicas"]
    both = tuple(one * other for one, other in zip(experts.members, replicas.members, strict=True))
    steps = tuple(inner if taken > 1 else outer for taken, inner, outer in
                  zip(experts.members, experts.strides, replicas.strides, strict=True))  # fmt: skip
    return {**found, "copies": Group(both, steps)}


def level_between(system: System, group: Group, first: int, second: int) -> int:
    """Return the outermost level at which two members of a group, counted from 0, are apart."""
    found = 0
    for index, members in enumerate(group.members):
        if first % members != second % members:
            found = index
        first //= members
        second //= members
    return found
