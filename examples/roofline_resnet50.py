"""Rooflines of a convolutional network and a language model, on a GPU and a CPU.

What should be seen: the same graphs meet different limits. Most convolutions of ResNet-50 are limited by memory on the
A100 and by arithmetic on the Xeon, because the A100 needs ten times more arithmetic per byte to be busy. Decoding one
sequence with Llama-2-7B is limited by memory on both, and what is small is limited by starting it.

Assumptions: fp16 (the Xeon has no fp16 arithmetic and computes in fp32), ResNet-50 at batch 32, Llama-2-7B at 2,048
tokens and batch 1, ops one after the other.

Run: python examples/roofline_resnet50.py [FILE]; needs archsim[plot]
"""

from __future__ import annotations

import sys
from pathlib import Path

import archsim as a
from archsim.report.figures import roofline, save

MACHINES = ("a100-sxm4-80gb", "xeon-gold-6248")
PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "roofline.svg"


def results() -> list[a.Result]:
    """Evaluate both workloads on both machines."""
    workloads = (a.workload("resnet50", batch=32), a.workload("llama-2-7b-decode"))
    return [a.evaluate(workload, a.hardware(machine)) for machine in MACHINES for workload in workloads]


def main(target: str | Path = PICTURE) -> None:
    """Print what limits each run, and draw it."""
    found = results()
    for result in found:
        by_bound = sorted(result.exposed.items(), key=lambda item: -item[1])
        parts = ", ".join(
            f"{name} {100 * t / result.latency:.0f} %" for name, t in by_bound if t > 0.01 * result.latency
        )
        print(f"{result.workload:18} on {result.hardware:15} {1e3 * result.latency:8.2f} ms: {parts}")
    print(f"drawn to {save(roofline(found), target)}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
