"""Passes of neurons: against differential equations in small steps, first spikes in closed form, sums by hand."""

import math

import pytest

nir = pytest.importorskip("nir")
import numpy as np  # noqa: E402

import archsim  # noqa: E402
from archsim.errors import ImportFormatError, UnsupportedError, UsageError  # noqa: E402
from archsim.graph.work import Conv  # noqa: E402
from archsim.study.activity import lif_rates  # noqa: E402
from archsim.study.events import read_events  # noqa: E402
from archsim.study.neurons import Neurons, convolve, pooled  # noqa: E402

FINE = 20_000
SUBJECTS = {
    "I": {"r": 3.0},
    "LI": {"r": 2.0, "tau": 0.02, "v_leak": 0.1},
    "CubaLI": {"r": 2.0, "tau_mem": 0.02, "tau_syn": 0.005, "v_leak": 0.1, "w_in": 1.5},
    "CubaLI, equal": {"r": 2.0, "tau_mem": 0.01, "tau_syn": 0.01, "v_leak": 0.0, "w_in": 1.0},
}


def reference(values, inputs, dt):
    """Potential after every timestep by Euler in very small steps."""
    tau, syn = values.get("tau", values.get("tau_mem")), values.get("tau_syn")
    v, current, small, found = values.get("v_leak", 0.0), 0.0, dt / FINE, []
    for x in inputs:
        for _ in range(FINE):
            drive = x if syn is None else current
            v += small * (values["r"] * drive if tau is None else (values["v_leak"] - v + values["r"] * drive) / tau)
            current += 0.0 if syn is None else small * (values["w_in"] * x - current) / syn
        found.append(v)
    return found


@pytest.mark.parametrize("name", SUBJECTS)
def test_potentials_follow_their_equations(name):
    values, inputs, dt = SUBJECTS[name], [1.0, 0.0, 0.5, 0.0, 2.0], 3e-3
    neurons = Neurons(name.split(",")[0], {key: np.array(value) for key, value in values.items()}, dt, (1,))
    found = [float(neurons.step(np.array([x]))[0]) for x in inputs]
    assert found == pytest.approx(reference(values, inputs, dt), rel=2e-4)


def fired(kind, values, current, steps=200, dt=1e-3):
    neurons = Neurons(kind, {key: np.array(value) for key, value in values.items()}, dt, (1,))
    return [step for step in range(1, steps + 1) if neurons.step(np.array([current]))[0]]


def test_constant_input_fires_when_the_equations_say():
    # IF: after theta / (R I); LIF: after tau ln(R I / (R I - theta)); both from 0 again.
    assert fired("IF", {"r": 1.0, "v_threshold": 0.0095}, 1.0)[:3] == [10, 20, 30]
    period = math.ceil(20.0 * math.log(1.5 / 0.5))
    spikes = fired("LIF", {"r": 1.0, "tau": 0.02, "v_leak": 0.0, "v_threshold": 1.0}, 1.5)
    assert spikes[:4] == [period * k for k in (1, 2, 3, 4)]
    below = {"r": 1.0, "tau": 0.02, "v_leak": 0.0, "v_threshold": 1.0}
    assert fired("LIF", below, 0.99) == []
    settled = {"r": 1.0, "tau_mem": 0.02, "tau_syn": 1e-9, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0}
    assert fired("CubaLIF", settled, 1.5)[:4] == spikes[:4]  # a current that settles at once


def test_a_reset_value_is_where_neurons_begin_again():
    spikes = fired("IF", {"r": 1.0, "v_threshold": 0.0095, "v_reset": 0.005}, 1.0)
    assert spikes[:3] == [10, 15, 20]


