"""Many design points of one machine after one lowering: whatever differs is a number of its description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archsim.arch import registry
from archsim.arch.columns import Swept
from archsim.arch.family import GROUPS
from archsim.engine.check import check_totals
from archsim.engine.evaluate import Part, prepare, run_part
from archsim.engine.fit import DOES_NOT_FIT, points_that_fit
from archsim.engine.lower import Lowered, chip_table, lower
from archsim.engine.machines import host_of, machines_of
from archsim.engine.place import CHIP, HOST, Placement
from archsim.engine.run import run_sweep
from archsim.engine.schedule.lanes import Arranged, arranged
from archsim.engine.transfer import LINK_RESOURCE, way_of
from archsim.laws import link

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.arch.family import Family
    from archsim.engine.policy import Policy
    from archsim.graph.graph import Graph


@dataclass(frozen=True)
class Batch:
    """A workload lowered for one machine, and which numbers of the machine differ from point to point.

    Attributes
    ----------
    chip : Chip
        What all points start from.
    family : Family
        Its family.
    how : Policy
        How the runs are done.
    placement : Placement
        Who runs what: the same at all points.
    swept : tuple of Swept
        Numbers that differ.
    fits : ndarray of bool, (n,), or None
        Where the workload fits; None: everywhere.
    """

    chip: Chip
    family: Family
    how: Policy
    placement: Placement
    lowered: Lowered
    beside: Arranged
    swept: tuple[Swept, ...]
    fits: np.ndarray | None

    @property
    def count(self) -> int:
        """Points."""
        return len(self.swept[0].values)

    @property
    def evaluations(self) -> int:
        """Op evaluations that all points take, about."""
        return len(self.lowered.table) * self.count * self.family.candidates

    @property
    def alone(self) -> bool:
        """Whether the machine runs everything itself."""
        return not self.placement.host and not self.placement.moves

    @cached_property
    def host(self) -> Part:
        """What the host does, at every point the same."""
        return run_part(HOST, host_of(self.chip, self.how), self.placement.host, self.placement, self.how)

    def part(self, first: int, last: int) -> Batch:
        """Return the points from `first` up to `last`."""
        some = tuple(replace(each, values=each.values[first:last]) for each in self.swept)
        return replace(self, swept=some, fits=None if self.fits is None else self.fits[first:last])

    def totals(self) -> np.ndarray:
        """Return what the machine's own ops cost, records, (n,); see `archsim.engine.evaluate.evaluate_points`."""
        totals = run_sweep(self.family, self.lowered.table, chip_table(self.chip), self.swept, mode=self.how.jit,
                           arranged=self.beside)  # fmt: skip
        check_totals(totals, self.chip.name)
        if self.fits is not None:
            totals["status"][~self.fits] = DOES_NOT_FIT
        return totals

    def costs(self) -> Costs:
        """Return what the whole run costs at every point, one op after the other: machine, link and host."""
        totals = self.totals()
        causes = {group: 0.0 * totals["latency"] for group in GROUPS}
        for position, cause in enumerate(self.family.causes):
            causes[cause.group] += totals["energy"][:, position]
        found = Costs(
            totals["latency"].copy(), totals["interval"].copy(), causes, totals["status"].astype("i8"),
            totals["exposed"], self.family.resource_names(self.chip.spec),
        )  # fmt: skip
        return found if self.alone else self._with_host(found, totals)

    def _with_host(self, own: Costs, totals: np.ndarray) -> Costs:
        import numpy as np

        host, names = self.host, self.host.family.resource_names(self.host.chip.spec)
        way = way_of(CHIP, machines_of(self.chip).ways, self.chip.name)
        latency, bandwidth, energy = (self._value(f"host_link.{leaf}", getattr(way, leaf)) for leaf in way._fields)
        moved, carried = np.zeros(self.count), np.zeros(self.count)
        for op in self.placement.moves:
            payload = self.placement.graph.tensors[op.inputs[0]].bytes
            moved = moved + link.transfer_time(payload, latency, bandwidth)
            carried = carried + link.transfer_energy(payload, energy)
        there = host.totals[0]
        interval = own.interval + float(there["interval"]) + moved
        static = totals["energy"][:, 0]
        drawn = self._value("power.idle", self.chip.spec.power.idle) + np.zeros(self.count)
        np.divide(static, own.interval, out=drawn, where=own.interval > 0.0)
        causes = dict(own.energy_by_cause)
        causes["static"] = causes["static"] - static + drawn * interval
        causes["host"] = causes["host"] + self._host_energy(interval)
        causes["network"] = causes["network"] + carried
        beside = np.broadcast_to(there["exposed"], (self.count, len(there["exposed"])))[:, : len(names)]
        exposed = np.column_stack([totals["exposed"][:, : len(own.resources)], beside, moved])
        marked = (*own.resources, *(f"{HOST} {name}" for name in names), LINK_RESOURCE)
        return Costs(own.latency + float(there["latency"]) + moved, interval, causes, own.status, exposed, marked)

    def _host_energy(self, interval: np.ndarray) -> np.ndarray:
        """Return the host's energy, J, (n,): it draws its static power over the whole run."""
        there = self.host.totals[0]
        time = float(there["interval"])
        static = float(there["energy"][0]) / time if time else self.host.chip.spec.power.idle
        return static * interval + float(there["energy"][1:].sum())

    def _value(self, path: str, otherwise: float) -> Any:
        """Return the values of a leaf at all points, or the one value it has."""
        wanted = tuple(path.split("."))
        found = [each.values for each in self.swept if each.place.path == wanted]
        return found[-1] if found else otherwise


@dataclass(frozen=True)
class Costs:
    """What whole runs cost.

    Attributes
    ----------
    latency, interval : ndarray, (n,)
        s of one run, and from one to the next.
    energy_by_cause : mapping of str to ndarray, (n,)
        J by standard cause.
    status : ndarray of int, (n,)
        0, a verdict of the family, or `archsim.engine.fit.DOES_NOT_FIT`.
    exposed : ndarray, (n, resources)
        s each resource answers for.
    resources : tuple of str
        Their names.
    """

    latency: np.ndarray
    interval: np.ndarray
    energy_by_cause: Mapping[str, np.ndarray]
    status: np.ndarray
    exposed: np.ndarray
    resources: tuple[str, ...]


def batch(graph: Graph, chip: Chip, swept: Sequence[Swept], how: Policy) -> Batch:
    """Lower a workload once for many design points of one machine.

    Parameters
    ----------
    graph : Graph
        The workload.
    chip : Chip
        What all points start from.
    swept : sequence of Swept
        Numbers that differ, all of one length; at least one.
    how : Policy
        How the runs are done.

    Raises
    ------
    UnsupportedError
        An op that neither the machine nor its host may run.
    DoesNotFitError
        The workload fits at no point.
    """
    placement = prepare(graph, chip, how)
    fits = points_that_fit(placement.graph, chip, swept, how)
    family = registry.get(chip.family)
    lowered = lower(placement.chip, placement.graph.tensors, warm=how.cache == "warm", residency=how.residency)
    beside = arranged(family, chip, placement.chip, lowered, how.schedule)
    return Batch(chip, family, how, placement, lowered, beside, tuple(swept), fits)
