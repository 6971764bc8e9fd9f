"""Spikes against numbers: energy of an inference over the rate of spikes, and the rate up to which spikes are cheaper.

Break-even laws of Yan et al. 2024 (arXiv:2409.08290), Davidson and Furber 2021 (Frontiers in Neuroscience 15), and the
ratio of additions to multiply-adds that most papers on spiking networks count with (Horowitz 2014).

What should be seen: an addition costs a fifth of a multiply-add, so that by arithmetic alone a network of T timesteps
is cheaper with up to 5 / T spikes of a neuron in each, half of all with T = 10 and always up to T = 5. Count the
weights that either has to read, and a third of that is left. Neurons and messages add little in networks this dense;
what a chip draws at rest while its timesteps last decides: with it, spikes must be ten times rarer still. Moving spikes
as single events of twelve times the energy of a bit in a block leaves 5 % at T = 5, beside 5.7 % published with
everything counted. And a rate code that stands for the numbers of its twin cannot do with fewer spikes than (1 - g) /
T: arithmetic and weights leave a window above that, moves of that price none.

Assumptions: keyword spotter of 390-256-256-29 (N1) and MLP of 784-800-10 (N2), rates the same in every layer and at
the input, a batch of one. The machine that breaks the energies down is digital-snn-45nm with parts of it for free; its
twin has a multiply-add, and where weights count half a 64-bit read of 8 KB, for every weight. Dense machines run int8
and fetch weights from memory, except ISAAC, which holds them; spiking chips hold them all. Energies with and without
what chips draw at rest are never mixed in one panel.

Derived, not scored: break-evens of the simulator beside the laws that they follow from, and the laws with the numbers
of the papers they are from; a row that differs fails. Of what is published with everything counted, moves alone are
shown: 7 to 32 % fewer spikes.

Run: python examples/spiking_vs_dense.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import archsim as a
from archsim.laws import spiking_twin
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import COLOURS, canvas
from archsim.report.figures.panels import curves
from archsim.validation import read_dataset

FAST = os.environ.get("ARCHSIM_FAST") == "1"
PLAIN = "digital-snn-45nm"
SPIKING = ("loihi1-sanafe", "truenorth") if FAST else ("loihi1-sanafe", "loihi2", "truenorth", PLAIN)
DENSE = ("a100-sxm4-80gb", "nvdla-256", "isaac")
NETWORKS = {"N1, keyword spotter": ("390-256-256-29", 10), "N2, MLP": ("784-800-10", 25)}
"""Widths and timesteps."""
ADD, MULTIPLY_ADD, READ = 0.9e-12, 4.6e-12, 5e-12
"""fp32 addition, fp32 multiply-add, 32 bits from 8 KB at 45 nm, J, Horowitz 2014."""
EVENT, BLOCK = 3.0e-12, 0.25e-12
"""A bit on its way by itself and in a block, per hop, J, Yan et al. 2024."""
RATES = tuple(10.0 ** (step / 4 - 4) for step in range(0, 17, 4 if FAST else 1))
STEPS = (2, 16) if FAST else (1, 2, 3, 4, 5, 6, 8, 10, 12, 16)
LEAST, CLOSE = 1e-6, 1e-6
"""Lowest rate looked at, and how close to the budget a break-even is."""
ZEROS = 0.5
"""Share of the twin's activations that are zero."""
MICRO = 1e6


@cache
def described(machine: str) -> a.Chip:
    """Return a machine, read once."""
    return a.hardware(machine)


def spiking(rate: float, chip: a.Chip, widths: str, steps: int) -> a.Result:
    """Evaluate the spiking network."""
    return a.evaluate(a.workload("spiking-mlp", widths=widths, timesteps=steps, rate=rate), chip, capacity="ignore")


@cache
def dense(machine: str, widths: str) -> a.Result:
    """Evaluate the dense twin."""
    return a.evaluate(a.workload("mlp", widths=widths), described(machine), precision="int8", capacity="ignore")


