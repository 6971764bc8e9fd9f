"""Transformers computed with light: energy, photons and advantage, from GPT-2 to a quadrillion parameters.

After Anderson et al. 2024, Optical Transformers (arXiv:2302.10360), figures on scaling, photons, advantage, and who
computes (figure 6); photons per product of Wang et al. 2022 (Nature Communications 13, 123).

What should be seen: light multiplies for nothing, and what is paid for are conversions and memory. A product of width
d shares each conversion among d multiply-accumulates, so that its energy falls as 1/d as long as a core takes all of
d, and stays where it is from there on: what decides is the size of a core. Attention does not gain by width: of a
model of 530 billion parameters 1.6 % of the multiply-accumulates, those of attention, pay for over half of all
conversions. Light itself costs next to nothing at 8 bits. The advantage of 100 set the machine's memory and is no
prediction; the one of 8,000 follows from it. More than 100,000 is not reached with the improvements the abstract
lists.

Assumptions: products of one layer alone, 8 bits, everything through memory; norms and softmax left out on both sides,
as in the paper. The optical machine is idealised and calibrated, see its description; shapes of models as in
transformer_optical_counts.csv. Bands hold 8 of 10 machines whose numbers are drawn from their cited ranges
(archsim.study.uncertainty); that the model may be off is not in them. The digital machine has 300 fJ/MAC. What depth
costs, and how many converters it takes, stands in optical_depth.py.

Run: python examples/optical_transformer.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import archsim as a
from archsim.laws import photons
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import COLOURS, canvas
from archsim.report.figures.panels import band, curves, finish, stacks
from archsim.study.uncertainty.monte_carlo import uncertainty
from archsim.validation import read_dataset

FAST = os.environ.get("ARCHSIM_FAST") == "1"
OPTICAL, FUTURE, ELECTRONIC = "optical-transformer-calibrated", "optical-transformer-future", "a100-sxm4-80gb"
COMPARATOR = 300e-15
"""Energy of a multiply-accumulate of the digital machine in the paper, J."""
HOW: dict[str, Any] = {"fusion": "none", "capacity": "ignore"}
"""Every product reads from memory and writes to it, however large the model."""
SAMPLES = 100 if FAST else 2000
WIDTHS = tuple(256 << step for step in range(0, 9, 4 if FAST else 1))
CORES = tuple(8 << step for step in range(0, 12, 3 if FAST else 1))
FIXED = (1024, 4096, 16384)[FAST:]
"""Widths of the models whose cores are made smaller."""
LARGEST, QUADRILLION = "MT-NLG-530B", "4e15 parameters"
BUILT = ("dota-b-8-bit", "albireo-moderate", "pace", "netcast", "luan-2026", "hamerly-homodyne")[: 1 if FAST else 6]
"""Machines whose parts are published."""
GROUPS = {
    "memory": ("main memory", "on-chip memory"),
    "DAC, modulator": ("digital-to-analog conversion", "modulators"),
    "detector, ADC": ("detectors", "analog-to-digital conversion"),
    "light": ("laser", "idle light"),
}
PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "optical_transformer.svg"
FEMTO, ATTO = 1e15, 1e18
Shape = tuple[int, int, int]
"""Width, heads, tokens."""


def models() -> dict[str, tuple[float, Shape]]:
    """Return parameters and shapes of models, smallest first."""
    found = {}
    for row in read_dataset("transformer_optical_counts").rows:
        layers, width, heads, tokens = (int(row.cells[name]) for name in ("layers", "d", "heads", "n"))
        found[row.cells["model"]] = (12.0 * layers * width**2, (width, heads, tokens))
    return found | {QUADRILLION: (12.0 * 128 * 1_600_000**2, (1_600_000, 10_000, 2048))}


def of_width(width: int) -> Shape:
    """Return the shape of a model with heads of 128 that sees 2,048 tokens."""
    return width, width // 128, 2048


def layer(width: int) -> a.Graph:
    """Build a whole layer of such a model."""
    _, heads, tokens = of_width(width)
    shape: dict[str, Any] = {"layers": 1, "width": width, "heads": heads, "context": tokens, "sequence": tokens}
    more: dict[str, Any] = {"vocabulary": 1, "causal": False, "packed": True, "bias": False, "dtype": "int8"}
    return a.workload("transformer", **shape, **more)


def bits(machine: str) -> int:
    """Return the bits of the numbers a machine is for."""
    return 4 if machine == FUTURE else 8


def products(shape: Shape, precision: int = 8) -> a.Graph:
    """Build the products of one layer that sees all tokens, each with operands of its own from memory."""
    width, heads, tokens = shape
    b = a.GraphBuilder("products", dtype=f"int{precision}", items=tokens, item="token")
    for name, depth, columns in (("qkv", 1, 3), ("output", 1, 1), ("ffn-up", 1, 4), ("ffn-down", 4, 1)):
        b.linear(b.input(f"{name}/in", (tokens, depth * width)), columns * width, bias=False, name=name)
    head = width // heads
    b.matmul(b.input("q", (heads, tokens, head)), b.input("k", (heads, head, tokens)), name="attention-scores")
    b.matmul(b.input("p", (heads, tokens, tokens)), b.input("v", (heads, tokens, head)), name="attention-values")
    return b.build()


@cache
def described(machine: str) -> Any:
    """Return a machine, read once."""
    return a.hardware(machine)


@cache
def run(shape: Shape, machine: str = OPTICAL) -> a.Result:
    """Evaluate a layer's products, in as many bits as the machine is for."""
    return a.evaluate(products(shape, bits(machine)), described(machine), **HOW)


