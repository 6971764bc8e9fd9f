"""What the public functions take for a workload and a machine, and what they say to anything else."""

from __future__ import annotations

import pytest

import archsim
from archsim.errors import ArchsimError


def test_names_and_objects_give_the_same_result():
    graph, chip = archsim.workload("mobilenet-v2"), archsim.hardware("t4")
    assert archsim.evaluate("mobilenet-v2", "t4").to_dict() == archsim.evaluate(graph, chip).to_dict()
    assert archsim.compare("mobilenet-v2", "t4").results[0].latency == archsim.evaluate(graph, chip).latency


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: archsim.evaluate(3, "t4"), "3 is no workload"),
        (lambda: archsim.evaluate("resnet50", None), "None is no machine"),
        (lambda: archsim.evaluate(archsim.hardware("t4"), "t4"), "is no workload"),
        (lambda: archsim.evaluate("resnet51", "t4"), "did you mean 'resnet50'"),
        (lambda: archsim.evaluate("resnet50", "t4", host="fo"), "unknown hardware 'fo'"),
        (lambda: archsim.evaluate_points("resnet50", "t4", 3), "3 is no sweep"),
        (lambda: archsim.compare("resnet50", ["t4", 1]), "1 is no machine"),
        (lambda: archsim.with_("t4", "clock", "1 GHz"), "'t4' is no machine"),
        (lambda: archsim.with_(archsim.hardware("t4"), 3, 4), "3 is no path"),
        (lambda: archsim.workload(3), "3 is no name"),
        (lambda: archsim.hardware(3), "3 is no name"),
        (lambda: archsim.load(3), "3 is no path"),
        (lambda: archsim.load_onnx(3), "3 is no path"),
        (lambda: archsim.with_(archsim.hardware("t4"), "clock", "1e-300 Hz"), "is not plausible"),
        (lambda: archsim.with_(archsim.hardware("t4"), "power.idle", "1 kW"), "leaves nothing to work with"),
    ],
)
def test_anything_else_is_one_clear_error(call, says):
    with pytest.raises(ArchsimError) as caught:
        call()
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_macs_performed_are_those_inside_the_mask():
    result = archsim.evaluate("gpt2-small", "a100-sxm4-80gb", fusion="attention")
    attention = next(op for op in result.ops if op.kind == "attention")
    assert attention.macs_performed < attention.macs
    assert all(op.macs_performed == op.macs for op in result.ops if op.kind != "attention")
    peak = 312e12
    assert 2 * result.to_dict()["macs_performed"] / result.latency <= peak


def test_independent_loads_move_one_line_each():
    """10 million loads of 8 bytes at unrelated addresses: one 64-byte line each, and not the whole ring besides."""
    graph = archsim.workload("independent-loads")
    loads = graph.ops[0].work.loads * graph.ops[0].work.chains
    moved = archsim.evaluate(graph, "xeon-gold-6248").bytes_by_level["dram"]
    assert loads * 64 <= moved <= loads * 64 * 1.02
