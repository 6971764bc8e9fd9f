"""A NIR file on Loihi: nothing on the host, energy per inference at every fidelity, cores one by one, pools exact."""

from __future__ import annotations

from itertools import pairwise

import pytest

nir = pytest.importorskip("nir")
import numpy as np  # noqa: E402

import archsim  # noqa: E402
from archsim.errors import UnsupportedError, UsageError  # noqa: E402
from archsim.families.spiking import numbers as at  # noqa: E402
from archsim.families.spiking.network import Connection, Population, run_network  # noqa: E402
from archsim.frontends.native.dump import dump_graph, dump_text  # noqa: E402
from archsim.frontends.native.load import load_workload  # noqa: E402
from archsim.study.activity import lif_rates  # noqa: E402
from archsim.study.cores import core_table  # noqa: E402

LOIHI = "loihi1-sanafe"
STEPS, RATE = 10, 0.1
FIRED = {"conv2": 16 * 16 * 16, "conv5": 16 * 16 * 16, "fc9": 8 * 8 * 8, "fc11": 256}
FAN_OUT = {"conv2": 16 * 9, "conv5": 8 * 9, "fc9": 256, "fc11": 10}


def network(random=None):
    """A network of the sizes of the NIR paper's cnn_sinabs."""
    one = np.ones if random is None else lambda shape: random.normal(0.0, 1.0 / np.sqrt(np.prod(shape[1:])), shape)

    def fire(*shape):
        return nir.IF(r=np.ones(shape), v_threshold=np.full(shape, 0.3))

    def pool():
        return nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0]))

    nodes = {
        "input": nir.Input(np.array([2, 34, 34])),
        "conv0": nir.Conv2d((34, 34), one((16, 2, 5, 5)), 2, 1, 1, 1, np.zeros(16)), "if1": fire(16, 16, 16),
        "conv2": nir.Conv2d((16, 16), one((16, 16, 3, 3)), 1, 1, 1, 1, np.zeros(16)), "if3": fire(16, 16, 16),
        "pool4": pool(),
        "conv5": nir.Conv2d((8, 8), one((8, 16, 3, 3)), 1, 1, 1, 1, np.zeros(8)), "if6": fire(8, 8, 8),
        "pool7": pool(),
        "flatten8": nir.Flatten({"input": np.array([8, 4, 4])}, 0, -1),
        "fc9": nir.Affine(one((256, 128)), np.zeros(256)), "if10": fire(256),
        "fc11": nir.Affine(one((10, 256)), np.zeros(10)), "if12": fire(10),
        "output": nir.Output(np.array([10])),
    }  # fmt: skip
    names = list(nodes)
    return nir.NIRGraph(nodes, list(pairwise(names)), type_check=False)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    file = tmp_path_factory.mktemp("nir") / "cnn.nir"
    nir.write(file, network(np.random.default_rng(3)))
    return file


@pytest.fixture(scope="module")
def graph(path):
    return archsim.load_nir(path, dt=1e-3, steps=STEPS, rates=RATE, weight_bits=8)


FIDELITIES = ("", "cores", "events")


@pytest.fixture(scope="module")
def results(graph):
    return {fidelity: archsim.evaluate(graph, LOIHI, fidelity=fidelity) for fidelity in FIDELITIES}


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_everything_runs_on_the_chip_under_its_own_name(graph, results, fidelity):
    result = results[fidelity]
    assert {op.placed_on for op in result.ops} == {LOIHI}
    assert [op.name for op in result.ops] == [op.name for op in graph.ops]
    assert not [text for text in result.warnings if "cannot run" in text]


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_every_layer_counts_the_spikes_before_it(results, fidelity):
    """The closed form exactly; drawn spikes about that, less what the edges of maps leave out."""
    result = results[fidelity]
    ops = {op.name: op for op in result.ops}
    for name, neurons in FIRED.items():
        expected = STEPS * RATE * neurons * FAN_OUT[name]
        assert ops[name].details["synaptic_operations"] == pytest.approx(expected, rel=0.2 if fidelity else 1e-9)


