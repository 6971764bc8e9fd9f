"""Spiking machines: counts by hand, the synapses of every rule by brute force, and what each fidelity must keep to."""

import numpy as np
import pytest

import archsim
from archsim.errors import DoesNotFitError, UsageError
from archsim.families.spiking import numbers as at
from archsim.families.spiking.network import Connection, Population, run_network
from archsim.graph import GraphBuilder, Role
from archsim.graph.work import MatMul, Neuron
from archsim.io.hardware import with_all

LOIHI = "loihi1-sanafe"
MACHINES = ("darwin3", "digital-snn-45nm", LOIHI, "loihi1-davies2018", "loihi2", "odin", "spinnaker2", "truenorth")
STEPS = 10


def layer(inputs=100, neurons=50, rate=0.2, fires=0.1, density=1.0, batch=1):
    b = GraphBuilder("layer", dtype="int8")
    x = b.tensor("spikes", (batch, inputs), Role.INPUT, dtype="binary", density=rate, structure="temporal")
    w = b.weight("weight", (inputs, neurons), density=density, structure="dense" if density == 1 else "uniform")
    shape = (batch, neurons)
    current = b.op("synapses", MatMul(1, batch, neurons, inputs), [x, w], shape, dtype="int16", steps=STEPS)
    b.op("neurons", Neuron(batch * neurons, STEPS, fires, 0), [current], shape, dtype="binary", density=fires,
         structure="temporal")  # fmt: skip
    return b.build()


def test_one_layer_by_hand():
    spec = archsim.hardware(LOIHI).spec
    result = archsim.evaluate(layer(), LOIHI)
    fired = 100 * 0.2
    gathering = fired * (spec.message.received.time + 50 * spec.synapse.dense.time)
    step = gathering + spec.timestep.barrier[0].time
    assert result.latency == pytest.approx(STEPS * step, rel=1e-12)
    energy = result.energy_by_detail
    assert energy["synaptic operations"] == pytest.approx(STEPS * fired * 50 * 35.5e-12, rel=1e-12)
    reached = 1 - 0.8**100
    assert energy["neurons"] == pytest.approx(STEPS * 50 * (51.2e-12 + reached * 21.6e-12 + 0.1 * 69.3e-12), rel=1e-12)
    assert energy["messages"] == pytest.approx(STEPS * fired * 111e-12, rel=1e-12)
    assert energy["hops"] == 0.0
    assert energy["static"] == pytest.approx(0.1044 * result.latency, rel=1e-12)


@pytest.mark.parametrize("name", MACHINES)
def test_silence_costs_neurons_and_time_only(name):
    silent = archsim.evaluate(layer(rate=0.0, fires=0.0), name, capacity="ignore")
    assert silent.energy_by_detail["synaptic operations"] == 0.0
    busy = archsim.evaluate(layer(), name, capacity="ignore")
    assert silent.energy < busy.energy and silent.latency <= busy.latency


def test_samples_follow_one_another():
    one, four = (archsim.evaluate(layer(batch=batch), LOIHI) for batch in (1, 4))
    assert four.latency == pytest.approx(4 * one.latency, rel=1e-12)
    assert four.energy == pytest.approx(4 * one.energy, rel=1e-12)


def test_zero_weights_are_not_stored_and_cost_no_operation():
    dense, sparse = (archsim.evaluate(layer(density=density), LOIHI) for density in (1.0, 0.25))
    ratio = sparse.energy_by_detail["synaptic operations"] / dense.energy_by_detail["synaptic operations"]
    assert ratio == pytest.approx(0.25 * 33.6 / 35.5, rel=1e-12)  # and another format


@pytest.mark.parametrize(
    ("inputs", "neurons", "limit"), [(100, 5000, "neurons"), (4000, 500, "synaptic memory"), (9000, 10, "axons in")]
)
def test_the_limit_that_decides_is_named(inputs, neurons, limit):
    small = with_all(archsim.hardware(LOIHI), {"cores": 1})
    result = archsim.evaluate(layer(inputs, neurons), small, capacity="ignore")
    (said,) = (text for text in result.warnings if "the network takes" in text)
    assert f"by {limit}" in said and "chips" in said


def test_what_the_memories_cannot_hold_is_refused():
    with pytest.raises(DoesNotFitError, match="16 MiB"):
        archsim.evaluate(layer(8000, 8000), LOIHI)


def test_a_tick_is_the_least_time_of_a_step():
    chip = archsim.with_(archsim.hardware(LOIHI), "timestep.tick", "1 ms")
    result = archsim.evaluate(layer(), chip)
    assert result.latency == pytest.approx(STEPS * 1e-3, rel=1e-12)
    assert result.bound == "waiting for the tick"


