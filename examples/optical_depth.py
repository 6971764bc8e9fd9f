"""Layers and light: how deep a network may be before conversions outweigh its products, and how many converters.

No published figure: two questions asked of every optical machine, counted and evaluated. Anderson et al. 2024
(arXiv:2302.10360) for the energies, PACE (64 x 64, 5 ns from end to end) for the time of a hop.

What should be seen: light crosses a product in picoseconds and for next to nothing, but at every layer each value is
detected, converted, stored, and converted again. A network of M multiply-accumulates in H layers of width d =
sqrt(M/H) converts H d = sqrt(M H) values: its energy rises with the root of its depth, that of a digital machine not
at all, but for instructions where layers are too small to fill it. With E_c for a value and E_d for a digital
multiply-accumulate they meet at d = E_c / E_d, whatever M, so at H = M (E_d / E_c)^2 layers. In time a hop of
nanoseconds is ahead at any depth, of a GPU's kernels by three orders of magnitude, if nothing but light and converters
is in the way; with a controller that takes a microsecond for every layer light is overtaken by a systolic array, which
has less to fetch and to fill where layers are narrow. And to read a layer of 4,096 values at once takes 4,096
converters of the rate of the symbols, or ten times as many of a tenth of it.

Assumptions: dense layers of int8 of equal width, one sample, weights in place; energies of
optical-transformer-calibrated, a digital machine of 300 fJ/MAC. All energies are of work alone: light is described
without what it draws at rest, so that this is left out of the other machines as well, and printed beside. Times: 1 GHz
symbols and 5 ns through every layer, and 0 or 1 us of control; the digital machines are as described, at a batch of
one. Derived, not scored: counts and break-evens beside the formulas above; a row that differs fails.

Run: python examples/optical_depth.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import archsim as a
from archsim.laws import conversion
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import canvas
from archsim.report.figures.panels import curves

FAST = os.environ.get("ARCHSIM_FAST") == "1"
OPTICAL, ARRAY = "optical-transformer-calibrated", "array-256x256"
COMPARATOR = 300e-15
"""Energy of a multiply-accumulate of the digital machine, J."""
MACS = 1 << 24
DEPTHS = (1, 16, 256) if FAST else (1, 4, 16, 64, 256, 1024, 4096)
HOP = "5 ns"
RATES = (1e9, 5e9, 10e9)
SYMBOLS = 10e9
PICO, MICRO = 1e12, 1e6


def network(layers: int, width: int) -> a.Graph:
    """Build layers of equal width."""
    b = a.GraphBuilder("network", dtype="int8", item="sample")
    x = b.input("x", (1, width))
    for _ in range(layers):
        x = b.linear(x, width, bias=False)
    return b.build()


def light(control: str = "0 s") -> a.Chip:
    """Return the optical machine with a time for every layer."""
    chip = a.hardware(OPTICAL)
    for path, value in (
        ("core.pipeline", HOP),
        ("core.clock", "1 GHz"),
        ("digital.launch", control),
        ("power.idle", "0 W"),
    ):
        chip = a.with_(chip, path, value)
    return chip


def run(layers: int, machine: a.Chip | str) -> a.Result:
    """Evaluate the network of so many layers, all of them together as large."""
    return a.evaluate(network(layers, round((MACS / layers) ** 0.5)), machine, capacity="ignore", fusion="none")


def rest(result: a.Result) -> float:
    """Return the energy that a machine draws at rest, J."""
    return result.energy_by_cause.get("static", 0.0)


def even(machine: a.Chip) -> int:
    """Return the widest layer that takes more than 300 fJ/MAC, as the simulator has it."""
    low, high = 1, 4096
    while high - low > 1:
        middle = (low + high) // 2
        found = a.evaluate(network(1, middle), machine, capacity="ignore", fusion="none")
        low, high = (middle, high) if found.energy / found.macs > COMPARATOR else (low, middle)
    return low


def converters(width: int, rate: float) -> int:
    """Return the fewest converters of a rate with which a layer of many vectors runs as fast as its symbols."""
    b = a.GraphBuilder("layer", dtype="int8", items=1000, item="vector")
    b.linear(b.input("x", (1000, width)), width, bias=False)
    graph, chip = b.build(), a.with_(a.with_(light(), "core.clock", SYMBOLS), "adc.rate", rate)
    chip = a.with_(a.with_(chip, "dac.rate", "1 THz"), "core.pipeline", "0 s")
    counts = [width * share // 4 for share in range(2, 44)]
    times = a.evaluate_points(graph, chip, {"adcs": counts}, capacity="ignore")["latency"]
    return next(count for count, time in zip(counts, times, strict=True) if time < 1.001 * times[-1])


def main(target: str | Path = "optical_depth.png") -> None:
    """Print break-evens beside what counting says, and draw."""
    chip = light()
    value, width = run(1, chip).energy / MACS**0.5, even(chip)
    rows = [
        Claim("width at which a layer takes 300 fJ/MAC, E_c / E_d", width, value / COMPARATOR, tolerance=0.02),
        Claim(
            f"layers of {MACS:,} MACs there, M (E_d / E_c)^2",
            MACS / width**2,
            MACS * (COMPARATOR / value) ** 2,
            tolerance=0.04,
        ),
    ]
    rows += [
        Claim(
            f"converters of {rate / 1e9:.0f} GS/s, width {size:,}, 10 GHz symbols",
            converters(size, rate),
            conversion.converters_needed(float(size), SYMBOLS, rate),
            tolerance=0.01,
        )
        for size in ((4096,) if FAST else (512, 4096))
        for rate in RATES
    ]
    print(f"a value that is converted out, stored and converted in again: {PICO * value:.1f} pJ")
    rows = [replace(row, note="derived") for row in rows]
    print(claims(rows))
    machines = {
        "light, 5 ns a hop": chip,
        "light, and 1 us of control": light("1 us"),
        "A100": a.hardware("a100-sxm4-80gb"),
        "systolic array": a.hardware(ARRAY),
    }
    found = {name: [run(layers, machine) for layers in DEPTHS] for name, machine in machines.items()}
    for name, results in found.items():
        print(
            f"{name:28} "
            + ", ".join(f"{layers:,}: {MICRO * each.latency:.3g}" for layers, each in zip(DEPTHS, results, strict=True))
            + " us; at rest it takes "
            + f"{100 * max(rest(each) / each.energy for each in results):.0f} % of its energy at most"
        )
    for name, first in list(machines.items())[:2]:
        ahead = a.crossover(
            lambda size: network(round(MACS / size**2), size),
            first,
            ARRAY,
            over=(192 if FAST else 96, 1024),
            step=32,
            metric="latency",
            capacity="ignore",
            fusion="none",
        )
        there = (
            f"up to {MACS / ahead.size**2:,.0f} layers"
            if ahead.size
            else ("never", "at all depths")[ahead.ahead == (0, 0)]
        )
        print(f"{name}: ahead of a systolic array of 256 x 256 in time {there}")
    figure, (left, middle, right) = canvas(13.2, 4.0, 3)
    energies = {
        name: [PICO * (each.energy - rest(each)) / each.macs for each in found[name]]
        for name in ("light, 5 ns a hop", "A100", "systolic array")
    }
    labels = {"title": f"{MACS:,} MACs in H layers", "xlabel": "layers H, one conversion out and in at each"}
    curves(
        left,
        DEPTHS,
        energies,
        ("0-o", "1-s", "2-D"),
        ylabel="energy of work, nothing at rest (pJ/MAC)",
        levels={"300 fJ, digital": PICO * COMPARATOR},
        **labels,
    )
    times = {name: [MICRO * each.latency for each in results] for name, results in found.items()}
    curves(middle, DEPTHS, times, ("0-o", "0--^", "1-s", "2-D"), ylabel="time of one sample (µs)", **labels)
    widths = tuple(64 << step for step in range(9))
    needed = {
        f"{rate / 1e9:.0f} GS/s": [conversion.converters_needed(float(each), SYMBOLS, rate) for each in widths]
        for rate in RATES
    }
    curves(
        right,
        widths,
        needed,
        ("0-o", "2-^", "3-s"),
        xlabel="values of a layer",
        ylabel="converters",
        title="converters that read a layer at 10 GHz",
        levels={"1,000": 1000.0},
    )
    print(f"drawn to {save(figure, target)}")
    wrong = missed(rows)
    if wrong:
        sys.exit(wrong)


if __name__ == "__main__":
    main(*sys.argv[1:2])
