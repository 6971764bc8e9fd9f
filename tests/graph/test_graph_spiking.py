"""Spiking twins of dense graphs."""

import pytest

import archsim
from archsim.errors import UsageError
from archsim.graph import GraphBuilder
from archsim.graph.spiking import spiking_twin


def kinds(graph):
    return [op.kind for op in graph.ops]


def test_layers_become_synapses_and_neurons():
    twin = spiking_twin(archsim.workload("dense-cnn"), timesteps=25, rate=0.1)
    spiking = archsim.workload("spiking-cnn")
    assert kinds(twin)[:4] == kinds(spiking)[:4] == ["conv", "neuron", "conv", "neuron"]
    ours, theirs = ([op for op in graph.ops if op.macs] for graph in (twin, spiking))
    assert [(op.macs, op.steps) for op in ours] == [(op.macs, op.steps) for op in theirs]
    first = twin.tensors[twin.ops[0].inputs[0]]
    assert (first.dtype, first.density, first.structure) == ("binary", 0.1, "temporal")


@pytest.mark.parametrize("name", ["resnet18", "mobilenet-v2", "vgg8"])
def test_sums_norms_and_pools_leave_nothing_to_the_host(name):
    dense = archsim.workload(name)
    twin = spiking_twin(dense, timesteps=4, rate=0.2)
    assert set(kinds(twin)) <= {"conv", "matmul", "neuron"}
    macs = {op.name: op.macs for op in twin.ops}
    for op in dense.ops:
        if op.macs:
            assert macs[op.name] == 4 * op.macs


def test_attention_keeps_its_numbers():
    b = GraphBuilder("little", dtype="fp16")
    x = b.normalise("layer_norm", b.linear(b.input("tokens", (1, 8, 16)), 16))
    b.attention(x, x, x, heads=2)
    twin = spiking_twin(b.build(), timesteps=4, rate=0.2)
    assert kinds(twin) == ["matmul", "normalise", "attention"]
    assert [op.steps for op in twin.ops] == [4, 1, 1]


def test_a_branch_of_spikes_has_synapses_of_its_own():
    b = GraphBuilder("residual", dtype="fp16")
    x = b.elementwise("relu", b.conv(b.input("image", (1, 4, 8, 8)), 4, 3, padding=1))
    b.elementwise("relu", b.elementwise("add", b.conv(x, 4, 3, padding=1), x))
    twin = spiking_twin(b.build(), timesteps=2, rate=0.5)
    assert kinds(twin) == ["conv", "neuron", "conv", "conv", "neuron"]
    assert twin.ops[3].macs == 2 * 4 * 8 * 8
    assert {name for name in twin.ops[-1].inputs if "membrane" not in name} == {
        twin.ops[2].outputs[0], twin.ops[3].outputs[0],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("choices", "says"),
    [({"timesteps": 0, "rate": 0.1}, "timesteps=0"), ({"timesteps": 4, "rate": 1.5}, "rate=1.5")],
)
def test_impossible_twins_are_refused(choices, says):
    with pytest.raises(UsageError, match=says):
        spiking_twin(archsim.workload("mlp"), **choices)


def test_a_graph_without_layers_is_refused():
    with pytest.raises(UsageError, match="could spike"):
        spiking_twin(archsim.workload("fft"), timesteps=4, rate=0.1)


@pytest.mark.parametrize(("choices", "says"), [({"timesteps": "x"}, "'x'"), ({"timesteps": 4, "rate": "2"}, "'2'")])
def test_wrong_policies_are_refused(choices, says):
    with pytest.raises(UsageError, match=says):
        archsim.evaluate("mlp", "loihi1-sanafe", **choices)


def test_the_policy_runs_a_dense_network_on_spikes():
    result = archsim.evaluate("dense-cnn", "loihi1-sanafe", timesteps=8, rate=0.1)
    assert {op.placed_on for op in result.ops} == {"loihi1-sanafe"}
    assert archsim.evaluate("dense-cnn", "loihi1-sanafe").warnings  # as it is, all of it goes to the host


def test_a_result_is_read_out_by_neurons():
    b = GraphBuilder("classifier", dtype="fp16")
    b.linear(b.elementwise("relu", b.linear(b.input("x", (1, 8)), 6)), 4)
    twin = spiking_twin(b.build(), timesteps=2, rate=0.5)
    assert kinds(twin) == ["matmul", "neuron", "matmul", "neuron"]
    assert twin.outputs == (twin.ops[-1].outputs[0],)


@pytest.mark.parametrize(("kernel", "stride", "taps"), [((3, 3), 2, 9), ((7, 5), None, 35), ((2, 2), None, 4)])
def test_a_pool_has_a_synapse_for_each_spike_of_its_window(kernel, stride, taps):
    b = GraphBuilder("pool", dtype="fp16")
    x = b.elementwise("relu", b.conv(b.input("image", (1, 4, 14, 10)), 4, 3, padding=1))
    made = b.conv(b.pool(x, kernel, stride=stride), 4, 1).elements
    twin = spiking_twin(b.build(), timesteps=2, rate=0.5)
    assert twin.ops[2].macs == 2 * made * taps


def test_no_current_reaches_two_populations():
    b = GraphBuilder("linear bottleneck", dtype="fp16")
    x = b.conv(b.input("image", (1, 4, 8, 8)), 4, 1)
    b.elementwise("add", b.conv(x, 4, 3, padding=1), x)
    twin = spiking_twin(b.build(), timesteps=2, rate=0.5)
    assert kinds(twin) == ["conv", "neuron", "conv", "conv", "neuron"]
    read = [name for op in twin.ops if op.kind == "neuron" for name in op.inputs]
    assert len(read) == len(set(read))
