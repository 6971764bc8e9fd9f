"""Explanations: the arithmetic behind a number, down to the cited leaves of the description."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from engine_samples import null, partial, sandwich

import archsim
from archsim.errors import UnknownNameError, UsageError
from archsim.units import ENERGY, TIME, format_quantity

GPU = "a100-sxm4-80gb"


@pytest.fixture(scope="module")
def result():
    b = archsim.GraphBuilder("net", dtype="fp16")
    x = b.linear(b.input("x", (1, 4096)), 16384, bias=False, name="wide")
    b.normalise("softmax", x, name="softmax")
    return archsim.evaluate(b.build(), archsim.hardware(GPU))


def lines(explanation):
    return [line.strip() for line in explanation.lines()]


@pytest.mark.parametrize(("quantity", "dimension"), [("latency", TIME), ("energy", ENERGY)])
def test_the_first_line_is_the_result(result, quantity, dimension):
    total = format_quantity(getattr(result, quantity), dimension)
    assert lines(result.explain(quantity))[0] == f"{quantity} of net on {GPU} = {total}"


def test_the_tree_reaches_the_bandwidth_and_its_citation(result):
    explanation = result.explain("latency", "wide")
    text = str(explanation)
    moved = 2 * (4096 * 16384 + 4096 + 16384)
    assert f"roofline.bound_time = {format_quantity(moved / 2.039e12, TIME)}" in lines(explanation)
    assert any(line.startswith("rate = 2.039e+12, from memory.hbm.bandwidth") for line in lines(explanation))
    about = explanation.leaves["memory.hbm.bandwidth"]
    assert (about.text, about.source) == ("2039 GB/s", "nvidia-a100-80gb-datasheet")
    assert "memory.hbm.bandwidth = 2039 GB/s (datasheet, nvidia-a100-80gb-datasheet, GPU memory bandwidth" in text
    assert "doi:10.1145/1498765.1498785" in explanation.laws["roofline.bound_time"]


def test_the_energy_reaches_the_memory_and_its_citation(result):
    explanation = result.explain("energy", "wide")
    shares = lines(explanation)
    energy = format_quantity(result.ops[0].energy_by_cause["device memory"], ENERGY)
    assert f"device memory: {energy}, from memory.hbm.energy" in shares
    assert any(line.startswith(f"static power of {GPU}: 79 W, from power.idle") for line in shares)
    assert {"memory.hbm.energy", "power.idle", "technology.newer.multiply.fp16"} <= set(explanation.leaves)


def test_every_leaf_named_is_listed_with_its_source(result):
    for quantity in ("latency", "energy"):
        explanation = result.explain(quantity)
        named = {
            name for line in lines(explanation) if ", from " in line for name in line.split(", from ")[1].split(", ")
        }
        cited = {name for name in named if name in explanation.leaves}
        assert named - cited <= {"memory.hbm.instances"}, "a leaf that the file leaves at its default"
        assert all(about.exact or about.source or about.why for about in explanation.leaves.values())


def test_without_an_op_the_largest_are_explained():
    explanation = archsim.evaluate(archsim.workload("bert-base"), archsim.hardware(GPU)).explain()
    tops = [node.text for node in explanation.children[2:]]
    assert len(tops) == 3 and all(f"on {GPU}" in text for text in tops)
    shares = [float(text.split(" = ")[1].split(" %")[0]) for text in tops]
    assert shares == sorted(shares, reverse=True)


def test_what_answers_adds_up(result):
    node = result.explain("latency").children[0]
    assert node.text == "what answers for it"
    assert sum(float(child.text.rsplit("(", 1)[1].split(" %")[0]) for child in node.children) == pytest.approx(
        100, abs=0.1
    )


def test_the_host_is_explained_with_its_own_leaves():
    result = archsim.evaluate(sandwich(), partial("matmul"), fusion="none")
    explanation = result.explain("latency", "middle")
    assert any("middle (elementwise) on xeon-gold-6248" in line for line in lines(explanation))
    assert "overhead.call" in explanation.leaves
    with pytest.raises(UnknownNameError):
        result.explain("latency", "x to chip")


def test_the_throttled_clock_is_the_one_explained():
    b = archsim.GraphBuilder("hot", dtype="fp16")
    b.linear(b.input("x", (8192, 8192)), 8192, bias=False, name="hot")
    chip = archsim.with_(archsim.hardware(GPU), "power.limit", 150.0)
    result = archsim.evaluate(b.build(), chip)
    busy = format_quantity(result.ops[0].exposed["tensor cores"], TIME)
    assert f"waves.makespan = {busy}" in lines(result.explain("latency", "hot"))


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (("latncy",), UsageError, "cannot explain 'latncy'; did you mean 'latency'?"),
        (("power",), UsageError, "cannot explain 'power'; write latency or energy"),
        (("latency", "wid"), UnknownNameError, "unknown op 'wid'; did you mean 'wide'?"),
        (("energy", "qqq"), UnknownNameError, "unknown op 'qqq'; the first ones are wide, softmax"),
    ],
)
def test_wrong_questions_are_told_what_to_write(result, arguments, kind, said):
    with pytest.raises(kind) as refusal:
        result.explain(*arguments)
    assert str(refusal.value) == said


def test_a_result_without_its_run_cannot_be_explained(result):
    with pytest.raises(UsageError, match="holds no run"):
        replace(result, run=None).explain()


@pytest.mark.parametrize("quantity", ["latency", "energy"])
def test_an_explanation_is_ready_for_json(result, quantity):
    tree = json.loads(json.dumps(result.explain(quantity).to_dict(), allow_nan=False))
    assert set(tree) == {"text", "children", "laws", "numbers"}
    assert all(set(number) == {"value", "source"} for number in tree["numbers"].values())
    assert tree["children"][0]["text"] == "what answers for it"


def test_nothing_to_do_is_explained_too():
    b = archsim.GraphBuilder("still")
    b.move("transpose", b.input("x", (4, 4)), name="transpose")
    result = archsim.evaluate(b.build(), null())
    assert result.latency == 0.0
    assert str(result.explain("latency")).startswith("latency of still on null = 0 s")
    assert str(result.explain("energy")).startswith("energy of still on null = 0 J")


def test_an_explanation_changes_nothing(result):
    before = result.to_json()
    result.explain("latency")
    result.explain("energy")
    assert result.to_json() == before
