"""Area of a crossbar machine, part by part."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

from archsim.arch.chip import Chip
from archsim.arch.columns import chip_dtype, fill
from archsim.families.crossbar.logic import has_logic, logic_area
from archsim.mapping.converters import adc_area


def areas(chip: Chip) -> dict[str, float]:
    """Return the area of each part that a description gives one, m2.

    Parameters
    ----------
    chip : Chip
        A crossbar machine.

    Returns
    -------
    dict of str to float
        Area by part, m2; parts without one are left out.
    """
    spec: Any = chip.spec
    array = spec.array
    cells = array.rows * array.columns * array.count
    tiles = math.ceil(array.count / spec.tiles.arrays)
    each = {
        "cells": (spec.cell.area, cells),
        "output converters": (adc_area(row_of(chip)), array.adcs * array.count),
        "input converters": (spec.dac.area, (array.active_rows or array.rows) * array.count),
        "gates": (gates_of_an_array(chip), array.count),
        "array edges": (array.area, array.count),
        "tiles": (spec.tiles.area, tiles),
        "shared": (spec.tiles.shared_area, 1.0),
    }
    return {name: area * count for name, (area, count) in each.items() if area}


def gates_of_an_array(chip: Chip) -> float:
    """Return the area of the gates of one array, m2; 0 where none are described."""
    row = row_of(chip)
    if not has_logic(row):
        return 0.0
    active = row.array_rows if math.isnan(row.array_active_rows) else row.array_active_rows
    outputs = row.array_columns / row.weights_bits
    return float(logic_area(row, active, outputs, row.inputs_bits, row.weights_bits))


def row_of(chip: Chip) -> SimpleNamespace:
    """Return the numbers of a description as kernels read them."""
    import numpy as np

    dtype = chip_dtype(type(chip.spec))
    table = np.zeros(1, dtype=dtype)
    fill(table, chip.spec)
    return SimpleNamespace(**{name: table[name][0].tolist() for name in dtype.names or ()})
