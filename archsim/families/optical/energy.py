"""Energy of an op on the cores by cause, and the numbers told with it."""

from __future__ import annotations

from typing import Final

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
    MODULATOR_ENERGY,
    NETWORK_ENERGY,
    NONLINEAR_ENERGY,
    OUTPUT_CONVERSIONS,
    PER_CONVERSION,
    SUM_ENERGY,
    TUNING_ENERGY,
    WEIGHT_CONVERSIONS,
    WRITE_ENERGY,
)
from archsim.families.optical.place import FOURIER
from archsim.graph.kinds import ATTENTION
from archsim.jit import Record, kernel
from archsim.laws import fold, optical_core, receiver, roofline
from archsim.mapping.converters import adc_energy, dac_energy
from archsim.mapping.digital import (
    CONTROL_ENERGY,
    LANE_ENERGY,
    SPECIAL_ENERGY,
    fill_digital_energy,
)

IN_PLACE: Final = 0
NEEDED: Final = 1
OPTICAL: Final = 2
"""Codes of the description's choices."""


@kernel
def output_bits(op: Record, chip: Record) -> float:
    """Return the bits of an output conversion, -."""
    if chip.output_bits != NEEDED:
        return chip.adc_bits
    inputs, weights = min(op.input_bits, chip.bits), min(op.weight_bits, chip.bits)
    return optical_core.needed_bits(inputs, weights, op.k, chip.adc_bits)


@kernel
def fill_core_energy(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Fill the energy by cause; counts, times and bytes are filled."""
    steps = op.steps
    fill_digital_energy(op, chip, work, out, 0.0)
    for cause in (LANE_ENERGY, SPECIAL_ENERGY, CONTROL_ENERGY):
        out.energy[cause] *= work.plain_outputs
    bits = output_bits(op, chip)
    inputs, settings = work.inputs * steps, work.settings * steps
    reads = work.outputs * steps
    converted = inputs * work.plain_inputs
    out.energy[DAC_ENERGY] = converted * dac_energy(chip, min(op.input_bits, chip.bits))
    out.energy[DAC_ENERGY] += settings * dac_energy(chip, min(op.weight_bits, chip.bits))
    optical = chip.nonlinearity_kind == OPTICAL
    modulated = converted if optical else inputs
    shining = out.busy[LIGHT] * work.occupied
    out.energy[MODULATOR_ENERGY] = (
        (modulated + settings) * chip.modulator_energy + work.modulators * chip.modulator_power * shining
    )  # fmt: skip
    detected = work.plain_outputs if optical else 1.0
    light_time = work.seen * steps * detected / work.pace
    out.energy[DETECTOR_ENERGY] = (
        chip.receiver_detectors * chip.receiver_detector * light_time + reads * detected * chip.receiver_amplifier
    )
    out.energy[ADC_ENERGY] = reads * work.plain_outputs * adc_energy(chip, bits)
    added = max(0.0, reads - work.results * steps)
    out.energy[SUM_ENERGY] = added * chip.adder
    out.energy[NETWORK_ENERGY] = added * bits / 8.0 * chip.network
    out.energy[NONLINEAR_ENERGY] = work.results * steps * (1.0 - work.plain_outputs) * chip.nonlinearity_energy
    out.energy[WRITE_ENERGY] = work.written * work.setting_energy
    burning = work.seen * steps / (work.pace * work.sites)  # outputs that wait are dark
    if chip.laser_gated == 0.0:
        burning = out.latency * chip.core_count
    out.energy[LASER_ENERGY] = work.laser * burning
    holding = out.latency * chip.core_count if chip.core_weights == IN_PLACE else shining
    out.energy[TUNING_ENERGY] = work.tuned * holding


@kernel
def bits_left(op: Record, chip: Record, work: Record) -> float:
    """Return the bits that noise leaves of an op's outputs, -.

    A sum of fewer symbols than a detector can add up is read sooner: less light for it, over a wider band.
    """
    depth = fold.folds(op.k, chip.core_rows)
    if chip.core_structure == FOURIER:  # one plane for each channel
        depth = op.in_channels / op.groups
    elif op.kind == ATTENTION:
        depth = fold.folds(min(op.k, op.n), chip.core_rows)
    current = work.detected * chip.receiver_responsivity
    bandwidth = work.pace / min(chip.core_accumulate, max(1.0, depth))
    found = receiver.reached_bits(current, chip.receiver_dark, chip.receiver_noise, work.intensity, bandwidth)
    return min(chip.adc_bits, found)


@kernel
def tell(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Fill the utilisation, and the numbers told with an op."""
    macs = op.macs * op.mask * op.steps
    inputs, settings, outputs = work.inputs * op.steps, work.settings * op.steps, work.outputs * op.steps
    out.mapping[INPUT_CONVERSIONS] = inputs * work.plain_inputs
    out.mapping[WEIGHT_CONVERSIONS] = settings
    out.mapping[OUTPUT_CONVERSIONS] = outputs * work.plain_outputs
    out.mapping[PER_CONVERSION] = macs / max(1.0, inputs + settings + outputs)
    out.mapping[LINK_LOSS] = work.loss
    out.mapping[LASER_POWER] = work.laser * chip.core_count
    out.mapping[BITS_REACHED] = bits_left(op, chip, work)
    if chip.core_structure == FOURIER:  # products are no measure where a filter's size is free
        out.utilisation = roofline.busy_share(out.busy[LIGHT], out.latency)
        out.mapping[CORE_SHARE] = work.occupied / chip.core_count
        return
    places = chip.core_rows * chip.core_columns * chip.core_vectors * chip.core_count
    share = work.signs * macs / (work.symbols * op.steps * places)
    out.mapping[CORE_SHARE] = share
    out.utilisation = roofline.busy_share(out.busy[LIGHT] * share, out.latency)
