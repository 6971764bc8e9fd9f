"""Points of one group evaluated in chunks, here or by an executor, and put back in order."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Final

from archsim.arch import registry
from archsim.arch.family import GROUPS
from archsim.arch.system import System
from archsim.engine.evaluate import evaluate, evaluate_points
from archsim.engine.fit import DOES_NOT_FIT
from archsim.errors import ArchsimError, InvariantError, UnsupportedError
from archsim.io.hardware import with_all
from archsim.io.systems import with_values
from archsim.study.executors import completed
from archsim.study.groups import Grouping, Job
from archsim.study.points import OK, WAITING, Points, Progress

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.study.store import Store

CHUNK: Final = 100_000
"""Points of one task: large enough that what an executor costs per task does not count."""
FEW: Final = 100
"""Points of one task that evaluates them one by one."""
TOO_SMALL: Final = "the workload does not fit into the machine's memory"

_one_at_a_time = threading.Lock()  # numba's simplest threading layer must not be entered twice


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in the middle of many points.

    Attributes
    ----------
    points : Points
        Those that are done; the others have the status `WAITING`.
    """

    def __init__(self, points: Points) -> None:
        super().__init__("interrupted")
        self.points = points


def evaluate_jobs(
    grouping: Grouping, *, executor: Executor | None = None, progress: Progress | None = None,
    store: Store | None = None,
) -> Points:  # fmt: skip
    """Evaluate all points of a grouping; arguments are those of `evaluate_columns`."""
    tasks: list[Job] = []
    places: list[np.ndarray] = []
    gathered = Gathered(grouping.count)
    for which, error in grouping.broken:
        gathered.fail(which, str(error))
    done = sum(len(which) for which, _ in grouping.broken)
    for which, job in grouping.jobs:
        size = CHUNK if together(job) else FEW
        for first in range(0, job.count, size):
            part = job.part(first, min(first + size, job.count))
            place = which[first : first + part.count]
            known = store.get(part) if store is not None else None
            if known is None:
                tasks.append(part)
                places.append(place)
            else:
                gathered.put(place, known)
                done += part.count
    if progress is not None:
        progress(done, grouping.count, "points")
    try:
        for index, points in completed(run, tasks, executor):
            if store is not None:
                store.put(tasks[index], points)
            gathered.put(places[index], points)
            done += len(points)
            if progress is not None:
                progress(done, grouping.count, "points")
    except KeyboardInterrupt:
        raise Interrupted(gathered.points()) from None
    return gathered.points()


class Gathered:
    """Results of points as they come in, in any order."""

    def __init__(self, count: int) -> None:
        import numpy as np

        self.latency, self.energy, self.items = (np.full(count, np.nan) for _ in range(3))
        self.causes = {group: np.full(count, np.nan) for group in GROUPS}
        self.status = np.full(count, -1, dtype=np.int16)
        self.bounds = np.full(count, -1, dtype=np.int16)
        self.verdicts: dict[str, int] = {OK: 0}
        self.resources: dict[str, int] = {}

    def put(self, which: np.ndarray, points: Points) -> None:
        """Take the results of the points `which`, (n,)."""
        import numpy as np

        self.latency[which], self.energy[which], self.items[which] = points.latency, points.energy, points.items
        for group, joules in points.energy_by_cause.items():
            self.causes[group][which] = joules
        codes = np.array([self.verdicts.setdefault(text, len(self.verdicts)) for text in points.verdicts])
        self.status[which] = codes[points.status]
        names = [self.resources.setdefault(name, len(self.resources)) for name in points.resources]
        self.bounds[which] = np.array([*names, -1])[points.bounds]

    def fail(self, which: np.ndarray, reason: str) -> None:
        """Take the reason why the points `which` have no results."""
        self.status[which] = self.verdicts.setdefault(reason, len(self.verdicts))

    def points(self) -> Points:
        """Return all points; those that did not come in are marked."""
        missing = self.status < 0
        if missing.any():
            self.fail(missing, WAITING)
        return Points(self.latency, self.energy, self.items, self.causes, self.status, tuple(self.verdicts),
                      self.bounds, tuple(self.resources))  # fmt: skip


def together(job: Job) -> bool:
    """Say whether the points of a job are evaluated by one lowering."""
    return not isinstance(job.machine, System) and not job.how.fidelity


def run(job: Job) -> Points:
    """Evaluate the points of one job; this is what an executor is given."""
    with _one_at_a_time:
        if isinstance(job.machine, System) or not together(job):
            return _one_by_one(job)
        try:
            return _batch(job, job.machine)
        except InvariantError:
            raise
        except UnsupportedError as error:
            if "host" in str(error):
                return _one_by_one(job)
            return _failed(job.count, str(error))


def _batch(job: Job, chip: Chip) -> Points:
    import numpy as np

    family = registry.get(chip.family)
    columns = dict(job.columns) or {"power.idle": np.full(job.count, chip.spec.power.idle)}
    totals = evaluate_points(job.graph, chip, columns, job.how)
    causes = {group: np.zeros(job.count) for group in GROUPS}
    for position, cause in enumerate(family.causes):
        causes[cause.group] += totals["energy"][:, position]
    gathered = Gathered(job.count)
    exposed = totals["exposed"]
    points = Points(
        totals["latency"].copy(), totals["energy"].sum(axis=1), np.full(job.count, float(job.graph.items)), causes,
        np.where(totals["status"] == DOES_NOT_FIT, len(family.verdicts), totals["status"]),
        (OK, *family.verdicts[1:], TOO_SMALL),
        np.argmax(exposed, axis=1), family.resource_names(chip.spec),
    )  # fmt: skip
    gathered.put(np.arange(job.count), _without_failed(points))
    return gathered.points()


def _without_failed(points: Points) -> Points:
    """Put NaN where a point has no result."""
    import numpy as np

    failed = points.status != 0
    if failed.any():
        for values in (points.latency, points.energy, points.items, *points.energy_by_cause.values()):
            values[failed] = np.nan
        points.bounds[failed] = -1
    return points


def _one_by_one(job: Job) -> Points:
    import numpy as np

    gathered = Gathered(job.count)
    for index in range(job.count):
        which = np.array([index])
        changes = {path: float(values[index]) for path, values in job.columns.items()}
        try:
            gathered.put(which, _single(job, changes))
        except InvariantError:
            raise
        except ArchsimError as error:
            gathered.fail(which, str(error))
    return gathered.points()


def _single(job: Job, changes: Mapping[str, Any]) -> Points:
    import numpy as np

    machine = job.machine
    if changes:
        machine = with_values(machine, changes) if isinstance(machine, System) else with_all(machine, changes)
    result = evaluate(job.graph, machine, job.how)
    causes = {group: _array([result.energy_by_cause.get(group, 0.0)]) for group in GROUPS}
    return Points(_array([result.latency]), _array([result.energy]), _array([result.items]), causes,
                  np.zeros(1, dtype=np.int16), (OK,), np.zeros(1, dtype=np.int16), (result.bound,))  # fmt: skip


def _array(values: Iterable[float]) -> np.ndarray:
    import numpy as np

    return np.array(list(values), dtype=np.float64)


def _failed(count: int, reason: str) -> Points:
    import numpy as np

    gathered = Gathered(count)
    gathered.fail(np.arange(count), reason)
    return gathered.points()
