"""Analog crossbars: energy over the bits of their converters, and the time of one product.

Efficiency over bits of Wan et al. 2022 (NeuRRAM, Nature 608, figure on efficiency over bit precision); structure of
Shafiee et al. 2016 (ISAAC, ISCA, table I); HERMES, Le Gallo et al. 2023 (Nature Electronics 6, 680).

What should be seen: cells multiply for next to nothing, converters take what a crossbar spends. Each bit more costs
more than the one before, and a converter with fewer bits than a sum has either reads fewer rows at a time, so that
there are more conversions, or loses what it cannot tell apart. Without loss efficiency grows up to the bits that
resolve all rows at once, eight for 128 rows of two-bit cells, and with loss it only falls while signal over noise
rises by 6 dB for a bit. As long as its arrays hold the matrix, a product of one vector takes ISAAC 1.5 to 1.7 us
however large it is, and HERMES 0.33 us to seven times that. Beyond it weights are written for every vector, which
takes 12,000 times longer on ISAAC and 25,000 times on HERMES. A systolic array fetches the matrix every time, and a
GPU starts a kernel.

Assumptions: 8-bit operands, arrays full, memories and network out of the way (panels one to three); every second input
bit one, weights spread evenly. Converters of the sweep are published ones: the median and what one in ten and nine in
ten take (law survey, for the rate and the node of ISAAC). Weights stay in crossbars, and come from memory on all
others; int8, a batch of one.

Known misses: the peak of PUMA, 32 % below what was published (limit 3 %): its structure does not give it.

Run: python examples/analog_crossbar.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import os
import statistics
import sys
from functools import cache
from pathlib import Path
from typing import Any

import archsim as a
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import COLOURS, canvas
from archsim.report.figures.panels import band, curves, finish
from archsim.validation import read_dataset
from archsim.validation.checks import macros_cimloop
from archsim.validation.full_load import FullLoad, full_load
from archsim.validation.machines import Machines

FAST = os.environ.get("ARCHSIM_FAST") == "1"
BITS = tuple(range(2, 11, 4 if FAST else 1))
QUANTILES = (0.1, 0.5, 0.9)
WIDTHS = tuple(64 << step for step in range(0, 8, 3 if FAST else 1))
MACHINES = {
    "ISAAC": "isaac",
    "HERMES": "hermes-64-core",
    "systolic array, 128 x 128": "array-128x128",
    "TPU v4": "tpu-v4",
    "A100": "a100-sxm4-80gb",
}
DATA = {
    "inputs.bits": 8,
    "weights.bits": 8,
    "values.input_density": 0.5,
    "values.weight_mean": 0.5,
    "values.weight_square": 0.33,
}
"""Operands of eight bits, all values as likely."""
TERA, NANO, MICRO = 1e-12, 1e9, 1e6


@cache
def described(machine: str) -> a.Chip:
    """Return a machine, read once."""
    return a.hardware(machine)


@cache
def swept(quantile: float, *, lossy: bool) -> a.Chip:
    """Return ISAAC with published converters, for data of eight bits."""
    chip = described("isaac")
    for path, value in (DATA | {"adc.law": "survey", "adc.quantile": quantile, "precision.lossy": lossy}).items():
        chip = a.with_(chip, path, value)
    return chip


@cache
def loaded(bits: int, quantile: float, *, lossy: bool) -> FullLoad:
    """Run ISAAC's arrays at full load with converters of other bits."""
    return full_load(a.with_(swept(quantile, lossy=lossy), "adc.bits", bits))


def efficiency(found: FullLoad) -> float:
    """Return what arrays and converters do with a joule, TOP/J."""
    return TERA * found.peak * found.time / found.energy


def product(width: int, machine: str) -> float:
    """Return the time of one vector through a square matrix, s."""
    b = a.GraphBuilder("product", dtype="int8")
    b.linear(b.input("x", (1, width)), width, bias=False)
    return a.evaluate(b.build(), described(machine), capacity="ignore").latency


def neurram() -> tuple[list[Claim], list[tuple[int, float, float]]]:
    """Return efficiencies and rates over bits, and bits of results with efficiency predicted and published."""
    dataset, machines, rows, drawn = read_dataset("cimloop_macros_published"), Machines(), [], []
    for row in dataset.rows:
        macro, metric, condition = (row.cells[name] for name in ("macro", "metric", "condition"))
        if macro != "C" or metric not in ("efficiency", "throughput 48 cores"):
            continue
        found = macros_cimloop.MEASURES[metric][1](macros_cimloop.point(machines, macro, condition))
        published, anchor = float(row.cells["value"]), dataset.is_anchor(row)
        rows.append(
            Claim(
                f"NeuRRAM, {metric}, {condition}",
                found,
                published,
                "TOPS/W" if metric == "efficiency" else "TOPS",
                None if anchor else 0.10,
                note="anchor: set its energies or times" if anchor else "",
            )
        )
        if metric == "efficiency":
            drawn.append((int(condition.partition("out bits=")[2].split()[0]), found, published))
    return rows, drawn