def per_mac(result: a.Result, *without: str) -> float:
    """Return the energy of a multiply-accumulate, J, without what the machine draws at rest and some causes."""
    left = sum(result.energy_by_detail.get(cause, 0.0) for cause in ("static", *without))
    return (result.energy - left) / result.macs


def advantage(shape: Shape, machine: str = OPTICAL) -> float:
    """Return how many times less energy than at 300 fJ/MAC a layer takes."""
    return COMPARATOR / per_mac(run(shape, machine))


def cores(shape: Shape, sides: Sequence[int]) -> Any:
    """Return advantages with cores of other sizes, whatever the machine draws at rest left out."""
    chip = a.with_(described(OPTICAL), "power.idle", 0.0)
    totals = a.evaluate_points(products(shape), chip, {"core.rows": sides, "core.columns": sides}, **HOW)
    return COMPARATOR * run(shape).macs / totals["energy"].sum(axis=1)


@cache
def spread(shape: Shape, machine: str) -> tuple[float, float]:
    """Return between which advantages 8 of 10 machines lie whose numbers are drawn from their ranges."""
    chip = a.with_(described(machine), "power.idle", 0.0)
    found = uncertainty(products(shape, bits(machine)), chip, samples=SAMPLES, model=False, **HOW)
    low, high = found.interval("energy", 0.8)
    macs = found.band.result.macs
    return COMPARATOR * macs / high, COMPARATOR * macs / low


def judge() -> list[Claim]:
    """Return what is published beside what comes out."""
    published = {
        row.cells["quantity"]: row.cells["value"].lstrip(">")
        for name in ("optical_transformers_claims", "quantum_limits")
        for row in read_dataset(name).rows
    }
    shapes = {name: shape for name, (_, shape) in models().items()}
    first, second, third = (float(value) for name, value in published.items() if name.startswith("advantage"))
    rows = [
        Claim(
            "advantage, 530 billion parameters",
            advantage(shapes[LARGEST]),
            first,
            note="set the memory's energy",
        ),
        Claim("advantage, 4e15 parameters", advantage(shapes[QUADRILLION]), second, tolerance=0.25),
        Claim(
            "the same, 4 bits and future electronics",
            advantage(shapes[QUADRILLION], FUTURE),
            third,
            note="missed: what the abstract lists does not give it",
        ),
    ]
    wide = [run(of_width(width)) for width in (4096, 16384)]
    lit, macs = (
        [sum(amount(op) for op in each.ops if "attention" not in op.name) for each in wide]
        for amount in (lambda op: op.energy_by_cause["laser"], lambda op: op.macs)
    )
    rows.append(
        Claim(
            "light per MAC falls with d to the power of",
            math.log(lit[0] / macs[0] * macs[1] / lit[1], 4.0),
            1.0,
            tolerance=0.02,
        )
    )
    for row in read_dataset("transformer_optical_counts").rows:
        each = run(shapes[row.cells["model"]])
        share = sum(op.macs for op in each.ops if "attention" in op.name) / each.macs
        rows.append(
            Claim(
                f"attention's share of MACs, {row.cells['model']}",
                share,
                float(row.cells["frac_attention"]),
                tolerance=5e-4,
            )
        )
    energy = float(published["optical energy per multiplication at ~90% MNIST"])
    count = float(published["photons per multiplication at ~90% MNIST"])
    rows.append(
        Claim(
            "light of that many photons, Wang et al. at 532 nm",
            photons.product_energy(count, 1.0, 532e-9),
            energy,
            "J",
            0.021,
        )
    )
    return rows


