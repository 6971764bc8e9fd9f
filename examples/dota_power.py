"""Power and area of Lightening-Transformer by component, beside its own simulator and SimPhony.

Tables of the artifact of Zhu et al. 2024, Lightening-Transformer (HPCA, arXiv:2305.19533); totals of Yin et al. 2025,
SimPhony (DAC, arXiv:2411.13715), on the same machine.

What should be seen: light computes, converters and modulators draw the power, and from four bits to eight the
converters of inputs grow eightfold and the laser sixteenfold, while modulators and detectors stay as they are. Parts
agree with the artifact to a tenth of a percent, areas to one; SimPhony has the area, but 41 % more power.

Assumptions: as in the artifact: 5 GHz, laser power times 2^b over a sensitivity of four bits, converters by 2^b / b
and by b. A laser sized by the noise of its receivers takes another power, told below.

Run: python examples/dota_power.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import sys
from pathlib import Path

import archsim as a
from archsim.families.optical.area import areas
from archsim.families.optical.power import components
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import COLOURS, GRID, canvas
from archsim.validation import read_dataset
from archsim.validation.checks.dota_parts import AREAS, POWERS

CONFIGS = {"DOTA-B 4-bit": "dota-b", "DOTA-B 8-bit": "dota-b-8-bit"}
MILLI, SQUARE_MILLIMETRE = 1e-3, 1e-6


WORDS = {
    "laser": "lasers", "DAC": "input converters", "MZM": "modulators", "ADC": "output converters", "TIA": "amplifiers",
    "Photodetector": "detectors", "adder": "adders", "mem": "memories", "photonic_core": "photonic cores",
    "micro_comb": "frequency combs", "total": "total",
}  # fmt: skip
"""What parts of the tables are called in words."""


def rows_of(
    table: str, column: str, parts: dict[str, dict[str, float]], names: dict[str, str], unit: str, limit: float
) -> list[Claim]:
    """Return every part of a table beside ours."""
    rows = []
    for row in read_dataset(table).rows:
        config, component = row.cells["config"], row.cells["component"]
        found = sum(parts[config].values()) if component == "total" else parts[config][names[component]]
        rows.append(Claim(f"{config}, {WORDS[component]}", found, float(row.cells[column]), unit, limit))
    return rows


def main(target: str | Path = "dota_power.png") -> None:
    """Print both tables, and draw them."""
    chips = {name: a.hardware(machine) for name, machine in CONFIGS.items()}
    power = {name: {part: each / MILLI for part, each in components(chip).items()} for name, chip in chips.items()}
    area = {
        name: {part: each / SQUARE_MILLIMETRE for part, each in areas(chip).items()} for name, chip in chips.items()
    }
    rows = rows_of("dota_power", "power_mW", power, POWERS, "mW", 1e-3) + rows_of(
        "dota_area", "area_mm2", area, AREAS, "mm2", 0.01
    )
    other = {row.cells["quantity"]: float(row.cells["simphony"]) for row in read_dataset("simphony_vs_dota").rows}
    for name, key, value, unit in (("power", "power_W", rows[0].archsim * MILLI, "W"),
                                   ("area", "area_mm2", sum(area["DOTA-B 4-bit"].values()), "mm2")):  # fmt: skip
        rows.append(Claim(f"DOTA-B 4-bit, {name}, by SimPhony", value, other[key], unit, note="another simulator"))
    print(claims(rows))
    for name, chip in chips.items():
        solved = components(a.with_(chip, "laser.law", "receiver"))["lasers"] / MILLI
        print(f"{name}: lasers {power[name]['lasers']:,.0f} mW as published, {solved:,.0f} mW by the receivers' noise")
    figure, (left, right) = canvas(9.6, 4.4, 2)
    for ax, unit, title in ((left, "mW", "power (W)"), (right, "mm2", "area (mm²)")):
        sets = [
            [row for row in rows if row.what.startswith(name) and row.unit == unit and row.scored] for name in CONFIGS
        ]
        sets = [each for each in sets if each]  # areas are published of one of them
        scale = MILLI if unit == "mW" else 1.0
        labels = [row.what.partition(", ")[2] for row in sets[0]]
        for place, (name, found) in enumerate(zip(CONFIGS, sets, strict=False)):
            shift = 0.2 * (2 * place - len(sets) + 1)
            heights = [scale * row.archsim for row in found]
            ax.bar(
                [at + shift for at in range(len(found))],
                heights,
                0.36,
                color=COLOURS[5 * place],
                label=f"{name}, archsim",
            )
            marks = [scale * float(row.published) for row in found]
            ax.plot(
                [at + shift for at in range(len(found))],
                marks,
                "k_",
                markersize=9,
                label="its own simulator" if not place else None,
            )
        total = other["power_W" if unit == "mW" else "area_mm2"]
        ax.plot([0.2 * (1 - len(sets))], [total], "*", color=COLOURS[1], markersize=10, label="SimPhony, 4-bit")
        ax.set_xticks(range(len(labels)), labels, rotation=35, ha="right", fontsize=8)
        ax.set(ylabel=title, yscale="log")
        ax.grid(axis="y", color=GRID, linewidth=0.6)
        ax.set_title(f"Lightening-Transformer, {title.split()[0]} by component", fontsize=10)
        ax.legend(fontsize=7, loc="upper right", frameon=False)
    left.set_ylim(0.01, 300.0)
    right.set_ylim(0.02, 300.0)
    print(f"drawn to {save(figure, target)}")
    wrong = missed(rows)
    if wrong:
        sys.exit(wrong)


if __name__ == "__main__":
    main(*sys.argv[1:2])
