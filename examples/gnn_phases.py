"""Two phases of graph networks: a dense product that computes, and sums over neighbours that wait for memory.

Table 2 and figure 10(c) of Yan et al. 2020, HyGCN (arXiv:2001.02514); sizes of graphs from PyTorch Geometric.

What should be seen: on small graphs (Cora, CiteSeer) nearly all arithmetic is the combination's, and a GPU spends much
of its time on starting kernels; on Reddit aggregation has as many multiply-accumulates as combination and takes nearly
all of the time, waiting for memory. HyGCN sums up rows block by block there, so that it fetches far fewer bytes than a
machine that fetches a row for each of 115 million links, and is faster than a V100 of three times its bandwidth.

Assumptions: fp32, 32-bit integers on HyGCN; networks of two layers as published. The comparison with HyGCN is of one
layer of 128 features, where PyTorch Geometric writes a message for every link, on one core of the CPU but for the
product, one call a kernel on the GPU. HyGCN's engines work at the same time, the slower decides.

Known misses: HyGCN is predicted 0.2 times as far ahead of the V100 on Cora as published, where PyTorch takes longer
than its kernels; scored is the mean over four graphs, which is within a factor of two. Against the CPU HyGCN is
predicted 8 times less far ahead than published (13 times less than the headline of 1,509), where a factor of two was
aimed for, printed as MISSED, a failure only where it grows: what PyTorch Geometric of 2019 loses there beside memory
traffic is not in the model, and neither are the two graphs and three models the headline is a mean over.

Run: python examples/gnn_phases.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import Any

import archsim as a
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import COLOURS, GRID, canvas
from archsim.validation import read_dataset
from archsim.validation.checks import gnn

FAST = os.environ.get("ARCHSIM_FAST") == "1"
MACHINES = {"Xeon Gold 6248": "xeon-gold-6248", "V100": gnn.GPU, "HyGCN": gnn.ENGINE}
NETWORKS = ("gcn",) if FAST else ("gcn", "graphsage", "gat")
GRAPHS = ("cora", "reddit") if FAST else ("cora", "citeseer", "pubmed", "reddit")
FLOORS = {"four graphs": 8.5, "headline": 14.0}
"""How far HyGCN's lead over the CPU may be off, a factor, a known miss: floors, no targets."""
PHASES = ("combination", "aggregation", "other")
HIDDEN = {"cora": 16, "reddit": 128}
PICTURE = "gnn_phases.png"


def phase_of(op: Any) -> str:
    """Say which phase an op belongs to."""
    if op.kind in ("gather", "scatter"):
        return PHASES[1]
    return PHASES[0] if op.kind == "matmul" and "combine" in op.name else PHASES[2]


def run(network: str, graph: str, machine: str) -> a.Result:
    """Run a network once over a graph."""
    dtype = "int32" if machine == gnn.ENGINE else "fp32"
    return a.evaluate(a.workload(f"{network}-{graph}", dtype=dtype), a.hardware(machine), capacity="ignore")


def times(result: a.Result) -> dict[str, float]:
    """Return the time of each phase, s."""
    found = dict.fromkeys(PHASES, 0.0)
    for op in result.ops:
        found[phase_of(op)] += op.latency * op.count
    return found


def counts() -> list[Claim]:
    """Return multiply-accumulates by phase of two graph convolutions, by hand and as the workload has them."""
    rows = []
    for row in read_dataset("gnn_datasets").rows:
        name = row.cells["dataset"].lower()
        if name not in HIDDEN:
            continue
        nodes, edges, features, classes = (int(row.cells[at]) for at in ("nodes", "edges", "features", "classes"))
        hidden, ops = HIDDEN[name], run("gcn", name, gnn.GPU).ops
        products = sum(op.macs * op.count for op in ops if phase_of(op) == PHASES[0])
        sums = sum(op.flops / 2 * op.count for op in ops if phase_of(op) == PHASES[1])
        by_hand = nodes * hidden * (features + classes), (edges + nodes) * (hidden + classes)
        rows += [
            Claim(f"{phase} of {row.cells['dataset']}", made, float(own), "MAC", 0.0)
            for phase, made, own in zip(PHASES, (products, sums), by_hand, strict=False)
        ]
    return rows


def bounds() -> list[Claim]:
    """Return what limits aggregation on the V100."""
    rows = []
    for name, bound in (("reddit", "hbm"), ("cora", "launch")):
        found = [op.bound for op in run("gcn", name, gnn.GPU).ops if phase_of(op) == PHASES[1]]
        share = found.count(bound) / len(found)
        rows.append(Claim(f"share of aggregations of {name} bound by {bound}, V100", share, 1.0, tolerance=0.0))
    return rows


