"""Positions of a systolic machine's resources, causes of energy and verdicts, and what its search leaves for later."""

from __future__ import annotations

from typing import Final

from archsim.arch.family import STATIC, Cause
from archsim.arch.tables import Attribute

START: Final = 0
ARRAYS: Final = 1
IDLE: Final = 2
LOADING: Final = 3
FILLING: Final = 4
VECTOR: Final = 5
WAITING: Final = 6
MEMORY: Final = 7
"""Positions among the resources; the memory levels follow `MEMORY`."""
RESOURCES: Final = ("launch", "arrays", "idle cells", "weight loading", "fill and drain", "vector unit", "waiting")
"""Time of the arrays is told apart: what all cells working would take, what cells without work add, what loads behind
nothing, and what fills and drains."""

CELL_ENERGY: Final = 1
REGISTER_ENERGY: Final = 2
VECTOR_ENERGY: Final = 3
CONTROL_ENERGY: Final = 4
SUM_ENERGY: Final = 5
BUFFER_ENERGY: Final = 6
OFF_CHIP_ENERGY: Final = 7
"""Positions among the causes; 0 is static."""
CAUSES: Final = (
    STATIC,
    Cause("multiply-accumulates", "compute"),
    Cause("registers of cells", "on_chip_memory"),
    Cause("vector unit", "compute"),
    Cause("instructions", "control"),
    Cause("accumulators", "on_chip_memory"),
    Cause("scratchpads", "on_chip_memory"),
    Cause("main memory", "off_chip_memory"),
)

NO_UNIT: Final = 1
"""Verdict on an op in a format that no unit computes."""
VERDICTS: Final = ("ok", "no unit has the number format, or a wider one")

STAYS: Final = 0
SPLIT: Final = 1
DOWN: Final = 2
ACROSS: Final = 3
DEEP: Final = 4
KEEPS: Final = 5
BOUND: Final = 6
GROUPS: Final = 7
"""Positions in the mapping kept: what stays in the cells; axis the arrays divide; tiles in the scratchpads along the
rows, columns and depth of the product; operand that stays there; least bytes across the outermost memory; groups packed
into a fold, or 0 for groups on the vector unit."""

FOUND: Final = (
    Attribute("streaming", "f8", (), "clk", "vectors entering the arrays, best mapping so far"),
    Attribute("shifting", "f8", (), "clk", "loading what stays, behind nothing"),
    Attribute("loading", "f8", (), "clk", "all loading of what stays"),
    Attribute("filling", "f8", (), "clk", "filling and draining"),
    Attribute("period", "f8", (), "clk", "all of it, and no less than feeding the arrays takes"),
    Attribute("combining", "f8", (), "s", "adding up what arrays with a share of the depth found"),
    Attribute("reads", "f8", (), "B", "operands read from the scratchpads"),
    Attribute("sums", "f8", (), "", "sums written to and read from accumulators"),
    Attribute("peak", "f8", (), "MAC/s", "all cells, for the format of the op"),
)
"""Columns of scratch that one op's mapping leaves for its outcome."""
