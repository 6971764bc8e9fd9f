"""What follows from a crossbar machine's description alone: supply, network, energies of its digital side."""

from __future__ import annotations

import math
from typing import Final

from archsim.families.crossbar.parts import NO_SUPPLY, PLANNED, SHAPE
from archsim.graph.dtypes import CODES
from archsim.jit import Record, kernel
from archsim.laws import crossbar, supply
from archsim.mapping.digital import DIGITAL, derive_digital
from archsim.mapping.energies import add_energy

SCRATCH: Final = (*DIGITAL, *PLANNED, *SHAPE)
INT32: Final = CODES["int32"]
"""Format of partial sums."""


@kernel
def derive(chip: Record, work: Record) -> None:
    """Fill what follows from the description alone."""
    derive_digital(chip, work)
    scale_supply(chip, work)
    work.sum_energy = add_energy(chip, INT32, work.progress)
    tiles = math.ceil(chip.array_count / chip.tiles_arrays)
    work.hops = crossbar.mean_hops(tiles) if math.isnan(chip.tiles_hops) else chip.tiles_hops


@kernel
def scale_supply(chip: Record, work: Record) -> None:
    """Fill how analog energies and rates follow the supply: measured points where there are some, else two laws."""
    work.energy_scale, work.rate_scale = 1.0, 1.0
    voltage, nominal = chip.supply_voltage, chip.supply_nominal
    if math.isnan(voltage):
        return
    if min(voltage, nominal) <= chip.supply_threshold:
        work.status = NO_SUPPLY
        return
    points = int(chip.supply_points_count)
    if points < 2:
        work.energy_scale = supply.energy_ratio(voltage, nominal)
        work.rate_scale = supply.rate_ratio(voltage, nominal, chip.supply_threshold, chip.supply_exponent)
        return
    upper = 1
    while upper < points - 1 and chip.supply_points_voltage[upper] < voltage:
        upper += 1
    low, high = chip.supply_points_voltage[upper - 1], chip.supply_points_voltage[upper]
    within = min(max(voltage, low), high)
    work.energy_scale = supply.between_points(
        within, low, high, chip.supply_points_energy[upper - 1], chip.supply_points_energy[upper]
    )
    work.rate_scale = supply.between_points(
        within, low, high, chip.supply_points_rate[upper - 1], chip.supply_points_rate[upper]
    )
    if voltage != within:  # beyond the points: the laws, from the nearest
        work.energy_scale *= supply.energy_ratio(voltage, within)
        work.rate_scale *= supply.rate_ratio(voltage, within, chip.supply_threshold, chip.supply_exponent)
