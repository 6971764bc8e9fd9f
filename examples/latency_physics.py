"""What physics asks of a bit, a wire and a load, and what waiting costs machines that are built not to wait.

No published figure: constants of nature, published delays of wires, and dependent loads evaluated on five machines.

What should be seen: a multiply-add of a processor takes over a billion times the least energy that erasing a bit can
take, and a fetch from memory 283 times that again: what bounds machines is where numbers are, not what is done
to them. A signal on a wire with repeaters is 30 to 90 times slower than light, so that one cycle of 4 GHz reaches 1 to
2.5 mm. One chain of dependent loads, a linked list, runs at the pace of the memory's latency, a few million loads a
second on any machine, and slower on a GPU than on a processor. The GPU wins from a thousand chains on, and does all
it can once tens of thousands are in flight: latency times rate, as Little's law has it. The same goes for recurrences:
below a few hundred lanes the processor is ahead.

Assumptions: 300 K; wires of Owens et al. 2007 (22 nm, projected) and Das et al. 2015 (45 nm); energies of operations
at 45 nm, Horowitz 2014; lists of 1 GiB, nodes at random. What a spiking machine and a crossbar cannot run is done by
their hosts, as with every other workload.

Derived, not scored: every row repeats a constant, an input or a law (latency times rate) that the model has to keep to;
a row that does not fails.

Run: python examples/latency_physics.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import archsim as a
from archsim.laws import latency, photons
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import COLOURS, canvas
from archsim.report.figures.panels import curves, finish

FAST = os.environ.get("ARCHSIM_FAST") == "1"
CPU, GPU = "xeon-gold-6248", "a100-sxm4-80gb"
MACHINES = {
    "Xeon": CPU,
    "A100": GPU,
    "H100": "h100-sxm5-80gb",
    "Loihi's host": "loihi1-sanafe",
    "ISAAC's host, the same Xeon": "isaac",
}
WIRES = {"wire, Owens et al. 2007": 100e-9, "wire, Das et al. 2015": 300e-9}
"""Delay of a wire with repeaters, s/m."""
CLOCK, DIE = 4e9, 0.02
LOADS, STEPS = 1_000_000, 1000
CHAINS = tuple(1 << step for step in range(0, 22, 7 if FAST else 1))
LANES = tuple(1 << step for step in range(0, 17, 4 if FAST else 1))
NANO, MILLI, GIGA = 1e9, 1e3, 1e-9


@cache
def described(machine: str) -> Any:
    """Return a machine, read once."""
    return a.hardware(machine)


def chase(chains: int, machine: str) -> a.Result:
    """Follow linked lists side by side."""
    graph = a.workload("pointer-chase", loads=LOADS, chains=chains, flops_per_load=0.0)
    return a.evaluate(graph, described(machine), capacity="ignore")


def recur(lanes: int, machine: str) -> float:
    """Return the steps per second of a recurrence that updates so many lanes in each of a thousand steps."""
    b = a.GraphBuilder("recurrence", dtype="fp32")
    b.scan("recurrence", [b.input("x", (STEPS, lanes))], length=STEPS, width=lanes, shape=(STEPS, lanes))
    return lanes * STEPS / a.evaluate(b.build(), described(machine)).latency


def enough(machine: str) -> float:
    """Return the chains that a machine needs for all its random loads: halved in on until it does 95 % of them."""
    most = chase(1 << 22, machine).throughput
    low, high = 1, 1 << 22
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if chase(middle, machine).throughput < 0.95 * most else (low, middle)
    return high / 0.95


def ladder() -> dict[str, float]:
    """Return energies from the least a bit can cost to a fetch from memory, J."""
    node = described(CPU).spec.technology.older
    return {
        "erasing a bit, k T ln 2 at 300 K": photons.BOLTZMANN * 300.0 * math.log(2.0),
        "a photon of 1.55 µm": photons.photon_energy(1.55e-6),
        "one bit over 1 mm of wire": node.wire * 1e-3,
        "int8 addition": node.add.int8,
        "fp32 multiply-add": node.multiply.fp32 + node.add.fp32,
        "64 bits from 8 KB": 8.0 * node.small_array.energy,
        "64 bits over 20 mm of wire": 64.0 * node.wire * DIE,
        "an instruction, its work aside": node.instruction,
        "64 bits from 1 MB": 8.0 * node.large_array.energy,
        "64 bits from DDR4": 8.0 * described(CPU).spec.memory[0].energy,
    }


def judge(energies: dict[str, float]) -> list[Claim]:
    """Return what constants and Little's law say beside what comes out."""
    least, fused = energies["erasing a bit, k T ln 2 at 300 K"], energies["fp32 multiply-add"]
    slow = [CLOCK * DIE * delay for delay in WIRES.values()]
    rows = [
        Claim("k T ln 2 at 300 K", least, 2.871e-21, "J", 1e-3),
        Claim("light over a millimetre", 1e9 / photons.LIGHT_SPEED, 3.34, "ps", 2e-3),
        Claim("fp32 multiply-add at 45 nm over k T ln 2", fused / least, 1.6e9, tolerance=0.01),
        Claim("cycles of 4 GHz across 20 mm, faster wire", slow[0], 8.0, tolerance=1e-9),
        Claim("cycles of 4 GHz across 20 mm, slower wire", slow[1], 24.0, tolerance=1e-9),
        Claim(
            "8 bytes: wait of 80 ns over a stream's 50 GB/s",
            latency.dependent_time(1.0, 80e-9) / (8.0 / 50e9),
            500.0,
            tolerance=1e-9,
        ),
    ]
    for name, machine in list(MACHINES.items())[:3]:
        one, most = chase(1, machine), chase(1 << 22, machine)
        wait = one.latency / LOADS
        memory = described(machine).spec.memory[0]
        rows.append(Claim(f"{name}, one chain, a load", NANO * wait, NANO * memory.latency, "ns", 0.05))
        rows.append(
            Claim(
                f"{name}, chains for all its loads, latency x rate",
                enough(machine),
                wait * most.throughput,
                tolerance=0.1,
            )
        )
    ratio = chase(1, GPU).latency / chase(1, CPU).latency
    return [
        *(replace(row, note="derived") for row in rows),
        Claim("one chain, A100 over Xeon", ratio, None, "times", note="above 1: the GPU is slower"),
    ]


