"""Scripts on shares of time, on throughput, on clocks, and on the first TPU: what they print, against the sources."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

FIGURES = Path(__file__).resolve().parents[2] / "models" / "measured" / "figures"


def published_and_predicted(said, what):
    """Return the first two numbers behind what starts a line."""
    (line,) = [line for line in said.splitlines() if line.startswith(what)]
    found = re.findall(r"(?<=\s)[\d,]*\.?\d+(?:e[+-]?\d+)?(?=\s)", line[len(what) :])
    return [float(text.replace(",", "")) for text in found[:2]]


def rows(name):
    lines = (FIGURES / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def test_shares_of_a_layer_against_the_table_and_the_shapes(run_example):
    said = run_example("bert_operator_share")
    for row in rows("operator_share_bert_v100"):
        flops = published_and_predicted(said, f"{row['class']}, FLOP")
        assert flops[0] == float(row["flop_pct"])
        assert abs(flops[1] - flops[0]) < 0.05
        time = published_and_predicted(said, f"{row['class']}, time")
        assert time[0] == float(row["runtime_pct"])
        assert abs(time[1] - time[0]) < (8.0 if row["class"] == "statistical normalisation" else 6.0)
    assert re.search(r"^statistical normalisation, time.* 6 points +MISSED", said, re.MULTILINE)
    tokens, width = 8 * 512, 1024
    assert published_and_predicted(said, "up, forward")[1] == pytest.approx(8e-9 * tokens * width**2, rel=1e-3)
    assert published_and_predicted(said, "scores, forward")[1] == pytest.approx(2e-9 * tokens * 512 * width, rel=1e-3)


def test_fusion_gains_and_light_leaves_more_beside_the_products(run_example):
    said = run_example("bert_operator_share")
    assert published_and_predicted(said, "fused as the authors, 8 x 512")[0] == pytest.approx(9.14 / 6.71, abs=1e-3)
    assert published_and_predicted(said, "fused as the authors, 8 x 512")[1] > 1.0
    assert re.search(r"^fused between products, 8 x 512 +1.15 to 1.45 +1.1\d+ .*MISSED", said, re.MULTILINE)
    assert re.search(r"^fused behind products too, 8 x 512 .*not scored", said, re.MULTILINE)
    shares = {
        name: float(re.search(rf"^{name}: tensor contraction ([\d.]+) %", said, re.MULTILINE).group(1))
        for name in ("FLOP, archsim", "time, archsim", "time, by light", "energy, by light")
    }
    assert shares["FLOP, archsim"] > 99.0 > 70.0 > shares["time, archsim"] > shares["time, by light"]


def test_networks_of_one_gpu_reach_what_was_measured_within_a_third(run_example):
    said = run_example("flops_are_not_throughput")
    (row,) = [
        row
        for row in rows("timm_throughput")
        if (row["device_layout"], row["model"], row["img_size"]) == ("rtx3090_nhwc", "vit_large_patch16_224", "224")
    ]
    measured = 2e-3 * float(row["gmacs"]) * float(row["samples_per_sec"])
    published, predicted = published_and_predicted(said, "vit_large_patch16_224, RTX 3090")
    assert published == pytest.approx(measured, abs=0.05)
    assert predicted == pytest.approx(measured, rel=0.35)
    slow = published_and_predicted(said, "mobilenetv3_large_100, RTX 3090")
    assert predicted / slow[1] > 7.0
    assert published_and_predicted(said, "depthwise share of ConvNeXt-T")[1] == pytest.approx(2.36, abs=0.01)
    assert re.search(r"^rtx3090_nhwc +9 networks, mean error +\d", said, re.MULTILINE)
    assert re.search(r"^V100 +1 networks.*rank correlation not scored", said, re.MULTILINE)
    assert re.search(r"^A100 .*\(limit 35 %\) MISSED", said, re.MULTILINE)
    assert len(re.findall(r"^(?:vgg16, ch|ConvNeXt-T).* 10.0 % +MISSED", said, re.MULTILINE)) == 5


def test_clocks_against_rows_of_the_tables(run_example):
    said = run_example("dvfs_tradeoff")
    by_clock = {
        int(row["sm_MHz"]): row
        for row in rows("dvfs_llm_stage_a100_a40")
        if (row["model"], row["gpu"], row["pass"]) == ("gpt3-175b", "a100_sxm", "forward")
    }
    for column, what in (("time_s", "time"), ("energy_J", "energy")):
        ratio = float(by_clock[1080][column]) / float(by_clock[1410][column])
        pair = published_and_predicted(said, f"a100-sxm4-80gb, gpt3-175b forward, 1080 MHz: {what}")
        assert pair == pytest.approx([ratio, ratio], rel=0.05)
    caps = {int(row["power_limit_W"]): row for row in rows("powerlimit_windows")[:7]}
    for column, what in (("time_s", "time"), ("energy_J", "energy")):
        ratio = float(caps[175][column]) / float(caps[250][column])
        pair = published_and_predicted(said, f"v100-pcie-32gb, ResNet-50 at 175 W: {what}")
        assert pair == pytest.approx([ratio, ratio], rel=0.05)
    (near,) = re.findall(r"best clock within 100 MHz: (\d+) of 36 curves; MISSED", said)
    assert int(near) >= 24
    assert re.search(r"^a40, gpt3-175b forward, 1050 MHz: energy.* 7.0 % +MISSED", said, re.MULTILINE)
    assert len(re.findall(r"^.* at 100 W: .*MISSED$", said, re.MULTILINE)) == 4


def test_mean_savings_are_those_of_the_table_at_sustained_clocks(run_example):
    said = run_example("dvfs_tradeoff")
    kernels = {}
    for row in rows("dvfs_v100_kernels"):
        kernels.setdefault(row["kernel"], []).append((int(row["core_MHz"]), float(row["energy_mJ_derived"])))
    best = [min(energy for clock, energy in each if clock >= 900) / max(each)[1] for each in kernels.values()]
    published, predicted = published_and_predicted(said, "v100-pcie-32gb: mean energy saved, any time")
    assert 100.0 * (1.0 - sum(best) / len(best)) == pytest.approx(published, abs=0.6)
    assert predicted == pytest.approx(published, rel=0.2)


def test_the_first_tpu_against_its_tables_and_closed_forms(run_example):
    said = run_example("tpu_v1")
    for row in rows("tpu_v1_apps"):
        if row["app"] == "CNN1":
            continue
        published, predicted = published_and_predicted(said, f"{row['app']}: rate")
        assert published == float(row["tops_measured"])
        assert predicted == pytest.approx(published, rel=0.20 if row["app"] == "LSTM0" else 0.10)
    # A tile of 64 KiB takes 65,536 B / 34 GB/s x 700 MHz = 1,349 cycles; MLP0 uses 200 of them.
    active = 100.0 * (1.0 - 0.175) * 200 / (65536 / 34e9 * 700e6)
    assert published_and_predicted(said, "MLP0: array active")[1] == pytest.approx(active, rel=0.05)
    assert published_and_predicted(said, "TPU: ridge")[1] == pytest.approx(65536 * 700e6 / 34e9, rel=1e-3)


def test_the_first_tpu_for_each_watt_of_its_server(run_example):
    said = run_example("tpu_v1")
    # Speed of a die over the power its server was provisioned for: 861 W over 4 dies against 504 W over 2.
    least = re.search(r"^TPU over CPU, for each watt: least +17 +([\d.]+) ", said, re.MULTILINE).group(1)
    assert float(least) == pytest.approx(14.5 * (504 / 2) / (861 / 4), abs=0.01)
    assert published_and_predicted(said, "CNN0: weight stall")[0] == 0.0
    assert re.search(r"^CNN0: weight shift .* 5 points", said, re.MULTILINE)
    first, second = (published_and_predicted(said, f"MLP0{on}, TPU over CPU")[1] for on in ("", " on a die"))
    assert first == pytest.approx(second, rel=0.01)


def test_other_tpus_gain_by_memory_and_not_by_size(run_example):
    said = run_example("tpu_v1")
    assert 3.0 < published_and_predicted(said, "MLP0: memory x 4")[1] <= 4.0
    (gain,) = re.findall(r"^mean: array of 512 x 512 +0.9 to 1 +([\d.]+) ", said, re.MULTILINE)
    assert 0.9 < float(gain) < 1.0
