"""The hardware lottery: 24 algorithms on six kinds of machine, as they are built and on equal terms.

No published figure: the question is that of Hooker, The hardware lottery, 2020 (arXiv:2009.06489). Rows and their counts
of MACs and parameters follow hardware_lottery_workloads.csv, whose numbers are derived from the papers named there.

What should be seen: who wins depends on the row. Products large enough go to whoever multiplies cheapest; at batch 1
the memory decides; chains of dependent loads go to the host, whatever stands beside it; spikes are cheap only where
neurons rarely fire. As built, the matrix measures vintage and size of machines as well. On equal terms, one node, one
area or one power, other machines win, which is the point. Winners are shares of rows, the price of generality is what
running everything on the best single machine costs over running each row on its own best one.

Assumptions: one run each (batch 1, but T3 8 and R1 20), capacity ignored, one host, the CPU column, beside every
machine. As built every row has its own number format; on equal terms all compute in int8. Energies and areas go to 7 nm
by archsim.study.iso; clocks stay. The optical machine, its converters and ISAAC are designs of papers, never built;
DOTA's cores take 8 bits and its 16 GiB of memory count neither as area nor as power, nor do those of the others. A
host that runs some of a row counts with its area and power: marked h, or H where it takes more than half the time.

Checked: counts equal the published ones; batch-1 decoding waits for memory wherever a machine has one outside; the
pointer chase waits for latency. Expectations are printed beside what was found, and decide nothing.

Run: python examples/hardware_lottery_matrix.py [FILE]; needs archsim[plot]; ARCHSIM_FAST=1 takes nine rows
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import archsim as a
from archsim.io import catalogue
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import canvas
from archsim.report.figures.heat import heat
from archsim.study.lottery import Lottery, lottery
from archsim.validation.table import read_table
from archsim.workloads.lottery import ROWS, published_macs, published_parameters

HOST = "xeon-gold-6248"
OPTICAL = a.with_(a.hardware("dota-b-8-bit"), "dataflow", "native")
MACHINES = {"CPU": HOST, "GPU": "a100-sxm4-80gb", "systolic": "tpu-v4", "crossbar": "isaac", "optical": OPTICAL,
            "spiking": "loihi1-davies2018"}  # fmt: skip
FEW = ("T1", "T2", "C1", "C3", "S2", "N1", "K1", "I2", "I3")
TABLE = catalogue.find("measured", "hardware_lottery_workloads").path
PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "hardware_lottery_matrix.svg"
LATENCY = ("launch", "call", "latency", "waiting")
MOVING = ("weight writing", "weight loading", "weight setting", "pipeline fill", "fill and drain")
CONVERTING = ("light", "output converters", "input converters", "converter pipeline")
Runs = Mapping[str, a.Comparison]


def counts(graphs: Mapping[str, a.Graph]) -> list[Claim]:
    """Return published counts beside ours."""
    rows = []
    for row in read_table(TABLE, ("id", "macs", "params")).rows:
        name = row.cells["id"]
        for key, count in (("macs", published_macs), ("params", published_parameters)):
            if name in graphs and row.cells[key]:
                rows.append(Claim(f"{name} {key}", count(name, graphs[name]), float(row.cells[key]), tolerance=0.0))
    return rows


def host_share(result: a.Result, machine: str) -> float:
    """Return the share of the time that a host and the way to it take."""
    return sum(op.latency * op.count for op in result.ops if op.placed_on != machine) / result.latency


def binds(result: a.Result) -> str:
    """Return what limits a run: compute, memory, latency, weights on their way, conversion, or the host."""
    name = result.bound
    if name.startswith("host") or name == "link to host":
        return "host"
    if name in result.bytes_by_level:
        return "memory"
    kinds = {"latency": LATENCY, "weights": MOVING, "conversion": CONVERTING}
    return next((kind for kind, names in kinds.items() if name in names), "compute")


def utilisation(result: a.Result, machine: str) -> float:
    """Return the share of its peak that a machine reaches on the mean over the time of a run."""
    own = [op for op in result.ops if op.placed_on == machine]
    return sum(op.utilisation * op.latency * op.count for op in own) / result.latency


def table(built: Runs, values: Lottery) -> list[list[str]]:
    """Write relative costs, and who needs its host."""
    texts = []
    for name, row in zip(values.rows, values.relative, strict=True):
        shares = [host_share(r, r.hardware) for r in built[name].results]
        flags = ["H" if share > 0.5 else "h" if share > 0.0 else "" for share in shares]
        texts.append([f"{cost:.3g}{flag}" for cost, flag in zip(row, flags, strict=True)])
    return texts


def matrix(costs: Mapping[str, tuple[float, ...]]) -> Lottery:
    """Return a matrix of costs by row and kind of machine."""
    return lottery({name: dict(zip(MACHINES, row, strict=True)) for name, row in costs.items()})


def expected(time: Lottery, energy: Lottery, built: Runs) -> list[tuple[str, bool]]:
    """Return what was expected of the matrix as built, and whether it is so."""
    fast, cheap = time.winners, energy.winners
    busy = {name: {kind: utilisation(r, r.hardware) for kind, r in zip(MACHINES, built[name].results, strict=True)}
            for name in built}  # fmt: skip
    cost = {name: dict(zip(MACHINES, row, strict=True)) for name, row in zip(time.rows, time.relative, strict=True)}
    joule = {name: dict(zip(MACHINES, row, strict=True)) for name, row in zip(energy.rows, energy.relative, strict=True)}
    return [(text, so) for row, text, so in (
        ("T1", "T1: systolic array or GPU is fastest", lambda: fast["T1"][0] in ("GPU", "systolic")),
        ("C1", "C1: systolic array or GPU is fastest", lambda: fast["C1"][0] in ("GPU", "systolic")),
        ("V1", "V1: systolic array or GPU is fastest", lambda: fast["V1"][0] in ("GPU", "systolic")),
        ("T2", "T2: systolic array below 1 % of its peak", lambda: busy["T2"]["systolic"] < 0.01),
        ("C3", "C3: systolic array far less used than by C1", lambda: busy["C3"]["systolic"] < busy["C1"]["systolic"] / 2),
        ("S2", "S2: CPU takes less energy than GPU", lambda: joule["S2"]["CPU"] < joule["S2"]["GPU"]),
        ("I2", "I2: CPU first, GPU no faster for one chain", lambda: cost["I2"]["CPU"] == 1.0 < cost["I2"]["GPU"]),
        ("I3", "I3: CPU first, GPU no faster", lambda: cost["I3"]["CPU"] == 1.0 < cost["I3"]["GPU"]),
        ("N1", "N1: spiking takes least energy", lambda: cheap["N1"] == ("spiking",)),
        ("B1", "B1: CPU within 5 times of GPU", lambda: cost["B1"]["CPU"] < 5.0 * cost["B1"]["GPU"]),
        ("K1", "K1: GPU used less than a tenth as well as by C1", lambda: busy["K1"]["GPU"] < busy["C1"]["GPU"] / 10),
        ("T1", "optical takes least energy for T1", lambda: "optical" in cheap["T1"]),
        ("K1", "optical takes least energy for no I, G1 or K1", lambda: not any(
            "optical" in cheap[name] for name in cheap if name[0] == "I" or name in ("G1", "K1"))),
    ) if row in built for so in [so()]]  # fmt: skip


def main(target: str | Path = PICTURE) -> None:
    """Print counts, matrices, indices and expectations, and draw."""
    names = FEW if os.environ.get("ARCHSIM_FAST") else tuple(ROWS)
    graphs = {name: a.workload(f"lottery-{name.lower()}") for name in names}
    how: dict[str, Any] = {"capacity": "ignore", "host": HOST}
    built = {name: a.compare(graph, MACHINES.values(), **how) for name, graph in graphs.items()}
    terms, how = "node=7nm,area,power", {**how, "precision": "int8"}
    alike = {name: a.compare(graph, MACHINES.values(), iso=terms, **how) for name, graph in graphs.items()}
    found = {
        "time, as built": matrix({n: tuple(r.latency / r.items for r in c.results) for n, c in built.items()}),
        "energy, as built": matrix({n: tuple(r.energy / r.items for r in c.results) for n, c in built.items()}),
        "time, 7 nm, int8, one area": matrix({n: tuple(1 / x for x in c.within("area")) for n, c in alike.items()}),
        "time, 7 nm, int8, one power": matrix({n: tuple(1 / x for x in c.within("power")) for n, c in alike.items()}),
        "energy, 7 nm, int8": matrix({n: tuple(r.energy / r.items for r in c.results) for n, c in alike.items()}),
    }
    for title, values in found.items():
        runs = built if "built" in title else alike
        print(f"{title}, over the best of each row\n{'':6}" + "".join(f"{kind:>12}" for kind in MACHINES))
        for name, texts in zip(names, table(runs, values), strict=True):
            print(f"{name:6}" + "".join(f"{text:>12}" for text in texts))
        print(f"{'won':6}" + "".join(f"{values.shares[kind]:12.0%}" for kind in MACHINES))
        print(f"{'price':6}" + "".join(f"{values.prices[kind]:12.3g}" for kind in MACHINES))
        print(f"{'worst':6}" + "".join(f"{values.regrets[kind]:12.3g}" for kind in MACHINES))
        print(f"concentration {values.concentration:.2f}; price of generality {values.price_of_generality:.2f} on "
              f"{values.generalist}; Kendall's tau of GPU with " + ", ".join(
                  f"{kind} {values.tau('GPU', kind):+.2f}" for kind in MACHINES if kind != "GPU") + "\n")  # fmt: skip
    changed = [n for n in names if len({found[title].winners[n] for title in found if "time" in title}) > 1]
    print(f"winners of time that equal terms change: {', '.join(changed) or 'none'}\nexpected, and found as built:")
    for text, so in expected(found["time, as built"], found["energy, as built"], built):
        print(f"  {text}: {'so' if so else 'NOT SO'}")
    rows = [*counts(graphs), *bounds(built)]
    print(claims(rows, "published counts, and what the physics leaves no choice about"))
    print(f"drawn to {save(draw(built, found), target)}")
    wrong = missed(rows)
    if wrong:
        sys.exit(wrong)


def bounds(built: Runs) -> list[Claim]:
    """Return what limits the rows that leave no choice: 1 where it does."""
    rows = []
    for name, kinds, limit in (("T2", ("CPU", "GPU", "systolic"), "memory"), ("I2", ("CPU", "GPU"), "latency")):
        for kind, result in zip(MACHINES, built[name].results, strict=True):
            if kind in kinds:
                rows.append(Claim(f"{name} waits for {limit}: {kind}", float(binds(result) == limit), 1.0, tolerance=0.0))
    return rows


def draw(built: Runs, found: Mapping[str, Lottery]) -> Any:
    """Draw the matrices, and what limits every run as built."""
    figure, axes = canvas(13.0, 1.6 + 0.46 * len(built), 3, rows=2)
    labels = [f"{name} {ROWS[name].title}" for name in built]
    used = [[utilisation(r, r.hardware) for r in c.results] for c in built.values()]
    texts = [[f"{binds(r)} {100 * u:.0f}" for r, u in zip(c.results, us, strict=True)]
             for c, us in zip(built.values(), used, strict=True)]  # fmt: skip
    order = list(found)
    for ax, title in zip([axes[0], axes[1], axes[3], axes[4], axes[5]], order, strict=True):
        values = found[title]
        runs = built if "built" in title else built
        bold = {i: [list(MACHINES).index(kind) for kind in values.winners[name]] for i, name in enumerate(values.rows)}
        heat(ax, labels if ax in (axes[0], axes[3]) else list(built), list(MACHINES), values.relative,
             table(runs, values), title=f"{title}: over the best of the row", most=1000.0, bold=bold)  # fmt: skip
    heat(axes[2], list(built), list(MACHINES), used, texts, title="what limits, and utilisation (%), as built",
         most=1.0, logarithmic=False)  # fmt: skip
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:2])