def even(spend: Callable[[float], float], budget: float) -> float:
    """Return the rate at which spikes spend the budget: 0 where they always spend more, infinite where never."""
    low, high = LEAST, 1.0
    below, above = spend(low) - budget, spend(high) - budget
    if below > 0.0:
        return 0.0
    if above < 0.0:
        return float("inf")
    while True:  # what spikes cost is all but straight over their rate
        middle = low - below * (high - low) / (above - below)
        error = spend(middle) - budget
        if abs(error) < CLOSE * budget:
            return middle
        low, below, high, above = (
            (middle, error, high, 0.5 * above) if error < 0.0 else (low, 0.5 * below, middle, error)
        )


def parts(synapse: float, *, neurons: bool = False, messages: bool = False, rest: bool = False) -> a.Chip:
    """Return the plain machine with some of its parts for free."""
    chip = described(PLAIN)
    free = ["synapse.dense.energy"]
    free += [] if neurons else ["neuron.update.energy"]
    free += (
        []
        if messages
        else ["message.sent.energy", "message.received.energy", "mesh.across.energy", "mesh.along.energy"]
    )
    free += [] if rest else ["power.idle"]
    for path in free:
        chip = a.with_(chip, path, 0.0)
    return a.with_(chip, "synapse.dense.energy", synapse)


def breakdown(widths: str, steps: int) -> dict[str, float]:
    """Return break-even rates as more and more is counted on both sides."""
    macs = dense("nvdla-256", widths).macs
    cases = {
        "arithmetic alone": (parts(ADD), MULTIPLY_ADD),
        "and weights": (parts(ADD + READ), MULTIPLY_ADD + READ),
        "and neurons": (parts(ADD + READ, neurons=True), MULTIPLY_ADD + READ),
        "and messages": (parts(ADD + READ, neurons=True, messages=True), MULTIPLY_ADD + READ),
        "and what it draws at rest": (parts(ADD + READ, neurons=True, messages=True, rest=True), MULTIPLY_ADD + READ),
    }
    return {
        name: even(lambda rate, chip=chip: spiking(rate, chip, widths, steps).energy, macs * each)
        for name, (chip, each) in cases.items()
    }


def judge(found: dict[str, dict[str, float]]) -> list[Claim]:
    """Return laws beside simulated and published break-evens."""
    rows = []
    for name, (_, steps) in NETWORKS.items():
        law = spiking_twin.breakeven_rate(float(steps), 0.0, ADD, MULTIPLY_ADD)
        rows.append(
            Claim(
                f"{name}: break-even rate, arithmetic, E_m / (E_a T)",
                found[name]["arithmetic alone"],
                law,
                tolerance=1e-3,
            )
        )
        law = spiking_twin.breakeven_spikes(MULTIPLY_ADD + READ, ADD + READ) / steps
        rows.append(
            Claim(
                f"{name}: break-even rate, with weights, E_dense / (E_spike T)",
                found[name]["and weights"],
                law,
                tolerance=1e-3,
            )
        )
    table = read_dataset("snn_vs_ann").rows
    for row in table:
        kind, condition, value = (row.cells[each] for each in ("kind", "condition", "value"))
        told = re.search(r"T=(\d+)", condition)
        length = float(told[1]) if told else 0.0
        if kind.endswith("dense limit"):
            rows.append(
                Claim(
                    f"energy of moves over the twin's, {condition}",
                    spiking_twin.dense_ratio(length),
                    float(value),
                    tolerance=0.015,
                )
            )
        elif kind == "breakeven" and length:
            rate = 1.0 / spiking_twin.moves_ratio(length, 1.0, EVENT, BLOCK)
            rows.append(
                Claim(
                    f"break-even rate by moves alone, {condition}",
                    rate,
                    float(value),
                    note="published with weights, whose energies are not",
                )
            )
        elif condition.startswith("identical 22FDX"):
            rows.append(
                Claim(
                    "spikes for a synapse, Davidson and Furber",
                    spiking_twin.breakeven_spikes(12.0, 7.0),
                    float(value),
                    tolerance=0.005,
                )
            )
    return [replace(row, note=row.note or "derived") for row in rows]


