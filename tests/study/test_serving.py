"""Serving: published definitions, by hand on a machine of round numbers, and on everything that ships."""

from __future__ import annotations

import json

import pytest

import archsim as a
from archsim.errors import DoesNotFitError, UsageError
from archsim.io.hardware import with_all
from archsim.io.systems import load_system

SMALL = {"layers": 2, "width": 256, "heads": 8, "vocabulary": 8192, "tied": False, "context": 4096}
"""Weights in fp16: 2 x 8192 x 256 of table and head, 12 x 256 x 256 a layer and biases and norms."""
CACHE = 2 * 2 * 256 * 2
"""Bytes of keys and values of one token: two layers, two of 256, two bytes."""


def serve(machine="null", **how):
    return a.serve("transformer", machine, parameters=SMALL, **how)


def test_times_are_those_of_the_two_phases():
    served = serve(prompt=100, output=21, batch=4)
    prefill = a.evaluate(a.workload("transformer", **SMALL, sequence=100, batch=4, logits="last"), "null")
    # The 20 steps behind the first token see 100 to 119 cached tokens, 109 on the mean.
    step = a.evaluate(a.workload("transformer", **SMALL, phase="decode", past=109, batch=4), "null")
    assert served.first_token == prefill.latency
    assert served.per_token == step.latency
    assert served.latency == pytest.approx(prefill.latency + 20 * step.latency)
    assert served.throughput == pytest.approx(4 * 21 / served.latency)
    assert served.decode_throughput == pytest.approx(4 / step.latency)
    assert served.energy_per_token == pytest.approx((prefill.energy + 20 * step.energy) / (4 * 21))
    assert served.power == pytest.approx(served.energy / served.latency)


def test_the_mean_step_stands_for_all():
    served = serve(prompt=64, output=9)
    steps = [
        a.evaluate(a.workload("transformer", **SMALL, phase="decode", past=past), "null").latency
        for past in range(64, 72)
    ]
    assert len(steps) == 8
    assert 8 * served.per_token == pytest.approx(sum(steps), rel=5e-3)


def test_one_token_needs_no_step():
    served = serve(output=1)
    assert served.per_token == served.decode_throughput == served.mbu == served.decode_mfu == 0.0
    assert served.decode is None
    assert served.latency == served.first_token
    assert served.to_dict()["decode_bound"] is None


def test_cache_and_weights_by_hand():
    served = serve(prompt=100, output=28, batch=3)
    assert served.cache_per_request == 128 * CACHE
    assert served.room.cache == 3 * 128 * CACHE
    weights = a.count(a.workload("transformer", **SMALL)).parameters
    assert served.room.weights == served.prefill.memory.weights == 2 * weights


def test_the_largest_batch_fits_and_one_more_does_not():
    chip = with_all(a.hardware("null"), {"memory.memory.capacity": "40 MB"})
    largest = serve(chip, prompt=200, output=56).largest_batch
    assert largest > 1
    assert serve(chip, prompt=200, output=56, batch=largest).room.needed <= 0.9 * 40e6
    with pytest.raises(DoesNotFitError) as refusal:
        serve(chip, prompt=200, output=56, batch=largest + 1)
    text = str(refusal.value)
    assert refusal.value.exit_code == 4
    for words in ("of weights", "of keys and values of 256 tokens each", "of activations", "36 MB may be filled",
                  f"the largest batch is {largest}"):  # fmt: skip
        assert words in text
    served = serve(chip, prompt=200, output=56, batch=largest + 1, capacity="ignore")
    assert served.latency > 0 and "enough memory" in served.warnings[0]


def test_a_model_that_never_fits_says_so():
    chip = with_all(a.hardware("null"), {"memory.memory.capacity": "1 MB"})
    with pytest.raises(DoesNotFitError, match="choose a larger machine, or more chips"):
        serve(chip)


def test_costs_by_hand():
    prices = a.Prices(chip=2.0, electricity=0.25, overhead=1.5)
    served = serve(prices=prices)
    hourly = 2.0 + served.power / 1000 * 1.5 * 0.25
    assert served.cost == pytest.approx(hourly / (served.throughput * 3600) * 1e6)
    assert serve().cost == 0.0
    for wrong in ({"chip": -1.0}, {"electricity": float("nan")}, {"overhead": 0.5}):
        with pytest.raises(UsageError, match=next(iter(wrong))):
            a.Prices(**wrong)


