"""Power of an optical machine that never waits, part by part: every converter, modulator and detector at full rate."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from archsim.arch.chip import Chip
from archsim.arch.columns import chip_dtype, fill
from archsim.arch.tables import WORK
from archsim.families.optical.derive import SCRATCH, derive
from archsim.mapping.converters import adc_energy, dac_energy


def components(chip: Chip) -> dict[str, float]:
    """Return the power of each part of a machine whose cores take a new symbol every clock, W.

    Parameters
    ----------
    chip : Chip
        An optical machine.

    Returns
    -------
    dict of str to float
        Power by part, W; parts that draw none are left out. Memories draw what their levels give as `power`.
    """
    row, work = derived(chip)
    spec: Any = chip.spec
    cores, rate = row.core_count, work.pace
    each = {
        "lasers": work.laser * cores,
        "input converters": work.dacs * cores * dac_energy(row, row.bits) * rate,
        "modulators": work.modulators * cores * (row.modulator_energy * rate + row.modulator_power),
        "weights": work.tuned * cores,
        "detectors": work.sites * cores * row.receiver_detectors * row.receiver_detector,
        "amplifiers": work.adcs * cores * row.receiver_amplifier * rate,
        "output converters": work.adcs * cores * adc_energy(row, row.adc_bits) * rate,
        "adders": work.adcs * cores * row.adder * rate,
        "memories": sum((level.power or 0.0) * level.instances for level in spec.memory),
        "rest": row.power_idle,
    }
    return {name: float(power) for name, power in each.items() if power > 0.0}


def counts(chip: Chip) -> dict[str, float]:
    """Return how many of each part a machine has, -: as described, or as the sides of its cores say."""
    row, work = derived(chip)
    each = {
        "input converters": work.dacs, "modulators": work.modulators, "weights": work.elements,
        "output converters": work.adcs, "outputs": work.sites,
    }  # fmt: skip
    return {name: float(count * row.core_count) for name, count in each.items()}


def derived(chip: Chip) -> tuple[Any, Any]:
    """Return the description as a record, and what follows from it.

    Parameters
    ----------
    chip : Chip
        An optical machine.

    Returns
    -------
    (record, record)
        As kernels read them.
    """
    import numpy as np

    table = np.zeros(1, chip_dtype(type(chip.spec)))
    fill(table, chip.spec)
    names = table.dtype.names or ()
    row = SimpleNamespace(**{name: table[name][0].tolist() for name in names})
    work = SimpleNamespace(
        **{each.name: np.zeros(each.shape).tolist() if each.shape else 0.0 for each in (*WORK, *SCRATCH)}
    )
    derive(row, work)
    return row, work
