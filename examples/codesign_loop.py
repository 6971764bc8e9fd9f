"""Algorithms and hardware chosen for one another: a race of optimisers, specialised machines, and lock-in.

Beside the headlines of DOSA (Hong et al. 2023), NAAS (Lin et al. 2021, arXiv:2105.13258) and FAST (Zhang et al. 2022,
arXiv:2105.12842); no published number for the loop itself.

What should be seen: (A) at equal samples, searches with a strategy find better machines than chance does, by less than
DOSA reports, since only the machine is searched: how an op lies on it is worked out for every design. Their fronts of
time, energy and area enclose more. (B) A machine made for one network does 1.8 to five times as much per joule as
TPU v3, one made for all of them nearly as much: the price of generality is small, where FAST, which also chooses
schedules, reports a factor 1.54. (C) Eight published networks of about four billion multiply-accumulates that classify
pictures about equally well: each loses up to 1.8 times on hardware tuned for another. But ResNet-50 is the best of
them on every array tuned for any of them, so that taking turns ends there wherever it starts. (D) Transformers of one
size and different widths: hardware made for a width mostly favours that width, so that the loop stays near where it
began. There is little to regret, a few per cent, and from TPU v3 as it is one comes to a power of two.

Assumptions: machines differ from TPU v3 in arrays, buffers, and in part A bandwidth and clock; one picture or sequence
at a time, bf16. Area is counted in bytes of buffer, of which one cell takes as many as on the die of TPU v1: a third
of that is 24 MiB of buffer, a quarter 65,536 cells (Jouppi et al. 2017, section 2). No design takes more area than TPU
v3, and power at rest goes with area. Published ratios are of other spaces, networks and samples: they stand beside,
and nothing is scored against them.

Checked: differential evolution finds the best of a space that is searched exhaustively as well, to 1 %; NSGA-II
encloses more volume than chance at equal samples. Fixed points, regret and the price of generality are printed,
whatever they are.

Known misses: two fixed points or more and a regret above 1.3 are expected of a lock-in. Kinds of network have the
regret, 1.8, and one fixed point; widths have the fixed points, and a regret of 1.22 at most.

Run: python examples/codesign_loop.py [FILE]; needs archsim[plot,optimise]; ARCHSIM_FAST=1 takes fewer samples
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import Any

import archsim as a
from archsim.io import catalogue
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import COLOURS, GRID, canvas
from archsim.report.figures.heat import heat
from archsim.validation.table import read_table

FAST = os.environ.get("ARCHSIM_FAST") == "1"
BASE = a.hardware("tpu-v3")
SAMPLES, SEEDS, POPULATION = (60, 2, 20) if FAST else (300, 5, 20)
CELL = (24 * 2**20 / (1 / 3)) * (1 / 4) / 65536  # bytes of buffer on the area of one cell
AS_IT_IS = {"array.rows": 128, "array.columns": 128, "array.count": 4, "buffers.input": 2**25}
SIDES = (16, 32, 64, 128, 256, 512)
ONCE = ("efficientnet-b0", "resnet50", "bert-base", "efficientnet-b4", "deit-s", "lstm-ptb-medium")[: 3 if FAST else 6]
ALIKE = ("resnet50", "deit-s", "resmlp-s24", "poolformer-s24", "regnet-y-4gf", "convnext-t", "swin-t",
         "efficientnet-b4")[: 4 if FAST else 8]  # fmt: skip
METHODS = {"random": "chance", "tpe": "Bayesian (TPE)", "differential-evolution": "differential evolution",
           "nsga2": "genetic (NSGA-II)"}  # fmt: skip


def area(columns: Any) -> Any:
    """Return the area of designs over that of TPU v3."""
    cells = columns["array.rows"] * columns["array.columns"] * columns["array.count"]
    whole = math.prod(AS_IT_IS[f"array.{side}"] for side in ("rows", "columns", "count"))
    return (CELL * cells + columns["buffers.input"]) / (CELL * whole + AS_IT_IS["buffers.input"])


FOLLOWS = {"memory.vmem.capacity": lambda c: c["buffers.input"], "power.idle": lambda c: BASE.spec.power.idle * area(c)}
LISTED = {"array.rows": SIDES, "array.columns": SIDES, "array.count": (1, 2, 4, 8, 16, 32, 64),
          "buffers.input": [2**20 * size for size in (2, 4, 8, 16, 32, 48, 64)], **FOLLOWS}  # fmt: skip
WIDE = {"array.rows": a.Span(8, 512, 64), "array.columns": a.Span(8, 512, 64), "array.count": a.Span(1, 64),
        "buffers.input": a.Span("1 MiB", "64 MiB", log=True), "memory.hbm.bandwidth": a.Span("100 GB/s", "900 GB/s"),
        "clock": a.Span("200 MHz", "940 MHz"), **FOLLOWS}  # fmt: skip
WIDTHS, HEAD, TOKENS = (384, 512, 640) if FAST else tuple(range(320, 897, 64)), 64, 128
FINE = (
    {**LISTED, "array.rows": range(64, 257, 32), "array.columns": range(64, 257, 32)}
    if FAST
    else {
        **LISTED,
        "array.rows": range(64, 321, 16),
        "array.columns": range(64, 321, 16),
        "array.count": (1, 2, 3, 4, 5, 6, 8, 12, 16),
        "buffers.input": [2**20 * size for size in (4, 16, 32)],
    }
)
HOW: dict[str, Any] = {"precision": "bf16", "constraints": [a.Limit(area, most=1.0, name="area")]}


def best(method: str, space: Any, objective: Any = "edp", seed: int = 0, samples: int = SAMPLES) -> a.Optimum:
    """Search a space for one network."""
    return a.optimise("resnet50", BASE, space, objective=objective, method=method, budget=samples,
                      population=POPULATION, seed=seed, **HOW)  # fmt: skip


def mean(values: Any) -> float:
    """Return the geometric mean."""
    listed = [float(value) for value in values]
    return math.exp(sum(map(math.log, listed)) / len(listed))


def published(paper: str, metric: str) -> tuple[float, float] | float:
    """Return a headline: a number, or a range."""
    table = read_table(catalogue.find("measured", "codesign_headlines").path, ("paper", "metric", "value")).rows
    (text,) = [r.cells["value"] for r in table if r.cells["paper"].startswith(paper) and r.cells["metric"] == metric]
    ends = [float(end) for end in text.split("-")]
    return (ends[0], ends[1]) if len(ends) == 2 else ends[0]


def race() -> tuple[list[Claim], dict[str, list[a.Optimum]]]:
    """Return part A: what chance finds over what searches find, and the volumes that fronts enclose."""
    runs = {name: [best(name, WIDE, seed=seed) for seed in range(SEEDS)] for name in METHODS}
    chance = [run.value for run in runs["random"]]
    ratio = {name: mean(c / run.value for c, run in zip(chance, each, strict=True)) for name, each in runs.items()}
    there = a.evaluate("resnet50", BASE, precision="bf16")
    wanted, corner = (
        {"latency": "latency", "energy": "energy", "area": area},
        (2 * there.latency, 2 * there.energy, 1.0),
    )
    volume = {name: [best(name, WIDE, wanted, seed).hypervolume(corner) for seed in range(SEEDS)]
              for name in ("random", "nsga2")}  # fmt: skip
    larger = mean(one / other for one, other in zip(volume["nsga2"], volume["random"], strict=True))
    sizes = {**LISTED, "array.rows": (128,), "array.columns": (128,)}
    known = best("exhaustive", LISTED)
    same = best("differential-evolution", LISTED, samples=800).value / known.value
    own = there.energy * there.latency
    dosa, bayes = (
        published("DOSA", "EDP vs random search, equal samples"),
        published("DOSA", "EDP vs Bayesian optimisation"),
    )
    return [
        Claim("EDP: chance over differential evolution", ratio["differential-evolution"], dosa, "times", note="DOSA"),
        Claim("EDP: chance over NSGA-II", ratio["nsga2"], dosa, "times", note="DOSA"),
        Claim("EDP: Bayesian over differential evolution", ratio["differential-evolution"] / ratio["tpe"], bayes,
              "times", note="DOSA"),
        Claim("EDP: as it is over the best", own / known.value, published("NAAS", "EDP"), "times",
              note="NAAS, Eyeriss"),
        Claim("EDP: sizes only over shapes, too", best("exhaustive", sizes).value / known.value,
              published("NAAS", "EDP vs sizing only"), "times", note="NAAS"),
        Claim("volume of NSGA-II over chance", larger, unit="times", note="fails unless above 1"),
        Claim("differential evolution over all designs", same, 1.0, "times", 0.01),
    ], runs  # fmt: skip


def specialise() -> tuple[list[Claim], dict[str, tuple[float, float]]]:
    """Return part B: how much more is done per joule than by the machine as it is, by one's own and by one for all."""
    graphs = {name: a.workload(name) for name in ONCE}
    how = {**HOW, "objective": "energy_per_item", "method": "exhaustive"}
    suite = a.optimise(graphs, BASE, LISTED, **how)
    gains = {}
    for name, graph in graphs.items():
        own = a.optimise(graph, BASE, LISTED, **how)
        there, shared = a.evaluate(graph, BASE, precision="bf16"), suite.result(workload=name)
        gains[name] = (there.energy / there.items / own.value, there.energy / shared.energy)
    single, both = (mean(gain[side] for gain in gains.values()) for side in (0, 1))
    first, second = (
        published("FAST ASPLOS", f"Perf/TDP {kind} mean") for kind in ("single-workload", "suite-optimised")
    )
    return [
        Claim("items per joule, one machine each", single, first, "times", note="FAST, performance over TDP"),
        Claim("items per joule, one machine for all", both, second, "times", note="FAST, performance over TDP"),
        Claim("price of generality", single / both, float(first) / float(second), "times", note="FAST"),
    ], gains


