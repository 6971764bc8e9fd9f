"""The records a schedule is worked out in: tasks in program order, what one row of the op table occupies, lanes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archsim.arch.tables import Attribute, record

if TYPE_CHECKING:
    import numpy as np

SERIAL: Final = 0
OVERLAP: Final = 1
PIPELINED: Final = 2
CODES: Final = {"serial": SERIAL, "overlap": OVERLAP, "pipelined": PIPELINED}
LANES: Final = 40
"""Most lanes of one run: the units and memories of a machine and its host, and the links."""
NOTHING: Final = -1
"""No lane, or no task."""

TASK: Final = (
    Attribute("row", "i8", (), "", "slot of its durations"),
    Attribute("first", "i8", (), "", "position of the first task it waits for among the dependencies"),
    Attribute("last", "i8", (), "", "position behind the last one"),
    Attribute("spot", "i8", (), "", "which task stands at this position of the list"),
    Attribute("through", "i8", (), "", "task that it had to wait for, or none"),
    Attribute("lane", "i8", (), "", "lane that task held; none: its results were waited for"),
    Attribute("level", "f8", (), "s", "longest way from its start to the end of the run"),
    Attribute("start", "f8", (), "s", "when it starts"),
    Attribute("end", "f8", (), "s", "when it ends"),
    Attribute("fetched", "f8", (), "s", "time of the memory that passed before the start, for its weights"),
    Attribute("begun", "f8", (), "s", "when that began"),
)
"""One per op of a run."""

SLOT: Final = (
    Attribute("length", "f8", (), "s", "time of one execution"),
    Attribute("ahead", "f8", (), "s", "of which so much at most is saved when weights come early"),
    Attribute("repeats", "f8", (), "", "executions that share weights"),
    Attribute("shared", "i8", (), "", "1 when it has no units of its own, whatever the lane says"),
    Attribute("memory", "i8", (), "", "lane that weights come over, or none"),
    Attribute("credit", "f8", (), "", "executions that the run as a whole waits for"),
    Attribute("own", "i8", (), "", "of the lanes that are its own, the one held longest, or none"),
    Attribute("holder", "i8", (), "", "task that held it last"),
    Attribute("free", "f8", (), "s", "when that one lets go"),
    Attribute("occupied", "f8", (LANES,), "s", "time of one execution that each lane is held, at most `length`"),
    Attribute("busy", "f8", (LANES,), "s", "time of one execution that each lane works"),
)
"""One per row of the op table, or of the tables of several machines."""

LANE: Final = (
    Attribute("apart", "i8", (), "", "1 when every set of weights has units of its own"),
    Attribute("resource", "i8", (), "", "resource that answers for what waits on it"),
    Attribute("holder", "i8", (), "", "task that held it last"),
    Attribute("free", "f8", (), "s", "when that one lets go"),
    Attribute("credit", "f8", (), "s", "time that the run as a whole waits for it"),
    Attribute("total", "f8", (), "s", "work in one run; of lanes apart, that of the busiest"),
)
"""One per unit, memory or link."""

MARKS: Final = (
    Attribute("mode", "i8", (), "", "serial 0, overlap 1, pipelined 2"),
    Attribute("whole", "i8", (), "", "lane held from the start of every op to its end, or none"),
    Attribute("unless", "i8", (), "", "resource that works only where ops have no units of their own, or none"),
    Attribute("memory", "i8", (), "", "resource that weights come over, or none"),
)
"""One per machine: how its resources are held."""


def empty(layout: tuple[Attribute, ...], rows: int) -> np.ndarray:
    """Return a table of zeros."""
    import numpy as np

    return np.zeros(rows, dtype=record(layout))