@pytest.mark.parametrize(("groups", "stride", "dilation", "pad"), [(1, 1, 1, 1), (2, 2, 1, 0), (1, 1, 2, 2)])
def test_convolutions_by_loops(groups, stride, dilation, pad):
    random = np.random.default_rng(1)
    x, weight = random.random((4, 7, 7)), random.random((6, 4 // groups, 3, 3))
    out = (7 + 2 * pad - dilation * 2 - 1) // stride + 1
    work = Conv(1, 4, 6, 7, 7, out, out, 3, 3, (stride, stride), (dilation, dilation), (pad,) * 4, groups)
    padded, expected = np.pad(x, ((0, 0), (pad, pad), (pad, pad))), np.zeros((6, out, out))
    for o, y, z, c, i, j in np.ndindex(6, out, out, 4 // groups, 3, 3):
        channel = o // (6 // groups) * (4 // groups) + c
        place = padded[channel, y * stride + i * dilation, z * stride + j * dilation]
        expected[o, y, z] += weight[o, c, i, j] * place
    assert np.allclose(convolve(x, weight, work), expected)


def test_pools_add_up_windows():
    x = np.arange(16.0).reshape(1, 4, 4)
    assert pooled(x, (2, 2), (2, 2), (0, 0)).tolist() == [[[10.0, 18.0], [42.0, 50.0]]]


def chain(weight, threshold):
    """Inputs, synapses, IF neurons: v grows by the sum of weights of what fires, dt = 1."""
    neurons = len(weight)
    nodes = {
        "in": nir.Input(np.array([weight.shape[1]])),
        "fc": nir.Linear(weight),
        "if": nir.IF(r=np.ones(neurons), v_threshold=np.full(neurons, threshold)),
        "out": nir.Output(np.array([neurons])),
    }
    return nir.NIRGraph(nodes, [("in", "fc"), ("fc", "if"), ("if", "out")], type_check=False)


@pytest.mark.parametrize("stored", [False, True])
def test_spikes_of_a_small_network_by_hand(stored, tmp_path):
    source = chain(np.array([[1.0, 1.0], [0.5, 0.0]]), 1.0)
    if stored:
        nir.write(tmp_path / "net.nir", source)
        source = tmp_path / "net.nir"
    record = np.array([[1, 1], [1, 0], [1, 0], [0, 1]])
    found = lif_rates(source, dt=1, steps=4, events=record)
    # first: 2 > 1 fires; 1 no; 2 fires; 1 no.  second: 0.5, 1, 1.5 fires, 0.
    assert found.spikes["if"].tolist() == [[1, 0], [0, 0], [1, 1], [0, 0]]
    assert found.rates == {"in": 5 / 8, "if": 3 / 8}
    assert set(found.spikes) == {"in", "if"}


def test_loops_read_the_last_timestep_and_delays_whole_ones():
    two = np.ones(2)
    nodes = {"in": nir.Input(np.array([1])), "fc": nir.Linear(np.ones((2, 1))), "late": nir.Delay(np.array([2.0, 3.0])),
             "if": nir.IF(r=two, v_threshold=two * 0.5), "back": nir.Linear(np.eye(2))}  # fmt: skip
    edges = [("in", "fc"), ("fc", "late"), ("late", "if"), ("if", "back"), ("back", "if")]
    graph = nir.NIRGraph(nodes, edges, type_check=False)
    found = lif_rates(graph, dt=1, steps=5, events=np.array([[1], [0], [0], [0], [0]]))
    # Two and three timesteps late, then each by its own spike of the timestep before.
    assert found.spikes["if"].T.tolist() == [[0, 0, 1, 1, 1], [0, 0, 0, 1, 1]]


def test_drawn_inputs_have_their_rate_and_repeat():
    source = chain(np.ones((1, 1000)) / 100, 1.0)
    one, same, other = (lif_rates(source, dt=1, steps=50, rates=0.2, seed=seed) for seed in (1, 1, 2))
    assert one.rates["in"] == pytest.approx(0.2, abs=0.01)
    assert np.array_equal(one.spikes["in"], same.spikes["in"])
    assert not np.array_equal(one.spikes["in"], other.spikes["in"])


def test_graphs_run_with_random_weights_of_a_scale():
    graph = archsim.workload("spiking-mlp")
    quiet, busy = (lif_rates(graph, dt=1e-3, steps=10, rates=0.2, scale=scale) for scale in (0.0, 3.0))
    fires = {op.name for op in graph.ops if op.kind == "neuron"}
    assert fires <= set(busy.rates)
    assert all(quiet.rates[name] == 0 for name in fires)
    assert all(busy.rates[name] > 0 for name in fires)
    with pytest.raises(UnsupportedError, match="'relu' is a elementwise"):
        lif_rates(archsim.workload("mlp"), dt=1e-3, steps=2, rates=0.1, scale=1.0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dt": -1e-3}, r"dt=-0\.001"),
        ({"dt": math.nan}, "dt=nan"),
        ({"steps": -5}, "steps=-5"),
        ({"steps": True}, "steps=True"),
        ({"rates": None}, "nothing says how 'in' fires"),
        ({"rates": 1.2}, r"the rate of 'in' is 1\.2"),
        ({"rates": {"inn": 0.1}}, "rates names 'inn', which is no input; did you mean 'in'"),
        ({"events": np.zeros((4, 2))}, r"\(4, 2\); give \(10, 3\): timesteps, neurons"),
        ({"events": np.full((10, 3), 2)}, "other values than 0 and 1"),
        ({"scale": 1.0}, r"scale=1\.0"),
    ],
)
def test_arguments_that_make_no_sense(changes, said):
    with pytest.raises(UsageError, match=said):
        lif_rates(chain(np.ones((2, 3)), 1.0), **{"dt": 1, "steps": 10, "rates": 0.1, **changes})


def test_neurons_with_impossible_constants_are_refused():
    nodes = {"in": nir.Input(np.array([1])), "lif": nir.LIF(*(np.zeros(1) for _ in range(4)))}
    with pytest.raises(ImportFormatError, match=r"tau of 'lif' is 0\.0"):
        lif_rates(nir.NIRGraph(nodes, [("in", "lif")], type_check=False), dt=1, steps=1, rates=0.1)


def test_events_are_read_from_both_formats(tmp_path):
    (tmp_path / "e.csv").write_text("timestep,neuron\n0,2\n3,0\n3,0\n")
    np.savez(tmp_path / "e.npz", timestep=np.array([0, 3]), neuron=np.array([2, 0]))
    expected = np.zeros((4, 3), dtype=np.uint8)
    expected[0, 2] = expected[3, 0] = 1
    for name in ("e.csv", "e.npz"):
        assert np.array_equal(read_events(tmp_path / name, steps=4, neurons=3), expected)
    found = lif_rates(chain(np.ones((2, 3)), 0.5), dt=1, steps=4, events=str(tmp_path / "e.csv"))
    assert found.spikes["if"].sum(axis=1).tolist() == [2, 0, 0, 2]


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("time,cell\n0,1\n", ImportFormatError, "begins with 'time,cell'; write timestep,neuron"),
        ("timestep,neuron\n0,1\n1,x\n", ImportFormatError, "line 3 of 'e.csv' is '1,x'"),
        ("timestep,neuron\n0,1\n9,1\n", UsageError, "event 1 of 'e.csv' has timestep 9; there are 4"),
        ("timestep,neuron\n0,-1\n", UsageError, "event 0 of 'e.csv' has neuron -1"),
    ],
)
def test_records_of_events_that_do_not_fit(text, error, said, tmp_path):
    (tmp_path / "e.csv").write_text(text)
    with pytest.raises(error, match=said):
        read_events(tmp_path / "e.csv", steps=4, neurons=3)


def test_files_that_are_no_records(tmp_path):
    np.savez(tmp_path / "e.npz", time=np.arange(3))
    with pytest.raises(ImportFormatError, match=r"'e\.npz' has no arrays timestep and neuron"):
        read_events(tmp_path / "e.npz", steps=4, neurons=3)
    np.savez(tmp_path / "f.npz", timestep=np.arange(3) / 2, neuron=np.arange(3))
    with pytest.raises(ImportFormatError, match="float64"):
        read_events(tmp_path / "f.npz", steps=4, neurons=3)
    with pytest.raises(UsageError, match=r"'e\.txt' is no record"):
        read_events(tmp_path / "e.txt", steps=4, neurons=3)
    with pytest.raises(UsageError, match="there is no file"):
        read_events(tmp_path / "none.csv", steps=4, neurons=3)
