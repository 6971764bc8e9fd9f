"""The dataflow of Lightening-Transformer, counted as its own simulator counts: product by product, in closed form.

Matrices with a fixed operand are W X, with W of n1 x d and X of d x n2; those of two computed ones stand as they are.
A core multiplies H x L by L x W in one symbol: `core.columns` is H, `core.rows` L, `core.vectors` W. What is wrong in
the simulator is repeated where it moves a number; see `equations.md`.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.arch.tables import Attribute
from archsim.families.optical.baselines import add_held
from archsim.families.optical.functions import cost_function, fill_functions, is_function
from archsim.families.optical.parts import (
    ADC_ENERGY,
    BITS_REACHED,
    CORE_SHARE,
    DAC_ENERGY,
    DETECTOR_ENERGY,
    INPUT_CONVERSIONS,
    LASER_ENERGY,
    LASER_POWER,
    LIGHT,
    LINK_LOSS,
    MEMORY,
    MODULATOR_ENERGY,
    NETWORK_ENERGY,
    OUTPUT_CONVERSIONS,
    PER_CONVERSION,
    SUM_ENERGY,
    TUNING_ENERGY,
    WEIGHT_CONVERSIONS,
    WRITE_ENERGY,
    WRITING,
)
from archsim.families.optical.times import finish
from archsim.graph.kinds import ATTENTION, CONV, MATMUL
from archsim.jit import Record, kernel
from archsim.laws import residency, roofline
from archsim.mapping.converters import adc_energy, dac_energy
from archsim.mapping.digital import OFF_CHIP_ENERGY, ON_CHIP_ENERGY, cost_digital, kept

STREAMED: Final = 2
MAIN: Final = 0
GLOBAL: Final = 1
LOCAL: Final = 2
REGISTERS: Final = 3
"""Levels of memory this dataflow has."""

COUNTED: Final = (
    Attribute("layers", "f8", (), "", "layers of attention of the network"),
    Attribute("wave", "f8", (), "", "symbols that light shines for, over all cores, dataflow dota"),
    Attribute("slots", "f8", (), "", "symbols one after the other, dataflow dota"),
    Attribute("first", "f8", (), "", "encodings of the first matrix, dataflow dota"),
    Attribute("second", "f8", (), "", "encodings of the second matrix, dataflow dota"),
    Attribute("modulated", "f8", (), "", "numbers put onto light, dataflow dota"),
    Attribute("reads", "f8", (), "", "outputs converted, dataflow dota"),
    Attribute("lit", "f8", (), "", "outputs times symbols in which light falls on them, dataflow dota"),
    Attribute("held_symbols", "f8", (), "", "weights times symbols in which they are held, dataflow dota"),
    Attribute("set_weights", "f8", (), "", "weights set, dataflow dota"),
    Attribute("set_turns", "f8", (), "", "times that cores are set one after the other, dataflow dota"),
    Attribute("preload", "f8", (), "clk", "loading weights behind nothing, dataflow dota"),
)
"""Columns of scratch of this dataflow."""


@kernel
def count_layers(ops: Record, work: Record) -> None:
    """Fill how many layers the network has: its attentions, or pairs of products of computed operands."""
    layers = 0.0
    for index in range(len(ops)):
        op = ops[index]
        if op.kind == ATTENTION:
            layers += op.count
        elif op.kind == MATMUL and op.dynamic == 1:
            layers += op.count / 2.0
    work.layers = max(1.0, layers)


@kernel
def cost_dota(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost an op as the simulator does: t = max(symbols / f + setting, loading of weights)."""
    computed = op.dynamic == 1 or op.kind == ATTENTION
    product = (op.kind == MATMUL or op.kind == CONV or op.kind == ATTENTION) and op.macs > 0.0  # noqa: PLR1714
    if is_function(op):
        cost_function(op, chip, work, out)
    elif not product or (computed and chip.core_dynamic == 1):
        cost_digital(op, chip, work, out, MEMORY, kept(chip))
    else:
        cost_products(op, chip, work, out, computed)


