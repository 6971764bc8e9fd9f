"""The machines a run may use: one with its host, or the members of a mixed system and theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from archsim.arch import registry
from archsim.arch.mixed import MixedSystem, Way
from archsim.engine.lower import chip_table, lower
from archsim.engine.place import CHIP, HOST, Allowed, Choose
from archsim.engine.run import run
from archsim.engine.transfer import crossing_cost, way_of
from archsim.errors import UnsupportedError

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.engine.assign import Crossing
    from archsim.engine.policy import Policy
    from archsim.graph.graph import Graph


@dataclass(frozen=True)
class Machines:
    """Who may run an op, by place.

    Attributes
    ----------
    name : str
        Of the machine or system, for messages.
    chips : mapping of str to Chip
        The machines, without the host.
    ways : mapping of str to Way
        From each of them to the host; None: there is no link.
    mixed : MixedSystem or None
        The system they stand in.
    """

    name: str
    chips: Mapping[str, Chip]
    ways: Mapping[str, Way | None]
    mixed: MixedSystem | None = None

    @property
    def first(self) -> Chip:
        """The machine preferred at equal cost."""
        return next(iter(self.chips.values()))

    def host(self, how: Policy) -> Chip:
        """Return the machine that runs what the others cannot.

        Raises
        ------
        UnsupportedError
            Neither the description nor the policy names a host.
        """
        if self.mixed is None:
            return host_of(self.first, how)
        if how.host or self.mixed.host is None:
            from archsim.io.hardware import load_hardware

            return load_hardware(how.host)
        return self.mixed.host

    def has_host(self, how: Policy) -> bool:
        """Say whether there is a host, and a way to it."""
        return self.mixed is not None or bool((how.host or self.first.spec.host) and self.first.spec.host_link)


def machines_of(machine: Chip | MixedSystem) -> Machines:
    """Return the places of a machine or of a mixed system."""
    if isinstance(machine, MixedSystem):
        return Machines(machine.name, machine.machines, machine.ways(), machine)
    link = machine.spec.host_link
    way = None if link is None else Way(link.latency, link.bandwidth, link.energy)
    return Machines(machine.name, {CHIP: machine}, {CHIP: way})


def host_of(chip: Chip, how: Policy) -> Chip:
    """Load the machine that runs what `chip` cannot.

    Raises
    ------
    UnsupportedError
        Neither the description nor the policy names a host.
    """
    from archsim.io.hardware import load_hardware

    name = how.host or chip.spec.host
    if not name or chip.spec.host_link is None:
        raise UnsupportedError(
            f"{chip.name!r} cannot run every op and names no host and link",
            hint="give its description 'host' and 'host_link'",
        )
    return load_hardware(name)


def chooser(machines: Machines, how: Policy, objective: str) -> Choose:
    """Return what chooses the cheapest place for every op, by ``latency`` or ``energy``.

    Each place first runs all ops it can, as if they were all its own. Energy includes what all machines draw at rest
    while an op runs or a tensor crosses.
    """

    def choose(graph: Graph, allowed: Allowed) -> Mapping[str, str]:
        from archsim.engine.assign import cheapest, total

        if not machines.has_host(how):
            return {name: able[0] for name, able in allowed.items()}
        times: dict[tuple[str, str], float] = {}
        joules: dict[tuple[str, str], float] = {}
        rest: dict[str, float] = dict.fromkeys(machines.chips, 0.0)
        for place in dict.fromkeys(place for able in allowed.values() for place in able):
            chip = machines.host(how) if place == HOST else machines.chips[place]
            rest[place] = _alone(graph, allowed, place, chip, how, times, joules)

        def cost_of(power: float) -> tuple[dict[tuple[str, str], float], Crossing]:
            if objective == "latency":
                return times, lambda *way: crossing(*way)[0]
            costs = {at: joules[at] + (power * times[at] if joules[at] < inf else 0.0) for at in times}
            return costs, lambda *way: crossing(*way)[1] + power * crossing(*way)[0]

        def crossing(name: str, source: str, target: str) -> tuple[float, float]:
            way = [place for place in (source, target) if place != HOST]
            payload = graph.tensors[name].bytes
            both = [crossing_cost(payload, way_of(place, machines.ways, machines.name)) for place in way]
            return sum(time for time, _ in both), sum(energy for _, energy in both)

        costs, moved = cost_of(sum(rest.values()))
        best = cheapest(graph, allowed, costs, moved, HOST)
        alone = {name: able[0] for name, able in allowed.items()}
        if machines.mixed is None and HOST not in alone.values():  # then the host need not even be there
            without, _ = cost_of(sum(watts for place, watts in rest.items() if place != HOST))
            if sum(without[at] for at in alone.items()) <= total(graph, best, costs, moved, HOST):
                return alone
        return best

    return choose


def _alone(
    graph: Graph, allowed: Allowed, place: str, chip: Chip, how: Policy, times: dict[tuple[str, str], float],
    joules: dict[tuple[str, str], float],
) -> float:  # fmt: skip
    """Fill what each op takes at a place that runs all it can, infinite where it cannot; return its power at rest."""
    family = registry.get(chip.family)
    between = [op.name for op in graph.ops if place in allowed[op.name] and op.kind == "collective"]
    ops = tuple(op for op in graph.ops if place in allowed[op.name] and op.kind != "collective")
    lowered = lower(ops, graph.tensors, warm=how.cache == "warm", residency=how.residency)
    outs, totals = run(family, lowered.table, chip_table(chip), mode=how.jit, keep=True)
    for same, out in zip(lowered.rows, outs, strict=True):
        runs = not out["status"]
        for op in same:
            times[op.name, place] = float(out["latency"]) if runs else inf
            joules[op.name, place] = float(out["energy"].sum()) if runs else inf
    for name in between:
        times[name, place] = joules[name, place] = 0.0
    latency = float(totals["latency"][0])
    return float(totals["energy"][0][0]) / latency if latency else chip.spec.power.idle
