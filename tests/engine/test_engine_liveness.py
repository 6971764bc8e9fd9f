"""What is alive when, and what a planned memory keeps."""

from __future__ import annotations

import math

import pytest

import archsim
from archsim.engine.distance import distances
from archsim.engine.liveness import lives, planned_distances
from archsim.graph import GraphBuilder
from archsim.graph.fusion import fuse
from archsim.graph.memory import memory
from archsim.graph.spared import spared


def ladder():
    """fp16: x (1 kB) -> a (2 kB) -> b (1 kB), added to x's first result again at the end."""
    b = GraphBuilder("ladder", dtype="fp16")
    x = b.input("x", (8, 64))
    first = b.linear(x, 64, bias=False, name="first")
    wide = b.linear(first, 256, bias=False, name="wide")
    back = b.linear(wide, 64, bias=False, name="back")
    b.elementwise("add", first, back, name="join")
    return b.build()


def test_alive_by_hand():
    graph = ladder()
    alive = lives(graph.ops, graph.tensors, graph.outputs)
    kilo = 8 * 64 * 2
    assert alive.at == (2 * kilo, 5 * kilo, 6 * kilo, 3 * kilo)
    assert graph.ops[alive.fullest].name == "back"
    assert alive.standing == (64 * 64 + 64 * 256 * 2) * 2
    assert max(alive.at) == memory(graph).peak


@pytest.mark.parametrize("workload", ["resnet50", "bert-base", "densenet121"])
def test_a_plan_is_never_worse_than_a_cache(workload):
    graph = archsim.workload(workload)
    cache, plan = (how(graph.ops, graph.tensors) for how in (distances, planned_distances))
    assert all(plan[name][side] <= cache[name][side] for name in cache for side in (0, 1))
    assert any(plan[name][1] < cache[name][1] for name in cache)


def test_a_plan_holds_a_shortcut_while_weights_pass():
    graph = ladder()
    cache, plan = (how(graph.ops, graph.tensors) for how in (distances, planned_distances))
    kilo = 8 * 64 * 2
    assert plan["join"][1] == min(cache["join"][1], 6 * kilo)
    assert cache["first"][1] == plan["first"][1] == math.inf  # what comes from outside


@pytest.mark.parametrize("machine", ["tpu-v4", "a100-sxm4-80gb", "dota-b"])
def test_less_is_moved_the_more_is_kept(machine):
    moved = [
        next(iter(archsim.evaluate("densenet121", machine, residency=residency).bytes_by_level.values()))
        for residency in ("none", "reuse", "planned")
    ]
    assert moved[0] > moved[1] >= moved[2]


def test_bytes_that_fusion_spares_by_hand():
    b = GraphBuilder("one", dtype="fp16")
    x = b.linear(b.input("x", (8, 64)), 32, bias=False, name="linear")
    b.elementwise("gelu", x, name="gelu")
    graph = b.build()
    assert spared(fuse(graph, "none")) == {}
    assert spared(fuse(graph, "epilogue")) == {"epilogue": 2.0 * 8 * 32 * 2}  # written once, read once


@pytest.mark.parametrize("policy", ["epilogue", "attention", "full", "streams"])
@pytest.mark.parametrize("workload", ["bert-base", "resnet50", "gpt2", "mamba-130m"])
def test_spared_bytes_are_what_unfused_ops_move_more(workload, policy):
    graph = archsim.workload(workload)

    def moved(which):
        return sum(
            sum(which.tensors[name].bytes for name in op.outputs) + sum(
                count * which.tensors[name].bytes / which.tensors[name].elements
                for name, count in op.elements_read(which.tensors).items()
            )
            for op in which.ops
        )  # fmt: skip

    whole, fused = fuse(graph, "none"), fuse(graph, policy)
    saved = sum(spared(fused).values())
    assert moved(whole) - moved(fused) == pytest.approx(saved, rel=1e-9)


def test_explanations_show_fusion_residency_and_schedule():
    text = str(archsim.evaluate("bert-base", "tpu-v4", schedule="overlap", residency="planned").explain())
    assert "fusion=attention spares" in text and "by whole attention" in text
    assert "residency=planned" in text and "found on the chip" in text and "alive at most, at" in text
    assert "schedule=overlap" in text and "longest way through the graph" in text and "busiest: " in text
