"""How fast spiking machines are evaluated at each fidelity, beside numpy doing part of the same in the same run.

Rates are printed, never judged: run with ``-s`` to see them. What is asserted is that both count the same.
``ARCHSIM_SANAFE=/path/to/python`` names an interpreter with ``pip install sanafe==2.2.9`` in an environment of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

import archsim
from archsim.families.spiking import numbers as at
from archsim.families.spiking.network import Connection, Population, run_network

pytestmark = pytest.mark.perf

LOIHI = "loihi1-sanafe"
POINTS = 20_000
REPEATS = 3
STEPS = 100
CORES, INSIDE, FAN_OUT = 128, 64, 256


def best(work):
    """Least processor time of a few runs, s, and what the last returned."""
    times, found = [], None
    for _ in range(REPEATS):
        start = time.process_time()
        found = work()
        times.append(time.process_time() - start)
    return min(times), found


def gestures():
    """A network of the size of the gesture network: three convolutions and a dense layer, 18,678 neurons."""

    def window(channels, size, outputs, kernel, stride):
        out = (size - kernel) // stride + 1
        return {
            at.IN_HEIGHT: size, at.IN_WIDTH: size, at.IN_CHANNELS: channels, at.OUT_HEIGHT: out, at.OUT_WIDTH: out,
            at.OUT_CHANNELS: outputs, at.KERNEL_HEIGHT: kernel, at.KERNEL_WIDTH: kernel, at.STRIDE_Y: stride,
            at.STRIDE_X: stride, at.DILATION_Y: 1, at.DILATION_X: 1, at.GROUPS: 1, at.PART: outputs,
        }  # fmt: skip

    shapes = [window(1, 32, 16, 3, 1), window(16, 30, 16, 4, 2), window(16, 14, 64, 3, 2)]
    sizes = [32 * 32, 30 * 30 * 16, 14 * 14 * 16, 6 * 6 * 64, 11]
    populations = [Population(sizes[0], 0), *(Population(size, 256) for size in sizes[1:])]
    wiring = [Connection(index, index + 1, at.CONV, "conv", shape) for index, shape in enumerate(shapes)]
    wiring.append(Connection(3, 4, at.DENSE, "dense", {}))
    fired = np.random.default_rng(1).random((STEPS, sum(sizes))) < 0.05
    return populations, wiring, fired.astype(np.uint8), shapes


def test_rates_alone():
    chip, graph = archsim.hardware(LOIHI), archsim.workload("spiking-cnn")
    energies = np.linspace(1e-12, 50e-12, POINTS)

    def sweep():
        return archsim.evaluate_points(graph, chip, {"synapse.conv.energy": energies}, jit="always")

    totals = sweep()
    added = sum(op.details["synaptic_operations"] for op in archsim.evaluate(graph, chip).ops if op.kind == "conv")
    assert np.allclose(np.diff(totals["energy"][:, 1]) / np.diff(energies), added)
    mine, _ = best(sweep)
    plain, _ = best(lambda: [energies * added for _ in range(6)])
    print(f"\n{POINTS / mine:.3g} networks/s of processor time, {mine / plain:.0f} times the six products in numpy")


def test_counts_per_core():
    populations, wiring, fired, shapes = gestures()
    spec = archsim.hardware(LOIHI).spec
    run_network(spec, populations, wiring, fired[:1])
    mine, counts = best(lambda: run_network(spec, populations, wiring, fired))

    def scattered():
        """The first two layers only, their synapses counted by shifted sums."""
        total, first = 0, 0
        for shape, size in zip(shapes[:2], (32 * 32, 30 * 30 * 16), strict=True):
            maps = fired[:, first : first + size].reshape(
                STEPS, shape[at.IN_HEIGHT], shape[at.IN_WIDTH], shape[at.IN_CHANNELS]
            )
            out, stride = shape[at.OUT_HEIGHT], shape[at.STRIDE_Y]
            for y, x in np.ndindex(shape[at.KERNEL_HEIGHT], shape[at.KERNEL_WIDTH]):
                rows = maps[:, y : y + out * stride : stride, x : x + out * stride : stride]
                total += int(rows.sum(dtype=np.int64)) * shape[at.OUT_CHANNELS]
            first += size
        return total

    plain, expected = best(scattered)
    assert counts.connections[:2, 0].sum() == expected
    added = counts.connections[:, 0].sum()
    print(
        f"\n{STEPS} steps of a network of 18,678 neurons: {mine:.3g} s of processor time, {added / mine:.3g} synaptic "
        f"events/s; numpy counting two of four layers, no cores: {plain:.3g} s"
    )


def test_messages_followed():
    spec = archsim.hardware(LOIHI).spec
    shape = {at.CORES: CORES, at.FAN_OUT: FAN_OUT, at.RUN: 8, at.STRIDE_I: 7, at.STRIDE_K: 3}
    wiring = [Connection(0, 0, at.STRIDED, "dense", shape)]
    fired = np.ones((10, CORES * INSIDE), dtype=np.uint8)
    population = [Population(CORES * INSIDE, INSIDE)]
    run_network(spec, population, wiring, fired[:1], follow=True)
    mine, counts = best(lambda: run_network(spec, population, wiring, fired, follow=True))
    counted, plain = best(lambda: run_network(spec, population, wiring, fired))
    assert np.array_equal(counts.connections, plain.connections)
    sent = counts.connections[0, 1]
    print(f"\n{sent / mine:.3g} messages/s at {CORES} cores, {mine / counted:.1f} times as long as counting them")


def test_the_same_run_in_sana_fe():
    """The network as SANA-FE builds it: inputs on cores of their own, biased neurons that fire every twentieth step."""
    python = os.environ.get("ARCHSIM_SANAFE")
    if not python:
        pytest.skip("ARCHSIM_SANAFE names no interpreter with sanafe")
    script = Path(__file__).with_name("peer_sanafe.py")
    said = subprocess.run([python, script, str(STEPS)], check=True, capture_output=True, text=True).stdout
    peer = json.loads(said.splitlines()[-1])
    spec = archsim.hardware(LOIHI).spec

    def build_and_run():
        populations, wiring, fired, shapes = gestures()
        for shape in shapes:
            shape |= {at.PART: 1, at.IN_PART: 1}  # channel by channel
        populations = [Population(each.neurons, 256, biased=True) for each in populations]
        fired[:] = 0
        fired[19::20] = 1
        return run_network(spec, populations, wiring, fired)

    build_and_run()
    start = time.perf_counter()
    counts = build_and_run()
    mine = time.perf_counter() - start
    added, sent, across, along = counts.connections.sum(axis=0)
    assert added == peer["spikes"]
    moving = sent * spec.message.sent.energy + across * spec.mesh.across.energy + along * spec.mesh.along.energy
    assert moving == pytest.approx(peer["detail"]["network"], rel=1e-9)
    assert counts.latency == pytest.approx(peer["time"], rel=1e-9)
    theirs = peer["build"] + peer["load"] + peer["run"]
    print(
        f"\n{STEPS} steps, {added:.3g} synaptic events: {mine:.3g} s to build and run, compiled; SANA-FE "
        f"{theirs:.3g} s (build {peer['build']:.3g}, load {peer['load']:.3g}, run {peer['run']:.3g}): "
        f"{theirs / mine:.0f} times"
    )
