"""The memory wall: arithmetic grows three times in two years, bandwidth less than two, and decoding waits for bytes.

Figures 1 to 3 of Gholami et al. 2024, AI and Memory Wall (arXiv:2403.14123).

What should be seen: among the GPUs that archsim ships, arithmetic grows 3.2 times and bandwidth 1.9 times every two
years, so that a machine of today needs sixteen times more arithmetic for each byte than one of 2012 to be busy.
Generating text reads all weights for every token: for the same arithmetic, GPT-2 takes many times longer than
BERT-Large on the same processor, since it moves far more bytes.

Assumptions: records of shipped GPUs by year, in half or single precision, whichever is faster, 2012 to 2024; the
published trends are of servers over twenty years. Single precision on a Xeon Gold 6248, batch 1: BERT-Large reads all
tokens at once, GPT-2 (medium, of the same layers and width) generates them one by one, keys and values kept, at half of
the final length on the mean.

Known miss, printed as MISSED, a failure only where it grows: the bandwidth of GPUs grew 1.88 times in two years, 17 %
more than that of servers over twenty years (asked for: 10 %), as stacked memory came into these twelve. Published
growth over twenty years follows from the published rate within rounding, 110 against 100 times for bandwidth: shown,
not scored, since no model is in it.

Run: python examples/memory_wall.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import archsim as a
from archsim.laws.trend import compounded
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import COLOURS, GRID, INK, MARKERS, canvas
from archsim.validation import read_dataset
from archsim.validation.checks import memory_wall as wall

FAST = os.environ.get("ARCHSIM_FAST") == "1"
MACHINE, WIDTH = "xeon-gold-6248", 4.0  # bytes of a weight in single precision
LENGTHS = (128, 512) if FAST else (32, 64, 128, 256, 512)
BANDWIDTH_FLOOR = 0.18
"""How far the growth of bandwidth may be off, a known miss: a floor, no target."""
SHOWN = {"peak": "arithmetic", "bandwidth": "memory bandwidth", "capacity": "memory capacity"}
PICTURE = "memory_wall.png"


def trends() -> list[Claim]:
    """Return published rates by their own factors over twenty years, and the rates of shipped GPUs by them."""
    rows = []
    for row in read_dataset("memory_wall").rows:
        name, rate = row.cells["quantity"], float(row.cells["rate_per_2yr"])
        if row.cells["factor_20yr"]:
            twenty = compounded(rate, wall.LONG, wall.PERIOD)
            what, said = f"{name}: {rate:g} in 2 years, over 20", float(row.cells["factor_20yr"])
            rows.append(Claim(what, twenty, said, "times", note="derived: the published rate, compounded"))
        if name in wall.LEAVES:
            leaf = wall.LEAVES[name]
            what, own = f"{name}, 2 years, shipped GPUs", wall.growth(leaf)
            floor, note = (BANDWIDTH_FLOOR, "stacked memory") if leaf == "bandwidth" else (None, "")
            rows.append(Claim(what, own, rate, "times", 0.1, note=note, floor=floor))
    return rows


def encoder(length: int) -> a.Result:
    """Read tokens with BERT-Large, all at once."""
    return a.evaluate(a.workload("bert-large", sequence=length, dtype="fp32"), a.hardware(MACHINE))


def decoder(length: int) -> a.Result:
    """Generate one token with GPT-2 at half of a length: what one of them takes on the mean."""
    graph = a.workload("gpt2-medium", phase="decode", sequence=length // 2, dtype="fp32")
    return a.evaluate(graph, a.hardware(MACHINE))


def flops(result: a.Result) -> float:
    """Return the arithmetic of a run, FLOP."""
    return sum(op.flops * op.count for op in result.ops)


def intensity(result: a.Result) -> float:
    """Return the arithmetic for each byte of main memory, FLOP/B."""
    return flops(result) / result.bytes_by_level["dram"]


def runs() -> list[Claim]:
    """Return how GPT-2 fares against BERT-Large where both compute as much."""
    length = LENGTHS[-1]
    read, token = encoder(length), decoder(length)
    tokens = flops(read) / flops(token)  # as many as make the arithmetic equal
    derived = "derived: two operations for each weight fetched"
    ratio, waits = token.latency * tokens / read.latency, float(token.bound == "dram")
    return [
        Claim("GPT-2, arithmetic of one token", intensity(token), 2.0 / WIDTH, "FLOP/B", 0.1, note=derived),
        Claim("GPT-2 waits for main memory", waits, 1.0, tolerance=0.0, note="published: bandwidth limits it"),
        Claim("BERT-Large over GPT-2, FLOP/B", intensity(read) / intensity(token), None, "times"),
        Claim("GPT-2 slower than BERT-Large", float(ratio > 1.0), 1.0, tolerance=0.0, note="published in words"),
        Claim(f"GPT-2 over BERT-Large, {flops(read) / 1e9:.0f} GFLOP", ratio, None, "times"),
    ]


def main(target: str | Path = PICTURE) -> None:
    """Print published beside predicted, and draw."""
    rows = [*trends(), *runs()]
    print(claims(rows))
    print(f"drawn to {save(draw(), target)}")
    wrong = missed(rows)
    if wrong:
        sys.exit(wrong)


def draw() -> Any:
    """Draw trends of shipped GPUs, and the time of both models over the arithmetic they do."""
    figure, (left, right) = canvas(9.6, 4.0, 2)
    for index, (leaf, label) in enumerate(SHOWN.items()):
        first = wall.records(leaf)[0][1]
        found = [(machine.year, getattr(machine, leaf) / first) for machine in wall.machines()]
        left.plot(*zip(*found, strict=True), MARKERS[index], color=COLOURS[2 + index], markersize=4, alpha=0.6)
        years = [year for year, _ in wall.records(leaf)]
        rate = wall.growth(leaf)
        middle = compounded(rate, sum(years) / len(years) - years[0], wall.PERIOD)
        mean = 1.0
        for _, value in wall.records(leaf):
            mean *= (value / first) ** (1.0 / len(years))
        line = [mean / middle * compounded(rate, year - years[0], wall.PERIOD) for year in years]
        left.plot(years, line, color=COLOURS[2 + index], label=f"{label}: {rate:.2f} times in 2 years")
    left.set(yscale="log", xlabel="year", ylabel="over that of 2012")
    left.set_title("GPUs as shipped; lines: through records", fontsize=10)
    both = {"BERT-Large, all tokens at once": [], "GPT-2 medium, one by one": []}
    for length in LENGTHS:
        read, token = encoder(length), decoder(length)
        for name, result, times in zip(both, (read, token), (1, length), strict=True):
            both[name].append((times * flops(result) / 1e9, 1e3 * times * result.latency, length))
    for index, (name, points) in enumerate(both.items()):
        x, y, _ = zip(*points, strict=True)
        right.plot(x, y, marker=MARKERS[index], color=COLOURS[0], linestyle=("-", "--")[index], label=name)
        for place, time, length in points[:: max(1, len(points) // 2)]:
            right.annotate(
                f"{length} tokens", (place, time), (4, -9), textcoords="offset points", fontsize=7, color=INK
            )
    right.set(xscale="log", yscale="log", xlabel="arithmetic (GFLOP)", ylabel="time (ms)", xlim=(15, 700))
    right.set_xticks([20, 50, 100, 200, 500], ["20", "50", "100", "200", "500"])
    right.set_yticks([10, 100, 1000, 10000], ["10", "100", "1,000", "10,000"])
    right.minorticks_off()
    right.set_title("equal arithmetic on a Xeon Gold 6248", fontsize=10)
    for ax in (left, right):
        ax.grid(color=GRID, linewidth=0.6)
        ax.legend(fontsize=8, frameon=False)
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:2])