@kernel
def cost_products(op: Record, chip: Record, work: Record, out: Record, computed: bool) -> None:
    """Cost a product with a fixed operand, one of two computed operands, or the two of attention."""
    clear_counts(work)
    width = min(op.input_bits, chip.bits) / 8.0
    again = op.steps
    if op.kind == ATTENTION:
        add_product(chip, work, out, op.batch, op.m, op.n, op.k, width, False, False)
        add_product(chip, work, out, op.batch, op.m, op.value_size, op.n, width, False, True)
        again *= op.macs / max(1.0, op.batch * op.m * op.n * (op.k + op.value_size))
    elif computed:  # deeper than wide: shares of attention times values, which are not negative
        add_product(chip, work, out, op.batch, op.m, op.n, op.k, width, False, op.k > op.n)
    else:
        add_product(chip, work, out, op.batch, op.n, op.m, op.k, width, True, False)
    for level in range(int(chip.memory_count)):
        out.bytes[level] *= again
    state = stored_state(op, chip, width)
    out.bytes[MAIN] += state
    fill_times(chip, work, out, again)
    out.busy[MEMORY] += state / work.bandwidth[MAIN]
    finish(chip, out)
    fill_energy(op, chip, work, out, again, width)
    operands = op.weight_bytes + op.input_bytes + op.extra_bytes + op.state_bytes + op.output_bytes
    out.resident = max(0.0, operands * op.steps - out.bytes[MAIN])
    fill_functions(op, chip, work, out, op.kind == ATTENTION)
    tell(op, chip, work, out, again)


@kernel
def clear_counts(work: Record) -> None:
    """Empty the counts."""
    work.wave, work.slots, work.first, work.second, work.reads = 0.0, 0.0, 0.0, 0.0, 0.0
    work.modulated, work.lit, work.preload = 0.0, 0.0, 0.0
    work.held_symbols, work.set_weights, work.set_turns = 0.0, 0.0, 0.0


@kernel
def add_product(
    chip: Record, work: Record, out: Record, batch: float, n1: float, n2: float, d: float, width: float, fixed: bool,
    positive: bool,
) -> None:  # fmt: skip
    """Add the counts of `batch` products n1 x d by d x n2.

    Parameters
    ----------
    chip, work, out : record
        As in a family's cost.
    batch, n1, n2, d : float
        Products, and sizes of each, -.
    width : float
        Bytes of a number, B.
    fixed : bool
        Whether the first matrix is weights, which come from the main memory.
    positive : bool
        Whether the second operand has no negative numbers, as shares of attention; it then is the first matrix here.
    """
    if chip.core_weights == STREAMED:
        add_streamed(chip, work, out, batch, n1, n2, d, width, fixed)
    elif positive:  # what is positive becomes the input, and needs one pass less
        add_held(chip, work, out, batch, n2, n1, d, width, fixed, max(1.0, work.signs / 2.0))
    else:
        add_held(chip, work, out, batch, n1, n2, d, width, fixed, work.signs)


@kernel
def add_streamed(
    chip: Record, work: Record, out: Record, batch: float, n1: float, n2: float, d: float, width: float, fixed: bool
) -> None:
    """Add the counts of products of two streamed operands: shared along the crossbar, and one by all tiles."""
    tile, tiles = chip.core_tile, chip.core_count / chip.core_tile
    i1, i2 = math.ceil(n1 / chip.core_columns), math.ceil(n2 / chip.core_vectors)
    deep = math.ceil(d / chip.core_rows)
    turns = min(chip.core_accumulate, math.ceil(d / (tile * chip.core_rows)))
    first, second = n1 * d * i2, i1 * n2 * d / chip.core_broadcast
    reads = n1 * n2 * math.ceil(math.ceil(deep / turns) / chip.core_summed)
    work.wave += batch * i1 * i2 * deep
    work.slots += math.ceil(batch * i1 * i2 * deep / chip.core_count)
    work.first += batch * first
    work.second += batch * second
    work.modulated += batch * (first + second)
    work.reads += batch * reads
    work.lit += batch * n1 * n2 * deep
    loads = max(1.0, chip.core_columns * d * width / chip.memory_capacity[LOCAL])
    if fixed:
        loads = math.ceil(loads)
        rows = math.ceil(n1 / (tiles * chip.core_columns))
        each = math.ceil(chip.core_columns * d * width * tiles / work.bandwidth[MAIN] * chip.digital_clock)
        work.preload += batch * rows * each
    back = n1 * n2 * (2.0 * loads - 1.0)
    moved = batch * width
    out.bytes[REGISTERS] += moved * 2.0 * (first + second + reads)
    out.bytes[LOCAL] += moved * (first + second + n1 * d + second + back)
    # the simulator multiplies the energy of computed operands here with itself, which leaves nothing of it
    out.bytes[GLOBAL] += moved * (back + (2.0 * n1 * d + second if fixed else 0.0))
    out.bytes[MAIN] += moved * (n1 * d if fixed else 0.0)


