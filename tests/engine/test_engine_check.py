"""Invariants: a corrupted outcome is a defect that stops the run, never a number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_samples import sandwich

import archsim
from archsim.arch.tables import totals
from archsim.engine.check import check_outcomes, check_totals
from archsim.engine.collect import collect
from archsim.errors import InvariantError

WRONG = {"nan": np.nan, "infinite": np.inf, "negative": -1.0}


@pytest.fixture
def part():
    return archsim.evaluate(sandwich(), archsim.hardware("a100-sxm4-80gb")).run.parts[0]


def check(part, outs):
    names = tuple(same[0].name for same in part.lowered.rows)
    check_outcomes(part.lowered.table, outs, names, "machine")


def test_a_sound_run_passes(part):
    check(part, part.outs)
    check_totals(part.totals, "machine")


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("field", ["latency", "busy", "exposed", "energy", "bytes", "utilisation"])
def test_outcomes_are_finite_and_not_negative(part, field, wrong):
    outs = part.outs.copy()
    outs[field][1, ...] = WRONG[wrong]
    with pytest.raises(InvariantError, match=rf"second on machine: {field} is not a finite number >= 0") as defect:
        check(part, outs)
    assert defect.value.exit_code == 5 and "report" in str(defect.value)


@pytest.mark.parametrize(
    ("field", "factor", "said"),
    [
        ("latency", 1.000001, "parts do not add up to the latency"),
        ("exposed", 0.5, "parts do not add up to the latency"),
        ("utilisation", 1e9, "runs faster than the peak of its units"),
        ("bytes", 0.5, "moves fewer bytes than its operands have"),
    ],
)
def test_outcomes_obey_their_own_arithmetic(part, field, factor, said):
    outs = part.outs.copy()
    outs[field][0] *= factor
    with pytest.raises(InvariantError, match=f"first on machine: {said}"):
        check(part, outs)


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("field", [column.name for column in totals(1, 1) if column.type == "f8" and column.unit])
def test_totals_are_finite_and_not_negative(part, field, wrong):
    points = np.repeat(part.totals, 4)
    points[field][2, ...] = WRONG[wrong]
    with pytest.raises(InvariantError, match=rf"point 2 on machine: {field} is not a finite number >= 0"):
        check_totals(points, "machine")


def test_totals_add_up_unless_the_point_has_a_verdict(part):
    points = np.repeat(part.totals, 3)
    points["latency"][1] *= 1.001
    with pytest.raises(InvariantError, match="point 1 on machine: parts do not add up to the latency"):
        check_totals(points, "machine")
    points["status"][1] = 1
    check_totals(points, "machine")


def test_no_points_are_sound(part):
    check_totals(part.totals[:0], "machine")


def test_a_result_is_the_sum_of_its_parts(part):
    run = archsim.evaluate(sandwich(), archsim.hardware("a100-sxm4-80gb")).run
    wrong = part.totals.copy()
    wrong["latency"] *= 1.001
    broken = replace(run, parts=(replace(run.parts[0], totals=wrong),))
    assert collect(run).latency > 0.0
    with pytest.raises(InvariantError, match="the latency of sandwich on a100-sxm4-80gb is not the sum of its parts"):
        collect(broken)
