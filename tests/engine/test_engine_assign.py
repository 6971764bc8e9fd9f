"""Placement by cost: between two places the least of all choices, among more never worse than any single place."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from engine_samples import HOST, partial, sandwich

import archsim
from archsim.engine.assign import cheapest, total
from archsim.graph import GraphBuilder


def tangle(random, ops):
    """A graph in which ops read one or two tensors written before."""
    b = GraphBuilder("tangle")
    made = [b.input("x", (4, 4))]
    for index in range(ops):
        chosen = [made[int(random.integers(0, len(made)))] for _ in range(int(random.integers(1, 3)))]
        made.append(b.elementwise("add" if len(chosen) > 1 else "gelu", *chosen, name=f"op-{index}"))
    return b.build()


@pytest.mark.parametrize("seed", range(25))
def test_between_two_places_no_choice_is_cheaper(seed):
    random = np.random.default_rng(seed)
    graph = tangle(random, 9)
    allowed = {op.name: ("chip", "host") if random.random() < 0.8 else ("host",) for op in graph.ops}
    costs = {(name, place): float(random.uniform(0.0, 3.0)) for name, able in allowed.items() for place in able}
    ways = {("chip", "host"): float(random.uniform(0.0, 2.0)), ("host", "chip"): float(random.uniform(0.0, 2.0))}

    def crossing(name, source, target):
        return ways[source, target] * (1 + len(name) % 3)

    found = cheapest(graph, allowed, costs, crossing, "host")
    names = list(allowed)
    least = min(
        total(graph, dict(zip(names, choice, strict=True)), costs, crossing, "host")
        for choice in itertools.product(*allowed.values())
    )
    assert total(graph, found, costs, crossing, "host") == pytest.approx(least, rel=1e-6)
    assert all(found[name] in able for name, able in allowed.items())


@pytest.mark.parametrize("seed", range(10))
def test_among_three_places_it_is_near_the_least_and_no_worse_than_one_place(seed):
    random = np.random.default_rng(seed)
    graph = tangle(random, 7)
    places = ("gpu", "light", "host")
    allowed = {op.name: places for op in graph.ops}
    costs = {(name, place): float(random.uniform(0.0, 3.0)) for name in allowed for place in places}

    def crossing(name, source, target):
        return 0.7 * sum(place != "host" for place in (source, target))

    found = total(graph, cheapest(graph, allowed, costs, crossing, "host"), costs, crossing, "host")
    every = [
        total(graph, dict(zip(allowed, choice, strict=True)), costs, crossing, "host")
        for choice in itertools.product(places, repeat=len(allowed))
    ]
    single = [total(graph, dict.fromkeys(allowed, place), costs, crossing, "host") for place in places]
    assert min(every) - 1e-9 <= found <= min(single) + 1e-9
    assert found <= min(every) * 1.15


def test_what_two_machines_read_crosses_to_the_host_once():
    b = GraphBuilder("fan", dtype="fp16")
    x = b.linear(b.input("x", (4, 4)), 4, bias=False, name="made")
    b.elementwise("gelu", x, name="there")
    b.elementwise("relu", x, name="here")
    where = {"made": "gpu", "there": "light", "here": "host"}
    costs = {(name, place): 0.0 for name, place in where.items()}
    assert total(b.build(), where, costs, lambda name, source, target: 1.0, "host") == 3.0  # x in, out, and on to light


def test_a_cheap_op_between_ops_of_the_host_stays_there():
    b = GraphBuilder("glue", dtype="fp16")
    x = b.normalise("softmax", b.input("x", (64, 64)), name="before")
    x = b.elementwise("gelu", x, name="glue")
    b.normalise("softmax", x, name="after")
    chip = partial("elementwise")
    first = archsim.evaluate(b.build(), chip, fusion="none")
    cheap = archsim.evaluate(b.build(), chip, fusion="none", placement="latency")
    placed = {op.name: op.placed_on for op in cheap.ops}
    assert placed["glue"] == HOST and first.latency > cheap.latency
    assert any("1 of 3 ops that null can run are placed on" in text and "least time" in text for text in cheap.warnings)
    assert not any(op.placed_on == "link" for op in cheap.ops)


def test_forbidding_the_host_holds_for_choices_too():
    chip = partial("matmul", "elementwise")
    result = archsim.evaluate(sandwich(), chip, fusion="none", placement="latency", fallback="forbid")
    assert {op.placed_on for op in result.ops} == {"null"}
