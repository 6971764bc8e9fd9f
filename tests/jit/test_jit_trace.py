"""The recording twin: the same result, and the tree of laws it came from."""

import copy
import pickle
from types import SimpleNamespace

import pytest
import sample_machine as machine
import sample_tables

from archsim import jit


def operands():
    arrays = sample_tables.tables(points=1, operations=1, threads=1)
    op, chip, work, out, _ = (sample_tables.rows(array)[0] for array in arrays)
    return op, chip, work, out


def test_the_traced_twin_gives_the_same_result_and_the_right_tree():
    op, chip, work, out = operands()
    machine.derive_digital(chip, work)
    machine.cost_digital(op, chip, work, out)
    expected = copy.deepcopy(out)

    op, chip, work, out = operands()
    recorder = jit.Recorder()
    jit.traced(machine.derive_digital, recorder)(chip, work)
    jit.traced(machine.cost_digital, recorder)(op, chip, work, out)
    assert out == expected

    scale, *calls = recorder.calls
    assert (scale.name, scale.module) == ("energy_scale", "sample_laws")
    assert scale.arguments == {"voltage": 0.7, "nominal": 0.8} and scale.result == pytest.approx(0.765625)
    assert scale.doc.startswith("Dynamic energy follows")
    level = ["reload_factor", "bound_time", "add_energy"]
    assert [call.name for call in calls] == ["bound_time", *level * 4, "add_energy", "add_energy"]
    assert calls[0].result == op.macs / work.peak
    booked = calls[-1]
    assert booked.arguments == {"out": "out", "cause": machine.STATIC, "amount": out.energy[machine.STATIC]}
    assert booked.result is None and not booked.children


def test_bound_names_nest_and_records_keep_the_outermost_names():
    ops, chips, works, outs, totals = (sample_tables.rows(array) for array in sample_tables.tables(1, 2, 1))
    rows = type("Rows", (list,), {"shape": (2,)})(ops)
    recorder = jit.Recorder()
    run = jit.traced(machine.point, recorder, machine.DIGITAL)
    run(rows, chips[0], works[0], outs[0], totals[0])

    assert [call.name for call in recorder.calls] == ["derive_digital", "cost_digital", "cost_digital"]
    derive, cost, _ = recorder.calls
    assert derive.arguments == {"chip": "chip", "work": "work"}
    assert cost.arguments == {"op": "op", "chip": "chip", "work": "work", "out": "out"}
    assert [call.name for call in derive.children] == ["energy_scale"]
    assert len(cost.children) == 15
    assert sum(1 for _ in recorder.walk()) == 3 + 1 + 2 * 15

    other = jit.bound(machine.point, machine.DIGITAL)
    again = SimpleNamespace(latency=0.0, energy=0.0)
    other(rows, chips[0], works[0], outs[0], again)
    assert again == totals[0]


@jit.kernel
def pick(values, n, scale=2.0):
    """Take one of several."""
    return values[n] * scale


@jit.kernel
def rename(machine_row):
    """Pass a record on under another name."""
    return pick(machine_row.bandwidth, 1) + touch(machine_row)


@jit.kernel
def touch(c):
    """Read a leaf."""
    return pass_on(c.clock)


@jit.kernel
def pass_on(value):
    """Return it."""
    return value


def test_leaves_arrays_defaults_and_renamed_records():
    clock = jit.Leaf(2.0, "clock")
    chip = SimpleNamespace(clock=clock, bandwidth=[jit.Leaf(1.0, "memory[0].bandwidth"), 3.0])
    recorder = jit.Recorder()
    assert jit.traced(rename, recorder)(chip) == 8.0
    picked, touched = recorder.calls
    assert picked.arguments == {"values": (1.0, 3.0), "n": 1, "scale": 2.0}
    assert picked.arguments["values"][0].paths == ("memory[0].bandwidth",)
    assert touched.arguments == {"c": "machine_row"}
    (inner,) = touched.children
    assert inner.arguments["value"] is clock and inner.result is clock


def test_numpy_rows_and_scalars_are_recorded_as_plain_numbers():
    chips = sample_tables.attributes(sample_tables.tables(1, 1, 1))[1]
    recorder = jit.Recorder()
    assert jit.traced(rename, recorder)(chips[0]) == pytest.approx(8e12 + 0.5e9)
    assert recorder.calls[0].arguments["values"] == (8e12, 4e12, 2e12, 0.5e12)
    assert recorder.calls[1].arguments == {"c": "machine_row"}


def test_an_exception_leaves_the_recorder_usable():
    recorder = jit.Recorder()
    run = jit.traced(rename, recorder)
    with pytest.raises(IndexError):
        run(SimpleNamespace(clock=1.0, bandwidth=[1.0]))
    run(SimpleNamespace(clock=1.0, bandwidth=[1.0, 2.0]))
    assert [call.name for call in recorder.calls] == ["pick", "pick", "touch"]


def test_a_leaf_is_a_float_that_survives_copying():
    leaf = jit.Leaf(3.5, "memory.hbm.bandwidth")
    for same in (leaf, copy.deepcopy(leaf), pickle.loads(pickle.dumps(leaf))):
        assert same == 3.5 and isinstance(same, float) and same.paths == ("memory.hbm.bandwidth",)
    assert repr(leaf) == "3.5"


def test_arithmetic_remembers_every_leaf_it_used_once():
    clock, width = jit.Leaf(2.0, "clock"), jit.Leaf(64.0, "memory.l2.width")
    rate = 3 * clock * width / clock + 1
    assert rate == 193.0 and rate.paths == ("clock", "memory.l2.width")
    assert (1 - clock).paths == ("clock",) and (clock**2).paths == ("clock",) and (2.0**clock).paths == ("clock",)
    assert max(clock, 1.0) is clock
    assert clock > 1
