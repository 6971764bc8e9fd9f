"""Scripts on waiting, on spikes and on crossbars: constants, laws, and what was measured."""

from __future__ import annotations

import re

import pytest


def line_of(said, what):
    (line,) = [line for line in said.splitlines() if line.startswith(what)]
    return line


def claim(said, what):
    """Return what was published and what archsim says."""
    found = re.findall(r"(?<=\s)-?[\d,]*\.?\d+(?:e[+-]\d+)?(?=\s)", line_of(said, what)[len(what) :])
    return tuple(float(text.replace(",", "")) for text in found[:2])


def test_constants_of_nature_and_of_wires(run_example):
    said = run_example("latency_physics")
    assert claim(said, "k T ln 2 at 300 K")[1] == pytest.approx(1.380649e-23 * 300 * 0.693147, rel=1e-3)
    assert claim(said, "light over a millimetre")[1] == pytest.approx(3.336, abs=1e-3)
    assert claim(said, "cycles of 4 GHz across 20 mm, slower wire") == (24.0, 24.0)
    assert claim(said, "8 bytes: wait of 80 ns over a stream's 50 GB/s") == (500.0, 500.0)


@pytest.mark.parametrize(("name", "wait", "random"), [("Xeon", 81.0, 0.81), ("A100", 331.0, 1.0)])
def test_one_chain_waits_and_many_fill_the_memory(run_example, name, wait, random):
    said = run_example("latency_physics")
    assert claim(said, f"{name}, one chain, a load")[1] == pytest.approx(wait, rel=1e-3)
    little, found = claim(said, f"{name}, chains for all its loads, latency x rate")
    lines = {"Xeon": 140.8 / 64.0, "A100": 2039.0 / 32.0}[name]  # 10^9 a second, if memory moved nothing else
    assert found == pytest.approx(little, rel=0.1)
    assert little == pytest.approx(wait * lines * random, rel=0.03)


def test_a_gpu_is_slower_with_one_chain(run_example):
    line = line_of(run_example("latency_physics"), "one chain, A100 over Xeon")
    assert float(line.split()[6]) == pytest.approx(331.0 / 81.0, rel=1e-3)


@pytest.mark.parametrize(("name", "steps"), [("N1, keyword spotter", 10), ("N2, MLP", 25)])
def test_break_even_rates_found_are_those_of_the_laws(run_example, name, steps):
    said = run_example("spiking_vs_dense")
    law, found = claim(said, f"{name}: break-even rate, arithmetic, E_m / (E_a T)")
    assert law == pytest.approx(4.6 / (0.9 * steps), rel=1e-3)
    assert found == pytest.approx(law, rel=1e-3)
    law, found = claim(said, f"{name}: break-even rate, with weights, E_dense / (E_spike T)")
    assert law == pytest.approx(9.6 / (5.9 * steps), rel=1e-3)
    assert found == pytest.approx(law, rel=1e-3)
    rates = [float(rate) for rate in re.findall(r"0\.\d{4}", line_of(said, f"{name}, break-even rate of"))]
    assert rates == sorted(rates, reverse=True), "the more is counted, the fewer spikes"


def test_break_even_of_moves_and_of_synapses_as_published(run_example):
    said = run_example("spiking_vs_dense")
    assert claim(said, "energy of moves over the twin's, transformer SST-2 T=7 khop=4.75") == (2.338, 2.333)
    assert claim(said, "spikes for a synapse, Davidson and Furber") == (1.72, 1.714)
    assert claim(said, "break-even rate by moves alone, T=5, 4-bit w, N_src=64") == (0.054, 0.05)


def test_spikes_are_judged_with_and_without_what_chips_draw_at_rest(run_example):
    said = run_example("spiking_vs_dense")
    assert "isaac never" in line_of(said, "N1 with static, truenorth")
    assert "nvdla-256 always" in line_of(said, "N1 without static, truenorth")


def test_crossbars_over_bits(run_example):
    said = run_example("analog_crossbar")
    counted, found = claim(said, "ISAAC, 16,128 arrays, 8 cells a weight, 1.6 us")
    assert counted == pytest.approx(16128 * 2048 * 2 / 1.6e-6 / 1e12, rel=1e-3)
    assert found == pytest.approx(counted, rel=0.03)
    for row, value in (("in bits=3 phases=1", 23.09), ("in bits=6 phases=1", 9.122)):
        published, found = claim(said, f"NeuRRAM, efficiency, out bits={5 if '3' in row else 8} {row}")
        assert published == value
        assert found == pytest.approx(value, rel=0.10)
    assert float(re.findall(r"set nothing: ([\d.]+) %", said)[0]) <= 10.0
    assert "MISSED" in line_of(said, "PUMA, peak")


def test_a_crossbar_takes_the_same_time_until_it_is_full(run_example):
    said = run_example("analog_crossbar")
    isaac, array = (
        [float(text) for text in re.findall(r": ([\d.e+]+)", line_of(said, name))]
        for name in ("ISAAC  ", "systolic array, 128 x 128")
    )
    assert isaac[0] == pytest.approx(isaac[1], rel=1e-3), "64 and 512 rows and columns"
    assert isaac[2] < 1.2 * isaac[0], "4,096"
    assert array[2] > 20.0 * array[1], "a systolic array fetches 64 times as many weights"