def tell() -> None:
    """Print energies of an inference, and from which size of a core on light is ahead."""
    print(f"\n{'energy of a token':17} {'parameters':>11} {'digital':>11} {'optical':>11} {'advantage':>10}   8 of 10")
    for name, (size, shape) in list(models().items())[:: 3 if FAST else 1]:
        layers, each = size / (12.0 * shape[0] ** 2), run(shape)
        digital, optical = (layers * each.macs / each.items * energy for energy in (COMPARATOR, per_mac(each)))
        low, high = spread(shape, OPTICAL)
        print(
            f"{name:17} {size:11.3g} {digital:9.3g} J {optical:9.3g} J {digital / optical:10,.0f}"
            f"   {low:,.0f} to {high:,.0f}"
        )
    for width in FIXED:
        even = 0
        for step in (32, 1):  # coarse, then fine
            sides = range(even + step, even + 33 * step, step)
            even += step * sum(each <= 1.0 for each in cores(of_width(width), sides))
        even += 1
        print(f"d = {width:,}: ahead of 300 fJ/MAC with cores of {even} inputs and more")
    sides = range(8, 33)
    for width in FIXED[:1] if FAST else FIXED:
        budget = a.evaluate(layer(width), described(ELECTRONIC), **HOW).energy
        sweep = {"core.rows": sides, "core.columns": sides}
        spent = a.evaluate_points(layer(width), described(OPTICAL), sweep, **HOW)["energy"].sum(axis=1)
        first = next((side for side, energy in zip(sides, spent, strict=True) if energy < budget), None)
        print(f"d = {width:,}, whole layers, softmax and norms too: ahead of an A100 with cores of {first} and more")


def shares() -> dict[str, Mapping[str, float]]:
    """Return multiply-accumulates and conversions of three models by kind of product."""
    bars: dict[str, Mapping[str, float]] = {}
    known = models()
    for name in ("GPT2-small", "GPT3-175B", LARGEST):
        macs: dict[str, float] = {}
        events: dict[str, float] = {}
        for op in run(known[name][1]).ops:
            kind = op.name.partition("-")[0]
            macs[kind] = macs.get(kind, 0.0) + op.macs
            events[kind] = events.get(kind, 0.0) + sum(
                op.details[f"{side}_conversions"] for side in ("input", "weight", "output")
            )
        bars[f"{name}, MACs"], bars[f"{name}, conversions"] = macs, events
        part = [100.0 * each["attention"] / sum(each.values()) for each in (macs, events)]
        print(f"{name}: attention has {part[0]:.1f} % of the MACs and {part[1]:.0f} % of the conversions")
    return bars


def parts() -> dict[str, dict[str, float]]:
    """Return where the energy of a layer 1,024 wide goes, on machines that are idealised and machines with parts."""
    bars = {}
    for name in (OPTICAL, FUTURE, *BUILT):
        found = run(of_width(1024), name)
        known = {
            group: sum(found.energy_by_detail.get(cause, 0.0) for cause in causes) for group, causes in GROUPS.items()
        }
        label = name.replace("optical-transformer-", "")
        bars[f"{label}, {FEMTO * found.energy / found.macs:.0f} fJ"] = known | {
            "rest": found.energy - sum(known.values())
        }
    return bars


def draw() -> Any:
    """Draw energy over width, who computes, photons over bits, advantage over models, its parts, and over cores."""
    figure, axes = canvas(13.6, 8.2, 3, rows=2)
    widths(axes[0])
    stacks(axes[1], shares(), xlabel="share (%)", title="who multiplies, and who converts", columns=4)
    detect(axes[2])
    advantages(axes[3])
    stacks(axes[4], parts(), xlabel="share (%)", title="where the energy of a MAC goes, d = 1,024", columns=5)
    small = {f"d = {width:,}": cores(of_width(width), CORES) for width in FIXED}
    curves(
        axes[5],
        CORES,
        small,
        ("0-o", "2-^", "3-s")[-len(FIXED) :],
        xlabel="inputs and outputs of a core",
        ylabel="advantage over 300 fJ/MAC",
        title="a core smaller than d ends the gain",
        levels={"even": 1.0},
        legend="upper left",
    )
    return figure