def chips() -> list[Claim]:
    """Return peaks that follow from the structure of chips."""
    isaac, puma, hermes = (full_load(described(name)) for name in ("isaac", "puma", "hermes-64-core"))
    counted = 16128 * 128 * 128 / 8 * 2.0 / 1.6e-6  # arrays, cells, cells of a weight, operations, time of 16 pulses
    return [
        Claim(
            "ISAAC, 16,128 arrays, 8 cells a weight, 1.6 us",
            TERA * isaac.peak,
            TERA * counted,
            "TOPS",
            0.03,
            note="derived from its structure",
        ),
        Claim(
            "HERMES, one product through 64 cores of 256 x 256",
            NANO * hermes.time,
            2.0 * 64 * 256 * 256 / 63.1e12 * NANO,
            "ns",
            0.03,
            note="anchor: 8.39 MOP at 63.1 TOPS set its rate",
        ),
        Claim(
            "HERMES, one phase",
            efficiency(hermes),
            2.0 * 64 * 256 * 256 / 0.86e-6 * TERA,
            "TOPS/W",
            note="anchor: 0.86 uJ set its energies",
        ),
        Claim("PUMA, peak", TERA * puma.peak, 52.31, "TOPS", 0.03, note="by its structure", floor=0.33),
    ]


def draw(measured: list[tuple[int, float, float]]) -> Any:
    """Draw efficiency over bits of a chip and of a design, signal over noise, and the time of a product."""
    figure, axes = canvas(11.0, 8.2, 2, rows=2)
    wide = [bits for bits, *_ in measured]
    for place, (label, mark, size) in enumerate((("archsim", "o", 6), ("measured, Wan et al. 2022", "*", 10))):
        values = [each[1 + place] for each in measured]
        axes[0].plot(wide, values, mark, color=COLOURS[place], markersize=size, label=label)
    axes[0].set(
        yscale="log",
        xlabel="bits of a result (inputs two fewer)",
        ylabel="efficiency (TOPS/W)",
        xticks=sorted(set(wide)),
    )
    axes[0].set_yticks([5, 10, 20, 50], ["5", "10", "20", "50"])
    axes[0].minorticks_off()
    finish(axes[0], "NeuRRAM, efficiency over bits; 8 bits in one phase and in two", "upper right")
    for colour, (label, lossy) in enumerate(
        {"no loss: rows as converters resolve": False, "all 128 rows, whatever is lost": True}.items()
    ):
        low, middle, high = (
            [efficiency(loaded(bits, quantile, lossy=lossy)) for bits in BITS] for quantile in reversed(QUANTILES)
        )
        axes[1].plot(BITS, middle, "-o", color=COLOURS[colour], markersize=4, label=label)
        band(axes[1], BITS, low, high, colour)
        if not lossy:
            best = BITS[max(range(len(BITS)), key=middle.__getitem__)]
            print(f"without loss, ISAAC's arrays do most per joule with {best} bits: {max(middle):.2f} TOPS/W")
    axes[1].set(yscale="log", xlabel="bits of the output converters", ylabel="efficiency (TOPS/W)", xticks=BITS)
    finish(axes[1], "ISAAC's arrays; bands: 8 of 10 published converters", "upper right")
    noise = [loaded(bits, 0.5, lossy=True).op.details.get("output_snr_db", float("nan")) for bits in BITS]
    axes[2].plot(BITS, noise, "-o", color=COLOURS[1], markersize=4, label="all 128 rows")
    axes[2].set(xlabel="bits of the output converters", ylabel="signal over noise of an output (dB)", xticks=BITS)
    finish(axes[2], "what is lost; nothing from 8 bits on", "upper left")
    times = {name: [MICRO * product(width, machine) for width in WIDTHS] for name, machine in MACHINES.items()}
    curves(
        axes[3],
        WIDTHS,
        times,
        ("0-o", "3-D", "2-^", "4-v", "1-s"),
        xlabel="rows and columns of the matrix",
        ylabel="time of one vector (µs)",
        title="a product of one vector, int8",
        legend="upper left",
    )
    for name, values in times.items():
        print(
            f"{name:28} "
            + ", ".join(f"{width:,}: {value:.3g}" for width, value in zip(WIDTHS, values, strict=True))
            + " us"
        )
    return figure


def main(target: str | Path = "analog_crossbar.png") -> None:
    """Print published beside predicted, and draw."""
    rows, measured = neurram()
    errors = [abs(row.error) for row in rows if row.scored and row.unit == "TOPS/W" and row.error is not None]
    rows += chips()
    print(claims(rows))
    median = statistics.median(errors)
    print(f"NeuRRAM, median error of {len(errors)} efficiencies that set nothing: {100 * median:.1f} %, limit 10 %")
    print(f"drawn to {save(draw(measured), target)}")
    wrong = missed(rows) or ("NeuRRAM's median error is above 10 %" if median > 0.10 else "")
    if wrong:
        sys.exit(wrong)


if __name__ == "__main__":
    main(*sys.argv[1:2])
