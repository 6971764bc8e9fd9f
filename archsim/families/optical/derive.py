"""What follows from an optical machine's description: the light it needs, what that costs, and whether it exists."""

from __future__ import annotations

import math
from typing import Final

from archsim.families.optical.boundary import chain_length, share_boundaries
from archsim.families.optical.dota import COUNTED, count_layers
from archsim.families.optical.parts import FOUND, LASER, LIT, LOSS, NOISE
from archsim.families.optical.place import FOURIER
from archsim.families.optical.residency import hold_weights
from archsim.jit import Record, kernel
from archsim.laws import optics, receiver
from archsim.mapping.digital import DIGITAL, derive_digital, plan_digital

SCRATCH: Final = (*DIGITAL, *LIT, *FOUND, *COUNTED)

MOST_BITS: Final = 100.0
"""More than any light gives."""
MESH: Final = 1
STREAMED: Final = 2
OPTICAL: Final = 2
RECEIVER: Final = 0
PHOTONS: Final = 1
LEVELS: Final = 2
SHOT: Final = 3
GIVEN: Final = 5
NO_STAGES: Final = 0
ROWS: Final = 1
LOG_ROWS: Final = 2
ALONE: Final = 0
COLUMNS: Final = 1
EACH_OUTPUT: Final = 2
"""Codes of the description's choices."""


@kernel
def derive(chip: Record, work: Record) -> None:
    """Fill what follows from the description alone."""
    derive_digital(chip, work)
    work.signs = 2.0**chip.core_signs  # the code of 1, 2 or 4
    work.pace = chip.core_clock
    if chip.memory_count > 1:
        work.fetch_room = 0.5 * chip.memory_capacity[1] * chip.memory_instances[1]  # the other half is at work
    if chip.nonlinearity_kind == OPTICAL:
        work.pace = min(work.pace, chip.nonlinearity_bandwidth)
    count_parts(chip, work)
    light_up(chip, work)


@kernel
def count_parts(chip: Record, work: Record) -> None:
    """Fill how many converters, modulators and elements a core has: as described, or as its sides say."""
    rows, columns, vectors = chip.core_rows, chip.core_columns, chip.core_vectors
    outputs = columns * vectors
    encoders = rows * vectors / (chip.core_broadcast * chip.core_windows)
    if chip.core_structure == FOURIER:  # one for each pixel
        encoders, outputs = rows * columns * vectors, rows * columns * vectors
    elif chip.core_weights == STREAMED:
        encoders += rows * columns
    work.sites = outputs
    work.modulators = given(chip.modulator_count, encoders)
    work.dacs = given(chip.dacs, encoders)
    work.adcs = given(chip.adcs, max(1.0, outputs / chip.core_summed))
    weights = optics.matrix_elements(rows, columns) if chip.core_structure == MESH else rows * columns
    work.elements = given(chip.tuning_count, weights)
    tuned = not math.isnan(chip.tuning_power)
    work.tuned = work.elements * chip.tuning_power if tuned else 0.0
    work.setting_time = chip.tuning_time if tuned else 0.0
    work.setting_energy = chip.tuning_energy if tuned else 0.0


@kernel
def given(described: float, otherwise: float) -> float:
    """Return a number of the description, or what it is when left out."""
    return otherwise if math.isnan(described) else described


@kernel
def path_loss(chip: Record) -> float:
    """Return what light loses from its source to a detector, dB; splitting among detectors is no loss."""
    stages = 0.0
    if chip.path_stages == ROWS:
        stages = optics.mesh_depth(chip.core_rows)
    elif chip.path_stages == LOG_ROWS:
        stages = optics.tree_depth(chip.core_rows)
    elif chip.path_stages != NO_STAGES:
        stages = chip.core_columns
    branches = optics.tree_depth(max(chip.core_columns, chip.core_vectors))
    guide = 0.0 if math.isnan(chip.path_length) else chip.path_length * chip.path_waveguide
    return optics.link_loss(chip.path_fixed, stages, chip.path_stage, branches, chip.path_excess, guide)


@kernel
def sharing(chip: Record, work: Record) -> float:
    """Return the detectors that share the light of one source, -."""
    if chip.path_split == ALONE:
        return 1.0
    if chip.path_split == COLUMNS:
        return chip.core_columns
    return work.sites if chip.path_split == EACH_OUTPUT else work.sites * chip.core_broadcast


@kernel
def wanted_light(chip: Record, bits: float, intensity: float, bandwidth: float) -> float:
    """Return the light wanted at one detector, W; infinite where none suffices."""
    if chip.laser_law == RECEIVER:
        current = receiver.required_current(bits, chip.receiver_dark, chip.receiver_noise, intensity, bandwidth)
    elif chip.laser_law == PHOTONS:
        current = receiver.counted_current(chip.laser_photons, bandwidth)
    else:
        power = 1.0 if chip.laser_law == LEVELS else 2.0 if chip.laser_law == SHOT else 3.0
        return chip.laser_sensitivity * 2.0 ** (power * bits)
    return receiver.required_power(current, chip.receiver_responsivity)


@kernel
def light_up(chip: Record, work: Record) -> None:
    """Fill loss, light and laser power, the bits that noise leaves, and the verdict on the link."""
    noise = chip.receiver_intensity_noise
    work.intensity = 0.0 if math.isnan(noise) else optics.ratio(noise)
    bandwidth = work.pace / chip.core_accumulate
    bits = min(MOST_BITS, given(chip.laser_bits, chip.adc_bits))
    shared = sharing(chip, work)
    work.loss = path_loss(chip)
    work.chain = 1.0
    passed = min(work.loss, chip.path_budget)  # beyond, the verdict is all there is to say
    if work.loss > chip.path_budget:
        work.status = LOSS
    if chip.laser_law == GIVEN:
        work.laser = chip.laser_power / chip.core_count
        work.source = work.laser * chip.laser_efficiency / chip.laser_channels
        work.detected = work.source / (shared * optics.ratio(passed))
    else:
        work.detected = wanted_light(chip, bits, work.intensity, bandwidth)
        if work.detected == math.inf:
            work.detected = 0.0
            work.status = NOISE
        along = passed
        if chip.nonlinearity_kind == OPTICAL:
            work.detected = max(work.detected, chip.nonlinearity_threshold)
            work.chain = chain_length(passed, chip.nonlinearity_loss, chip.path_budget)
            along = work.chain * passed + (work.chain - 1.0) * chip.nonlinearity_loss
        work.source = optics.source_power(work.detected, along, shared)
        light = work.source * chip.laser_channels / work.chain
        work.laser = optics.wall_power(light, chip.laser_efficiency)
    if work.source > chip.laser_limit:  # false without a limit
        work.status = LASER
    current = work.detected * chip.receiver_responsivity
    work.enob = min(
        chip.adc_bits,
        receiver.reached_bits(current, chip.receiver_dark, chip.receiver_noise, work.intensity, bandwidth),
    )


@kernel
def plan(ops: Record, chip: Record, work: Record) -> None:
    """Prepare the number formats, and find which weights stay and which outputs are not converted."""
    plan_digital(ops, chip, work)
    hold_weights(ops, chip, work)
    share_boundaries(ops, chip, work)
    count_layers(ops, work)
