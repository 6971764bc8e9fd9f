"""Tables of energies and of the machines the first TPU was compared with."""

from __future__ import annotations

import pytest

from archsim.validation import run_validation


def by_group(outcomes):
    return {outcome.group: outcome for outcome in outcomes}


def test_operations_the_technology_was_set_from_are_anchors_and_score_nothing():
    groups = by_group(run_validation(dataset="horowitz_45nm_energy"))
    operations = groups["operations"]
    assert operations.rows == 0 and operations.value is None
    assert len(operations.anchors) == 10
    assert all(each.predicted == pytest.approx(each.measured) for each in operations.anchors)


def test_a_memory_between_the_sizes_it_was_set_from_is_scored():
    memories = by_group(run_validation(dataset="horowitz_45nm_energy"))["memories"]
    assert (memories.rows, len(memories.anchors)) == (1, 2)
    growth = 10.0 ** (2.0 / 7.0)  # from 8 KiB to 32 KiB, where 128 times the size takes 10 times the energy
    assert memories.bias == pytest.approx(100 * (10.0 / 2 * growth / 5.0 - 1))


def test_peaks_follow_from_descriptions_and_busy_power_of_one_machine_is_an_anchor():
    groups = by_group(run_validation(dataset="tpu_v1_platforms"))
    assert groups["peak"].rows == 4 and groups["peak"].ok
    assert [each.name for each in groups["busy power"].anchors] == ["xeon-e5-2699-v3"]
    assert groups["busy power"].rows == 2