def test_utilisations_are_shares():
    served = a.serve("llama-2-7b", "a100-sxm4-80gb", prompt=512, output=64, batch=4)
    assert 0.0 < served.decode_mfu < served.prefill_mfu < 1.0
    assert 0.1 < served.mbu < 1.0
    needed = served.room.weights + 4 * served.cache_per_request * (512 + 31) / (512 + 64)
    # Of the table only four rows are read.
    assert served.needed_bytes == pytest.approx(needed - 32000 * 4096 * 2, rel=0.01)
    assert served.mbu == pytest.approx(served.needed_bytes / (served.per_token * 2.039e12))


def test_a_system_serves_with_all_its_chips():
    served = a.serve("llama-2-70b", "dgx-a100", prompt=128, output=16, batch=2)
    assert (served.chips, served.copies) == (8, 1)
    assert 137e9 / 8 < served.room.weights < 139e9 / 8
    assert served.prefill.exposed["nvlink"] > 0
    with pytest.raises(DoesNotFitError, match="138 GB of weights"):
        a.serve("llama-2-70b", "a100-sxm4-80gb")


def test_smaller_groups_serve_more_copies():
    whole = a.serve("llama-2-7b", "dgx-a100", output=16)
    halves = a.serve("llama-2-7b", "dgx-a100", output=16, tensor_parallel=4)
    assert (whole.copies, halves.copies) == (1, 2)
    assert halves.per_token > whole.per_token
    assert halves.decode_throughput > whole.decode_throughput, "sums cost less among four"
    assert halves.room.weights == pytest.approx(2 * whole.room.weights, rel=1e-3)
    with pytest.raises(UsageError, match="tensor_parallel=3 does not divide the 8 chips"):
        a.serve("llama-2-7b", "dgx-a100", tensor_parallel=3)


@pytest.mark.parametrize("machine", ["null", "xeon-gold-6248", "a100-sxm4-80gb"])
def test_machines_of_every_family_serve(machine):
    served = serve(machine, prompt=32, output=8, batch=2)
    assert served.throughput > 0 and served.energy_per_token > 0
    json.dumps(served.to_dict(), allow_nan=False)


def test_every_system_serves():
    for name in ("dgx-h100", "l40s-pcie-8", "a100-pairwise-nvlink", "hgx-a100-4"):
        assert serve(load_system(name), prompt=32, output=8, tensor_parallel=2).throughput > 0


def test_precision_halves_what_is_kept():
    wide, narrow = serve(), serve(precision="fp8")
    assert narrow.room.weights == wide.room.weights / 2
    assert narrow.cache_per_request == wide.cache_per_request / 2


def test_models_may_be_functions_or_configurations(tmp_path):
    config = {
        "model_type": "llama", "vocab_size": 8192, "hidden_size": 256, "intermediate_size": 512,
        "num_hidden_layers": 2, "num_attention_heads": 8, "num_key_value_heads": 8, "rms_norm_eps": 1e-5,
        "max_position_embeddings": 2048, "torch_dtype": "float16",
    }  # fmt: skip
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    from_file = a.serve(str(path), "null", output=4)
    built = a.serve(lambda **run: a.load_huggingface(str(path), **run), "null", output=4)
    assert from_file.per_token == built.per_token > 0
    assert from_file.cache_per_request == (512 + 4) * CACHE


@pytest.mark.parametrize(
    ("model", "how", "said"),
    [
        ("resnet50", {}, "'resnet50' is no language model that decodes"),
        ("llama-2-7b", {"prompt": 0}, "prompt=0"),
        ("llama-2-7b", {"output": 1.5}, "output=1.5"),
        ("llama-2-7b", {"batch": True}, "batch=True"),
        ("llama-2-7b", {"memory_share": 1.5}, "memory_share=1.5"),
        ("llama-2-7b", {"parameters": {"past": 3}}, "parameter 'past' follows from the request"),
        ("llama-2-7b", {"parameters": {"dtypo": "fp8"}}, "did you mean 'dtype'"),
    ],
)
def test_wrong_requests_are_told_what_to_write(model, how, said):
    with pytest.raises(UsageError, match=said):
        a.serve(model, "null", **how)