def test_voltage_lowers_energies_by_its_square_and_rest_by_its_cube():
    low = archsim.with_(archsim.hardware("truenorth"), "supply.voltage", "0.4 V")
    before, after = (archsim.evaluate(layer(), chip, capacity="ignore") for chip in ("truenorth", low))
    moving = [r.energy_by_detail["synaptic operations"] for r in (before, after)]
    assert moving[1] == pytest.approx(moving[0] / 4, rel=1e-12)
    assert after.energy_by_detail["static"] == pytest.approx(before.energy_by_detail["static"] / 8, rel=1e-12)


def synapses(kind, shape, sources, targets):
    """Weights of ones by a rule, one row per source: walked one source at a time on cores of one neuron."""
    spec = archsim.hardware(LOIHI).spec
    found = np.zeros((sources, targets))
    populations = [Population(sources, 0), Population(targets, 1)]
    for source in range(sources):
        fired = np.zeros((1, sources + targets), dtype=np.uint8)
        fired[0, source] = 1
        counts = run_network(spec, populations, [Connection(0, 1, kind, "dense", shape)], fired)
        found[source] = counts.cores[:, 3]
    return found


@pytest.mark.parametrize(
    ("channels", "outputs", "size", "kernel", "stride", "padding", "groups", "part"),
    [(2, 3, 5, 3, 1, 1, 1, 3), (2, 4, 6, 3, 2, 1, 2, 4), (1, 5, 4, 2, 2, 0, 1, 2), (3, 3, 4, 3, 1, 0, 3, 2)],
)
def test_windows_reach_what_a_convolution_reads(channels, outputs, size, kernel, stride, padding, groups, part):
    out = (size + 2 * padding - kernel) // stride + 1
    shape = {
        at.IN_HEIGHT: size, at.IN_WIDTH: size, at.IN_CHANNELS: channels, at.OUT_HEIGHT: out, at.OUT_WIDTH: out,
        at.OUT_CHANNELS: outputs, at.KERNEL_HEIGHT: kernel, at.KERNEL_WIDTH: kernel, at.STRIDE_Y: stride,
        at.STRIDE_X: stride, at.PAD_Y: padding, at.PAD_X: padding, at.DILATION_Y: 1, at.DILATION_X: 1,
        at.GROUPS: groups, at.PART: part,
    }  # fmt: skip
    found = synapses(at.CONV, shape, size * size * channels, out * out * outputs)
    expected = np.zeros_like(found)
    for output in range(outputs):
        first = output // part * part
        width = min(part, outputs - first)
        group = output // (outputs // groups)
        for y, x in np.ndindex(out, out):
            neuron = first * out * out + (y * out + x) * width + output - first
            for i, j in np.ndindex(kernel, kernel):
                row, column = y * stride + i - padding, x * stride + j - padding
                if 0 <= row < size and 0 <= column < size:
                    for channel in range(group * (channels // groups), (group + 1) * (channels // groups)):
                        expected[(row * size + column) * channels + channel, neuron] += 1
    assert np.array_equal(found, expected)


def test_dense_synapses_reach_everything():
    assert np.array_equal(synapses(at.DENSE, {}, 3, 7), np.ones((3, 7)))


def test_rates_predict_what_is_counted():
    """The closed form against spikes drawn at random: means agree, and the slowest core is above the mean."""
    graph = archsim.workload("spiking-cnn", batch=1)
    rates, counted = (archsim.evaluate(graph, LOIHI, fidelity=fidelity) for fidelity in ("", "cores"))
    for name in ("synaptic_operations", "messages", "updates"):
        sums = [sum(op.details.get(name, 0.0) * op.count for op in r.ops) for r in (rates, counted)]
        assert sums[1] == pytest.approx(sums[0], rel=0.15), name
    assert rates.latency * 0.95 < counted.latency < 1.5 * rates.latency
    assert counted.energy == pytest.approx(sum(counted.energy_by_detail.values()), rel=1e-9)


def test_messages_that_wait_take_no_less_time_than_the_slowest_core():
    graph = archsim.workload("spiking-mlp")
    counted, followed = (archsim.evaluate(graph, LOIHI, fidelity=fidelity) for fidelity in ("cores", "events"))
    assert followed.latency >= counted.latency * (1 - 1e-12)
    moving = [r.energy - r.energy_by_detail["static"] for r in (counted, followed)]
    assert moving[1] == pytest.approx(moving[0], rel=1e-12)


def chain(cores, messages):
    """All neurons of the first core fire at one neuron each on every other core."""
    spec = archsim.hardware(LOIHI).spec
    population = Population(cores * messages, messages)
    shape = {at.CORES: cores, at.FAN_OUT: cores - 1, at.RUN: 1, at.STRIDE_I: 1, at.STRIDE_K: 1}
    fired = np.zeros((1, cores * messages), dtype=np.uint8)
    fired[0, :messages] = 1
    return spec, [population], [Connection(0, 0, at.STRIDED, "dense", shape)], fired


def test_a_message_takes_its_hops_when_nothing_is_in_its_way():
    spec, populations, wiring, fired = chain(cores=8, messages=1)
    followed = run_network(spec, populations, wiring, fired, follow=True)
    neuron, sent, take = 6.0 + 3.7 + 30.0, 5.1, 16.0 + 3.8
    last_of_tile = neuron + 7 * sent + 6.5 + take  # cores 1 to 3 on the same tile, 4 to 7 one hop along
    assert followed.latency == pytest.approx((last_of_tile + 1000.0) * 1e-9, rel=1e-9)


def test_short_queues_hold_messages_up():
    spec, populations, wiring, fired = chain(cores=16, messages=40)
    fired[:] = 1
    times = []
    for places in (1, 4, 64):
        mesh = spec.mesh.model_copy(update={"buffer": places})
        times.append(
            run_network(spec.model_copy(update={"mesh": mesh}), populations, wiring, fired, follow=True).latency
        )
    assert times[0] >= times[1] >= times[2]
    assert times[0] > times[2]


def test_wrong_records_of_spikes_are_refused():
    spec, populations, wiring, fired = chain(cores=4, messages=2)
    with pytest.raises(UsageError, match="shape"):
        run_network(spec, populations, wiring, fired[:, :-1])
    with pytest.raises(UsageError, match="outside"):
        run_network(spec, [*populations, Population(3, 0)], wiring, np.zeros((1, 11), dtype=np.uint8))


def test_a_fidelity_nobody_has_is_refused():
    with pytest.raises(UsageError, match="evnts") as refused:
        archsim.evaluate(layer(), LOIHI, fidelity="evnts")
    assert "events" in refused.value.hint
    with pytest.raises(UsageError, match="a100"):
        archsim.evaluate("mlp", "a100-sxm4-80gb", fidelity="cores")


def test_a_mesh_too_small_for_its_cores_is_refused():
    with pytest.raises(Exception, match="mesh of 4 cores"):
        with_all(archsim.hardware(LOIHI), {"mesh.width": 1, "mesh.height": 1})


def test_inputs_from_outside_hold_no_core_up():
    """They lie on no core: many of them that reach few neurons take the time of those who receive them."""
    b = GraphBuilder("wide", dtype="fp16")
    b.elementwise("relu", b.conv(b.input("image", (1, 16, 64, 64)), 16, 8, stride=8))
    result, counted = (
        archsim.evaluate(b.build(), LOIHI, timesteps=4, rate=0.2, fidelity=fidelity) for fidelity in ("", "cores")
    )
    assert result.bound == "receiving and adding"
    assert result.latency == pytest.approx(counted.latency, rel=0.3)


def test_a_pixel_with_more_inputs_than_a_core_tells_apart_takes_several():
    b = GraphBuilder("deep", dtype="fp16")
    b.elementwise("relu", b.conv(b.input("image", (1, 1024, 4, 4)), 8, 3, padding=1))
    result = archsim.evaluate(b.build(), LOIHI, timesteps=1, rate=0.1)
    (neurons,) = (op for op in result.ops if op.kind == "neuron")
    assert neurons.details["cores"] == 16 * 3  # 9216 inputs of a pixel, 4096 a core


def test_zero_weights_count_at_every_fidelity():
    rates, counted = (
        archsim.evaluate(layer(400, 300, density=0.1), LOIHI, fidelity=fidelity) for fidelity in ("", "cores")
    )
    for name in ("synaptic operations", "messages"):
        assert counted.energy_by_detail[name] == pytest.approx(rates.energy_by_detail[name], rel=0.15), name
    assert counted.latency == pytest.approx(rates.latency, rel=0.25)


def test_what_the_finer_models_cannot_walk_is_refused():
    with pytest.raises(UsageError, match="eie"):
        archsim.evaluate("eie-alex-8", "eie", fidelity="cores")


def test_learning_is_charged_where_weights_are_updated():
    chip = archsim.with_(archsim.hardware(LOIHI), "learning.share", 0.5)
    plain, learning = archsim.evaluate(layer(), LOIHI), archsim.evaluate(layer(), chip)
    added = STEPS * 100 * 0.2 * 50
    assert learning.energy_by_detail["learning"] == pytest.approx(0.5 * added * 120e-12, rel=1e-12)
    assert learning.latency > plain.latency and plain.energy_by_detail["learning"] == 0.0


def test_equal_layers_behind_different_ones_lie_where_their_inputs_put_them():
    graph = archsim.workload("spiking-mlp", widths="4000-500-500-500-10")
    result = archsim.evaluate(graph, LOIHI)
    cores = [op.details["cores"] for op in result.ops if op.kind == "neuron"]
    assert cores[0] > cores[1] == cores[2]