def rungs(ax: Any, energies: dict[str, float]) -> None:
    """Draw the ladder of energies."""
    for place, (name, energy) in enumerate(sorted(energies.items(), key=lambda item: item[1])):
        ax.plot([1e-22, energy], [place, place], color=COLOURS[0], linewidth=5, solid_capstyle="butt")
        ax.text(1.4 * energy, place, name, va="center", fontsize=7)
    ax.set(xscale="log", xlim=(1e-22, 1e-4), xlabel="energy (J)", yticks=[])
    finish(ax, "energy of a bit, a number, a fetch", "")


def main(target: str | Path = "latency_physics.png") -> None:
    """Print constants and chains, and draw."""
    energies = ladder()
    rows = judge(energies)
    print(claims(rows))
    figure, axes = canvas(11.0, 8.2, 2, rows=2)
    rungs(axes[0], energies)
    reach = [10.0 ** (step / 4 - 4) for step in range(17)]
    ways = {"light in vacuum": [NANO * length / photons.LIGHT_SPEED for length in reach]}
    ways |= {name: [NANO * length * delay for length in reach] for name, delay in WIRES.items()}
    cpu = described(CPU).spec
    levels = {
        "a cycle of 4 GHz": NANO / CLOCK,
        "Xeon, first cache": NANO * cpu.memory[-1].latency,
        "Xeon, memory": NANO * cpu.memory[0].latency,
    }
    curves(
        axes[1],
        [MILLI * length for length in reach],
        ways,
        ("0-", "1-", "3-"),
        xlabel="distance (mm)",
        ylabel="time (ns)",
        title="how far a signal comes",
        levels=levels,
        legend="lower right",
    )
    found = {
        name: [1e-6 * chase(chains, machine).throughput for chains in CHAINS] for name, machine in MACHINES.items()
    }
    curves(
        axes[2],
        CHAINS,
        found,
        ("0-o", "1-s", "3-^", "2--", "4:"),
        xlabel="lists walked side by side",
        ylabel="million loads per second",
        title="pointer chase: throughput over parallelism",
        legend="upper left",
    )
    named = {"Xeon": CPU, "A100": GPU, "TPU v4": "tpu-v4"}
    steps = {name: [GIGA * recur(lanes, machine) for lanes in LANES] for name, machine in named.items()}
    curves(
        axes[3],
        LANES,
        steps,
        ("0-o", "1-s", "2-^"),
        xlabel="lanes updated in each step",
        ylabel="billion updates per second",
        title="recurrence: steps that wait for the last",
        legend="upper left",
    )
    for name, values in (("loads", found), ("updates", steps)):
        sizes = CHAINS if name == "loads" else LANES
        ahead = next(
            size for size, *pair in zip(sizes, values["Xeon"], values["A100"], strict=True) if pair[1] > pair[0]
        )
        print(
            f"{name}: the A100 is ahead of the Xeon from {ahead:,} side by side on,"
            f" and with one {values['Xeon'][0] / values['A100'][0]:.1f} times slower"
        )
    print(f"drawn to {save(figure, target)}")
    wrong = missed(rows)
    if wrong:
        sys.exit(wrong)


if __name__ == "__main__":
    main(*sys.argv[1:2])
