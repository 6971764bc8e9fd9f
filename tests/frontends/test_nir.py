"""NIR graphs: a published census, loops, delays, subgraphs, and what the caller has to say."""

from __future__ import annotations

import csv
import sys

import pytest

from archsim.errors import ImportFormatError, MissingExtraError, UsageError
from archsim.frontends.nir import load_nir
from archsim.graph import Role
from archsim.graph.counts import count
from archsim.graph.work import Neuron
from archsim.io.catalogue import models_root

nir = pytest.importorskip("nir")
import nir_samples as samples  # noqa: E402
import numpy as np  # noqa: E402

SAID = {"dt": 1e-3, "steps": 10, "rates": 0.1, "weight_bits": 8}
CENSUS = models_root() / "measured" / "neuromorphic" / "nir_cnn_sinabs_census.csv"


def census():
    lines = [line for line in CENSUS.read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


@pytest.fixture(scope="module", params=["memory", "file"])
def published(request, tmp_path_factory):
    graph = samples.cnn_sinabs()
    if request.param == "memory":
        return load_nir(graph, **SAID)
    path = tmp_path_factory.mktemp("nir") / "cnn.nir"
    nir.write(path, graph)
    return load_nir(path, **SAID)


def test_the_census_of_the_published_network(published):
    ops = {op.name: op for op in published.ops}
    neurons = [op.work.neurons for op in published.ops if isinstance(op.work, Neuron)]
    rows = census()
    assert len(rows) == 5
    for row, many in zip(rows, neurons, strict=True):
        synapses = ops[row["layer"]]
        assert synapses.work.macs == int(row["dense_synops_per_timestep(no padding clip)"])
        assert synapses.steps == 10
        assert many == int(row["IF_neurons"])
    assert sum(op.macs for op in published.ops) == 10 * 903_680


def test_spikes_rates_and_fan_out(published):
    ops = {op.name: op for op in published.ops}
    # if1 feeds conv2 (16 outputs x 9 taps, stride 1); if3 passes a pool before conv5; if12 ends at the output.
    assert [ops[f"if{index}"].work.fan_out for index in (1, 3, 6, 10, 12)] == [144, 72, 256, 10, 0]
    assert ops["if1"].work.synaptic_events == pytest.approx(4096 * 10 * 0.1 * 144)
    spikes = published.tensors["if1"]
    assert (spikes.dtype, spikes.density, spikes.structure) == ("binary", 0.1, "temporal")
    assert published.tensors["conv0/weight"].dtype == "int8"
    assert published.outputs == ("if12",)


def test_loops_become_state_behind_the_neuron():
    graph = load_nir(samples.recurrent(), **{**SAID, "rates": {"input": 0.2, "lif": 0.05}}, batch=3)
    ops = {op.name: op for op in graph.ops}
    assert ops["recurrent"].inputs[0] == "lif/previous"
    previous = graph.tensors["lif/previous"]
    assert (previous.role, previous.shape, previous.density) == (Role.STATE, (3, 7), 0.05)
    assert ops["lif"].inputs == ("lif/sum", "lif/membrane")
    assert graph.tensors["lif/membrane"].shape == (2, 3, 7)  # a current beside the potential
    # The recurrent weights are an identity: one synapse per neuron, and two to the readout.
    assert graph.tensors["recurrent/weight"].density == pytest.approx(1 / 7)
    assert ops["lif"].work.fan_out == 3
    assert graph.tensors["delay/line"].shape == (3, 3, 7)  # 3 ms at 1 ms
    assert ops["readout"].work.rate == 0
    assert graph.tensors["readout"].dtype == "int16"


def test_a_longer_loop_is_cut_once():
    four = samples.ONES((4, 4))
    nodes = {
        "input": nir.Input(np.array([4])),
        "a": nir.Linear(four),
        "lif1": samples.fire(4),
        "b": nir.Linear(four),
        "lif2": samples.fire(4),
        "back": nir.Linear(four),
        "output": nir.Output(np.array([4])),
    }
    edges = [("input", "a"), ("a", "lif1"), ("lif1", "b"), ("b", "lif2"), ("lif2", "back"), ("back", "lif1"),
             ("lif2", "output")]  # fmt: skip
    graph = load_nir(nir.NIRGraph(nodes, edges, type_check=False), **SAID)
    assert [name for name in graph.tensors if name.endswith("/previous")] == ["lif2/previous"]


def test_a_loop_without_a_neuron_is_refused():
    four = samples.ONES((4, 4))
    nodes = {"input": nir.Input(np.array([4])), "a": nir.Linear(four), "b": nir.Linear(four)}
    graph = nir.NIRGraph(nodes, [("input", "a"), ("a", "b"), ("b", "a")], type_check=False)
    with pytest.raises(ImportFormatError, match="the loop a -> b -> a has no neuron in it"):
        load_nir(graph, **SAID)


def test_subgraphs_scales_one_axis_and_padding_by_name():
    inner = samples.chain(
        input=nir.Input(np.array([4, 16])), scale=nir.Scale(samples.ONES((4, 16))), lif=samples.fire(4, 16),
        output=nir.Output(np.array([4, 16])),
    )  # fmt: skip
    graph = samples.chain(
        input=nir.Input(np.array([2, 16])),
        conv=nir.Conv1d(16, samples.ONES((4, 2, 3)), 1, "same", 1, 1, samples.ONES(4)),
        block=inner,
        flatten=nir.Flatten({"input": np.array([4, 16])}, 0, -1),
        fc=nir.Linear(samples.ONES((3, 64))),
        output=nir.Output(np.array([3])),
    )
    made = load_nir(graph, **{**SAID, "rates": {"input": 0.5, "block/lif": 0.25}})
    ops = {op.name: op for op in made.ops}
    assert ops["conv"].work.macs == 16 * 4 * 2 * 3
    assert ops["block/scale"].work.elements == 64
    assert ops["block/lif"].work.fan_out == 3
    assert count(made).parameters == 4 * 2 * 3 + 4 + 64 + 3 * 64


@pytest.mark.parametrize("missing", sorted(SAID))
def test_what_the_file_does_not_say_the_caller_must(missing):
    said = {name: value for name, value in SAID.items() if name != missing}
    with pytest.raises(UsageError, match=f"does not say its {missing}; give {missing}="):
        load_nir(samples.recurrent(), **said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rates": {"input": 0.1}}, "does not say how often 'lif' fires"),
        ({"rates": {"input": 0.1, "lif": 0.1, "lfi": 0.1}}, "did you mean 'lif'"),
        ({"rates": 1.5}, "is 1.5; write spikes per timestep, 0 to 1"),
        ({"weight_bits": 9}, "weight_bits=9; write one of 1, 2, 4, 8, 16, 32"),
        ({"steps": 0}, "steps=0"),
        ({"dt": -1.0}, "dt=-1.0"),
        ({"batch": True}, "batch=True"),
    ],
)
def test_arguments_that_make_no_sense(changes, said):
    with pytest.raises(UsageError, match=said):
        load_nir(samples.recurrent(), **{**SAID, **changes})


def test_files_that_are_none(tmp_path):
    path = tmp_path / "net.nir"
    with pytest.raises(UsageError, match="there is no file"):
        load_nir(path, **SAID)
    path.write_bytes(b"not HDF5")
    with pytest.raises(ImportFormatError, match="it is no HDF5"):
        load_nir(path, **SAID)
    nir.write(path, samples.recurrent())
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ImportFormatError, match=r"'net\.nir' is not a complete NIR file"):
        load_nir(path, **SAID)
    with pytest.raises(UsageError, match="int is no NIR graph"):
        load_nir(3, **SAID)


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    path = tmp_path / "net.nir"
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "nir", None)
    monkeypatch.setattr("archsim.frontends.nir.read.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'archsim\[nir\]'"):
        load_nir(path, **SAID)
