"""Points of one group evaluated in chunks, here or by an executor, and put back in order."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from archsim.arch import registry
from archsim.arch.columns import Swept
from archsim.arch.family import GROUPS
from archsim.arch.system import System
from archsim.engine import parallel
from archsim.engine.batch import Batch, batch
from archsim.engine.evaluate import evaluate
from archsim.engine.fit import DOES_NOT_FIT
from archsim.engine.run import compiles
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
EVALUATIONS: Final = 20_000_000
"""Op evaluations between two chances to stop: about a second."""
LEAST: Final = 100
"""Points of one call of compiled code, at least."""
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
    for which, job in _decided(grouping.jobs):
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


def _decided(jobs: Sequence[tuple[np.ndarray, Job]]) -> Iterator[tuple[np.ndarray, Job]]:
    """Yield the jobs with the choice made whether to compile: for all of a family alike, by how much there is to do."""
    work: dict[str, int] = {}
    for _, job in jobs:
        if together(job):
            rows = len({op.work for op in job.graph.ops})
            family = registry.get(job.machine.family)
            work[family.name] = work.get(family.name, 0) + job.count * rows * family.candidates
    for which, job in jobs:
        evaluations = work.get(job.machine.family, 0)
        mode = "always" if compiles(job.how.jit, evaluations) else "never"
        yield which, replace(job, how=replace(job.how, jit=mode)) if together(job) else job


class Gathered:
    """Results of points as they come in, in any order."""

    def __init__(self, count: int) -> None:
        import numpy as np

        self.latency, self.interval, self.energy, self.items = (np.full(count, np.nan) for _ in range(4))
        self.causes = {group: np.full(count, np.nan) for group in GROUPS}
        self.status = np.full(count, -1, dtype=np.int16)
        self.bounds = np.full(count, -1, dtype=np.int16)
        self.verdicts: dict[str, int] = {OK: 0}
        self.resources: dict[str, int] = {}

    def put(self, which: np.ndarray, points: Points) -> None:
        """Take the results of the points `which`, (n,)."""
        import numpy as np

        self.latency[which], self.interval[which] = points.latency, points.interval
        self.energy[which], self.items[which] = points.energy, points.items
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
        return Points(self.latency, self.interval, self.energy, self.items, self.causes, self.status,
                      tuple(self.verdicts), self.bounds, tuple(self.resources))  # fmt: skip


def together(job: Job) -> bool:
    """Say whether the points of a job are evaluated by one lowering, because who runs what is the same at all."""
    how = job.how
    return not isinstance(job.machine, System) and not how.fidelity and how.placement in ("auto", "first")


def run(job: Job) -> Points:
    """Evaluate the points of one job; this is what an executor is given."""
    with _one_at_a_time:
        if isinstance(job.machine, System) or not together(job):
            return _one_by_one(job)
        try:
            parallel.share_out(None, job.how, job.graph)
            lowered = batch(job.graph, job.machine, _swept(job, job.machine), job.how)
        except UnsupportedError as error:
            return _failed(job.count, str(error))
        if job.how.schedule != "serial" and not lowered.alone:
            return _one_by_one(job)
        return _together(lowered, float(job.graph.items))


def _swept(job: Job, chip: Chip) -> list[Swept]:
    import numpy as np

    columns = dict(job.columns) or {"power.idle": np.full(job.count, chip.spec.power.idle)}
    return [Swept.of(chip.spec, path, values) for path, values in columns.items()]


def _together(lowered: Batch, items: float) -> Points:
    """Evaluate all points of a batch, some at a time, so that Ctrl-C is heard and records do not pile up."""
    import numpy as np

    gathered = Gathered(lowered.count)
    step = max(LEAST, EVALUATIONS * lowered.count // max(1, lowered.evaluations))
    for first in range(0, lowered.count, step):
        part = lowered.part(first, min(first + step, lowered.count))
        verdicts = lowered.family.verdicts
        try:
            costs = part.costs()
        except UnsupportedError as error:  # the host cannot run its share, or there is no way to it
            return _failed(lowered.count, str(error))
        points = Points(
            costs.latency, costs.interval, np.sum(list(costs.energy_by_cause.values()), axis=0),
            np.full(part.count, items), costs.energy_by_cause,
            np.where(costs.status == DOES_NOT_FIT, len(verdicts), costs.status), (OK, *verdicts[1:], TOO_SMALL),
            np.argmax(costs.exposed, axis=1), costs.resources,
        )  # fmt: skip
        gathered.put(np.arange(first, first + part.count), _without_failed(points))
    return gathered.points()


def _without_failed(points: Points) -> Points:
    """Put NaN where a point has no result."""
    import numpy as np

    failed = points.status != 0
    if failed.any():
        numbers = (points.latency, points.interval, points.energy, points.items)
        for values in (*numbers, *points.energy_by_cause.values()):
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
    code = np.zeros(1, dtype=np.int16)
    return Points(
        _array([result.latency]), _array([result.interval]), _array([result.energy]), _array([result.items]),
        causes, code, (OK,), code, (result.bound,),
    )  # fmt: skip


def _array(values: Iterable[float]) -> np.ndarray:
    import numpy as np

    return np.array(list(values), dtype=np.float64)


def _failed(count: int, reason: str) -> Points:
    import numpy as np

    gathered = Gathered(count)
    gathered.fail(np.arange(count), reason)
    return gathered.points()
