"""Energy of one product on the arrays, event by event, and of writing its weights."""

from __future__ import annotations

import math

from archsim.families.crossbar.logic import gate_energy, has_logic, output_energy
from archsim.families.crossbar.parts import (
    AMPLITUDE,
    CELL_ENERGY,
    CHARGE,
    CURRENT,
    DIGITAL_CELL,
    INPUT_ENERGY,
    NETWORK_ENERGY,
    OFFSET,
    OUTPUT_ENERGY,
    PERIPHERY_ENERGY,
    PLACES,
    SUM_ENERGY,
    WRITE_ENERGY,
)
from archsim.families.crossbar.precision import digit_square
from archsim.families.crossbar.shape import levels_sent
from archsim.families.crossbar.traffic import network_bytes
from archsim.jit import Record, kernel
from archsim.laws import conversion, crossbar, writing
from archsim.mapping.converters import adc_energy, dac_energy


@kernel
def cell_energy(chip: Record, density: float, square: float) -> float:
    """Return what one cell with a weight takes in one read, J, on average over inputs and weights.

    Parameters
    ----------
    chip : record
        The machine.
    density, square : float
        Mean of an input over a full one, and mean square.
    """
    gate = gate_energy(chip) if has_logic(chip) else 0.0
    mean = chip.values_weight_mean
    if chip.cell_mode == CURRENT:
        off = 0.0 if math.isnan(chip.cell_off) else chip.cell_off
        conductance = off + (chip.cell_on - off) * mean
        return gate + crossbar.current_energy(square, conductance, chip.cell_read_voltage, chip.array_read)
    if chip.cell_mode == CHARGE:
        return gate + crossbar.charge_energy(density * mean, chip.cell_capacitance, chip.cell_read_voltage)
    return gate + chip.cell_energy * density * mean


@kernel
def fullness(chip: Record, work: Record) -> float:
    """Return the mean square of an input over its mean, of a full one, -: below 1 where heights differ."""
    if chip.inputs_coding != AMPLITUDE or chip.values_input_density <= 0.0:
        return 1.0
    bits = levels_sent(chip, work)
    top = 2.0**bits - 1.0
    return digit_square(chip.values_input_density, bits) / (chip.values_input_density * top * top)


@kernel
def output_conversions(op: Record, chip: Record, work: Record, n: float) -> float:
    """Return the conversions of one execution, -: of every column in use, and of a reference column beside them."""
    found = conversion.output_events(work.groups * work.vectors, n * work.converted, work.sums, work.pulses)
    if chip.cell_signs == OFFSET:
        beside = work.column_folds / work.packed
        found += conversion.output_events(work.groups * work.vectors, beside, work.sums, work.pulses)
    return found


@kernel
def fill_analog_energy(op: Record, chip: Record, work: Record, out: Record, n: float, k: float) -> None:
    """Add what cells, converters, sums and periphery take for the product laid out, J.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost; the product is laid out.
    n, k : float
        Columns and depth of the product.
    """
    scale = work.energy_scale
    density = chip.values_input_density * op.input_density
    products = work.groups * work.vectors
    reads = work.drives if chip.inputs_coding == PLACES else work.reads
    cells = products * k * n * work.cells_per_weight * reads
    out.energy[CELL_ENERGY] += scale * cells * cell_energy(chip, density, density * fullness(chip, work))
    driven = conversion.input_events(products, k, work.column_folds, work.drives) * density
    pulse = levels_sent(chip, work) if work.drives == work.pulses else 1.0
    lasting = scale * (1.0 - chip.supply_direct + chip.supply_direct / work.rate_scale)
    converted = lasting * dac_energy(chip, pulse) + scale * chip.array_row_periphery
    out.energy[INPUT_ENERGY] += driven * converted
    found = output_conversions(op, chip, work, n)
    sums = found * chip.array_shift_add
    if chip.cell_device != DIGITAL_CELL:
        each = chip.array_sample + adc_energy(chip, work.bits)
        if chip.inputs_coding == PLACES:  # held once for every place, added to as often as the place counts
            each += (work.drives / work.pulses - 1.0) * chip.array_sample
            each += work.reads / work.pulses * chip.array_integrate
        out.energy[OUTPUT_ENERGY] += scale * found * each
    if has_logic(chip):
        each = output_energy(chip, work.active, work.input_bits, work.weight_bits)
        sums += conversion.output_events(products, n, work.sums, work.pulses) * each
    out.energy[SUM_ENERGY] += scale * sums + products * n * (work.row_folds - 1.0) * work.sum_energy
    read = work.arrays * work.vectors * work.turns
    periphery = work.drives * chip.array_periphery + work.pulses * chip.array_phase_periphery
    out.energy[PERIPHERY_ENERGY] += scale * read * periphery
    out.energy[NETWORK_ENERGY] += network_bytes(op, chip, work) * chip.tiles_hop * work.hops


@kernel
def write_weights(chip: Record, work: Record, out: Record, weights: float, times: float, arrays: float) -> float:
    """Add the energy of writing weights, and return the time of writing so many arrays once, s.

    Parameters
    ----------
    chip, work, out : record
        As in a family's cost; the product is laid out.
    weights, times : float
        Weights of one copy, and how often they are written.
    arrays : float
        Written one after the other as far as they are not written together.
    """
    cells = weights * (work.cells_per_weight - chip.weights_extra_columns) * times
    out.energy[WRITE_ENERGY] += writing.write_energy(
        cells, chip.writing_energy, chip.writing_pulses, chip.writing_verify
    )
    rows = min(chip.array_rows, work.packed * work.depth)
    together = arrays if math.isnan(chip.writing_arrays_at_once) else chip.writing_arrays_at_once
    each = writing.write_time(
        rows, chip.writing_rows_at_once, chip.writing_pulses, chip.writing_pulse, chip.writing_verify_time
    )
    return math.ceil(arrays / max(1.0, together)) * each
