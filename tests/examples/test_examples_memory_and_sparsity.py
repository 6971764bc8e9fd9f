"""Scripts on few bits, zeros, graphs, memory and wires: published beside predicted, misses included."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def numbers(said, what):
    """Return the numbers behind the start of a line: what was published, what archsim says."""
    (line,) = [line for line in said.splitlines() if line.startswith(what)]
    return [
        float(text.replace(",", ""))
        for text in re.findall(r"(?<=\s)[\d,]*\.?\d+(?:e[+-]\d+)?(?=\s|x)", line[len(what) :])
    ]


def line_of(said, what):
    (line,) = [line for line in said.splitlines() if line.startswith(what)]
    return line


@pytest.mark.parametrize(
    ("what", "published", "limit"),
    [
        ("M2-Ultra, Llama-2-7B W2, 1 threads, llama.cpp", 3.82, 0.40),
        ("M2-Ultra, Llama-2-7B W2, 8 threads, T-MAC", 51.01, 0.25),
        ("BitNet b1.58 3B, fp16 over ternary, latency", 2.71, 0.30),
    ],
)
def test_tokens_per_second_of_few_bits(run_example, what, published, limit):
    first, predicted = numbers(run_example("quantization_cpu"), what)[:2]
    assert first == published
    assert abs(predicted / published - 1.0) < limit


def test_two_bits_are_slower_than_four_unpacked_and_nearly_twice_as_fast_looked_up(run_example):
    said = run_example("quantization_cpu")
    assert numbers(said, "two bits over four, M2-Ultra, 1 thread, llama.cpp")[1] < 1.0
    assert 1.7 < numbers(said, "two bits over four, M2-Ultra, 1 thread, T-MAC")[1] < 2.0
    assert numbers(said, "fp16 multiply-add over int8 addition, 45 nm")[1] == pytest.approx((1.1 + 0.4) / 0.03)
    assert numbers(said, "fp16 multiply-add over int8 addition, 7 nm")[1] == pytest.approx(0.5 / 0.007, abs=0.01)


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("quantization_cpu", "M2-Ultra, Llama-2-7B W4, 1 threads, T-MAC"),
        ("quantization_cpu", "fp16 multiply-add over int8 addition, 7 nm"),
        ("memory_wall", "DRAM bandwidth: 1.6 in 2 years, over 20"),
        ("data_movement_energy", "256 bits over 10 mm at 40 nm"),
        ("data_movement_energy", "wire at 10 nm over 28 nm"),
    ],
)
def test_what_set_constants_or_repeats_them_is_not_scored(run_example, script, what):
    assert "not scored" in line_of(run_example(script), what)


@pytest.mark.parametrize(
    ("script", "what", "limit"),
    [
        ("quantization_cpu", "AGX Orin, Llama-2-7B W2, llama.cpp GPU", "30.0 %"),
        ("quantization_cpu", "BitNet b1.58 3B, fp16 over ternary, memory", "30.0 %"),
        ("quantization_cpu", "its energy saved, m2-ultra", "0.0 %"),
        ("gnn_phases", "HyGCN over CPU, geometric mean", "x 2"),
        ("memory_wall", "DRAM bandwidth, 2 years, shipped GPUs", "10.0 %"),
        ("data_movement_energy", "wire at 7 nm over 28 nm", "10.0 %"),
        ("data_movement_energy", "the same over a double multiply-add", "10.0 %"),
        ("sparsity_crossover", "zeros pay from, V100, lanes, batch 128", "5 points"),
    ],
)
def test_known_misses_say_so_and_keep_the_limit(run_example, script, what, limit):
    assert re.search(rf" {re.escape(limit)} +MISSED", line_of(run_example(script), what))


def test_times_of_sparse_libraries_are_among_the_misses(run_example):
    told = line_of(run_example("sparsity_crossover"), "MISSED: ")
    assert all(f"{name} time" in told for name in ("cpu-scipy", "cpu-torch-coo", "cpu-torch-csr", "dense"))


def test_wires_lie_up_to_a_factor_of_four_below_the_line(run_example):
    told = line_of(run_example("data_movement_energy"), "published wires over the line")
    least = float(re.search(r"line: ([\d.]+) \(Kogge", told).group(1))
    assert 1.0 / least == pytest.approx(3.7, abs=0.1)
    assert "MISSED, limit 2" in told


def test_zeros_pay_early_for_one_vector_and_late_for_a_batch(run_example):
    said = run_example("sparsity_crossover")
    assert numbers(said, "core-i7-5930k            1 Alex-7   91 %") == [4.83, pytest.approx(5.2, abs=0.1)]
    assert numbers(said, "geforce-gtx-titan-x     64 VGG-7    96 %")[0] == 0.36
    assert "right side in 28 of 32 cells: 87.5 %, asked for: 90 %; MISSED" in said
    one, many = (numbers(said, f"zeros pay from, i7-5930K with MKL, batch {batch}")[1] for batch in (1, 64))
    assert one < 75.0 < 98.0 < many
    assert "crossbar (ISAAC): one vector at 90 % zeros is 1.0 times faster than dense" in said


def test_phases_of_graph_networks_are_counted_exactly(run_example):
    said = run_example("gnn_phases")
    assert numbers(said, "combination of Cora")[:2] == [2708 * 16 * (1433 + 7)] * 2
    assert numbers(said, "aggregation of Reddit")[:2] == [(114615892 + 232965) * (128 + 41)] * 2
    assert numbers(said, "share of aggregations of reddit bound by hbm, V100")[:2] == [1.0, 1.0]
    assert numbers(said, "share of aggregations of cora bound by launch, V100")[:2] == [1.0, 1.0]
    published, predicted = numbers(said, "HyGCN over v100-sxm2-16gb, pubmed")[:2]
    assert published == pytest.approx(222.7 / 191.7, abs=1e-3)
    assert 0.5 < predicted / published < 2.0


def test_rates_of_growth_and_a_decoder_that_waits(run_example):
    said = run_example("memory_wall")
    assert numbers(said, "peak server FLOPS: 3 in 2 years, over 20")[:2] == [60000.0, pytest.approx(3.0**10, rel=1e-3)]
    assert numbers(said, "interconnect bandwidth: 1.4 in 2 years, over 20")[1] == pytest.approx(1.4**10, rel=1e-3)
    assert numbers(said, "GPT-2, arithmetic of one token")[1] == pytest.approx(0.5, rel=0.01)  # 2 FLOP for 4 bytes
    assert numbers(said, "GPT-2 over BERT-Large, 336 GFLOP")[0] > 10.0
    assert numbers(said, "GPT-2 slower than BERT-Large")[:2] == [1.0, 1.0]


def test_wires_and_reads_beside_arithmetic(run_example):
    said = run_example("data_movement_energy")
    for what, cost in (("fp32 add", 9), ("int32 multiply", 31), ("fp32 multiply", 37), ("read of 8 KiB", 50)):
        assert numbers(said, f"{what} over int32 add, 45 nm")[:2] == [cost, cost]
    by_hand = 256 * 10 * 0.121 * (50 / 121) ** (0.1178 / 1.8608)  # ln(45/40) of the way along ln(45/7)
    assert numbers(said, "256 bits over 10 mm at 40 nm")[:2] == [310.0, pytest.approx(by_hand, abs=0.1)]
    kogge = 300e-15 * 0.6**2 / 4 * 1e15  # fF/mm x V2, a quarter of them
    assert numbers(said, "C V2 / 4 at 32 nm: Kogge et al. DARPA Exascale 2008")[1] == pytest.approx(kogge)


def test_a_scored_row_outside_its_limit_fails_the_script(tmp_path, monkeypatch):
    from archsim.report.claims import Claim

    main = runpy.run_path(str(EXAMPLES / "memory_wall.py"))["main"]
    rows = [Claim("near", 1.0, 1.0, tolerance=0.1), Claim("far", 2.0, 1.0, "s", 0.1)]
    for name, found in (("trends", rows), ("runs", []), ("draw", None), ("save", tmp_path)):
        monkeypatch.setitem(main.__globals__, name, lambda *_, found=found: found)
    with pytest.raises(SystemExit, match="far: 2 against 1 s"):
        main(tmp_path / "x.png")
