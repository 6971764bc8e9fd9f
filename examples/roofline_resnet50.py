"""Rooflines of a convolutional network and a language model, on a GPU and a CPU.

No published figure; Williams et al. 2009 (Roofline, CACM 52(4)) for the drawing, data sheets for peaks and bandwidths.

What should be seen: the same graphs meet different limits. Most convolutions of ResNet-50 are limited by memory on the
A100 and by arithmetic on the Xeon, because the A100 needs 6.7 times as much arithmetic per byte to be busy. Decoding
one sequence with Llama-2-7B is limited by memory on both, and what is small is limited by starting it.

Assumptions: fp16 (the Xeon has no fp16 arithmetic and computes in fp32), ResNet-50 at batch 32, Llama-2-7B at 2,048
tokens and batch 1, ops one after the other. The peak of the Xeon is that of its 40 units of 16 lanes at the 2.5 GHz
that it is sold with. Checked: where the roofs meet, to 1 % of peak over bandwidth as data sheets have them.

Run: python examples/roofline_resnet50.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import sys
from pathlib import Path

import archsim as a
from archsim.report.claims import Claim, claims, missed
from archsim.report.figures import roofline, save
from archsim.report.roofs import roofs

RIDGES = {"a100-sxm4-80gb": (312e12, 2039e9), "xeon-gold-6248": (20 * 2 * 16 * 2 * 2.5e9, 6 * 8 * 2933e6)}
"""Peak, FLOP/s, and bandwidth, B/s, of data sheets: NVIDIA A100 80 GB; cores x units x lanes x 2 x clock, and six
channels of 8 bytes."""


def results() -> list[a.Result]:
    """Evaluate both workloads on both machines."""
    workloads = (a.workload("resnet50", batch=32), a.workload("llama-2-7b-decode"))
    return [a.evaluate(workload, a.hardware(machine)) for machine in RIDGES for workload in workloads]


def ridges(found: list[a.Result]) -> list[Claim]:
    """Return the arithmetic per byte from which on machines can be busy, and how far these are apart."""
    roof = {result.hardware: roofs(result) for result in found}
    ours = [max(each.peaks.values()) / each.bandwidth for each in (roof[machine] for machine in RIDGES)]
    sheets = [peak / bandwidth for peak, bandwidth in RIDGES.values()]
    rows = [Claim(f"{machine}: peak over bandwidth", one, other, "FLOP/B", 0.01)
            for machine, one, other in zip(RIDGES, ours, sheets, strict=True)]  # fmt: skip
    return [*rows, Claim("the first over the second", ours[0] / ours[1], sheets[0] / sheets[1], "times", 0.01)]


def main(target: str | Path = "roofline_resnet50.png") -> None:
    """Print what limits each run and where roofs meet, and draw."""
    found = results()
    for result in found:
        by_bound = sorted(result.exposed.items(), key=lambda item: -item[1])
        parts = ", ".join(
            f"{name} {100 * t / result.latency:.0f} %" for name, t in by_bound if t > 0.01 * result.latency
        )
        print(f"{result.workload:18} on {result.hardware:15} {1e3 * result.latency:8.2f} ms: {parts}")
    rows = ridges(found)
    print(claims(rows))
    print(f"drawn to {save(roofline(found), target)}")
    wrong = missed(rows)
    if wrong:
        sys.exit(wrong)


if __name__ == "__main__":
    main(*sys.argv[1:2])
