"""Noise of bit-sliced products behind converters of few bits, against a Monte Carlo simulation."""

from __future__ import annotations

import math
from typing import Final

from archsim.laws import cell, noise
from archsim.validation.cells import positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

RANGES: Final = {"full range": "SNR_dB_fullscale_range", "4 sigma": "SNR_dB_4sigma_range"}
BITS: Final = 8
"""Of inputs and weights, found by a Monte Carlo simulation of its own: the table does not say."""
DENSITY: Final = 0.5
REACH: Final = 4.0
LOSSLESS: Final = "lossless"
LOSSY: Final = 1.0
EXACT: Final = 2.0


@check(
    "adc_snr_montecarlo.csv",
    topic="analog",
    family="crossbar",
    columns=("rows", "bits_per_cell", "adc_bits", "cell_sigma_over_max_cell_current", *RANGES.values()),
    title="Signal over noise of products behind converters of few bits, decibels",
)
def adc_snr(dataset: Dataset) -> list[Outcome]:
    """Judge which rows lose nothing, and the ratio of those that lose something."""
    tally = Tally()
    for row in dataset.rows:
        for name, column in RANGES.items():
            expected, found = text(row, column), _ratio(row, name)
            exact = math.isnan(found)
            tally.compare(f"lossless, {name}", EXACT if exact else LOSSY, EXACT if expected == LOSSLESS else LOSSY)
            if not exact and expected != LOSSLESS:
                tally.compare(f"ratio, {name}", found, positive(row, column))
    return tally.outcomes(
        dataset.name,
        dataset.split,
        lambda group: Target("max_difference", 0.0 if group.startswith("lossless") else 1.0),
    )


def _ratio(row: Row, name: str) -> float:
    """Return the ratio of a row, dB; not a number where nothing is lost."""
    rows, width = positive(row, "rows"), positive(row, "bits_per_cell")
    level = 2.0**width - 1.0
    mean, square = level / 2.0, level * (2.0 * level + 1.0) / 6.0
    middle = noise.sum_mean(rows, DENSITY, mean)
    variance = noise.sum_variance(rows, DENSITY, DENSITY, mean, square)
    deviation = math.sqrt(variance)
    top = rows * level if name == "full range" else min(rows * level, middle + REACH * deviation)
    step = top / (2.0 ** positive(row, "adc_bits") - 1.0)
    sigma = float(text(row, "cell_sigma_over_max_cell_current")) * level
    moved = math.sqrt(cell.column_noise(rows, DENSITY, sigma))
    error = noise.conversion_noise(step, middle, deviation, moved)
    places = noise.recombination(BITS, 1.0) * noise.recombination(math.ceil(BITS / width), width)
    word, weight = noise.word_square(BITS, 1.0, DENSITY, DENSITY), noise.word_square(BITS, width, mean, square)
    half = (2.0**BITS - 1.0) / 2.0
    signal = noise.sum_variance(rows, half, word, half, weight)
    offset = noise.conversion_offset(step, middle, deviation, moved)
    gain = noise.conversion_gain(step, middle, deviation, moved)
    return noise.decibels(signal, noise.recombined_noise(places, error, offset, gain, variance, signal))