def test_energy_of_an_inference(results):
    """Synaptic operations, neurons, messages, hops and power at rest add up; counts lower it, queues take time."""
    for result in results.values():
        moving = sum(op.details["synaptic_operations"] for op in result.ops if op.kind == "conv") * 24.0e-12
        moving += sum(op.details["synaptic_operations"] for op in result.ops if op.kind == "matmul") * 35.5e-12
        assert result.energy_by_detail["synaptic operations"] == pytest.approx(moving, rel=1e-9)
        assert result.energy_by_detail["static"] == pytest.approx(0.1044 * result.latency, rel=1e-9)
        assert result.energy == pytest.approx(sum(result.energy_by_detail.values()), rel=1e-9)
    assert results["cores"].energy < results[""].energy
    assert results["events"].latency >= results["cores"].latency


def test_a_pool_passes_spikes_on_one_by_one(graph):
    """At rates at which windows hold more than one spike, none is lost: fan-out times spikes, as without a pool."""
    for rate in (0.1, 0.6, 1.0):
        busy = archsim.load_nir(network(), dt=1e-3, steps=STEPS, rates=rate, weight_bits=8)
        ops = {op.name: op for op in archsim.evaluate(busy, LOIHI).ops}
        for name in ("conv5", "fc9"):
            expected = STEPS * rate * FIRED[name] * FAN_OUT[name]
            assert ops[name].details["synaptic_operations"] == pytest.approx(expected, rel=1e-9)
    assert sum(op.macs for op in graph.ops) == STEPS * 903_680


def test_windows_that_overlap_stay_with_the_host():
    nodes = {
        "input": nir.Input(np.array([1, 6, 6])),
        "pool": nir.SumPool2d(np.array([3, 3]), np.array([2, 2]), np.array([0, 0])),
        "conv": nir.Conv2d((2, 2), np.ones((2, 1, 1, 1)), 1, 0, 1, 1, np.zeros(2)),
        "if": nir.IF(r=np.ones((2, 2, 2)), v_threshold=np.ones((2, 2, 2))),
    }
    names = list(nodes)
    made = nir.NIRGraph(nodes, list(pairwise(names)), type_check=False)
    found = archsim.evaluate(archsim.load_nir(made, dt=1, steps=2, rates=0.1, weight_bits=8), LOIHI)
    assert {op.name for op in found.ops if op.placed_on != LOIHI} >= {"pool", "conv"}


def test_a_window_behind_a_pool_by_brute_force():
    spec, size, channels, outputs = archsim.hardware(LOIHI).spec, 8, 2, 3
    shape = {
        at.IN_HEIGHT: size, at.IN_WIDTH: size, at.IN_CHANNELS: channels, at.OUT_HEIGHT: 4, at.OUT_WIDTH: 4,
        at.OUT_CHANNELS: outputs, at.KERNEL_HEIGHT: 3, at.KERNEL_WIDTH: 3, at.STRIDE_Y: 1, at.STRIDE_X: 1,
        at.PAD_Y: 1, at.PAD_X: 1, at.DILATION_Y: 1, at.DILATION_X: 1, at.GROUPS: 1, at.PART: outputs,
        at.POOL_Y: 2, at.POOL_X: 2, at.IN_PART: 1,
    }  # fmt: skip
    sources, targets = size * size * channels, 16 * outputs
    for source in range(0, sources, 5):
        fired = np.zeros((1, sources + targets), dtype=np.uint8)
        fired[0, source] = 1
        populations = [Population(sources, 0), Population(targets, 1)]
        found = run_network(spec, populations, [Connection(0, 1, at.CONV, "conv", shape)], fired).cores[:, 3]
        place = source % (size * size)  # parts of one channel each, one after the other
        y, x = place // size // 2, place % size // 2
        expected = np.zeros((4, 4, outputs))
        for row, column in np.ndindex(4, 4):
            expected[row, column] = abs(row - y) <= 1 and abs(column - x) <= 1
        assert np.array_equal(found, expected.ravel())


