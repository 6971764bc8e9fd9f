"""Table I of ISAAC: powers and areas of a unit, a tile and the chip, as sums of their parts at full work.

Energies per event and areas of parts were set from this table, so its parts are anchors. What is judged are the sums
that come back out of the model: events at the rates of its own timing, parts as often as the structure has them.
"""

from __future__ import annotations

from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.families.crossbar.area import areas
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.full_load import ARRAY_CAUSES, FullLoad, full_load
from archsim.validation.machines import Machines
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

MACHINE: Final = "isaac"
UNIT, TILE, CHIP = "IMA", "tile", "chip"
LEVELS: Final = (UNIT, TILE, CHIP)
ARRAYS: Final = 8
"""Of one unit."""
ROUTER: Final = "router"
SHARED: Final = 4.0
"""Tiles to a router."""
ANCHORS: Final = {
    "ADC": ("output conversion",),
    "DAC": ("input conversion",),
    "crossbar array": ("cells",),
    "shift-add": ("shift and add",),
}
"""Parts of a unit that one cause stands for."""
BESIDE: Final = frozenset({"tiles", "shared"})
"""Parts of the area outside the units."""
LIMIT: Final = Target("mape", 1.0)
MILLI: Final = 1e-3
SQUARE_MILLIMETRE: Final = 1e-6


@check(
    "isaac_table1.csv",
    topic="analog",
    family="crossbar",
    columns=("level", "component", "power_mW", "area_mm2"),
    title="Power and area of ISAAC's units, tiles and chip, as sums of their parts",
)
def isaac_table(dataset: Dataset) -> list[Outcome]:
    """Judge the sums of each level of the table."""
    tally = Tally()
    published = {"power": dict.fromkeys(LEVELS, 0.0), "area": dict.fromkeys(LEVELS, 0.0)}
    try:
        chip = Machines().find(MACHINE)
        full = full_load(chip, shallow=True)
        _add_up(dataset.rows, chip, full, published, tally)
    except SkipRow as skip:
        tally.skip("power", skip.reason, dataset.rows[0].line if dataset.rows else 0)
        return tally.outcomes(dataset.name, dataset.split, lambda _: LIMIT)
    for level in LEVELS:
        tally.compare("power", power(full)[level], published["power"][level])
        tally.compare("area", area(chip)[level], published["area"][level])
    return tally.outcomes(dataset.name, dataset.split, lambda _: LIMIT)


def _add_up(rows: tuple[Row, ...], chip: Chip, full: FullLoad, sums: dict[str, Any], tally: Tally) -> None:
    """Add the table's parts up, level by level: W and m2."""
    units, tiles = _units(chip), _tiles(chip)
    own = {"power": dict.fromkeys(LEVELS, 0.0), "area": dict.fromkeys(LEVELS, 0.0)}
    for row in rows:
        level, part = text(row, "level"), text(row, "component")
        if level not in LEVELS:
            tally.skip("power", "no level of the machine", row.line)
            continue
        share = SHARED if part == ROUTER else 1.0
        drawn, taken = positive(row, "power_mW") * MILLI, positive(row, "area_mm2") * SQUARE_MILLIMETRE
        own["power"][level] += drawn / share
        own["area"][level] += taken / share
        if level == UNIT and part in ANCHORS:
            tally.anchor("power", Anchor(part, full.power(*ANCHORS[part]) / units, drawn))
    for quantity, parts in own.items():
        sums[quantity][UNIT] = parts[UNIT]
        sums[quantity][TILE] = parts[TILE] + units / tiles * parts[UNIT]
        sums[quantity][CHIP] = parts[CHIP] + tiles * sums[quantity][TILE]


def power(full: FullLoad) -> dict[str, float]:
    """Return the power of a unit, a tile and the chip, W, with memory and link of a tile at their bandwidths."""
    spec: Any = full.chip.spec
    units, tiles = _units(full.chip), _tiles(full.chip)
    unit = full.power(*ARRAY_CAUSES) / units
    memory = spec.memory[-1]
    links = 2.0 * spec.tiles.bandwidth * spec.tiles.hop
    tile = unit * units / tiles + memory.bandwidth * memory.instances / tiles * memory.energy + links
    return {UNIT: unit, TILE: tile, CHIP: tile * tiles + spec.power.idle}


def area(chip: Chip) -> dict[str, float]:
    """Return the area of a unit, a tile and the chip, m2."""
    parts = areas(chip)
    units, tiles = _units(chip), _tiles(chip)
    arrays = sum(taken for part, taken in parts.items() if part not in BESIDE)
    return {UNIT: arrays / units, TILE: (arrays + parts["tiles"]) / tiles, CHIP: sum(parts.values())}


def _units(chip: Chip) -> float:
    spec: Any = chip.spec
    return float(spec.array.count / ARRAYS)


def _tiles(chip: Chip) -> float:
    spec: Any = chip.spec
    return float(spec.array.count / spec.tiles.arrays)
