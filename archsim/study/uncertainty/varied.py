"""One evaluation whose machines' numbers may take other values: one lowering, all points in one call per machine.

What the machines themselves take is evaluated anew at every point, and so is what crosses the link of one to its host.
What chips of a system exchange among themselves stays as evaluated. Where machines and links work side by side, the
total moves by the factor that their sum does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archsim.arch.columns import Swept
from archsim.engine.evaluate import evaluate
from archsim.engine.fit import points_that_fit
from archsim.engine.inputs import graph_of, machine_of
from archsim.engine.place import CHIP
from archsim.engine.policy import policy as make_policy
from archsim.engine.run import run_sweep
from archsim.engine.transfer import LINK_RESOURCE
from archsim.errors import UnsupportedError, UsageError
from archsim.laws import link
from archsim.study.uncertainty.leaves import Leaf, leaves

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.engine.evaluate import Part, Run
    from archsim.engine.policy import Policy
    from archsim.engine.result import Result
    from archsim.graph.graph import Graph

Columns = Mapping[tuple[int, str], Any]
"""Machine of the run (0: itself or the first, then others and the host) and path, to one value per point, (points,)."""


@dataclass(frozen=True)
class Points:
    """What came out at every point.

    Attributes
    ----------
    latency, interval, energy : ndarray, (points,) float64
        s of one run, s from one run to the next, and J of one run.
    refused : ndarray, (points,) bool
        Where a machine cannot be, or the workload does not fit: latency and energy are void there.
    """

    latency: np.ndarray
    interval: np.ndarray
    energy: np.ndarray
    refused: np.ndarray


@dataclass(frozen=True)
class Varied:
    """An evaluation, ready to be done again with other numbers."""

    result: Result

    @property
    def run(self) -> Run:
        """What is behind the result."""
        if self.result.run is None:
            raise UnsupportedError(f"{self.result.hardware!r} cannot be evaluated again with other numbers",
                                   hint="leave out pipeline_parallel and micro_batches")  # fmt: skip
        return self.result.run

    @property
    def parts(self) -> tuple[Part, ...]:
        """The machines of the run."""
        return self.run.parts

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """The numbers of all machines of the run that may be otherwise."""
        return tuple(leaf for index, part in enumerate(self.parts) for leaf in leaves(part.chip, index))

    def points(self, columns: Columns, points: int) -> Points:
        """Evaluate points.

        Parameters
        ----------
        columns : mapping
            Numbers that differ from point to point.
        points : int
            How many.

        Raises
        ------
        InvalidDescriptionError
            A value that a description may not hold.
        """
        sums, refused = self._sums(columns, points)
        whole = (self.result.latency, self.result.interval, self.result.energy)
        latency, interval, energy = (
            total * each / base if base else each for total, each, base in zip(whole, sums, self._base, strict=True)
        )
        return Points(latency, interval, energy, refused)

    @cached_property
    def _base(self) -> tuple[float, ...]:
        return tuple(float(each[0]) for each in self._sums({}, 1)[0])

    def _sums(self, columns: Columns, points: int) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
        """Return latency, interval and energy added up over the machines and the link, and what is refused."""
        import numpy as np

        run = self.run
        refused = np.zeros(points, dtype=bool)
        latency, interval, energy, standing = (np.zeros(points) for _ in range(4))
        for index, part in enumerate(run.parts):
            swept = [Swept.of(part.chip.spec, path, values) for (at, path), values in columns.items() if at == index]
            totals = run_sweep(part.family, part.lowered.table, part.chips, swept, mode=run.policy.jit,
                               arranged=part.arranged)  # fmt: skip
            totals = totals if swept else np.repeat(totals, points)
            if part.place == CHIP and swept:
                fits = points_that_fit(run.graph, part.chip, swept, run.policy)
                refused |= False if fits is None else ~fits
            refused |= totals["status"] != 0
            latency += totals["latency"]
            interval += totals["interval"]
            energy += (totals["energy"].sum(axis=1) - totals["energy"][:, 0]) * run.chips
            standing += _static_power(part, totals) * (run.chips + run.shared.idle)
        seconds, joules = self._links(columns, points)
        latency += seconds
        interval += seconds
        energy += joules + standing * interval
        refused |= ~(np.isfinite(latency) & np.isfinite(energy))
        return (latency, interval, energy), refused

    def _links(self, columns: Columns, points: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what all moves take, s and J; those over the machine's own link to its host by its numbers."""
        import numpy as np

        seconds, joules = np.zeros(points), np.zeros(points)
        run = self.run
        way = run.parts[0].chip.spec.host_link
        for move in (*run.moves, *run.exchanges):
            times = move.count * (run.chips if move.cost is None else 1)
            if move.resource != LINK_RESOURCE or way is None:
                seconds += move.latency * move.count
                joules += move.energy * times
                continue
            latency, bandwidth, each = (
                columns.get((0, f"host_link.{name}"), getattr(way, name)) for name in ("latency", "bandwidth", "energy")
            )
            seconds += link.transfer_time(move.payload, latency, bandwidth) * move.count
            joules += link.transfer_energy(move.payload, each) * times
        return seconds, joules


def _static_power(part: Part, totals: np.ndarray) -> np.ndarray:
    """Return what a machine draws whatever runs, W; one without work rests."""
    import numpy as np

    time = totals["interval"]
    idle = np.full(len(time), part.chip.spec.power.idle)
    drawn: np.ndarray = np.divide(totals["energy"][:, 0], time, out=idle, where=time > 0.0)
    return drawn


def varied(
    graph: Graph | str, machine: Chip | System | str, policy: Policy | Mapping[str, Any] | None = None, **choices: Any
) -> Varied:
    """Evaluate a workload so that it can be done again with other numbers of the machine.

    Raises
    ------
    UnsupportedError
        A finer model of one family, which evaluates one point at a time.
    UsageError
        A run that takes no time: there is nothing to vary.
    """
    how = make_policy(policy, **choices)
    if how.fidelity:
        raise UnsupportedError(f"policy fidelity={how.fidelity!r} evaluates one point at a time",
                               hint="leave it out: the closed form is evaluated at all points at once")  # fmt: skip
    result = evaluate(graph_of(graph), machine_of(machine), how)
    if not result.latency > 0.0:
        raise UsageError(f"{result.workload!r} takes no time on {result.hardware!r}", hint="give it some work")
    return Varied(result)
