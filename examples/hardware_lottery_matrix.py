"""The hardware lottery: 24 algorithms on six kinds of machine, as they are built and on equal terms.

No published figure: the question is that of Hooker, The hardware lottery, 2020 (arXiv:2009.06489). Rows and their
counts follow hardware_lottery_workloads.csv, whose numbers are derived from the papers it names.

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

HOST = "xeon-gold-6248"
MACHINES = {"CPU": HOST, "GPU": "a100-sxm4-80gb", "systolic": "tpu-v4", "crossbar": "isaac", "optical": "dota-b-8-bit",
            "spiking": "loihi1-davies2018"}  # fmt: skip
FEW = ("T1", "T2", "C3", "S2", "N1", "I2")
TABLE = catalogue.find("measured", "hardware_lottery_workloads").path
PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "hardware_lottery_matrix.svg"
PANELS = {"time, as built": "latency", "energy, as built": "energy", "time, 7 nm, int8, one area": "area",
          "time, 7 nm, int8, one power": "power", "energy, 7 nm, int8": "energy"}  # fmt: skip


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
    """Return what limits the rows that leave no choice: 1 where it does."""
    derived = (("T2", ("CPU", "GPU", "systolic"), "memory"), ("I2", ("CPU", "GPU"), "latency"))
    return [
        Claim(f"{row} waits for {limit}: {name}", float(built.limit(row, name) == limit), 1.0, tolerance=0.0)
        for row, names, limit in derived for name in names
    ]  # fmt: skip


def expected(built: a.Matrix) -> list[tuple[str, bool]]:
    """Return what was expected of the matrix as built, and whether it is so."""
    rows, used = built.rows, built.utilisation
    fast, cheap = built.lottery("latency").winners, built.lottery("energy").winners

    def time(row: str, name: str) -> float:
        return built.result(row, name).latency

    said = [(f"{row}: GPU or systolic array fastest", row, lambda row=row: set(fast[row]) <= {"GPU", "systolic"})
            for row in ("T1", "C1", "V1")]  # fmt: skip
    said += [
        ("T2: systolic array below 1 % of its peak", "T2", lambda: used("T2", "systolic") < 0.01),
        ("C3: systolic array below half of its use by C1", "C1 C3",
         lambda: used("C3", "systolic") < used("C1", "systolic") / 2),
        ("S2: less energy on the CPU than on the GPU", "S2",
         lambda: built.result("S2", "CPU").energy < built.result("S2", "GPU").energy),
        ("I2: CPU fastest, one chain no faster on the GPU", "I2", lambda: fast["I2"] == ("CPU",)),
        ("I3: CPU fastest", "I3", lambda: fast["I3"] == ("CPU",)),
        ("N1: spiking machine takes least energy", "N1", lambda: cheap["N1"] == ("spiking",)),
        ("B1: CPU within 5 times of the GPU", "B1", lambda: time("B1", "CPU") < 5.0 * time("B1", "GPU")),
        ("K1: GPU below a tenth of its use by C1", "C1 K1", lambda: used("K1", "GPU") < used("C1", "GPU") / 10),
        ("T1: optical machine takes least energy", "T1", lambda: cheap["T1"] == ("optical",)),
        ("I1, I2, I3, G1, K1: optical machine never takes least energy", "I1 I2 I3 G1 K1", lambda: not any(
            "optical" in cheap[row] for row in ("I1", "I2", "I3", "G1", "K1"))),
    ]  # fmt: skip
    return [(text, bool(so())) for text, needs, so in said if set(needs.split()) <= set(rows)]


def main(target: str | Path = PICTURE) -> None:
    """Print counts, matrices, indices and expectations, and draw."""
    names = FEW if os.environ.get("ARCHSIM_FAST") else tuple(ROWS)
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
    print("expected, and found as built:")
    for text, so in expected(built):
        print(f"  {'so      ' if so else 'NOT SO  '}{text}")
    rows = [*counts(names), *limits(built)]
    print(claims(rows, "published counts, and limits that leave no choice (1: so)"))
    print(f"drawn to {save(draw(built, alike), target)}")
    wrong = missed(rows)
    if wrong:
        sys.exit(wrong)


def draw(built: a.Matrix, alike: a.Matrix) -> Any:
    """Draw the matrices, and what limits every run as built."""
    figure, axes = canvas(13.0, 1.6 + 0.46 * len(built.rows), 3, rows=2)
    kinds = list(MACHINES)
    full = [f"{name}  {ROWS[name].title}" for name in built.rows]
    for ax, (title, metric) in zip((axes[0], axes[1], *axes[3:]), PANELS.items(), strict=True):
        one = built if "built" in title else alike
        found = one.lottery(metric)
        bold = {i: [kinds.index(kind) for kind in found.winners[row]] for i, row in enumerate(found.rows)}
        labels = full if ax in (axes[0], axes[3]) else built.rows
        heat(ax, labels, kinds, found.relative, one.texts(metric), title=title, most=1e3, bold=bold)
    used = [[built.utilisation(row, kind) for kind in kinds] for row in built.rows]
    texts = [[f"{built.limit(row, kind)}\n{100 * part:.0f} %" for kind, part in zip(kinds, parts, strict=True)]
             for row, parts in zip(built.rows, used, strict=True)]  # fmt: skip
    heat(axes[2], built.rows, kinds, used, texts, title="as built: what limits, and share of the peak", most=1.0,
         logarithmic=False, size=5.5)  # fmt: skip
    figure.supxlabel("costs over the best of each row; bold: wins; h: a host helps, H: it takes most of the time\n"
                     + ", ".join(f"{kind}: {machine}" for kind, machine in MACHINES.items()), fontsize=8)  # fmt: skip
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:2])