def encoder(width: int, feed_forward: int) -> a.Graph:
    """Make a transformer of twelve layers that reads one sequence at once."""
    return a.workload("transformer", width=width, heads=width // HEAD, feed_forward=feed_forward, layers=12,
                      sequence=TOKENS, vocabulary=1024, causal=False)  # fmt: skip


def loops() -> tuple[a.CoDesign, a.CoDesign]:
    """Return part C: kinds of network of about equal arithmetic, and widths of equal parameters."""
    how = {**HOW, "method": "exhaustive", "starts": {BASE.name: AS_IT_IS}}
    wide = a.alike(encoder, {"width": WIDTHS}, free="feed_forward", step=64, to=85e6, tolerance=0.01)
    kinds = a.codesign({name: a.workload(name) for name in ALIKE}, BASE, LISTED, **how)
    return kinds, a.codesign(wide.graphs, BASE, FINE, **how)


def tell(name: str, loop: a.CoDesign) -> None:
    """Print regret, where turns end, and what came of it beside what was expected."""
    few, low = (", MISSED" * so for so in (len(loop.fixed_points) < 2, bool(loop.off_diagonal.max() <= 1.3)))
    print(loop.table())
    print(loop.turns())
    print(
        f"{name}, fixed points: {len(loop.fixed_points)} (expected: two or more{few}): {'; '.join(loop.fixed_points)}"
    )
    print(f"{name}, largest regret: {loop.off_diagonal.max():.2f} times (expected: above 1.3{low})")
    print(
        f"{name}, lock-in: {max(loop.lock_in.values(), default=1.0):.3f} times the best of all at the worst fixed point"
    )
    print(f"{name}, price of generality: {loop.price_of_generality:.2f} times")
    print(f"{name}, winner concentration {loop.model_lottery.concentration:.2f}, Kendall's tau {loop.agreement:.2f}")


