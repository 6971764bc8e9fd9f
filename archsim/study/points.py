"""What many design points cost: arrays with one value per point, whatever differs between the points.

A point is a workload, a machine and a policy. A column names one thing that differs and gives its value at every
point: numbers of a description are evaluated together after one lowering; whatever changes the graph, the machine or
the policy is grouped first, and each group is lowered once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.family import GROUPS
from archsim.errors import UsageError, did_you_mean
from archsim.units import ENERGY, POWER, RATIO, TIME, Dimension

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.engine.policy import Policy
    from archsim.graph.graph import Graph
    from archsim.study.store import Store

Progress = Callable[[int, int, str], None]
"""Told how many points are done, how many there are, and what comes next."""

OK: Final = "ok"
WAITING: Final = "not evaluated: interrupted before"
"""Status of a point that was not reached."""


@dataclass(frozen=True)
class Metric:
    """A number every point has: its unit, as text and as dimension where it has a plain one, and how to get it."""

    unit: str
    dimension: Dimension | None
    of: Callable[[Points], np.ndarray]


@dataclass(frozen=True)
class Points:
    """What each of many design points costs; a point that cannot be evaluated has NaN and a reason.

    Attributes
    ----------
    latency, interval : ndarray, (n,)
        s of one run, and s from one run to the next: the same, but in a pipeline.
    energy : ndarray, (n,)
        J of one run.
    items : ndarray, (n,)
        Items one run completes.
    energy_by_cause : mapping of str to ndarray, (n,)
        J by standard cause; they add up to `energy`.
    status : ndarray of int, (n,)
        0, or an index into `verdicts`.
    verdicts : tuple of str
        What a status means; the first is ``ok``.
    bounds : ndarray of int, (n,)
        Index into `resources`: what answers for most of the latency; -1 where there is no result.
    resources : tuple of str
        Names of all resources that bind somewhere.
    """

    latency: np.ndarray
    interval: np.ndarray
    energy: np.ndarray
    items: np.ndarray
    energy_by_cause: Mapping[str, np.ndarray]
    status: np.ndarray
    verdicts: tuple[str, ...]
    bounds: np.ndarray
    resources: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.latency)

    @property
    def power(self) -> np.ndarray:
        """Mean power, W, (n,)."""
        return _over(self.energy, self.interval)

    @property
    def throughput(self) -> np.ndarray:
        """Items per second, (n,)."""
        return _over(self.items, self.interval)

    @property
    def ok(self) -> np.ndarray:
        """Whether a point has a result, (n,)."""
        valid: np.ndarray = self.status == 0
        return valid

    @cached_property
    def reasons(self) -> np.ndarray:
        """Why a point has no result, as text, (n,); empty where it has one."""
        return _named(("", *self.verdicts[1:]), self.status)

    @cached_property
    def bound(self) -> np.ndarray:
        """Name of the resource that answers for most of the latency, (n,); empty where there is no result."""
        return _named((*self.resources, ""), self.bounds)

    def __getitem__(self, metric: str) -> np.ndarray:
        """Return a metric of every point, (n,): one of `METRICS`, or ``energy.CAUSE``.

        Raises
        ------
        UsageError
            There is no such metric.
        """
        group = metric.removeprefix("energy.")
        if group != metric and group in self.energy_by_cause:
            return self.energy_by_cause[group]
        return METRICS[known_metric(metric)].of(self)

    def take(self, which: Any) -> Points:
        """Return some of the points: anything that indexes an array of them."""
        return Points(
            self.latency[which], self.interval[which], self.energy[which], self.items[which],
            {group: joules[which] for group, joules in self.energy_by_cause.items()},
            self.status[which], self.verdicts, self.bounds[which], self.resources,
        )  # fmt: skip


def _over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; of a run that takes no time everything is 0, as in a result."""
    import numpy as np

    quotient = np.zeros_like(part)
    np.divide(part, whole, out=quotient, where=whole != 0.0)
    return quotient


def _named(names: tuple[str, ...], codes: np.ndarray) -> np.ndarray:
    import numpy as np

    texts: np.ndarray = np.array(names, dtype=object)[codes]
    return texts


METRICS: Final[Mapping[str, Metric]] = {
    "latency": Metric("s", TIME, lambda points: points.latency),
    "energy": Metric("J", ENERGY, lambda points: points.energy),
    "power": Metric("W", POWER, lambda points: points.power),
    "interval": Metric("s", TIME, lambda points: points.interval),
    "throughput": Metric("1/s", None, lambda points: points.throughput),
    "items": Metric("", RATIO, lambda points: points.items),
    "edp": Metric("J s", None, lambda points: points.energy * points.latency),
    "latency_per_item": Metric("s", TIME, lambda points: points.latency / points.items),
    "energy_per_item": Metric("J", ENERGY, lambda points: points.energy / points.items),
    "edp_per_item": Metric("J s", None, lambda points: points.energy * points.latency / points.items**2),
}
"""Numbers of a point by name; energies by cause are ``energy.CAUSE``."""


def known_metric(name: str) -> str:
    """Return the name of a metric as it is; any other text is an error.

    Raises
    ------
    UsageError
        There is no such metric.
    """
    if name in METRICS or name in CAUSES:
        return name
    known = (*METRICS, *CAUSES)
    hint = did_you_mean(str(name), known) or f"metrics are {', '.join(METRICS)} and energy.CAUSE"
    raise UsageError(f"no metric is called {name!r}", hint=hint)


CAUSES: Final = tuple(f"energy.{group}" for group in GROUPS)


def evaluate_columns(
    workload: Graph | str | Callable[..., Graph],
    machine: Chip | System | str,
    columns: Mapping[str, Sequence[Any]],
    policy: Policy | Mapping[str, Any] | None = None,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    store: Store | None = None,
) -> Points:
    """Evaluate many design points.

    Parameters
    ----------
    workload : Graph, str or callable
        The workload or its name; with columns ``workload.NAME`` a name, or what makes a graph of these arguments.
    machine : Chip, System or str
        What all points start from.
    columns : mapping of str to sequence, (n,)
        What differs: path to one value per point. ``memory.hbm.bandwidth`` and all other leaves of a description
        (SI floats, or text with a unit), ``workload.NAME`` (an argument of the workload), ``policy.NAME``,
        ``hardware`` and ``workload`` (names, or the objects).
    policy : Policy or mapping, optional
        How the runs are done.
    executor : Executor, optional
        Where chunks of points are evaluated, see `archsim.study.executors`; absent: here. Results do not depend on it.
    progress : callable, optional
        Told after each chunk.
    store : Store, optional
        Where results are looked up before they are computed, and kept after, see `archsim.study.store`.

    Returns
    -------
    Points
        In the order of the columns.

    Raises
    ------
    UsageError
        Columns of different lengths, none at all, or a path that leads nowhere.
    ArchsimError
        Whatever keeps every single point from a result; what keeps some from it is their `reasons`.
    Interrupted
        Ctrl-C; carries what is done.
    """
    from archsim.study.groups import grouped
    from archsim.study.jobs import evaluate_jobs

    grouping = grouped(workload, machine, columns, policy, progress)
    return evaluate_jobs(grouping, executor=executor, progress=progress, store=store)
