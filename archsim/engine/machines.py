"""The machines a run may use: one with its host, or the members of a mixed system and theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
        if self.mixed is not None and not how.host and self.mixed.host is not None:
            return self.mixed.host
        return host_of(self.first, how)


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

    Each place first runs all ops it can, as if they were all its own; the energy is without what machines draw at rest.
    """

    def choose(graph: Graph, allowed: Allowed) -> Mapping[str, str]:
        from archsim.engine.assign import cheapest

        costs: dict[tuple[str, str], float] = {}
        for place in dict.fromkeys(place for able in allowed.values() for place in able):
            chip = machines.host(how) if place == HOST else machines.chips[place]
            costs.update(_costs(graph, allowed, place, chip, how, objective))

        def crossing(name: str, source: str, target: str) -> float:
            way = [place for place in (source, target) if place != HOST]
            payload = graph.tensors[name].bytes
            both = [crossing_cost(payload, way_of(place, machines.ways, machines.name)) for place in way]
            return sum(energy if objective == "energy" else latency for latency, energy in both)

        return cheapest(graph, allowed, costs, crossing, HOST)

    return choose


def _costs(
    graph: Graph, allowed: Allowed, place: str, chip: Chip, how: Policy, objective: str
) -> Mapping[tuple[str, str], float]:
    family = registry.get(chip.family)
    ops = tuple(op for op in graph.ops if place in allowed[op.name] and op.kind != "collective")
    found = {(op.name, place): 0.0 for op in graph.ops if place in allowed[op.name]}
    lowered = lower(ops, graph.tensors, warm=how.cache == "warm", residency=how.residency)
    outs, _ = run(family, lowered.table, chip_table(chip), mode=how.jit, keep=True)
    for same, out in zip(lowered.rows, outs, strict=True):
        cost = float(out["energy"].sum()) if objective == "energy" else float(out["latency"])
        if out["status"]:
            cost = float("inf")
        found.update({(op.name, place): cost for op in same})
    return found
