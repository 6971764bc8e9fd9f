"""Why one result differs from another: steps that add up, by hand on machines of one rate."""

import math
from dataclasses import replace

import pytest

import archsim
from archsim.errors import UsageError
from archsim.graph import GraphBuilder
from archsim.io.hardware import with_all
from archsim.study.difference import difference


def graph():
    b = GraphBuilder("two", dtype="fp32")
    x = b.linear(b.input("x", (8, 16)), 32, bias=False, name="first")
    b.linear(x, 4, bias=False, name="last")
    return b.build()


@pytest.fixture(scope="module")
def results():
    slow = archsim.hardware("null")
    fast = with_all(slow, {"name": "fast", "rate": "4 GOP/s", "energy": "3 pJ/OP", "power.idle": "1 mW"})
    return archsim.evaluate(graph(), fast), archsim.evaluate(graph(), slow)


def test_steps_are_what_the_arithmetic_says(results):
    found = difference(*results)
    # 2 x 8 x 16 x 32 and 2 x 8 x 32 x 4 operations at 4 and at 1 per nanosecond, one item
    steps = {step.name: (step.first, step.second) for step in found.ops}
    items = results[0].items
    assert list(steps) == ["first", "last"]
    assert steps["first"] == pytest.approx((8192e-9 / 4 / items, 8192e-9 / items))
    assert steps["last"] == pytest.approx((2048e-9 / 4 / items, 2048e-9 / items))
    assert [step.name for step in found.causes] == ["operations"] and [step.name for step in found.kinds] == ["matmul"]
    assert found.ratio == pytest.approx(4.0) and "fast is 4 times faster than null" in found.verdict


def test_static_power_is_a_step_of_its_own(results):
    found = difference(*results, "energy")
    steps = {step.name: step.change for step in found.ops}
    static = 10240e-9 / 4 * 1e-3 / results[0].items
    assert steps["no single op: static power"] == pytest.approx(static)
    assert {step.name: step.change for step in found.causes}["static"] == pytest.approx(static)
    assert "dearer" in found.verdict


@pytest.mark.parametrize("quantity", ["latency", "energy"])
@pytest.mark.parametrize(("one", "other"), [("a100-sxm4-80gb", "tpu-v4"), ("isaac", "xeon-gold-6248")])
def test_every_view_adds_up(one, other, quantity):
    net = archsim.workload("resnet18")
    first, second = archsim.evaluate(net, one, jit="never"), archsim.evaluate(net, other, jit="never")
    found = difference(first, second, quantity)
    whole = getattr(first, quantity) / first.items - getattr(second, quantity) / second.items
    for steps in (found.causes, found.kinds, found.ops):
        assert math.fsum(step.change for step in steps) == pytest.approx(whole, rel=1e-9)
    for by in ("cause", "kind", "op"):
        rows = found.table(by, 3).rows
        assert len(rows) <= 5 and rows[-1][4] == pytest.approx(rows[-2][4], rel=1e-9)
    names = {step.name for step in found.ops}
    assert {op.name for op in first.run.graph.ops} <= names


def test_a_result_against_itself_has_no_difference(results):
    found = difference(results[0], results[0])
    assert all(step.change == 0.0 for step in found.ops) and "both take" in found.verdict
    assert found.machines == ("fast (first)", "fast (second)")
    assert found.to_dict()["change_s"] == 0.0


def test_wrong_pairs_are_refused(results):
    with pytest.raises(UsageError, match="did you mean 'energy'"):
        difference(*results, "enery")
    with pytest.raises(UsageError, match="different workloads"):
        difference(results[0], replace(results[1], workload="other"))
    with pytest.raises(UsageError, match="holds no run"):
        difference(replace(results[0], run=None), results[1])
    with pytest.raises(UsageError, match="no table by 'cuase'"):
        difference(*results).table("cuase")