@kernel
def stored_state(op: Record, chip: Record, width: float) -> float:
    """Return the bytes of keys and values kept from earlier steps, unless the global buffer still has them.

    The simulator knows none, which would make the decoding of a language model free of them.
    """
    capacity = chip.memory_capacity[GLOBAL] * chip.memory_instances[GLOBAL]
    missing = 1.0 - residency.hit(op.input_distance, capacity, 1.0)
    return op.state_bytes * op.steps * missing * width * 8.0 / op.input_bits


@kernel
def fill_times(chip: Record, work: Record, out: Record, again: float) -> None:
    """Fill the times that parts of the machine work; all memory but the loading of weights hides behind the cores."""
    out.busy[LIGHT] = work.slots * again / chip.core_clock
    out.busy[WRITING] = work.set_turns * again * work.setting_time
    out.busy[MEMORY] = work.preload * again / chip.digital_clock


@kernel
def fill_energy(op: Record, chip: Record, work: Record, out: Record, again: float, width: float) -> None:
    """Fill the energy of a product whose counts and bytes are filled."""
    first, second, reads = work.first * again, work.second * again, work.reads * again
    cycle = 1.0 / chip.core_clock
    out.energy[LASER_ENERGY] = work.laser * work.wave * again * cycle
    out.energy[DAC_ENERGY] = (first + second) * dac_energy(chip, min(op.input_bits, chip.bits))
    each = chip.modulator_energy + chip.modulator_power * cycle
    out.energy[MODULATOR_ENERGY] = work.modulated * again * each
    if chip.core_weights != STREAMED:
        out.energy[TUNING_ENERGY] = work.held_symbols * again * chip.tuning_power * cycle
        out.energy[WRITE_ENERGY] = work.set_weights * again * work.setting_energy
    out.energy[DETECTOR_ENERGY] = chip.receiver_detectors * chip.receiver_detector * cycle * work.lit * again
    out.energy[DETECTOR_ENERGY] += reads * chip.receiver_amplifier
    out.energy[ADC_ENERGY] = reads * adc_energy(chip, chip.adc_bits)
    out.energy[SUM_ENERGY] = reads * chip.adder
    out.energy[NETWORK_ENERGY] = reads * width * chip.network
    inside = 0.0
    for level in range(GLOBAL, REGISTERS + 1):
        inside += out.bytes[level] * work.level_energy[level]
    out.energy[ON_CHIP_ENERGY] = inside
    out.energy[OFF_CHIP_ENERGY] = out.bytes[MAIN] * work.level_energy[MAIN]


@kernel
def tell(op: Record, chip: Record, work: Record, out: Record, again: float) -> None:
    """Fill the utilisation, and the numbers told with an op."""
    macs = op.macs * op.steps
    events = (work.first + work.second + work.reads) * again
    places = chip.core_rows * chip.core_columns * chip.core_vectors * chip.core_count
    share = macs / max(1.0, work.slots * again * places)
    out.mapping[INPUT_CONVERSIONS] = work.second * again
    out.mapping[WEIGHT_CONVERSIONS] = work.first * again
    out.mapping[OUTPUT_CONVERSIONS] = work.reads * again
    out.mapping[PER_CONVERSION] = macs / max(1.0, events)
    out.mapping[LINK_LOSS] = work.loss
    out.mapping[LASER_POWER] = work.laser * chip.core_count
    out.mapping[BITS_REACHED] = work.enob
    out.mapping[CORE_SHARE] = share
    out.utilisation = roofline.busy_share(out.busy[LIGHT] * share, out.latency)
