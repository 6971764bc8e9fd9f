"""Area of an optical machine, part by part."""

from __future__ import annotations

from typing import Any

from archsim.arch.chip import Chip
from archsim.families.optical.power import counts, derived
from archsim.mapping.converters import adc_area


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
    parts, number = spec.areas, counts(chip)
    row, _ = derived(chip)
    adcs = number["output converters"]
    each = {
        "input converters": (spec.dac.area, number["input converters"]),
        "output converters": (adc_area(row), adcs),
        "amplifiers": (parts.amplifier, adcs),
        "modulators": (parts.modulator, number["modulators"]),
        "detectors": (parts.detector, number["outputs"]),
        "weights": (parts.element, 0.0 if spec.tuning is None else number["weights"]),
        "cores": (parts.core, spec.core.count),
        "lasers": (parts.laser, 1.0),
        "combs": (parts.comb, 1.0),
        "adders": (parts.adder, 1.0),
        "memories": (parts.memory or sum((level.area or 0.0) * level.instances for level in spec.memory), 1.0),
        "other": (parts.other, 1.0),
    }
    return {name: area * count for name, (area, count) in each.items() if area and count}
