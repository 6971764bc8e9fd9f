"""The price of programmability: one fixed matrix engine, many small ones, and small ones beside SIMT lanes.

No published figure: one area of 7 nm is spent three ways, and the 24 workloads of the hardware-lottery matrix are run
on each. Beside it the claim of Jouppi et al. 2023 (arXiv:2304.01433, abstract): for systems of similar size TPU v4 is
1.2 to 1.7 times as fast as the A100 and takes 1.3 to 1.9 times less power.

What should be seen: large products run best on few large arrays, which read each operand once for many products; thin
ones leave the cells of a large array idle and like small arrays; both differ by less than a factor of four. A GPU pays
an instruction for what an array does by being there, and launches for every op: up to five times in time where
arrays are at home. It gets back what no array does at all: lookups run on its lanes, where the arrays wait for a host,
and weights with few values are not read in full. No choice is best for all: the price of generality is above 1.

Assumptions: batch 1; array-256x256 with its cells in 1, 4, 16, 64, 256 or 1,024 arrays that share buffers, vector unit
and memory, at one area: what edges and wiring of small arrays take more is left out, which favours them. The A100 is
counted as 240 / 826 of a chip, its memory along with it: 592 GB/s for the 512 GB/s of the arrays. Areas of generic
arrays are assumed; the TPU v4i, four arrays of 128 x 128, stands beside them as a machine that was built. A host that
runs some of a row counts with its area.

Known miss, shown and not scored, as what was published is of training on thousands of chips: here, chip against chip,
the A100 wins. TPU v4 does 0.81 times as much of ResNet-50 and 0.97 of BERT-Large, where the paper has it 1.2 to 1.7
times as fast; its power is 2.0 to 2.2 times less, where the paper has 1.3 to 1.9.

Anchors, read back from descriptions: every split has the same cells. Derived from them: decoding at batch 1 takes the
same time on all splits, as it is the same bytes over the same memory; chains, searches and transforms are left to the
host by every array.

Run: python examples/price_of_programmability.py [FILE]; needs archsim[plot]; ARCHSIM_FAST=1 takes five rows
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import archsim as a
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import COLOURS, GRID, MARKERS, canvas
from archsim.workloads.lottery import ROWS

ARRAY, GPU, BUILT, HOST = "array-256x256", "a100-sxm4-80gb", "tpu-v4i", "xeon-gold-6248"
EDGES = (256, 128, 64, 32, 16, 8)
CELLS = 256 * 256
FEW = ("T1", "T2", "R1", "S2", "I2")
GROUPS = {
    "large products": ("T1", "T3", "C1", "V1", "P2"), "thin products": ("C2", "C3", "K1", "R1", "B1"),
    "weights read once": ("T2", "M1", "S1", "S3"), "gathers, scans, few values": ("G1", "G2", "I1", "S2", "P1"),
    "nothing for an array": ("I2", "I3", "D1", "N1", "N2"),
}  # fmt: skip


def split(edge: int) -> a.Chip:
    """Return the generic array with its cells in arrays of one edge."""
    leaves = {"array.rows": edge, "array.columns": edge, "array.count": CELLS // edge**2}
    return reduce(lambda chip, leaf: a.with_(chip, leaf, leaves[leaf]), leaves, a.hardware(ARRAY))


def name(edge: int) -> str:
    """Return how a split is called."""
    return f"{CELLS // edge**2:,} of {edge}²"


def fixed(found: a.Matrix) -> list[Claim]:
    """Return what follows from the description alone."""
    splits, rows = [name(edge) for edge in EDGES], []
    for column, machine in zip(found.columns, found.machines, strict=True):
        if column in splits and isinstance(machine, a.Chip):
            array: Any = machine.spec
            cells = array.array.rows * array.array.columns * array.array.count
            rows.append(Claim(f"cells of {column}", cells, CELLS, tolerance=0.0, note="anchor, read back"))
    slowest, fastest = (pick(found.result("T2", column).latency for column in splits) for pick in (max, min))
    rows.append(
        Claim("T2, slowest split over fastest", slowest / fastest, 1.0, "times", 0.05, note="derived: the same bytes")
    )
    for row in ("I2", "I3", "D1"):
        if row in found.rows:
            left = min(found.host_share(row, column) for column in splits)
            rows.append(Claim(f"{row}: share left to the host", left, 1.0, tolerance=0.0, note="derived"))
    return rows


def published() -> list[Claim]:
    """Return how TPU v4 and A100 compare in training, beside what was published of whole systems."""
    rows, note = [], "published of systems"
    for workload, batch in (("resnet50", 128), ("bert-large", 16)):
        graph = a.workload(workload, batch=batch)
        gpu, tpu = a.compare(graph, [GPU, "tpu-v4"], training=True, precision="bf16").results
        rows.append(Claim(f"{workload}: TPU v4 faster", gpu.latency / tpu.latency, (1.2, 1.7), "times", note=note))
        rows.append(Claim(f"{workload}: A100 power over it", gpu.power / tpu.power, (1.3, 1.9), "times", note=note))
    return rows


def mean(values: Sequence[float]) -> float:
    """Return the geometric mean."""
    return math.exp(sum(map(math.log, values)) / len(values))


def grouped(found: a.Lottery) -> dict[str, list[float]]:
    """Return the mean relative cost of each group of rows, machine by machine."""
    cost = dict(zip(found.rows, found.relative, strict=True))
    return {
        group: [mean([cost[row][index] for row in rows if row in cost]) for index in range(len(found.columns))]
        for group, rows in GROUPS.items() if any(row in cost for row in rows)
    }  # fmt: skip


def main(target: str | Path = "price_of_programmability.png") -> None:
    """Print what each choice costs, row by row and for all, and draw."""
    names = FEW if os.environ.get("ARCHSIM_FAST") == "1" else tuple(ROWS)
    machines = {**{name(edge): split(edge) for edge in EDGES}, "A100": GPU, "TPU v4i": BUILT}
    graphs = {row: f"lottery-{row.lower()}" for row in names}
    found = a.matrix(graphs, machines, {"capacity": "ignore", "host": HOST}, iso="area")
    for title, metric in (("time at one area", "area"), ("energy", "energy")):
        indices = found.lottery(metric)
        gpu = indices.prices["A100"] / min(indices.prices[name(edge)] for edge in EDGES)
        print(f"{title}\n{found.table(metric)}\nprice of generality {indices.price_of_generality:.2f}, on "
              f"{indices.generalist}; GPU over the best split, all rows: {gpu:.2f}\n")  # fmt: skip
    rows = [*fixed(found), *published()]
    print(claims(rows))
    print(f"drawn to {save(draw(found), target)}")
    wrong = missed(rows)
    if wrong:
        sys.exit(wrong)


def draw(found: a.Matrix) -> Any:
    """Draw what each kind of work costs on each choice."""
    figure, axes = canvas(10.4, 4.4, 2, share=True)
    for ax, (title, metric) in zip(axes, (("time at one area", "area"), ("energy", "energy")), strict=True):
        for index, (group, costs) in enumerate(grouped(found.lottery(metric)).items()):
            style = {"color": COLOURS[index], "marker": MARKERS[index], "markersize": 4.5}
            ax.plot(range(len(EDGES)), costs[: len(EDGES)], label=group, **style)
            ax.plot(range(len(EDGES), len(costs)), costs[len(EDGES) :], linestyle="none", **style)
        ax.axvline(len(EDGES) - 0.5, color=GRID)
        ax.set_xticks(range(len(found.columns)), found.columns, rotation=35, ha="right", fontsize=8)
        ax.set(yscale="log", xlabel="arrays in one area; GPU and TPU v4i cut to it")
        ax.set_yticks([1, 1.5, 2, 3, 4, 6], ["1", "1.5", "2", "3", "4", "6"])
        ax.set_title(title, fontsize=10)
        ax.minorticks_off()
        ax.grid(axis="y", color=GRID, linewidth=0.6)
    axes[0].set_ylabel("over the best of each row, mean of the group")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=5, fontsize=8, frameon=False)
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:2])
