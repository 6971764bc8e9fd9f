"""Albireo: how many parts it has, and what they draw, against its paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.families.optical.power import components, counts
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

SCENARIOS: Final = ("conservative", "moderate", "aggressive")
PARTS: Final = {
    "MRR": "weights", "MZM": "modulators", "laser": "lasers", "TIA": "amplifiers", "DAC": "input converters",
    "ADC": "output converters", "Cache": "memories",
}  # fmt: skip
"""Components of table III to parts of an optical machine."""
COUNTED: Final = {
    "MRR": "weights", "MZM": "modulators", "DAC": "input converters", "TIA": "output converters",
    "ADC_28nm_fixed": "output converters",
}  # fmt: skip
FASTER: Final = frozenset({"laser", "DAC", "ADC"})
"""Components whose power is quoted at 8 GHz for aggressive devices."""
SLOWED: Final = 5.0 / 8.0
RELATIVE: Final = 0.04
ABSOLUTE: Final = 0.01
"""What a part may be off, of its power and W, whichever is more."""
LIMITS: Final = {"part, share of tolerance": Target("max_abs_points", 100.0), "total": Target("mape", 1.0)}
MILLI: Final = 1e-3
PICO: Final = 1e-12


@check(
    "albireo_power.csv",
    topic="optical",
    family="optical",
    columns=("scaling", "component", "power_W"),
    title="Power of Albireo by component",
)
def albireo_power(dataset: Dataset) -> list[Outcome]:
    """Judge the power of each part against what it may be off, and the sum of all."""
    tally, machines = Tally(), Machines()
    totals: dict[str, list[float]] = {}
    for row in dataset.rows:
        try:
            scaling, component = text(row, "scaling"), text(row, "component")
            predicted = _power(machines.find(f"albireo-{scaling}"), component)
            published = _at_its_clock(row)
            whole = totals.setdefault(scaling, [0.0, 0.0])
            whole[0] += predicted
            whole[1] += published
            if dataset.is_anchor(row):
                tally.anchor("shown", Anchor(f"{scaling}, {component}", predicted, published))
                continue
            allowed = max(RELATIVE * published, ABSOLUTE)
            off = 100.0 * (predicted - published) / allowed
            tally.compare("part, share of tolerance", 100.0 + off, 100.0)
        except SkipRow as skip:
            tally.skip("part, share of tolerance", skip.reason, row.line)
    for predicted, published in totals.values():
        tally.compare("total", predicted, published)
    return tally.outcomes(dataset.name, dataset.split, lambda group: LIMITS.get(group, Target("mape", 1.0)))


def _power(chip: Chip, component: str) -> float:
    """Return the power of all parts of a kind, W."""
    if component not in PARTS:
        raise SkipRow(f"no part of an optical machine is called {component!r}")
    return components(chip)[PARTS[component]]


def _at_its_clock(row: Row) -> float:
    """Return the published power at the clock of the table, W."""
    scaled = row.cells["scaling"] == "aggressive" and row.cells["component"] in FASTER
    return positive(row, "power_W") * (SLOWED if scaled else 1.0)


@check(
    "albireo_components.csv",
    topic="optical",
    family="optical",
    columns=("component", "count", "quantity", *SCENARIOS),
    title="Counts of components of Albireo, and what each draws",
)
def albireo_components(dataset: Dataset) -> list[Outcome]:
    """Judge how many of each part the description makes; show what one draws, which it was set from."""
    tally, machines = Tally(), Machines()
    for row in dataset.rows:
        try:
            component = text(row, "component")
            chips = {name: machines.find(f"albireo-{name}") for name in SCENARIOS}
            if component in COUNTED:
                number = counts(chips[SCENARIOS[0]])[COUNTED[component]]
                tally.compare("count", number, positive(row, "count"))
            unit = _unit(component)
            for name, chip in chips.items():
                if row.cells.get(name, "").strip():
                    tally.anchor("shown", Anchor(f"{component}, {name}", unit(chip), positive(row, name)))
        except SkipRow as skip:
            tally.skip("shown", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda group: Target("max_difference", 1e-6))


def _unit(component: str) -> Callable[[Chip], float]:
    """Return how to find what one component draws."""
    if component not in UNITS:
        raise SkipRow("passive, or its use depends on the network")
    return UNITS[component]


def _laser(chip: Chip) -> float:
    spec: Any = chip.spec
    return float(components(chip)["lasers"] / (spec.laser.channels * spec.core.count) / MILLI)


UNITS: Final[dict[str, Callable[[Chip], float]]] = {
    "MRR": lambda chip: components(chip)["weights"] / counts(chip)["weights"] / MILLI,
    "MZM": lambda chip: components(chip)["modulators"] / counts(chip)["modulators"] / MILLI,
    "laser_channel": _laser,
    "DAC": lambda chip: components(chip)["input converters"] / counts(chip)["input converters"] / _rate(chip) / PICO,
    "TIA": lambda chip: components(chip)["amplifiers"] / counts(chip)["output converters"] / _rate(chip) / PICO,
    "ADC_28nm_fixed": lambda chip: (
        components(chip)["output converters"] / counts(chip)["output converters"] / _rate(chip) / PICO
    ),
}
"""Component to what one draws, in the unit of the table."""


def _rate(chip: Chip) -> float:
    spec: Any = chip.spec
    return float(spec.core.clock)