def main(target: str | Path = "spiking_vs_dense.png") -> None:
    """Print break-evens, and draw."""
    found = {name: breakdown(*network) for name, network in NETWORKS.items()}
    rows = judge(found)
    print(claims(rows))
    for name, rates in found.items():
        print(f"{name}, break-even rate of {PLAIN}: " + ", ".join(f"{part} {rate:.4f}" for part, rate in rates.items()))
    widths, steps = NETWORKS["N1, keyword spotter"]
    figure, axes = canvas(13.6, 4.4, 3)
    for ax, static in zip(axes[:2], (True, False), strict=True):

        def spent(result: a.Result, static: bool = static) -> float:
            return MICRO * (result.energy - (0.0 if static else result.energy_by_cause["static"])) / result.items

        shown = {name: [spent(spiking(rate, described(name), widths, steps)) for rate in RATES] for name in SPIKING}
        levels = {f"{name}, dense": spent(dense(name, widths)) for name in DENSE}
        curves(
            ax,
            RATES,
            shown,
            ("0-o", "1-^", "2-s", "3-D"),
            xlabel="spikes per neuron and timestep",
            ylabel="energy of an inference (µJ)",
            title=f"N1, {'all of it' if static else 'without what chips draw at rest'}",
            levels=levels,
            legend="",
        )
        ax.set_ylim(top=1e7 if static else 1e6)
        ax.legend(fontsize=7, ncols=2, loc="upper left", frameon=False)
        for name in SPIKING:
            against = {
                other: even(
                    lambda rate, name=name: spent(spiking(rate, described(name), widths, steps)),
                    spent(dense(other, widths)),
                )
                for other in DENSE
            }
            told = ", ".join(
                f"{other} {'never' if rate == 0.0 else 'always' if rate > 1.0 else f'up to {rate:.4f}'}"
                for other, rate in against.items()
            )
            print(f"N1 {'with' if static else 'without'} static, {name} is ahead of: {told}")
    everything = [breakdown(widths, each) for each in STEPS]
    limits = {
        "arithmetic alone": [spiking_twin.breakeven_rate(float(each), 0.0, ADD, MULTIPLY_ADD) for each in STEPS],
        "moves alone": [1.0 / spiking_twin.moves_ratio(float(each), 1.0, EVENT, BLOCK) for each in STEPS],
        "simulated, weights too": [each["and weights"] for each in everything],
        "simulated, but for rest": [each["and messages"] for each in everything],
        "simulated, all of it": [each["and what it draws at rest"] for each in everything],
        f"fewest for the twin, {100 * ZEROS:.0f} % zeros": [
            spiking_twin.fewest_spikes(float(each), ZEROS) for each in STEPS
        ],
    }
    limits = {name: [min(1.0, rate) for rate in rates] for name, rates in limits.items()}  # none fires twice a timestep
    curves(
        axes[2],
        STEPS,
        limits,
        ("0-", "1-", "2--o", "3--s", "4--^", "7:"),
        xlabel="timesteps T",
        ylabel="spikes per neuron and timestep",
        title="up to which rate spikes are cheaper (1: always)",
        legend="",
    )
    marks = [
        row
        for row in read_dataset("snn_vs_ann").rows
        if row.cells["kind"] == "breakeven" and row.cells["quantity"] == "spike_rate"
    ]
    axes[2].plot(
        [float(row.cells["condition"].partition("T=")[2].split(",")[0]) for row in marks],
        [float(row.cells["value"]) for row in marks],
        "*",
        color=COLOURS[1],
        markersize=8,
        label="Yan et al., all of it",
    )
    axes[2].set(ylim=(0.003, 30.0), yticks=(0.01, 0.1, 1.0))
    axes[2].legend(fontsize=7, ncols=2, loc="upper right", frameon=False)
    print(f"drawn to {save(figure, target)}")
    wrong = missed(rows)
    if wrong:
        sys.exit(wrong)


if __name__ == "__main__":
    main(*sys.argv[1:2])