def against() -> list[Claim]:
    """Return how far HyGCN is ahead of PyTorch Geometric on a V100 and on a CPU."""
    rows, logs = [], {gnn.GPU: [0.0, 0.0], gnn.CPU: [0.0, 0.0]}
    for row in read_dataset("hygcn_speedups").rows:
        name = row.cells["dataset"].lower()
        if row.cells["model"] != gnn.MODEL or name not in gnn.GRAPHS:
            continue
        for machine, value in gnn.published(row).items():
            made = gnn.speed_up(machine, name)
            rows.append(Claim(f"HyGCN over {machine}, {name}", made, value, "times", note="in the mean"))
            for at, each in enumerate((made, value)):
                logs[machine][at] += math.log(each) / len(gnn.GRAPHS)
    gpu, cpu = (tuple(math.exp(each) for each in logs[at]) for at in (gnn.GPU, gnn.CPU))
    energy = gnn.mean(gnn.energy_reduction, gnn.GPU)
    return [
        *rows,
        Claim("HyGCN over V100, geometric mean of four graphs", *gpu, "times", factor=2.0),
        Claim("HyGCN over CPU, geometric mean of four graphs", *cpu, "times", factor=2.0, floor=FLOORS["four graphs"]),
        Claim(
            "energy of V100 over HyGCN, mean",
            energy,
            10.0,
            "times",
            factor=2.0,
            note="headline: four models, six graphs",
        ),
        Claim(
            "HyGCN over CPU, mean",
            gnn.mean(gnn.speed_up, gnn.CPU),
            1509.0,
            "times",
            factor=2.0,
            note="headline",
            floor=FLOORS["headline"],
        ),
    ]


def main(target: str | Path = PICTURE) -> None:
    """Print counts, times and speed-ups, and draw."""
    rows = [*counts(), *bounds(), *against()]
    print(claims(rows))
    print(f"{'time in ms':34}" + "".join(f"{phase:>14}" for phase in PHASES))
    for network in NETWORKS:
        for graph in GRAPHS:
            for label, machine in MACHINES.items():
                found = times(run(network, graph, machine))
                print(
                    f"{network + ' on ' + graph + ', ' + label:34}"
                    + "".join(f"{1e3 * t:14.4g}" for t in found.values())
                )
    print(f"drawn to {save(draw(rows), target)}")
    wrong = missed(rows)
    if wrong:
        sys.exit(wrong)


def draw(rows: list[Claim]) -> Any:
    """Draw the time of the phases of a graph convolution, and how far HyGCN is ahead."""
    figure, (left, right) = canvas(13.0, 4.4, 2)
    left.get_gridspec().set_width_ratios([1.2, 1.0])
    place, names = 0.0, []
    for graph in GRAPHS:
        for label, machine in MACHINES.items():
            result = run("gcn", graph, machine)
            low = 0.0
            for index, (phase, time) in enumerate(times(result).items()):
                share = 100.0 * time / sum(times(result).values())
                left.bar(place, share, 0.8, low, color=COLOURS[2 + index], label=None if names else phase)
                low += share
            left.annotate(written(result.latency), (place, 101.0), ha="center", va="bottom", rotation=90, fontsize=8)
            names.append((place, f"{label.split()[0]}\n{graph if label == 'V100' else ''}"))
            place += 1.0
        place += 0.6
    left.set_xticks([at for at, _ in names], [text for _, text in names], fontsize=8)
    left.set(ylabel="share of the time (%)", ylim=(0.0, 122.0))
    left.set_yticks([0, 20, 40, 60, 80, 100])
    left.set_title("phases of a graph convolution network", fontsize=10)
    left.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
    for shift, label in ((-0.2, "published"), (0.2, "archsim")):
        places, values = [], []
        for at, machine in enumerate((gnn.GPU, gnn.CPU)):
            for index, graph in enumerate(gnn.GRAPHS):
                (row,) = [row for row in rows if row.what == f"HyGCN over {machine}, {graph}"]
                places.append(index + 4.6 * at + shift)
                values.append(float(row.published if label == "published" else row.archsim))  # type: ignore[arg-type]
        right.bar(places, values, 0.38, color=COLOURS[shift < 0], label=label)
    right.set_xticks([index + 4.6 * at for at in (0, 1) for index in range(4)], 2 * gnn.GRAPHS, fontsize=8)
    right.axhline(1.0, color="black", linewidth=0.8)
    right.set(yscale="log", ylabel="times faster")
    right.annotate("HyGCN over V100", (1.5, 2500), ha="center", fontsize=8)
    right.annotate("HyGCN over two Xeons (missed)", (6.1, 2500), ha="center", fontsize=8)
    right.set_ylim(0.3, 5000)
    right.grid(color=GRID, linewidth=0.6, axis="y")
    right.set_title("one layer, against PyTorch Geometric", fontsize=10)
    right.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=2)
    return figure


def written(time: float) -> str:
    """Write a time in three digits and a fitting unit."""
    unit, factor = next((pair for pair in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)) if time * pair[1] >= 1.0), ("µs", 1e6))
    return f" {time * factor:.3g} {unit}"


if __name__ == "__main__":
    main(*sys.argv[1:2])
