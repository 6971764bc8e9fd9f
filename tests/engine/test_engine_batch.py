"""One lowering for many points: slices of a batch are the batch, and hosts add what they add to one evaluation."""

import numpy as np
import pytest

import archsim as a
from archsim.arch.columns import Swept
from archsim.engine.batch import batch
from archsim.engine.evaluate import evaluate_points
from archsim.errors import UnsupportedError


def lowered(network, machine, columns, **choices):
    chip = a.hardware(machine)
    swept = [Swept.of(chip.spec, path, values) for path, values in columns.items()]
    return batch(a.workload(network), chip, swept, a.Policy(**choices))


def test_slices_are_the_batch():
    clocks = np.linspace(1.0e9, 1.4e9, 7)
    whole = lowered("alexnet", "a100-sxm4-80gb", {"clock": clocks})
    assert (whole.count, whole.alone) == (7, True)
    totals = whole.totals()
    assert np.array_equal(totals["latency"], evaluate_points("alexnet", "a100-sxm4-80gb", {"clock": clocks})["latency"])
    parts = [whole.part(0, 3).totals(), whole.part(3, 7).totals()]
    assert np.array_equal(np.concatenate(parts)["latency"], totals["latency"])


def test_slices_keep_what_fits():
    whole = lowered("gpt2", "a100-sxm4-80gb", {"memory.hbm.capacity": [1e6, 8e10, 1e6, 8e10]})
    assert whole.totals()["status"].tolist() == [-1, 0, -1, 0]
    assert whole.part(1, 3).totals()["status"].tolist() == [0, -1]


def test_a_host_adds_its_time_its_energy_and_the_way_to_it():
    links = {"host_link.bandwidth": [1e9, 1e10], "host_link.energy": [0.0, 1e-10]}
    found = lowered("spiking-mlp", "tpu-v4", links).costs()
    for index in range(2):
        chip = a.hardware("tpu-v4")
        for path, values in links.items():
            chip = a.with_(chip, path, values[index])
        alone = a.evaluate("spiking-mlp", chip)
        assert found.latency[index] == pytest.approx(alone.latency, rel=1e-12)
        assert sum(each[index] for each in found.energy_by_cause.values()) == pytest.approx(alone.energy, rel=1e-12)
        exposed = dict(zip(found.resources, found.exposed[index], strict=True))
        assert exposed["link to host"] == pytest.approx(alone.exposed["link to host"], rel=1e-12)
        assert sum(exposed.values()) == pytest.approx(alone.latency, rel=1e-12)


def test_the_machine_alone_refuses_what_needs_a_host():
    with pytest.raises(UnsupportedError, match="would run on the host"):
        evaluate_points("pointer-chase", "tpu-v4", {"clock": [1e9]})
