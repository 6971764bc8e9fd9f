"""Energy per multiply-accumulate of transformers computed with light, over their width.

After Anderson et al. 2024, Optical Transformers (arXiv:2302.10360), figures on energy and advantage.

What should be seen: light multiplies for nothing, and what is paid for are conversions and memory. A product of width
d shares each conversion among d multiply-accumulates, so that its energy falls as 1/d as long as a core takes all of
d, and stays where it is from there on. What decides against a digital machine is therefore the size of a core: of
some 80 inputs against the 300 fJ of the paper. Attention does not gain by width: of a model of 530 billion parameters
1.6 % of the multiply-accumulates, those of attention, pay for 65 % of all conversions. The advantage of 100 at a
width of 20,480 was used to set the machine's memory, and is no prediction.

Assumptions: heads of 128, 2,048 tokens that all see each other, 8 bits. The optical machine is idealised and
calibrated, see its description. Pictures show products alone; the crossovers printed are of whole layers, with norms
and softmax on the digital unit.

Run: python examples/optical_energy_per_mac.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import archsim as a
from archsim.laws import conversion
from archsim.report.figures import save
from archsim.report.figures.canvas import COLOURS, GRID, INK, canvas
from archsim.validation.transformer_light import INWARD, OUTWARD, Products, layer, part_of, products

OPTICAL, FUTURE, ELECTRONIC = "optical-transformer-calibrated", "optical-transformer-future", "a100-sxm4-80gb"
COMPARATOR = 300e-15
"""Energy of a multiply-accumulate of the digital machine in the paper, J."""
TOKENS, HEAD = 2048, 128
WIDTHS = tuple(256 << step for step in range(9))
MODELS = {"GPT-2 small": (768, 12, 1024), "GPT-3": (12288, 96, 2048), "530 billion": (20480, 128, 2048)}
PARTS = {"qkv": "query, key, value", "proj": "output", "ffn": "feed-forward", "attention": "attention"}
CORES = tuple(8 << step for step in range(12))
SIDES = (16, 64, 1024)
FIXED = 4096
"""Width of the model whose cores are made smaller."""
LARGEST, QUADRILLION = (20480, 128, 2048), (1_600_000, 10_000, 2048)
CLAIMS = (
    ("largest model of its time", OPTICAL, LARGEST, 100.0, (80.0, 130.0)),
    ("10^15 parameters and more", OPTICAL, QUADRILLION, 8000.0, (6000.0, 10000.0)),
    ("the same, future electronics", FUTURE, QUADRILLION, 100000.0, (60000.0, 140000.0)),
)
"""What is claimed, on which machine, for which shape, the advantage, and what the calibrated machines should reach."""
PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "optical_energy_per_mac.svg"
MEMORY = ("main memory", "on-chip memory")
CONVERSIONS = ("digital-to-analog conversion", "modulators", "detectors", "analog-to-digital conversion")
FEMTO = 1e15


def shape(width: int) -> tuple[int, int, int]:
    """Return width, heads and tokens."""
    return width, width // HEAD, TOKENS


def per_mac(found: Products, *without: str) -> float:
    """Return the energy per multiply-accumulate, J, without some causes."""
    left = sum(found.sum(lambda op, cause=cause: op.energy_by_cause.get(cause, 0.0)) for cause in without)
    return (found.energy() - left) / found.macs


def core(side: int) -> a.Chip:
    """Return the optical machine with cores of another size."""
    chip = a.hardware(OPTICAL)
    return a.with_(a.with_(chip, "core.rows", side), "core.columns", side)


def claims() -> bool:
    """Print published and predicted advantages; say whether all are where they should be."""
    print(f"{'advantage over 300 fJ/MAC':32} {'claimed':>9} {'archsim':>9} {'ratio':>6}")
    fine = True
    for title, machine, dimensions, claimed, (least, most) in CLAIMS:
        found = products(*dimensions, a.hardware(machine))
        reached = COMPARATOR * found.macs / found.energy()
        fine = fine and least < reached < most
        print(f"{title:32} {claimed:9,.0f} {reached:9,.0f} {reached / claimed:6.2f}")
    return fine


def crossings(electronic: float) -> None:
    """Print from which size of a core on light is ahead in products, and from which width on in whole layers."""
    sizes = [products(*shape(FIXED), core(side)) for side in CORES]
    for title, without in (("", ()), (", its memory for free", MEMORY), (", conversions for free", CONVERSIONS)):
        values = [per_mac(found, *without) for found in sizes]
        print(
            f"products of d = {FIXED:,}{title}: ahead of 300 fJ/MAC with cores of {crossing(values, COMPARATOR)}, "
            f"of {ELECTRONIC} ({FEMTO * electronic:,.0f} fJ/MAC) with cores of {crossing(values, electronic)}"
        )
    for side in SIDES:
        found = a.crossover(
            lambda width: layer(*shape(width), 8), core(side), ELECTRONIC, over=(WIDTHS[0], 16384), step=HEAD,
            fusion="none", capacity="ignore",
        )  # fmt: skip
        print(f"whole layers on cores of {side}: {told(found.crossings, found.ahead)}")
        for name, there in found.variants.items():
            print(f"    {name}: {told(there, found.ahead)}")


def converters() -> None:
    """Print how many output converters keep up with a layer: what "hundreds or thousands of A/D converters" means."""
    rates = (1e9, 5e9, 10e9)
    print("\nconverters that read every output of a layer at 10 GHz symbols, by their rate")
    print(f"{'width':>8}" + "".join(f"{rate / 1e9:>9.0f} GS/s" for rate in rates))
    for width in (64, 512, 4096, 12288):
        needed = (conversion.converters_needed(float(width), 10e9, rate) for rate in rates)
        print(f"{width:8}" + "".join(f"{count:14,.0f}" for count in needed))


def crossing(values: Sequence[float], limit: float) -> str:
    """Say from which size of a core on a falling energy is below a limit."""
    logs = [math.log(value / limit) for value in values]
    i = next((i for i, each in enumerate(logs) if each < 0.0), None)
    if i is None:
        return "no size"
    if i == 0:
        return f"{CORES[0]} or fewer inputs"
    share = logs[i - 1] / (logs[i - 1] - logs[i])
    return f"{CORES[i - 1] * (CORES[i] / CORES[i - 1]) ** share:,.0f} inputs"


def told(there: Sequence[Any], ahead: tuple[int, int]) -> str:
    """Say where one machine overtakes the other."""
    names = ("light", ELECTRONIC)
    if not there:
        return f"{names[ahead[0]]} ahead at every width"
    return ", ".join(f"{names[each.ahead]} ahead from a width of {each.size:,.0f}" for each in there)


def draw(optical: Sequence[Products], electronic: Sequence[float]) -> Any:
    """Draw energy over width, who multiplies and who converts, and energy over the size of a core."""
    figure, (left, middle, right) = canvas(12.6, 4.2, 3)
    curves = (
        ("products on the optical machine", [per_mac(found) for found in optical], COLOURS[0], "-"),
        ("without memory", [per_mac(found, *MEMORY) for found in optical], COLOURS[5], "-"),
        ("without conversions", [per_mac(found, *CONVERSIONS) for found in optical], COLOURS[2], "o"),
        ("light alone", [found.lit() / found.macs for found in optical], COLOURS[4], ":"),
        ("products on the A100, int8", electronic, COLOURS[1], "-"),
    )
    for name, values, colour, style in curves:
        left.plot(WIDTHS, [FEMTO * value for value in values], style, markersize=3, color=colour, label=name)
    left.axhline(FEMTO * COMPARATOR, color=INK, linewidth=0.9, linestyle="-.", label="300 fJ, the paper's comparator")
    left.set(xscale="log", yscale="log", xlabel="width d of the model", ylabel="energy (fJ/MAC)")
    left.set_ylim(5e-3, 1e6)
    left.legend(fontsize=7, loc="upper right", frameon=False)
    left.set_title("conversions are shared by d products", fontsize=10)
    stack(middle)
    saturate(right, electronic)
    for ax in (left, right):
        ax.grid(color=GRID, linewidth=0.6)
    return figure


def stack(ax: Any) -> None:
    """Draw shares of multiply-accumulates beside shares of conversions."""
    labels = []
    for i, (name, dimensions) in enumerate(MODELS.items()):
        found = products(*dimensions, a.hardware(OPTICAL))
        whole = found.conversions(INWARD) + found.conversions(OUTWARD)
        low = [0.0, 0.0]
        for j, part in enumerate(PARTS):
            events = found.sum(
                lambda op, part=part: sum(op.details[n] for n in (*INWARD, *OUTWARD)) if part_of(op) == part else 0.0
            )
            for side, share in enumerate((found.share(part), events / whole)):
                ax.bar(
                    3 * i + side, 100 * share, bottom=low[side], color=COLOURS[j], width=0.9,
                    label=PARTS[part] if i == side == 0 else None,
                )  # fmt: skip
                low[side] += 100 * share
                if share > 0.09:
                    ax.text(
                        3 * i + side, low[side] - 50 * share, f"{100 * share:.0f}", ha="center", va="center", fontsize=8
                    )
        labels.append(name)
    ax.set_xticks(
        [3 * i + side for i in range(len(labels)) for side in (0, 1)], ["MAC", "conv."] * len(labels), fontsize=7
    )
    for i, name in enumerate(labels):
        ax.text(3 * i + 0.5, -9, name, ha="center", va="top", fontsize=8)
    ax.set(ylabel="share (%)", ylim=(0, 100))
    ax.legend(fontsize=7, loc="upper center", ncols=2, bbox_to_anchor=(0.5, -0.15), frameon=False)
    ax.set_title("who multiplies, and who converts", fontsize=10)


def saturate(ax: Any, electronic: Sequence[float]) -> None:
    """Draw energy over the size of a core, for models of several widths."""
    for colour, width in zip((COLOURS[0], COLOURS[2], COLOURS[3]), (1024, FIXED, 16384), strict=True):
        values = [FEMTO * per_mac(products(*shape(width), core(side))) for side in CORES]
        ax.plot(CORES, values, "o-", markersize=3, color=colour, label=f"d = {width:,}")
    ax.axhline(FEMTO * COMPARATOR, color=INK, linewidth=0.9, linestyle="-.", label="300 fJ")
    ax.axhline(
        FEMTO * electronic[WIDTHS.index(FIXED)], color=COLOURS[1], linewidth=0.9, linestyle="-.", label="A100, int8"
    )
    ax.set(xscale="log", yscale="log", xlabel="inputs and outputs of a core", ylabel="energy (fJ/MAC)")
    ax.legend(fontsize=7, frameon=False)
    ax.set_title("a core smaller than d ends the gain", fontsize=10)


def main(target: str | Path = PICTURE) -> None:
    """Print claims and crossings, and draw them."""
    fine = claims()
    optical = [products(*shape(width), a.hardware(OPTICAL)) for width in WIDTHS]
    electronic = [per_mac(products(*shape(width), a.hardware(ELECTRONIC))) for width in WIDTHS]
    crossings(electronic[WIDTHS.index(FIXED)])
    converters()
    print(f"drawn to {save(draw(optical, electronic), target)}")
    if not fine:
        sys.exit("an advantage is not where it should be")


if __name__ == "__main__":
    main(*sys.argv[1:2])