def main(target: str | Path = "codesign_loop.png") -> None:
    """Print published beside found, and draw."""
    raced, runs = race()
    special, gains = specialise()
    kinds, widths = loops()
    print(claims(raced, f"A, ResNet-50, {SAMPLES} samples, {SEEDS} seeds"))
    print(claims(special, "B, " + ", ".join(ONCE)))
    tell("C, kinds", kinds)
    tell("D, widths", widths)
    print(f"drawn to {save(draw(runs, gains, kinds, widths), target)}")
    (larger,) = (row.archsim for row in raced if row.what.startswith("volume"))
    wrong = missed(raced) or ("" if larger > 1.0 else f"NSGA-II encloses {larger:.3g} times the volume of chance")
    if wrong:
        sys.exit(wrong)


def draw(runs: dict[str, list[a.Optimum]], gains: dict[str, tuple[float, float]], kinds: a.CoDesign,
         widths: a.CoDesign) -> Any:  # fmt: skip
    """Draw the race, what specialised machines gain, regret of kinds of network, and where turns of widths end."""
    figure, (left, middle, right, last) = canvas(17.5, 4.3, 4)
    known = min(run.value for each in runs.values() for run in each)
    for colour, (name, each) in zip(COLOURS, runs.items(), strict=False):
        shown = [mean(values) for values in zip(*(run.history() / known for run in each), strict=False)]
        left.step(range(1, len(shown) + 1), shown, where="post", color=colour, label=METHODS[name])
    left.set(yscale="log", xlabel="designs tried", ylabel="energy-delay product over the best of all")
    left.set_yticks([1, 2, 3, 5, 10, 20], ["1", "2", "3", "5", "10", "20"])
    left.minorticks_off()
    left.set_title(f"A: optimisers, mean of {SEEDS} seeds", fontsize=10)
    for side, (label, colour) in enumerate((("machine of its own", COLOURS[0]), ("one machine for all", COLOURS[4]))):
        places = [place + 0.4 * side - 0.2 for place in range(len(gains))]
        middle.barh(places, [gain[side] for gain in gains.values()], 0.38, color=colour, label=label)
    middle.set_yticks(range(len(gains)), list(gains))
    middle.invert_yaxis()
    middle.set(xlabel="items per joule over TPU v3")
    middle.set_title("B: specialised machines of its area", fontsize=10)
    texts = [[f"{value:.2f}" for value in row] for row in kinds.regret]
    own = {row: [row] for row in range(len(kinds.models))}
    heat(right, list(kinds.hardware), kinds.models, kinds.regret.tolist(), texts, bold=own, most=2.0, size=7,
         title="C: energy-delay product over that on own hardware")  # fmt: skip
    right.set_xticks(range(len(kinds.models)), kinds.models, rotation=35, ha="left", fontsize=7)
    right.set(ylabel="hardware tuned for")
    *starts, there = widths.trajectories
    ends = [int(each.end.removeprefix("width=")) for each in starts]
    last.plot(WIDTHS, WIDTHS, color=GRID, zorder=1)
    last.plot(WIDTHS, ends, "o", color=COLOURS[0], label="from hardware tuned for a width")
    last.axhline(int(there.end.removeprefix("width=")), color=COLOURS[1], linestyle="--", label="from TPU v3 as it is")
    last.set(xlabel="width that hardware was tuned for at the start", ylabel="width it ends with", xticks=WIDTHS,
             yticks=WIDTHS)  # fmt: skip
    last.tick_params(axis="x", rotation=45)
    last.set_title("D: encoders of 85 M parameters, taking turns", fontsize=10)
    for ax in (left, middle, last):
        ax.grid(color=GRID, linewidth=0.6)
        ax.legend(fontsize=8)
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:2])
