"""Locked clocks and power limits: curves made by the model itself are found again, and odd rows are skipped."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archsim
from archsim.validation.checks import dvfs, powerlimit
from archsim.validation.dataset import Dataset
from archsim.validation.demand import Demand, demand_of, fit_following, run, time_share
from archsim.validation.table import Row

CHIP = archsim.hardware("quadro-rtx-8000")
DEMAND = Demand(time=2.0, following=0.6, chip=150.0, memory=40.0, active=0.9)


def dataset(name, rows):
    return Dataset(name, Path(name), tuple(Row(line, cells) for line, cells in enumerate(rows, 2)))


@given(st.floats(0.0, 1.0))
def test_the_share_that_follows_the_clock_is_found_again(share):
    clocks = (1.0, 0.8, 0.6, 0.4)
    times = [time_share(share, clock) / time_share(share, 1.0) for clock in clocks]
    assert fit_following(clocks, times) == pytest.approx(share, abs=1e-3)


@pytest.mark.parametrize("clock", [1.1, 1.0, 0.7, 0.4])
def test_a_demand_is_found_again_from_time_and_power_at_one_clock(clock):
    point = run(CHIP, DEMAND, clock)
    power = point.energy / point.time
    found = demand_of(CHIP, point.time, power, clock, 0.6, memory=DEMAND.memory / point.time, active=0.9)
    assert (found.time, found.chip, found.memory) == pytest.approx((2.0, 150.0, 40.0))


def test_a_run_at_the_nominal_clock_by_hand():
    spec = CHIP.spec
    busy = 0.9 * spec.generation.voltage.busy * spec.multiprocessors
    point = run(CHIP, DEMAND)
    assert (point.clock, point.time) == (1.0, 2.0)
    assert point.energy == pytest.approx(150.0 + 40.0 + 2.0 * (spec.power.idle + busy))


@given(st.floats(0.6, 1.0))
def test_a_limit_is_met(share):
    free = run(CHIP, DEMAND)
    limit = share * free.energy / free.time
    point = run(CHIP, DEMAND, limit=limit)
    assert point.energy / point.time == pytest.approx(limit, rel=1e-5)
    assert point.time >= free.time and point.clock <= 1.0


def test_what_meets_no_limit_is_none():
    assert run(CHIP, DEMAND, limit=20.0) is None


def kernel_rows(device="rtx8000", clocks=(1710, 1500, 1305, 1110, 945, 705)):
    chip = archsim.hardware(device)
    memory = dvfs._memory_power(chip)
    top = clocks[0] * 1e6 / chip.spec.boost
    scale = time_share(DEMAND.following, top) * DEMAND.time
    for clock in clocks:
        demand = Demand(DEMAND.time, DEMAND.following, DEMAND.chip, 0.5 * memory * scale, 0.9)
        point = run(chip, demand, clock * 1e6 / chip.spec.boost)
        yield {
            "gpu": device, "kernel": "made", "core_MHz": str(clock), "time_ms": repr(1e3 * point.time),
            "power_W": repr(point.energy / point.time), "dram_active": "0.5", "sm_active": "0.9",
        }  # fmt: skip


def test_a_curve_of_the_model_has_no_error():
    outcomes = dvfs.dvfs_rtx8000_kernels(dataset("dvfs_rtx8000_kernels.csv", list(kernel_rows())))
    assert [(o.group, o.rows, o.fit) for o in outcomes] == [
        ("quadro-rtx-8000 energy", 3, 2), ("quadro-rtx-8000 time", 3, 2)
    ]  # fmt: skip
    assert all(o.value == pytest.approx(0.0, abs=0.2) and o.ok for o in outcomes)


def test_half_of_the_clocks_stay_unseen():
    """Rows that score may say anything without a constant following them."""
    rows = list(kernel_rows())
    spoilt = [dict(row) for row in rows]
    spoilt[1]["time_ms"] = repr(2 * float(rows[1]["time_ms"]))
    before, after = (dvfs.dvfs_rtx8000_kernels(dataset("x.csv", each)) for each in (rows, spoilt))
    assert after[1].value == pytest.approx(before[1].value + 100.0 * 0.5 / 3, abs=1.0)


def test_low_clocks_of_a_v100_have_groups_of_their_own():
    rows = list(kernel_rows("v100-pcie", (1380, 1237, 1102, 1087, 945, 802, 705)))
    groups = {o.group: o.rows for o in dvfs.dvfs_v100_kernels(dataset("x.csv", rows))}
    assert groups == {
        "v100-pcie-32gb energy": 2, "v100-pcie-32gb time": 2,
        "v100-pcie-32gb energy below 900 MHz": 1, "v100-pcie-32gb time below 900 MHz": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [("gpu", "zebra", "unknown device 'zebra'"), ("core_MHz", "fast", "core_MHz is not a number"),
     ("time_ms", "0", "time_ms is not above 0"), ("dram_active", "1.5", "dram_active is not a share from 0 to 1"),
     ("sm_active", "many", "sm_active is not a number"), ("kernel", "", "kernel is empty")],
)  # fmt: skip
def test_odd_rows_are_skipped_with_the_reason(column, cell, reason):
    rows = list(kernel_rows())
    rows[3][column] = cell
    outcomes = dvfs.dvfs_rtx8000_kernels(dataset("x.csv", rows))
    assert {reason: 1} in [o.reasons for o in outcomes]


def window_rows(chip, demand, network="deepspeech2", limits=(260, 225, 200, 175, 150, 125)):
    for limit in limits:
        point = run(chip, demand, limit=limit)
        yield {
            "gpu": chip.name, "network": network, "power_limit_W": str(limit), "time_s": repr(point.time),
            "energy_J": repr(point.energy),
        }  # fmt: skip


def test_a_curve_over_the_limit_has_no_error_where_the_shape_is_known():
    """A network without a workload is half and half; its demand follows from the power at the full limit."""
    shape = powerlimit.MIXED
    spent = 200.0
    demand = Demand(2.0, shape.following, spent * (1 - shape.memory), spent * shape.memory)
    outcomes = powerlimit.powerlimit_windows(dataset("x.csv", list(window_rows(CHIP, demand))))
    assert [(o.group, o.rows) for o in outcomes] == [("quadro-rtx-8000 energy", 5), ("quadro-rtx-8000 time", 5)]
    assert all(o.value == pytest.approx(0.0, abs=1e-3) and o.ok for o in outcomes)


def test_a_network_that_is_known_shows_its_power_as_an_anchor():
    rows = list(window_rows(CHIP, DEMAND, "resnet18"))
    energy = powerlimit.powerlimit_windows(dataset("x.csv", rows))[0]
    (anchor,) = energy.anchors
    assert anchor.name == "resnet18 batch 128, W" and anchor.measured == pytest.approx(
        float(rows[0]["energy_J"]) / float(rows[0]["time_s"])
    )
    assert 50.0 < anchor.predicted < 400.0
