"""Fourier transforms by a lens against products by light: what one conversion spares of digital work.

No published figure: conversions and arithmetic counted, and evaluated on four machines.

What should be seen: a lens transforms N x N numbers at the speed of light, but every number is converted on its way in
and out. A digital transform is cheap in arithmetic, 5 N log2 N FLOP a line, so that one conversion of a real number
spares 2.5 log2 N FLOP: at no size is that arithmetic as dear as a conversion. Against the transform as a product with
a matrix a conversion spares N multiply-accumulates, but nobody computes it so. A product with a matrix that stays
spares d / 2, and its arithmetic is dearer than a conversion from a width of about 40 on. So light gains d on matrices
and log N on transforms: "the Fourier transform is free" is the weaker argument. What makes a lens win against a GPU is
the memory and the instructions that the GPU moves a transform with. With large filters a lens wins over direct
arithmetic without bounds, over a digital transform by one factor.

Assumptions: fp16 transforms and products, int8 convolutions of one picture of 1024 x 1024 with one filter, one after
the other on the GPU; a lens that shows 10,000 pictures a second, whose drivers draw 1 W whatever happens. Conversions
as in optical-transformer-calibrated, memory included.

Derived, not scored: the rows hold the simulator's counts against formulas; a row that differs fails.

Run: python examples/fft_vs_matmul_optics.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import archsim as a
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import save
from archsim.report.figures.canvas import canvas
from archsim.report.figures.panels import curves

FAST = os.environ.get("ARCHSIM_FAST") == "1"
GPU, LENS, MATRIX = "a100-sxm4-80gb", "fourier-4f", "optical-transformer-calibrated"
SIZES = tuple(16 << step for step in range(0, 9, 4 if FAST else 1))
FILTERS = (3, 15, 127) if FAST else (3, 5, 7, 11, 15, 21, 31, 63, 127)
SIDE, BATCH, VECTORS = 1024, 16, 8192
PICO = 1e12


@cache
def transform(size: int, chip: str = GPU) -> a.Result:
    """Transform pictures of size x size by the fast algorithm; four real numbers a pixel would be converted."""
    return a.evaluate(a.workload("fft", length=size, dimensions=2, dtype="fp16", batch=BATCH), chip)


@cache
def dense(size: int, chip: str = GPU) -> a.Result:
    """Transform lines as a product with a matrix; four real numbers a point would be converted."""
    return a.evaluate(a.workload("dft", length=size, dtype="fp16", batch=VECTORS), chip)


@cache
def product(width: int, chip: str = GPU, dtype: str = "fp16") -> a.Result:
    """Multiply many vectors by one matrix; two real numbers for each row would be converted."""
    b = a.GraphBuilder("product", dtype=dtype)
    b.linear(b.input("x", (VECTORS, width)), width, bias=False)
    return a.evaluate(b.build(), chip)


def convolution(size: int, chip: str) -> a.Result:
    """Convolve one picture with one filter."""
    b = a.GraphBuilder("convolution", dtype="int8")
    b.conv(b.input("x", (1, 1, SIDE, SIDE)), 1, size, padding=size // 2, bias=False)
    return a.evaluate(b.build(), chip, capacity="ignore")


CONVERTED = {
    "transform, fast": (transform, lambda size: 4.0 * BATCH * size * size),
    "transform as a product": (dense, lambda size: 4.0 * VECTORS * size),
    "product with a matrix": (product, lambda width: 2.0 * VECTORS * width),
}
"""Who computes it digitally, and how many real numbers light would convert, in and out."""


def pixel(result: a.Result, *without: str) -> float:
    """Return the energy of one pixel, J, without some causes."""
    return (result.energy - sum(result.energy_by_cause.get(cause, 0.0) for cause in without)) / SIDE**2


def main(target: str | Path = "fft_vs_matmul_optics.png") -> None:
    """Check what follows from counting, print break-evens, and draw."""
    (op,) = product(1024, MATRIX, "int8").ops
    price = op.energy / (op.details["input_conversions"] + op.details["output_conversions"])
    rows = []
    for size in SIZES:
        spared = {name: (run(size), converted(size)) for name, (run, converted) in CONVERTED.items()}
        fast, count = spared["transform, fast"]
        rows.append(
            Claim(
                f"FLOP spared by a conversion, N = {size:,}, 2.5 log2 N",
                sum(op.flops for op in fast.ops) / count,
                2.5 * math.log2(size),
                tolerance=1e-9,
            )
        )
        for name, published in (("transform as a product", float(size)), ("product with a matrix", size / 2.0)):
            found, count = spared[name]
            rows.append(
                Claim(f"MACs spared by a conversion, {name}, {size:,}", found.macs / count, published, tolerance=1e-9)
            )
    lens = [convolution(size, LENS) for size in FILTERS]
    counts = [each.ops[0].details["input_conversions"] for each in lens]
    rows.append(
        Claim(
            "conversions of the widest filter over the narrowest, by a lens",
            counts[-1] / counts[0],
            1.0,
            tolerance=1e-9,
        )
    )
    rows = [replace(row, note="derived") for row in rows]
    print(claims(rows))
    lines = {
        f"{name}, all of it": [PICO * run(size).energy / converted(size) for size in SIZES]
        for name, (run, converted) in CONVERTED.items()
    }
    lines |= {
        f"{name}, arithmetic": [PICO * run(size).energy_by_cause["compute"] / converted(size) for size in SIZES]
        for name, (run, converted) in CONVERTED.items()
    }
    print(f"\na conversion with its memory takes {PICO * price:.1f} pJ; what it spares on the A100 is dearer")
    for name, values in lines.items():
        first = next((size for size, value in zip(SIZES, values, strict=True) if value > PICO * price), None)
        print(
            f"  {name:36} {'at no size' if first is None else f'from {first:,} on':14}"
            f" ({values[-1]:,.1f} pJ at {SIZES[-1]:,})"
        )
    digital = 2.0 * transform(SIDE).energy / (BATCH * SIDE**2)  # there and back
    shown = {
        "A100, directly": [pixel(convolution(size, GPU)) for size in FILTERS],
        "A100, by two transforms": [digital] * len(FILTERS),
        "product of matrices by light": [pixel(convolution(size, MATRIX)) for size in FILTERS],
        "lens and mask": [pixel(each) for each in lens],
        "the same, without what it draws at rest": [pixel(each, "static") for each in lens],
    }
    shown = {name: [PICO * value for value in values] for name, values in shown.items()}
    for name, values in shown.items():
        print(
            f"  {name:40} "
            + " ".join(f"{value:9.3g}" for value in values)
            + f" pJ/pixel, filters of {FILTERS[0]} to {FILTERS[-1]}"
        )
    figure, (left, right) = canvas(10.4, 4.4, 2)
    curves(
        left,
        SIZES,
        lines,
        ("0-o", "2-s", "1-^", "0--", "2--", "1--"),
        xlabel="numbers along a side, N or d",
        ylabel="energy (pJ per number converted)",
        title="what a conversion spares",
        levels={"one conversion by light": PICO * price},
        legend="",
    )
    left.set_ylim(0.1, 3e7)
    left.legend(fontsize=7, ncols=2, loc="upper center", frameon=False)
    curves(
        right,
        FILTERS,
        shown,
        ("0-o", "1-", "2-^", "3-s", "4--s"),
        xlabel="rows and columns of the filter",
        ylabel="energy (pJ per pixel)",
        title=f"convolution of {SIDE} x {SIDE} pixels",
    )
    print(f"drawn to {save(figure, target)}")
    wrong = missed(rows)
    if wrong:
        sys.exit(wrong)


if __name__ == "__main__":
    main(*sys.argv[1:2])
