"""Which lane each resource of a machine belongs to, and the records a schedule of its ops is worked out in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archsim.engine.rows import to_rows
from archsim.engine.schedule.tables import CODES, LANE, MARKS, NOTHING, SLOT, TASK, empty
from archsim.engine.schedule.tasks import effective, tasks_of

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.arch.family import Family
    from archsim.engine.lower import Lowered
    from archsim.graph.op import Op


@dataclass(frozen=True)
class Lanes:
    """The lanes of one machine.

    Attributes
    ----------
    names : tuple of str
        One per lane.
    of : tuple of int
        Lane of each resource, or `NOTHING`.
    resources : tuple of int
        The resource that answers for what waits on each lane.
    apart : tuple of int
        Lanes that every set of weights has of its own.
    whole, unless, memory : int
        See `archsim.engine.schedule.tables.MARKS`.
    """

    names: tuple[str, ...]
    of: tuple[int, ...]
    resources: tuple[int, ...]
    apart: tuple[int, ...]
    whole: int
    unless: int
    memory: int

    def marks(self, schedule: str) -> np.ndarray:
        """Return how resources are held, (1,)."""
        table = empty(MARKS, 1)
        table[0] = (CODES[schedule], self.whole, self.unless, self.memory)
        return table

    def table(self) -> np.ndarray:
        """Return the lanes, (n_lanes,)."""
        table = empty(LANE, len(self.names))
        table["resource"] = self.resources
        table["apart"][list(self.apart)] = 1
        return table


def lanes_of(family: Family, chip: Chip) -> Lanes:
    """Return the lanes of a machine: a resource is its own unless the family says otherwise."""
    resources = family.resource_names(chip.spec)
    held = [family.lanes.get(name, name) for name in resources]
    names = tuple(dict.fromkeys([lane for lane in held if lane] + ([family.whole] if family.whole else [])))
    place = {name: index for index, name in enumerate(names)}
    first = {lane: held.index(lane) for lane in names if lane in held}
    memory = len(family.resources) if len(resources) > len(family.resources) else NOTHING
    return Lanes(
        names,
        tuple(place[lane] if lane else NOTHING for lane in held),
        tuple(first.get(lane, 0) for lane in names),
        tuple(place[name] for name in family.apart),
        place.get(family.whole, NOTHING),
        resources.index(family.unless) if family.unless else NOTHING,
        memory,
    )


@dataclass(frozen=True)
class Arranged:
    """What the driver needs to put the ops of one machine side by side; without tasks they follow one another.

    Attributes
    ----------
    tasks, deps, lanes, of, marks : ndarray
        See `archsim.engine.driver.run_point`.
    rows : int
        Rows of the op table.
    """

    tasks: np.ndarray
    deps: np.ndarray
    lanes: np.ndarray
    of: np.ndarray
    marks: np.ndarray
    rows: int

    def threads(self, count: int) -> tuple[Any, ...]:
        """Return the arguments of the compiled driver over points: scratch for so many threads."""
        import numpy as np

        tasks, lanes = np.tile(self.tasks, (count, 1)), np.tile(self.lanes, (count, 1))
        slots = np.zeros((count, self.rows), dtype=self.slots.dtype)
        return tasks, self.deps, slots, lanes, self.of, self.marks

    @cached_property
    def slots(self) -> np.ndarray:
        """Scratch for one thread."""
        return empty(SLOT, self.rows)

    def alone(self) -> tuple[Any, ...]:
        """Return the arguments of the compiled driver over rows."""
        return self.tasks, self.deps, self.slots, self.lanes, self.of, self.marks

    def plain(self) -> tuple[Any, ...]:
        """Return the arguments of one point in plain Python."""
        return (
            to_rows(self.tasks), self.deps.tolist(), to_rows(self.slots), to_rows(self.lanes), self.of.tolist(),
            to_rows(self.marks)[0],
        )  # fmt: skip


def one_after_the_other() -> Arranged:
    """Return the arrangement of a serial run: nothing to arrange."""
    import numpy as np

    nothing = np.zeros(0, dtype=np.int64)
    return Arranged(empty(TASK, 0), nothing, empty(LANE, 0), nothing, empty(MARKS, 1), 0)


def arranged(family: Family, chip: Chip, ops: Sequence[Op], lowered: Lowered, schedule: str) -> Arranged:
    """Return how the ops of one machine may lie side by side."""
    import numpy as np

    if schedule == "serial" or not ops:
        return one_after_the_other()
    lanes = lanes_of(family, chip)
    rows = {op.name: row for row, same in enumerate(lowered.rows) for op in same}
    tasks, deps = tasks_of(ops, rows, {})
    of = np.array(lanes.of, dtype=np.int64)
    return Arranged(tasks, deps, lanes.table(), of, lanes.marks(effective(schedule, ops)), len(lowered.rows))
