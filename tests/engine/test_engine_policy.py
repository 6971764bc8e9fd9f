"""Policies: what a run may choose, what each choice changes, and what is said about a wrong one."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from engine_samples import null, sandwich, stack

import archsim
from archsim.engine.fit import check_fit
from archsim.engine.policy import Policy, policy
from archsim.errors import DoesNotFitError, GraphError, UsageError


def test_defaults_mappings_and_keywords_agree():
    assert policy() == policy(None) == policy({}) == Policy()
    assert policy({"fusion": "none"}) == policy(fusion="none") == policy(Policy(fusion="none"))
    assert policy({"fusion": "none"}, fusion="full").fusion == "full"
    assert policy(Policy(fusion="none"), precision="fp32") == Policy(fusion="none", precision="fp32")
    with pytest.raises(FrozenInstanceError):
        Policy().fusion = "none"


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"fussion": "none"}, ["unknown policy 'fussion'", "did you mean 'fusion'?"]),
        ({"qqqqq": 8}, ["unknown policy 'qqqqq'", "policies are fusion, schedule"]),
        ({"fusion": "ful"}, ["fusion='ful'", "did you mean 'full'?"]),
        ({"fusion": "zzz"}, ["fusion='zzz'", "none, epilogue, attention, full"]),
        ({"capacity": "ignored"}, ["capacity='ignored'", "did you mean 'ignore'?"]),
        ({"fallback": "hots"}, ["fallback='hots'", "did you mean 'host'?"]),
        ({"schedule": "serail"}, ["schedule='serail'", "did you mean 'serial'?"]),
        ({"jit": "allways"}, ["jit='allways'", "did you mean 'always'?"]),
        ({"training": "yess"}, ["training='yess'", "write true or false"]),
        ({"optimiser": "adamm"}, ["'adamm'", "did you mean 'adam'?"]),
        ({"precision": "fp17"}, ["'fp17'", "'fp1", "did you mean"]),
        ({"precision": 16}, ["policy precision=16", "write text"]),
        ({"fusion": None}, ["policy fusion=None", "write text"]),
    ],
    ids=lambda value: "-".join(map(str, next(iter(value.items())))) if isinstance(value, dict) else "",
)
def test_wrong_choices_are_told_what_to_write(choices, said):
    with pytest.raises(UsageError) as refusal:
        archsim.evaluate(sandwich(), null(), choices)
    assert refusal.value.exit_code == 2
    for words in said:
        assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "truth"), [("true", True), ("True", True), (True, True), ("false", False), ("FALSE", False)]
)
def test_training_may_be_written_as_text(text, truth):
    assert policy(training=text).training is truth


def test_training_runs_forward_backward_and_update():
    forward, trained = (archsim.evaluate(stack(), null(), training=training) for training in (False, True))
    layer = 4 * 64 * 64
    assert forward.macs == 3 * layer
    assert trained.macs == (3 + 3 + 2) * layer, "weight gradients of three layers, data gradients of two"
    assert trained.memory.gradients > 0 == forward.memory.gradients


@pytest.mark.parametrize(("optimiser", "copies"), [("sgd", 1), ("momentum", 2), ("adam", 3)])
def test_optimisers_keep_state(optimiser, copies):
    """Beside the fp16 weights: fp32 master weights, and one or two moments."""
    kept = archsim.evaluate(stack(), null(), training=True, optimiser=optimiser).memory
    assert kept.optimiser == copies * 4 * 3 * 64 * 64
    assert kept.weights == 2 * 3 * 64 * 64


def test_what_cannot_be_trained_is_refused():
    with pytest.raises(GraphError, match="nothing to train"):
        archsim.evaluate(archsim.workload("pointer-chase"), null(), training=True)


def test_precision_changes_the_bytes():
    sizes = {
        dtype: archsim.evaluate(stack(), null(), precision=dtype).bytes_by_level["memory"]
        for dtype in ("fp64", "fp32", "fp16", "fp8")
    }
    once = 3 * (64 * 64 + 2 * 4 * 64)
    assert sizes == {"fp64": 8 * once, "fp32": 4 * once, "fp16": 2 * once, "fp8": once}


def test_precision_changes_the_rates():
    b = archsim.GraphBuilder("large", dtype="fp16")
    b.linear(b.input("x", (8192, 8192)), 8192, bias=False)
    gpu = archsim.with_(archsim.hardware("a100-sxm4-80gb"), "power.limit", 1e9)
    busy = {
        dtype: archsim.evaluate(b.build(), gpu, precision=dtype).run.parts[0].outs["busy"][0].max()
        for dtype in ("fp32", "fp16", "int8")
    }
    assert busy["fp32"] > 8 * busy["fp16"]
    assert busy["fp16"] == pytest.approx(2 * busy["int8"], rel=1e-12)


@pytest.mark.parametrize("fusion", ["none", "epilogue", "attention", "full"])
def test_fusion_conserves_work_and_saves_bytes(fusion):
    graph = archsim.workload("bert-base")
    result, apart = (archsim.evaluate(graph, null(), fusion=choice) for choice in (fusion, "none"))
    assert result.macs == apart.macs
    assert result.bytes_by_level["memory"] <= apart.bytes_by_level["memory"]
    assert len(result.ops) <= len(apart.ops)


def small(capacity):
    return null(memory__memory__capacity=capacity)


def test_what_does_not_fit_is_refused_with_the_arithmetic():
    weights, peak = 2 * 3 * 64 * 64, 2 * 2 * 4 * 64
    with pytest.raises(DoesNotFitError) as refusal:
        archsim.evaluate(stack(), small("10 kB"))
    text = str(refusal.value)
    assert refusal.value.exit_code == 4
    assert "'stack' needs 25.6 kB (24.58 kB of weights, 1.024 kB of activations and gradients at their peak)" in text
    assert (weights, peak) == (24576, 1024)
    assert "'null' holds 10 kB" in text
    assert "capacity=ignore" in text


def test_what_fits_exactly_runs():
    assert archsim.evaluate(stack(), small(25 * 1024.0)).warnings == ()
    with pytest.raises(DoesNotFitError):
        archsim.evaluate(stack(), small(25 * 1024.0 - 1))


def test_a_shortfall_may_be_ignored_and_is_flagged():
    enough, ignored = (archsim.evaluate(stack(), chip, capacity="ignore") for chip in (null(), small("10 kB")))
    assert enough.warnings == ()
    (text,) = ignored.warnings
    assert "'stack' needs" in text and "machine with enough memory" in text
    assert ignored.latency == enough.latency and ignored.energy == enough.energy


def test_training_needs_room_for_the_optimiser():
    graph = stack()
    kept, warnings = check_fit(graph, null(), Policy())
    assert warnings == () and kept.total == 25 * 1024
    chip = small(30 * 1024.0)
    archsim.evaluate(graph, chip)
    with pytest.raises(DoesNotFitError, match="of optimiser state"):
        archsim.evaluate(graph, chip, training=True, optimiser="adam")
