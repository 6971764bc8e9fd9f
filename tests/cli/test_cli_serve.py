"""``archsim serve``, and systems on the command line."""

import json

import pytest

import archsim


def test_serve_says_what_matters(cli):
    answer = cli("serve", "llama-2-7b", "null", "--prompt", "64", "--generate", "8", "-b", "2")
    assert answer.code == 0
    said = (
        "llama-2-7b on null",
        "64 tokens read, 8 written; 2 requests",
        "first token",
        "per token",
        "throughput",
        "MFU",
    )
    for word in (*said, "energy", "largest batch", "cache"):
        assert word in answer.out
    assert "cost" not in answer.out


def test_serve_and_python_agree(cli):
    served = archsim.serve("llama-2-7b", "dgx-a100", {"tensor_parallel": 4}, prompt=64, output=8, batch=2,
                           prices=archsim.Prices(2.0, 0.1, 1.2), parameters={"dtype": "bf16"})  # fmt: skip
    said = json.loads(
        cli("serve", "llama-2-7b", "dgx-a100", "--prompt", "64", "--generate", "8", "-b", "2", "--policy",
            "tensor_parallel=4", "-p", "dtype=bf16", "--chip-price", "2", "--electricity", "0.1", "--pue", "1.2",
            "--json").out
    )  # fmt: skip
    assert said == json.loads(json.dumps(served.to_dict()))
    assert (said["chips"], said["copies"]) == (8, 2)
    assert "per million tokens" in cli("serve", "llama-2-7b", "null", "--chip-price", "2").out


def test_what_does_not_fit_is_refused(cli):
    cli("serve", "llama-2-70b", "a100-sxm4-80gb").refuses(4, "of weights", "of keys and values", "may be filled")
    cli("serve", "llama-2-7b", "l40s", "-b", "1000").refuses(4, "the largest batch is")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serve", "llama-2-7b", "null", "--prompt", "x"], ["--prompt 'x'", "whole number"]),
        (["serve", "llama-2-7b", "null", "--generate", "0"], ["--generate '0'"]),
        (["serve", "llama-2-7b", "null", "--memory-share", "2"], ["memory_share=2"]),
        (["serve", "llama-2-7b", "null", "--pue", "0.5"], ["--pue '0.5'", "at least 1"]),
        (["serve", "llama-2-7b", "null", "--chip-price", "much"], ["--chip-price 'much'"]),
        (["serve", "resnet50", "null"], ["is no language model that decodes"]),
        (["serve", "no.json", "null"], ["there is no file 'no.json'"]),
        (["serve", "llama-2-7b", "dgx-a1000"], ["did you mean", "'dgx-a100'"]),
        (["run", "llama-2-7b", "null", "--policy", "tensor_parallel=2"], ["archsim list systems"]),
    ],
)
def test_wrong_words_are_told_what_to_write(cli, words, said):
    cli(*words).refuses(2, *said)


def test_systems_are_listed_shown_and_cited(cli):
    names = [each["name"] for each in json.loads(cli("list", "systems", "--json").out)]
    assert {"dgx-a100", "dgx-h100", "dgx-h200", "l40s-pcie-8"} <= set(names)
    shown = json.loads(cli("show", "dgx-h200", "--json").out)
    values = {leaf["path"]: leaf for leaf in shown["values"]}
    assert shown["family"] == "system" and values["levels[0].link.lane"]["value"] == 25e9
    cited = cli("cite", "dgx-h200").out
    assert "@misc{aiconfigurator," in cited and "levels[0].link.energy" in cited


def test_a_system_runs_like_a_machine(cli):
    split = ("--policy", "tensor_parallel=8")
    said = json.loads(cli("run", "llama-2-7b-decode", "dgx-a100", *split, "--json").out)
    assert said["hardware"] == "dgx-a100" and said["latency_by_resource_s"]["nvlink"] > 0
    faster = cli("run", "llama-2-7b-decode", "dgx-a100", *split, "--json", "-s", "levels.nvlink.link.hop=0.1 us")
    assert json.loads(faster.out)["latency_s"] < said["latency_s"]
    memory = cli("run", "llama-2-7b-decode", "dgx-a100", *split, "--json", "-s", "memory.hbm.bandwidth=4 TB/s")
    assert json.loads(memory.out)["latency_s"] < said["latency_s"]
    assert "ring over nvlink" in cli("explain", "llama-2-7b-decode", "dgx-a100", *split, "--op", "embed/all-reduce").out
    assert cli("compare", "llama-2-7b-decode", "dgx-a100", "dgx-h100", *split).code == 0
