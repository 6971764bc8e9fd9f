"""From ops in program order to tasks: what each of them waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from archsim.engine.schedule.tables import TASK, empty
from archsim.graph.op import Phase

if TYPE_CHECKING:
    import numpy as np

    from archsim.graph.op import Op

Side = str
"""Where an op runs: tensors that cross are moved by ops of their own."""
STEPS_FOLLOW: Final = "a training step starts when the one before has updated the weights: steps do not overlap"


def effective(schedule: str, ops: Iterable[Op]) -> str:
    """Return the schedule that ops can have: the next training step begins when this one has updated the weights."""
    trains = schedule == "pipelined" and any(op.phase is Phase.UPDATE for op in ops)
    return "overlap" if trains else schedule


def tasks_of(
    ops: Sequence[Op], rows: Mapping[str, int], sides: Mapping[str, tuple[Side, Side]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return one task per op, and what they wait for.

    An op waits for whoever wrote what it reads on its side, and whoever writes something anew for all that read it
    before, as an update of weights does.

    Parameters
    ----------
    ops : sequence of Op
        In program order.
    rows : mapping of str to int
        Slot of each op, by name.
    sides : mapping of str to tuple of str
        Where an op reads and where it writes, by name; all others on one and the same side.

    Returns
    -------
    tasks : ndarray of records, (n_ops,)
        See `archsim.engine.schedule.tables.TASK`.
    deps : ndarray of int, (n_dependencies,)
        Positions of tasks.
    """
    import numpy as np

    written: dict[tuple[Side, str], int] = {}
    read: dict[tuple[Side, str], list[int]] = {}
    waits: list[int] = []
    first, last = [0] * len(ops), [0] * len(ops)
    for index, op in enumerate(ops):
        source, target = sides.get(op.name, ("", ""))
        needs = {written[source, name] for name in op.inputs if (source, name) in written}
        for name in op.outputs:
            needs.update(_before(written, read, (target, name)))
        needs.discard(index)
        first[index] = len(waits)
        waits.extend(sorted(needs))
        last[index] = len(waits)
        for name in op.inputs:
            read.setdefault((source, name), []).append(index)
        for name in op.outputs:
            written[target, name] = index
            read[target, name] = []
    tasks = empty(TASK, len(ops))
    tasks["row"] = [rows[op.name] for op in ops]
    tasks["first"], tasks["last"] = first, last
    return tasks, np.array(waits, dtype=np.int64)


def _before(
    written: Mapping[tuple[Side, str], int], read: Mapping[tuple[Side, str], list[int]], key: tuple[Side, str]
) -> Iterable[int]:
    """Yield who wrote a tensor before, and who has read it since."""
    if key in written:
        yield written[key]
    yield from read.get(key, ())
