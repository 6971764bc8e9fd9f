"""The Arm and Apple machines by hand: peaks, labels of the measurements, and what one core draws from the memory."""

from __future__ import annotations

from itertools import pairwise

import pytest
from family_samples import only, pointwise

import archsim
from archsim.io.hardware import with_all

MACHINES = ("raspberry-pi-3", "raspberry-pi-5", "jetson-agx-orin-cpu", "m2-ultra", "iphone-6", "iphone-7")
LABELS = {
    "RaspberryPi3-A53": "raspberry-pi-3",
    "iPhone6": "iphone-6",
    "iPhone 7": "iphone-7",
    "M2-Ultra": "m2-ultra",
    "Raspberry Pi 5": "raspberry-pi-5",
    "AGX Orin CPU": "jetson-agx-orin-cpu",
    "AGX Orin": "jetson-agx-orin-gpu",
}
"""How tables of measurements call the machines; without a word on the cores, Orin is its GPU."""
PEAKS = [
    ("raspberry-pi-3", "fp32", 38.4e9),
    ("raspberry-pi-3", "fp64", 19.2e9),
    ("raspberry-pi-5", "fp32", 153.6e9),
    ("raspberry-pi-5", "fp16", 307.2e9),
    ("raspberry-pi-5", "int8", 614.4e9),
    ("jetson-agx-orin-cpu", "fp32", 422.4e9),
    ("jetson-agx-orin-cpu", "int8", 1689.6e9),
    ("m2-ultra", "fp32", 1771.52e9),
    ("m2-ultra", "bf16", 885.76e9),
    ("iphone-6", "fp32", 44.8e9),
    ("iphone-7", "fp32", 112.32e9),
]
"""FLOP/s of all cores: cores x clock x 128-bit pipes x lanes x 2, or dot products."""
MEASURED_PEAKS = [("raspberry-pi-5", "fp32", 153.5e9), ("raspberry-pi-5", "int8", 614.02e9)]
"""FLOP/s that cpufp reaches with all four cores of BCM2712."""
ONE_CORE = {
    "raspberry-pi-3": (2.24e9, 2.44e9),
    "raspberry-pi-5": (10.3e9, 17.1e9),
    "jetson-agx-orin-cpu": (10.6e9, 21.2e9),
    "m2-ultra": (102e9, 114e9),
    "iphone-6": (8e9, 10e9),
    "iphone-7": (8e9, 20e9),
}
"""What one core reads, or reads and writes, in measurements of the machine or near it, B/s: least and most."""


def spec(name):
    return archsim.hardware(name).spec


@pytest.mark.parametrize(("name", "dtype", "peak"), PEAKS)
def test_peaks(name, dtype, peak):
    chip = spec(name)
    assert chip.cores * chip.clock * getattr(chip.core.vector, dtype) == pytest.approx(peak, rel=1e-12)


@pytest.mark.parametrize(("name", "dtype", "measured"), MEASURED_PEAKS)
def test_peaks_are_reached(name, dtype, measured):
    chip = spec(name)
    assert measured == pytest.approx(chip.cores * chip.clock * getattr(chip.core.vector, dtype), rel=2e-3)


@pytest.mark.parametrize(("label", "name"), LABELS.items())
def test_labels_of_the_measurements(label, name):
    assert archsim.hardware(label).name == name


@pytest.mark.parametrize("name", MACHINES)
def test_what_one_core_draws_from_the_memory(name):
    """Little's law by hand, capped by the memory, against published streams of one core."""
    chip = spec(name)
    dram = chip.memory[0]
    drawn = min(dram.bandwidth, chip.core.misses * dram.line / dram.latency)
    least, most = ONE_CORE[name]
    assert least * 0.97 <= drawn <= most * 1.03


@pytest.mark.parametrize("name", MACHINES)
def test_a_long_stream_stays_below_the_memory(name):
    elements = 2**26
    chip = archsim.hardware(name)
    op = only(pointwise(elements, dtype="fp32"), chip)
    moved = 2 * 4 * elements
    assert op.bytes_by_level["dram"] == moved
    assert 0.5 * chip.spec.memory[0].bandwidth <= moved / op.latency <= chip.spec.memory[0].bandwidth
    alone = only(pointwise(elements, dtype="fp32"), with_all(chip, {"cores": 1}))
    assert alone.latency >= op.latency


@pytest.mark.parametrize("name", MACHINES)
def test_levels_grow_faster_and_smaller_inwards(name):
    levels = spec(name).memory
    for outer, inner in pairwise(levels):
        assert inner.latency < outer.latency
        assert inner.capacity < outer.capacity
        assert inner.instances >= outer.instances


@pytest.mark.parametrize("name", MACHINES)
def test_the_registers_and_lanes_agree(name):
    """No core multiplies more fp32 lanes a clock than its SIMD instructions have, or loads more than L1 gives."""
    chip = spec(name)
    lanes = chip.core.register_width / 4
    assert chip.core.vector.fp32 <= 2 * lanes * chip.core.slots
    assert chip.core.slots <= chip.core.issue
    assert chip.core.loads * chip.core.register_width <= chip.memory[-1].width


def test_the_small_core_starts_in_order():
    small, large = spec("raspberry-pi-3").core, spec("raspberry-pi-5").core
    assert small.window < large.window / 10
    assert small.issue < large.issue
    assert small.instruction_scale < large.instruction_scale
