"""Area of an optical machine, part by part."""

from __future__ import annotations

from typing import Any

from archsim.arch.chip import Chip
from archsim.laws import optics


def areas(chip: Chip) -> dict[str, float]:
    """Return the area of each part that a description gives one, m2.

    Parameters
    ----------
    chip : Chip
        An optical machine.

    Returns
    -------
    dict of str to float
        Area by part, m2; parts without one are left out.
    """
    spec: Any = chip.spec
    core, parts = spec.core, spec.areas
    encoders = core.rows * core.vectors / (core.broadcast * core.windows)
    outputs = core.columns * core.vectors
    if core.structure == "fourier":
        encoders = outputs = core.rows * core.columns * core.vectors
    elif core.weights == "streamed":
        encoders += core.rows * core.columns
    matrix = (
        optics.matrix_elements(core.rows, core.columns) if core.structure == "mesh" else core.rows * core.columns
    )  # fmt: skip
    adcs = spec.adcs or max(1.0, outputs / core.summed)
    held = 0.0 if spec.tuning is None else spec.tuning.count or matrix
    each = {
        "input converters": (spec.dac.area, (spec.dacs or encoders) * core.count),
        "output converters": (spec.adc.area, adcs * core.count),
        "amplifiers": (parts.amplifier, adcs * core.count),
        "modulators": (parts.modulator, (spec.modulator.count or encoders) * core.count),
        "detectors": (parts.detector, outputs * core.count),
        "weights": (parts.element, held * core.count),
        "cores": (parts.core, core.count),
        "lasers": (parts.laser, 1.0),
        "combs": (parts.comb, 1.0),
        "adders": (parts.adder, 1.0),
        "memories": (parts.memory or sum((level.area or 0.0) * level.instances for level in spec.memory), 1.0),
        "other": (parts.other, 1.0),
    }
    return {name: area * count for name, (area, count) in each.items() if area and count}
