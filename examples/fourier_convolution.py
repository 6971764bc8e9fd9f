"""Fourier transforms and convolutions by a lens: what is free, and what it gains.

No published figure: conversions and arithmetic counted, and evaluated on four machines.

What should be seen: a lens transforms N x N numbers at the speed of light, but every number is converted on its way
in and out. Digital transforms are cheap in arithmetic, 5 N log2 N per line, so that one conversion spares only 2.5
log2 N operations: at no size is that arithmetic as dear as a conversion. A product with a matrix spares d / 2
multiply-accumulates with each conversion, and its arithmetic is dearer from a width of about 40 on. What makes light
win against a GPU is not the transform but the memory and the instructions the GPU moves it with. With large filters a
lens wins over direct arithmetic without bounds, since a mask in its focus is as large as one likes; over a digital
transform it wins by one factor, whatever the filter.

Assumptions: fp16 transforms and products, int8 convolutions of one picture of 1024 x 1024 with one filter, one after
the other on the GPU; a lens that shows 10,000 pictures a second, whose drivers draw 1 W whatever happens. Conversions
as in optical-transformer-calibrated.

Run: python examples/fourier_convolution.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import math
import sys
from functools import cache
from pathlib import Path
from typing import Any

import archsim as a
from archsim.report.figures import save
from archsim.report.figures.canvas import COLOURS, GRID, INK, canvas

GPU, LENS, MATRIX = "a100-sxm4-80gb", "fourier-4f", "optical-transformer-calibrated"
SIZES = tuple(16 << step for step in range(9))
FILTERS = (3, 5, 7, 11, 15, 21, 31, 63, 127)
SIDE, BATCH, VECTORS = 1024, 16, 8192
PICO = 1e12
PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "fourier_convolution.svg"


@cache
def transform_run(side: int) -> a.Result:
    """Transform pictures of side x side on the GPU."""
    graph = a.workload("fft", length=side, dimensions=2, dtype="fp16", batch=BATCH)
    return a.evaluate(graph, a.hardware(GPU))


@cache
def product_run(width: int) -> a.Result:
    """Multiply many vectors by one matrix on the GPU."""
    builder = a.GraphBuilder("product", dtype="fp16")
    builder.linear(builder.input("x", (VECTORS, width)), width, bias=False)
    return a.evaluate(builder.build(), a.hardware(GPU))


def transform(side: int) -> tuple[float, float]:
    """Return what a transform spends per real number that a lens would convert, J: all, and arithmetic alone."""
    result, conversions = transform_run(side), BATCH * 4.0 * side * side  # real and imaginary, in and out
    return result.energy / conversions, result.energy_by_cause["compute"] / conversions


def product(width: int) -> tuple[float, float]:
    """Return the same of a product whose matrix is converted before."""
    result, conversions = product_run(width), VECTORS * 2.0 * width
    return result.energy / conversions, result.energy_by_cause["compute"] / conversions


def conversion() -> float:
    """Return what the optical machine spends per number converted in or out, memory included, J."""
    builder = a.GraphBuilder("product", dtype="int8")
    builder.linear(builder.input("x", (64, 1024)), 1024, bias=False)
    (op,) = a.evaluate(builder.build(), a.hardware(MATRIX)).ops
    return op.energy / (op.details["input_conversions"] + op.details["output_conversions"])


def convolution(size: int, chip: str) -> a.Result:
    """Convolve one picture with one filter."""
    builder = a.GraphBuilder("convolution", dtype="int8")
    builder.conv(builder.input("x", (1, 1, SIDE, SIDE)), 1, size, padding=size // 2, bias=False)
    return a.evaluate(builder.build(), a.hardware(chip), capacity="ignore")


def pixel(result: a.Result, *without: str) -> float:
    """Return the energy of one pixel, J, without some causes."""
    return (result.energy - sum(result.energy_by_cause.get(cause, 0.0) for cause in without)) / SIDE**2


def even(values: list[float], limit: float, names: tuple[int, ...]) -> str:
    """Say from which size on a rising energy is above a limit."""
    size = next((name for name, value in zip(names, values, strict=True) if value > limit), None)
    return "at no size" if size is None else f"from {size:,} on"


def main(target: str | Path = PICTURE) -> None:
    """Print break-evens, check what follows from counting alone, and draw."""
    price = conversion()
    lines = {
        "transform on the A100": [transform(side)[0] for side in SIZES],
        "product with a matrix on the A100": [product(side)[0] for side in SIZES],
        "arithmetic of the transform": [transform(side)[1] for side in SIZES],
        "arithmetic of the product": [product(side)[1] for side in SIZES],
    }
    print(f"a conversion with its memory: {PICO * price:.1f} pJ")
    for name, values in lines.items():
        print(f"  dearer, {name}: {even(values, price, SIZES)} ({PICO * values[-1]:,.1f} pJ at {SIZES[-1]:,})")
    direct = [convolution(size, GPU) for size in FILTERS]
    lens = [convolution(size, LENS) for size in FILTERS]
    matrix = [convolution(size, MATRIX) for size in FILTERS]
    digital = 2.0 * transform(SIDE)[0] * 4.0  # there and back, four numbers a pixel
    curves = {
        "A100, directly": [pixel(result) for result in direct],
        "A100, by two transforms": [digital] * len(FILTERS),
        "product of matrices by light": [pixel(result) for result in matrix],
        "lens and mask": [pixel(result) for result in lens],
        "the same, without what it draws at rest": [pixel(result, "static") for result in lens],
    }
    print(f"{'filter':28} " + " ".join(f"{size:>9}" for size in FILTERS))
    for name, values in curves.items():
        print(f"{name[:28]:28} " + " ".join(f"{PICO * value:9.3g}" for value in values) + " pJ/pixel")
    wrong = check(lens)
    print(f"drawn to {save(draw(lines, price, curves), target)}")
    if wrong:
        sys.exit(wrong)


def check(lens: list[a.Result]) -> str:
    """Return what does not follow the counts: 2.5 log2 N, d / 2, no dependence on the filter; empty when all does."""
    for side in SIZES:
        spared = transform_run(side).ops
        if not math.isclose(sum(op.flops for op in spared) / (BATCH * 4.0 * side * side), 2.5 * math.log2(side)):
            return "a transform does not spare 2.5 log2 N operations for each number converted"
        if not math.isclose(product_run(side).macs / (VECTORS * 2.0 * side), side / 2.0):
            return "a product does not spare d / 2 multiply-accumulates for each number converted"
    inputs = {result.ops[0].details["input_conversions"] for result in lens}
    return "" if len(inputs) == 1 else "a lens converts more for a larger filter"


def draw(lines: dict[str, list[float]], price: float, curves: dict[str, list[float]]) -> Any:
    """Draw what a conversion spares, and what a pixel of a convolution costs."""
    figure, (left, right) = canvas(9.6, 4.2, 2)
    styles = ("-", "-", "--", "--")
    colours = (COLOURS[0], COLOURS[1], COLOURS[0], COLOURS[1])
    for (name, values), style, colour in zip(lines.items(), styles, colours, strict=True):
        left.plot(SIZES, [PICO * value for value in values], style, color=colour, label=name)
    left.axhline(PICO * price, color=INK, linewidth=0.9, linestyle="-.", label="one conversion, with its memory")
    left.set(
        xscale="log", yscale="log", xlabel="numbers along a side, N or d", ylabel="energy (pJ per number converted)"
    )
    left.set_title("what a conversion spares", fontsize=10)
    left.set_ylim(0.1, 1e7)
    left.legend(fontsize=7, frameon=False, loc="upper right")
    for (name, values), colour in zip(curves.items(), COLOURS, strict=False):
        style = "--" if name.startswith("the same") else "-"
        right.plot(
            FILTERS, [PICO * value for value in values], style, marker="o", markersize=3, color=colour, label=name
        )
    right.set(xscale="log", yscale="log", xlabel="rows and columns of the filter", ylabel="energy (pJ per pixel)")
    right.set_title(f"convolution of {SIDE} x {SIDE} pixels", fontsize=10)
    right.legend(fontsize=7, frameon=False)
    for ax in (left, right):
        ax.grid(color=GRID, linewidth=0.6)
    return figure


if __name__ == "__main__":
    main(*sys.argv[1:2])
