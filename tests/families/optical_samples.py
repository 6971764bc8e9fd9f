"""Optical machines for tests: round numbers, every one of them different, so that a slip shows."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import archsim
from archsim.io.hardware import with_all

TEXT = """
schema: 1
family: optical
name: sample-streamed
title: Coherent crossbar for tests
boundary: chip
process: {node: 14 nm}
power: {idle: 0.1 W, limit: 1 kW}
host: xeon-gold-6248
host_link: {bandwidth: 32 GB/s, latency: 1 us, energy: 10 pJ/b}
bits: 8
core: {structure: crossbar, rows: 16, columns: 8, vectors: 4, count: 2, clock: 5 GHz, weights: streamed}
path: {fixed: 4 dB, excess: 0.1 dB, split: outputs, budget: 30 dB}
laser: {efficiency: 0.2}
receiver: {responsivity: 1 A/W, noise: 5 pA/rtHz, dark: 60 nA, detector: 1.1 mW, detectors: 2, amplifier: 0.6 pJ}
modulator: {energy: 0.5 pJ, power: 0.5 mW}
adc: {bits: 8, rate: 10 GHz, energy: 2 pJ}
dac: {bits: 8, rate: 10 GHz, energy: 3 pJ}
adder: 0.05 pJ
network: 1 pJ/B
digital:
  clock: 1 GHz
  products: {int8: 256 FLOP/clk, fp16: 256 FLOP/clk, fp32: 256 FLOP/clk}
  lanes: {int8: 128 FLOP/clk, fp16: 128 FLOP/clk, fp32: 128 FLOP/clk, fp64: 32 FLOP/clk, int32: 128 FLOP/clk,
          int64: 32 FLOP/clk}
  special: 32 OP/clk
  vector: 16
  launch: 100 ns
memory:
  - {name: dram, place: off_chip, capacity: 1 TiB, bandwidth: 1 TB/s, latency: 100 ns, energy: 31.2 pJ/B}
  - {name: buffer, place: on_chip, capacity: 4 MiB, width: 4096 B/clk, latency: 2 ns, energy: 1 pJ/B}
technology: logic-45-7
"""


@cache
def written(text):
    """A machine from the text of its file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sample.yaml"
        path.write_text(text, encoding="utf-8")
        return archsim.hardware(str(path))


CORE = "{structure: crossbar, rows: 16, columns: 8, vectors: 4, count: 2, clock: 5 GHz, weights: streamed}"
MESH = {
    CORE: "{structure: mesh, rows: 16, columns: 8, vectors: 4, count: 2, clock: 5 GHz, weights: reload}\n"
    "tuning: {power: 2 mW, time: 2 us, energy: 7 pJ}",
    "excess: 0.1 dB, split: outputs": "stage: 0.5 dB, stages: rows",
    "sample-streamed": "sample-mesh",
    "laser: {efficiency: 0.2}": "laser: {efficiency: 0.2, channels: 16}",
}
HELD = MESH | {"weights: reload": "weights: in_place", "sample-mesh": "sample-held"}
LENS = {
    CORE: "{structure: fourier, rows: 256, columns: 256, count: 1, clock: 1 MHz, weights: reload}",
    "sample-streamed": "sample-lens",
}


def changed(text, edits):
    """The text with each piece replaced; every one must be there."""
    for old, new in edits.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def sample(kind="streamed", **sets):
    """A sample machine; keywords change leaves, ``__`` for a point."""
    edits = {"streamed": {}, "mesh": MESH, "held": HELD, "lens": LENS}[kind]
    chip = written(changed(TEXT, edits))
    return with_all(chip, {path.replace("__", "."): value for path, value in sets.items()}) if sets else chip