def widths(ax: Any) -> None:
    """Draw energy over width: the idealised machine, parts of it, smaller cores, digital machines."""
    shapes = [of_width(width) for width in WIDTHS]
    wide = [run(shape) for shape in shapes]
    known: dict[str, Sequence[float]] = {
        "cores as wide as d": [per_mac(each) for each in wide],
        "without memory": [per_mac(each, *GROUPS["memory"]) for each in wide],
        "light alone": [each.energy_by_detail["laser"] / each.macs for each in wide],
        "cores of 1,024": [COMPARATOR / cores(shape, [1024])[0] for shape in shapes],
        "cores of 64": [COMPARATOR / cores(shape, [64])[0] for shape in shapes],
        "A100, int8": [per_mac(run(shape, ELECTRONIC)) for shape in shapes],
    }
    curves(
        ax,
        WIDTHS,
        {name: [FEMTO * each for each in values] for name, values in known.items()},
        ("0-o", "0--", "0:", "5-", "2-", "1-"),
        xlabel="width d of the model",
        ylabel="energy (fJ/MAC)",
        title="1/d, until a core is full",
        levels={"300 fJ, digital in the paper": FEMTO * COMPARATOR},
        legend="",
    )
    ax.set_ylim(4e-3, 2e6)
    ax.legend(fontsize=7, ncols=2, loc="upper center", frameon=False)


def detect(ax: Any) -> None:
    """Draw bits over photons for sums of several lengths, photon noise alone, beside measured accuracies."""
    counts = [10.0 ** (step / 4) for step in range(-8, 17)]
    for colour, length in ((0, 64), (2, 784), (3, 12288)):
        reached = [max(0.0, photons.resolved_bits(count * length)) for count in counts]
        ax.plot(counts, reached, "-", color=COLOURS[colour], label=f"sums of {length:,} products")
    for count, said, side, shift in ((0.64, "~90 % of MNIST", "right", 0.8), (3.2, "99 % of MNIST", "left", 1.2)):
        ax.axvline(count, color=COLOURS[1], linestyle=":", linewidth=1.2)
        ax.text(count * shift, 11.3, said, fontsize=7, color=COLOURS[1], ha=side)
    ax.axhline(
        described(OPTICAL).spec.adc.bits,
        color=COLOURS[7],
        linestyle="-.",
        linewidth=0.9,
        label="as a digital machine of 8 bits",
    )
    ax.set(xscale="log", ylim=(0.0, 12.0), xlabel="photons detected per MAC", ylabel="effective bits of a sum")
    each = ATTO * photons.photon_energy(1.55e-6)
    upper = ax.secondary_xaxis("top", functions=(lambda count: count * each, lambda light: light / each))
    upper.set_xlabel("light detected at 1.55 µm (aJ/MAC)", fontsize=8)
    finish(ax, "photon noise alone; marks: Wang et al. 2022", "lower right")


def advantages(ax: Any) -> None:
    """Draw advantages over models, for ideal and for smaller cores, with bands of what is assumed."""
    known = list(models().values())[:: 3 if FAST else 1]
    sizes = [size for size, _ in known]
    found = {}
    for place, (label, machine) in enumerate({"as calibrated": OPTICAL, "future electronics, 4 bits": FUTURE}.items()):
        both = [spread(shape, machine) for _, shape in known]
        band(ax, sizes, [low for low, _ in both], [high for _, high in both], place)
        found[label] = [advantage(shape, machine) for _, shape in known]
    for side in (1024, 64):
        found[f"as calibrated, cores of {side:,}"] = [cores(shape, [side])[0] for _, shape in known]
    curves(
        ax,
        sizes,
        found,
        ("0-o", "1-s", "5-", "2-"),
        xlabel="parameters of the model",
        ylabel="advantage over 300 fJ/MAC",
        title="advantage; bands: 8 of 10 cases of what is assumed",
        levels={"even": 1.0},
        legend="upper left",
    )
    ax.set_ylim(top=2e6)


def main(target: str | Path = PICTURE) -> None:
    """Print claims, and draw."""
    rows = judge()
    print(claims(rows))
    tell()
    print(f"drawn to {save(draw(), target)}")
    wrong = missed(rows)
    if wrong:
        sys.exit(wrong)


if __name__ == "__main__":
    main(*sys.argv[1:2])
