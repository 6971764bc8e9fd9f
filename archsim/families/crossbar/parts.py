"""Positions of a crossbar machine's resources, causes of energy, verdicts and details; codes; scratch of one op.

The resources and causes of its digital unit come first.
"""

from __future__ import annotations

from typing import Final

from archsim.arch.family import Cause
from archsim.arch.tables import Attribute
from archsim.mapping.digital import DIGITAL_CAUSES, DIGITAL_RESOURCES

ARRAYS: Final = 5
OUTPUTS: Final = 6
WRITING: Final = 7
FILLING: Final = 8
NETWORK: Final = 9
MEMORY: Final = 10
"""Positions among the resources; the memory levels follow `MEMORY`."""
RESOURCES: Final = (*DIGITAL_RESOURCES, "arrays", "output converters", "weight writing", "pipeline fill", "network")

CELL_ENERGY: Final = 7
INPUT_ENERGY: Final = 8
OUTPUT_ENERGY: Final = 9
SUM_ENERGY: Final = 10
WRITE_ENERGY: Final = 11
NETWORK_ENERGY: Final = 12
PERIPHERY_ENERGY: Final = 13
"""Positions among the causes; 0 is static."""
CAUSES: Final = (
    *DIGITAL_CAUSES,
    Cause("cells", "compute"),
    Cause("input conversion", "conversion"),
    Cause("output conversion", "conversion"),
    Cause("shift and add", "compute"),
    Cause("weight writing", "on_chip_memory"),
    Cause("network", "network"),
    Cause("array periphery", "control"),
)

NO_UNIT: Final = 1
TOO_FEW_ADC_BITS: Final = 2
NO_SUPPLY: Final = 3
VERDICTS: Final = (
    "ok",
    "no unit has the number format, or a wider one",
    "the output converters resolve fewer bits than the active rows, input and cell levels need "
    "(precision.lossy: true accepts the loss)",
    "the supply is not above the threshold of the transistors: nothing switches",
)

ARRAYS_USED: Final = 0
CELLS_USED: Final = 1
COPIES: Final = 2
CONVERSIONS: Final = 3
CONVERTED_BITS: Final = 4
WRITTEN: Final = 5
SNR: Final = 6
ENOB: Final = 7
DETAILS: Final = (
    "arrays", "array_utilisation", "copies", "conversions_per_output", "conversion_bits", "cells_written",
    "output_snr_db", "enob_bits",
)  # fmt: skip
DETAILS_COUNT: Final = 8
"""Names of the numbers of an op on the arrays; the arrays are those of one copy of its weights."""

DIFFERENTIAL: Final = 0
OFFSET: Final = 1
SUBTRACT_ANALOG: Final = 1
CURRENT: Final = 0
CHARGE: Final = 1
AMPLITUDE: Final = 0
WIDTH: Final = 1
COUNTED: Final = 2
PLACES: Final = 3
DIGITAL_CELL: Final = 5
ON_ARRAYS: Final = 1
LINEAR: Final = 1
SUCCESSIVE: Final = 2
COUNTING: Final = 4
UPDATE: Final = 3
"""Codes of the description's choices, and of the phase that changes weights."""

SHAPE: Final = (
    Attribute("input_bits", "f8", (), "b", "of an activation on the rows"),
    Attribute("weight_bits", "f8", (), "b", "of a weight in the cells"),
    Attribute("groups", "f8", (), "", "matrices of their own, such as those of a grouped convolution"),
    Attribute("vectors", "f8", (), "", "input vectors of each group, all steps together"),
    Attribute("cells_per_weight", "f8", (), "", "columns of one weight"),
    Attribute("converted", "f8", (), "", "columns of one weight that are converted"),
    Attribute("pulses", "f8", (), "", "pulses of one input that are converted, phases included"),
    Attribute("reads", "f8", (), "", "least pulses that all pulses of one input last"),
    Attribute("drives", "f8", (), "", "times a row is driven for one input"),
    Attribute("depth", "f8", (), "", "rows of one matrix, k"),
    Attribute("packed", "f8", (), "", "groups on the diagonal of one array"),
    Attribute("active", "f8", (), "", "rows read together"),
    Attribute("summed", "f8", (), "", "rows of one sum"),
    Attribute("row_folds", "f8", (), "", "arrays along the depth"),
    Attribute("column_folds", "f8", (), "", "arrays along the columns"),
    Attribute("sums", "f8", (), "", "groups of rows converted one after the other, along the whole depth"),
    Attribute("turns", "f8", (), "", "the same in one array: how often it is read for one pulse"),
    Attribute("arrays", "f8", (), "", "for one copy of the weights"),
    Attribute("copies", "f8", (), "", "of the weights"),
    Attribute("needed_bits", "f8", (), "b", "of a conversion that loses nothing"),
    Attribute("bits", "f8", (), "b", "of one conversion"),
    Attribute("read_time", "f8", (), "s", "reading one vector"),
    Attribute("convert_time", "f8", (), "s", "converting the outputs of one vector"),
    Attribute("interval", "f8", (), "s", "from one vector to the next"),
)
"""Columns of scratch that describe one product on the arrays."""

PLANNED: Final = (
    Attribute("energy_scale", "f8", (), "", "analog energies over those described, from the supply"),
    Attribute("rate_scale", "f8", (), "", "analog rates over those described, from the supply"),
    Attribute("hops", "f8", (), "", "mean way between tiles"),
    Attribute("sum_energy", "f8", (), "J", "adding a partial sum of one array to that of another"),
    Attribute("needed", "f8", (), "", "arrays for all stored weights"),
    Attribute("held", "f8", (), "", "share of the weights that stay in the arrays"),
    Attribute("pool", "f8", (), "", "arrays that weights which do not stay are written to"),
    Attribute("piped", "i8", (), "", "1 where all layers work at the same time, in arrays of their own"),
    Attribute("cached", "i8", (), "", "1 where keys and values of all heads stay in the arrays from token to token"),
    Attribute("changed", "i8", (), "", "1 where the run changes its weights"),
    Attribute("stage", "f8", (), "s", "time of the slowest layer that copies are made for; 0: no copies"),
    Attribute("slowest", "f8", (), "s", "time of the slowest layer of a pipeline; 0: no pipeline"),
    Attribute("hidden", "f8", (), "", "share of what layers share that hides behind the slowest"),
    Attribute("waits", "f8", (), "", "share of its vectors a matrix product finishes before the next op can start"),
    Attribute("claims", "f8", (), "", "layers that take this long"),
)
"""Columns of scratch from the description alone, or from all ops at once."""
