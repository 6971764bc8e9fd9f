"""The hardware lottery: 24 algorithms on six kinds of machine, as they are built and on equal terms.

No published figure: the question is that of Hooker, The hardware lottery, 2020 (arXiv:2009.06489). Rows and their
counts follow hardware_lottery_workloads.csv, whose numbers are derived from the papers it names.

What should be seen: who wins depends on the row. Products large enough go to whoever multiplies cheapest; at batch 1
the memory decides; chains of dependent loads go to the host, whatever stands beside it; spikes are cheap only where
neurons rarely fire. As built, the matrix measures vintage and size of machines as well. On equal terms, one node, one
area or one power, other machines win, which is the point. Winners are shares of rows, the price of generality is what
running everything on the best single machine costs over running each row on its own best one.

Light takes T2 by bookkeeping: of the 7 GB that every machine reads once a token, a byte costs 31 pJ at the memory of
its simulator and 98 pJ at that of the A100 by measurements, and the description of light draws nothing at rest. With
all memories at 31 pJ/B and nothing drawn at rest it stays ahead of the systolic array by 1.3 times instead of 4.3, and
of the GPU by 2 instead of 6: T2* in the picture. What it wins by then are instructions and the wires of large caches.

Assumptions: one run each (batch 1, but T3 8 and R1 20), capacity ignored, one host, the CPU column, beside every
machine. As built every row has its own number format; on equal terms all compute in int8. Energies and areas go to 7 nm
by archsim.study.iso; clocks stay. The optical machine, its converters and ISAAC are designs of papers, never built;
DOTA's cores take 8 bits and its 16 GiB of memory count neither as area nor as power, nor do those of the others. A
host that runs some of a row counts with its area and power and stays as it is built, whatever the node: marked h, or H
where it takes more than half the time.

Checked: counts equal the published ones. Derived, from descriptions alone: batch-1 decoding waits for memory wherever a
machine has one outside; the pointer chase waits for latency. Expectations are printed beside what was found, and decide
nothing.

Run: python examples/hardware_lottery_matrix.py [FILE]; needs archsim[plot]; ARCHSIM_FAST=1 takes six rows
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import archsim as a
from archsim.io import catalogue
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import canvas
from archsim.report.figures.heat import heat
from archsim.validation.table import read_table
from archsim.workloads.lottery import ROWS, published_macs, published_parameters

HOST, HELPER = "xeon-gold-6248", "CPU"
MACHINES = {"CPU": HOST, "GPU": "a100-sxm4-80gb", "systolic": "tpu-v4", "crossbar": "isaac", "optical": "dota-b-8-bit",
            "spiking": "loihi1-davies2018"}  # fmt: skip
FEW = ("T1", "T2", "C3", "S2", "N1", "I2")
TABLE = catalogue.find("measured", "hardware_lottery_workloads").path
PANELS = {"time, as built": "latency", "energy, as built": "energy", "time, 7 nm, int8, one area": "area",
          "time, 7 nm, int8, one power": "power", "energy, 7 nm, int8": "energy"}  # fmt: skip
DRAWN = ("time, as built", "time, 7 nm, int8, one area", "energy, 7 nm, int8")
PICO = 1e12
LETTERS = {"memory": "M", "compute": "C", "latency": "L", "weights": "W", "conversion": "A", "host": "H"}
"""Kinds of limit in the cells of the picture."""


def matrices(names: tuple[str, ...]) -> tuple[a.Matrix, a.Matrix]:
    """Evaluate all rows on all machines: as built, and on equal terms."""
    graphs = {name: a.workload(f"lottery-{name.lower()}") for name in names}
    machines = {**MACHINES, "optical": a.with_(a.hardware(MACHINES["optical"]), "dataflow", "native")}
    how = {"capacity": "ignore", "host": HOST}
    alike = a.matrix(graphs, machines, how, iso="node=7nm,area,power", precision="int8")
    return a.matrix(graphs, machines, how), alike


def counts(names: tuple[str, ...]) -> list[Claim]:
    """Return published counts beside ours; a count of nothing beside one more than ours."""
    rows = []
    for row in read_table(TABLE, ("id", "macs", "params")).rows:
        name = row.cells["id"]
        for key, count in (("macs", published_macs), ("params", published_parameters)):
            if name in names and row.cells[key]:
                published, ours = int(row.cells[key]), count(name, a.workload(f"lottery-{name.lower()}"))
                one = int(published == 0)
                note = "both one more than nothing" if one else ""
                rows.append(Claim(f"{name} {key}", ours + one, published + one, tolerance=0.0, note=note))
    return rows


def limits(built: a.Matrix) -> list[Claim]:
    """Return what limits the rows that leave no choice: 1 where it does. It follows from descriptions."""
    derived = (("T2", ("CPU", "GPU", "systolic"), "memory"), ("I2", ("CPU", "GPU"), "latency"))
    return [
        Claim(f"{row} waits for {limit}: {name}", float(built.limit(row, name) == limit), 1.0, tolerance=0.0,
              note="derived")
        for row, names, limit in derived for name in names
    ]  # fmt: skip


def bare(alike: a.Matrix) -> dict[str, float]:
    """Return the energy of T2 with every memory as dear as that of light and nothing drawn at rest, J."""
    price, found = a.hardware(MACHINES["optical"]).spec.memory[0].energy, {}
    for name in alike.columns:
        result = alike.result("T2", HELPER if alike.flag("T2", name) == "H" else name)
        causes, outside = result.energy_by_cause, next(iter(result.bytes_by_level.values()))
        found[name] = result.energy - causes["static"] - causes["off_chip_memory"] + price * outside
    return found


def dense_first() -> bool:
    """Return whether the dense twin of N1 takes less energy somewhere than spikes that never rest, on their machine."""
    widths = "390-256-256-29"
    always = a.evaluate(a.workload("spiking-mlp", widths=widths, timesteps=10, rate=1.0), MACHINES["spiking"],
                        capacity="ignore")  # fmt: skip
    dense = [a.evaluate(a.workload("mlp", widths=widths), machine, capacity="ignore", host=HOST)
             for name, machine in MACHINES.items() if name != "spiking"]  # fmt: skip
    return min(each.energy / each.items for each in dense) < always.energy / always.items


def expected(built: a.Matrix) -> list[tuple[str, bool]]:
    """Return what was expected of the matrix as built, and whether it is so."""
    rows, used = built.rows, built.utilisation
    fast, cheap = built.lottery("latency").winners, built.lottery("energy").winners

    def time(row: str, name: str) -> float:
        return built.result(row, name).latency

    said = [(f"{row}: GPU or systolic array fastest", row, lambda row=row: set(fast[row]) <= {"GPU", "systolic"})
            for row in ("T1", "C1", "V1")]  # fmt: skip
    said += [(f"{row}: CPU slowest", row, lambda row=row: max(time(row, name) for name in built.columns
              if built.flag(row, name) != "H") == time(row, "CPU")) for row in ("T1", "C1", "V1")]  # fmt: skip
    said += [
        ("T2: systolic array below 1 % of its peak", "T2", lambda: used("T2", "systolic") < 0.01),
        ("C3: systolic array below half of its use by C1", "C1 C3",
         lambda: used("C3", "systolic") < used("C1", "systolic") / 2),
        ("S2: less energy on the CPU than on the GPU", "S2",
         lambda: built.result("S2", "CPU").energy < built.result("S2", "GPU").energy),
        ("I2: CPU fastest, one chain no faster on the GPU", "I2", lambda: fast["I2"] == ("CPU",)),
        ("I3: CPU fastest", "I3", lambda: fast["I3"] == ("CPU",)),
        ("N1: spiking machine takes least energy", "N1", lambda: cheap["N1"] == ("spiking",)),
        ("N1 with a spike of every neuron in every timestep: its dense twin takes less energy", "N1", dense_first),
        ("B1: CPU within 5 times of the GPU", "B1", lambda: time("B1", "CPU") < 5.0 * time("B1", "GPU")),
        ("K1: GPU below a tenth of its use by C1", "C1 K1", lambda: used("K1", "GPU") < used("C1", "GPU") / 10),
        ("T1: optical machine takes least energy", "T1", lambda: cheap["T1"] == ("optical",)),
        ("I1, I2, I3, G1, K1: optical machine never takes least energy", "I1 I2 I3 G1 K1", lambda: not any(
            "optical" in cheap[row] for row in ("I1", "I2", "I3", "G1", "K1"))),
    ]  # fmt: skip
    return [(text, bool(so())) for text, needs, so in said if set(needs.split()) <= set(rows)]


def main(target: str | Path = "hardware_lottery_matrix.png") -> None:
    """Print counts, matrices, indices and expectations, and draw."""
    names = FEW if os.environ.get("ARCHSIM_FAST") == "1" else tuple(ROWS)
    built, alike = matrices(names)
    for title, metric in PANELS.items():
        one = built if "built" in title else alike
        found = one.lottery(metric)
        ranks = ", ".join(f"{name} {found.tau('GPU', name):+.2f}" for name in MACHINES if name != "GPU")
        print(f"{title}\n{one.table(metric)}\nconcentration {found.concentration:.2f}; price of generality "
              f"{found.price_of_generality:.2f}, on {found.generalist}; tau of GPU and {ranks}\n")  # fmt: skip
    times = [built.lottery("latency"), alike.lottery("area"), alike.lottery("power")]
    changed = [name for name in names if len({each.winners[name] for each in times}) > 1]
    print(f"equal terms change who is fastest in {len(changed)} of {len(names)} rows: {', '.join(changed)}")
    spent, before = (
        bare(alike),
        dict(zip(alike.columns, alike.lottery("energy").relative[names.index("T2")], strict=True)),
    )
    print(
        "T2, energy over the best, 7 nm, int8; then with all memories at "
        f"{PICO * a.hardware(MACHINES['optical']).spec.memory[0].energy:.1f} pJ/B and nothing drawn at rest: "
        + ", ".join(f"{name} {before[name]:.2f} then {spent[name] / min(spent.values()):.2f}" for name in MACHINES)
    )
    print("expected, and found as built:")
    for text, so in expected(built):
        print(f"  {'so      ' if so else 'NOT SO  '}{text}")
    rows = [*counts(names), *limits(built)]
    print(claims(rows, "published counts, and limits that leave no choice (1: so)"))
    print(f"drawn to {save(draw(built, alike), target)}")
    wrong = missed(rows)
    if wrong:
        sys.exit(wrong)


def short(value: float, flag: str = "") -> str:
    """Return two digits, as many as a cell in print has room for."""
    return f"{value:.2g}{flag}" if value < 99.5 else f"{value:,.0f}{flag}"


def draw(built: a.Matrix, alike: a.Matrix) -> Any:
    """Draw three of the matrices, T2 once more, and what limits every run as built, on one page."""
    figure, axes = canvas(7.4, 2.4 + 0.29 * len(built.rows), 2, rows=2)
    kinds, spent = list(MACHINES), bare(alike)
    full = [f"{name}  {ROWS[name].title}" for name in built.rows]
    for ax, title in zip(axes, DRAWN, strict=False):
        one = built if "built" in title else alike
        found = one.lottery(PANELS[title])
        bold = {i: [kinds.index(kind) for kind in found.winners[row]] for i, row in enumerate(found.rows)}
        labels, values = list(full if ax in axes[::2] else built.rows), [list(row) for row in found.relative]
        texts = [[short(each, one.flag(row, kind)) for each, kind in zip(line, kinds, strict=True)]
                 for row, line in zip(found.rows, found.relative, strict=True)]  # fmt: skip
        if title == DRAWN[-1]:
            values.append([spent[kind] / min(spent.values()) for kind in kinds])
            texts.append([short(each, one.flag("T2", kind)) for each, kind in zip(values[-1], kinds, strict=True)])
            labels, bold[len(built.rows)] = [*labels, "T2*  one price of memory, no rest"], [values[-1].index(1.0)]
        heat(ax, labels, kinds, values, texts, title=title, most=1e3, bold=bold, size=7)
    used = [[built.utilisation(row, kind) for kind in kinds] for row in built.rows]
    texts = [[f"{LETTERS[built.limit(row, kind)]} {100 * part:.0f}" for kind, part in zip(kinds, parts, strict=True)]
             for row, parts in zip(built.rows, used, strict=True)]  # fmt: skip
    heat(axes[3], built.rows, kinds, used, texts, title="as built: limit, % of the peak", most=1.0, logarithmic=False,
         size=7)  # fmt: skip
    for ax, ticks, said, label in ((axes[2], range(4), ("1", "10", "100", "1,000"), "times the best of a row"),
                                   (axes[3], (0, 0.5, 1), ("0", "50", "100"), "% of the peak")):  # fmt: skip
        bar = figure.colorbar(ax.images[0], ax=ax, orientation="horizontal", aspect=40, fraction=0.02, pad=0.01)
        bar.set_ticks(list(ticks), labels=list(said), fontsize=7)
        bar.set_label(label, fontsize=7)
    for ax in axes:
        ax.tick_params(axis="x", labelsize=6.5)
        ax.set_title(ax.get_title(), fontsize=9)
    figure.supxlabel(
        "bold: wins; h: a host helps, H: it takes most of the time; "
        + ", ".join(f"{letter}: {kind}" for kind, letter in LETTERS.items())
        + "\nT2*: every memory at the 31.2 pJ/B of light's, nothing drawn at rest; energies and areas of light are of "
        "papers\n" + ", ".join(f"{kind}: {machine}" for kind, machine in MACHINES.items()), fontsize=6.5)  # fmt: skip
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:2])