def test_the_table_of_cores_adds_up_to_the_run(graph):
    result = archsim.evaluate(graph, LOIHI, fidelity="cores")
    rows = core_table(graph, LOIHI, fidelity="cores").to_dicts()
    ops = {op.name: op for op in result.ops}
    for layer, synapses in (("if3", "conv2"), ("if6", "conv5"), ("if10", "fc9")):
        mine = [row for row in rows if row["layer"] == layer]
        assert sum(row["neurons"] for row in mine) == next(op.work.neurons for op in graph.ops if op.name == layer)
        assert sum(row["updates"] for row in mine) == ops[layer].details["updates"]
        for key in ("messages", "synaptic_operations"):
            assert sum(row[key] for row in mine) == ops[synapses].details[key]
        assert len(mine) == ops[layer].details["cores"]
    assert [row["core"] for row in rows] == list(range(len(rows)))
    assert 0.5 < max(row["busy"] for row in rows) <= 1.0
    assert {row["limit"] for row in rows} == {"neurons"}


def test_measured_spikes_in_place_of_drawn_ones(path):
    measured = lif_rates(path, dt=1, steps=STEPS, rates=0.05)
    graph = archsim.load_nir(path, dt=1, steps=STEPS, rates=measured.rates, weight_bits=8)
    rows = core_table(graph, LOIHI, spikes=measured.spikes).to_dicts()
    for layer in ("if1", "if3", "if6", "if10", "if12"):
        assert sum(row["fired"] for row in rows if row["layer"] == layer) == measured.spikes[layer].sum()
    to_ten = [row for row in rows if row["layer"] == "if10"]
    assert sum(row["synaptic_operations"] for row in to_ten) == measured.spikes["if6"].sum() * 256
    # Synapses of conv2 by the record itself: zeros at the edges of the map are the only ones left out.
    maps = measured.spikes["if1"].reshape(STEPS, 16, 16, 16).astype(int)
    ends = np.full(16, 3)
    ends[[0, -1]] = 2
    expected = (maps.sum(axis=(0, 1)) * np.outer(ends, ends)).sum() * 16
    assert sum(row["synaptic_operations"] for row in rows if row["layer"] == "if3") == expected


def test_one_neuron_alone_reaches_the_core_of_its_place(graph):
    """Records are in the order of tensors, cores in strips of pixels: channel 5 of the last pixel is on the last."""
    silent = {name: np.zeros((STEPS, size)) for name, size in (("input", 2312), ("if1", 4096), ("if3", 4096))}
    silent["if1"][0, 5 * 256 + 255] = 1
    rows = [row for row in core_table(graph, LOIHI, spikes=silent).to_dicts() if row["layer"] in ("if1", "if3")]
    assert [row["fired"] for row in rows] == [0, 0, 0, 1, 0, 0, 0, 0]
    assert [row["synaptic_operations"] for row in rows] == [0, 0, 0, 0, 0, 0, 0, 4 * 16]


def test_wrong_questions_about_cores(graph):
    with pytest.raises(UsageError, match="'a100-sxm4-80gb' has no cores of neurons"):
        core_table(graph, "a100-sxm4-80gb")
    with pytest.raises(UsageError, match="'if33', which is no population; did you mean 'if3'"):
        core_table(graph, LOIHI, spikes={"if33": np.zeros((STEPS, 3))})
    with pytest.raises(UsageError, match=r"'if3' have the shape \(10, 3\); give \(10, 4096\)"):
        core_table(graph, LOIHI, spikes={"if3": np.zeros((STEPS, 3))})
    with pytest.raises(UnsupportedError, match="no neuron of 'mlp'"):
        core_table("mlp", LOIHI)


def test_neurons_behind_an_element_survive_the_native_format(graph, tmp_path):
    assert dump_graph(graph)["tensors"]["pool4"]["sources"] == 4
    file = tmp_path / "net.yaml"
    file.write_text(dump_text(graph))
    assert load_workload(file).tensors["pool4"].sources == 4
