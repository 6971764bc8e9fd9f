"""NeuroBench's counts, against sums by hand."""

import pytest

import archsim
from archsim.study.neurobench import neurobench


def test_a_spiking_network_counts_accumulates():
    counts = neurobench(archsim.workload("spiking-mlp", widths="10-20-5", timesteps=4, rate=0.25))
    dense = 4 * (10 * 20 + 20 * 5)
    assert counts.dense == dense
    assert counts.effective_acs == pytest.approx(0.25 * dense) and counts.effective_macs == 0.0
    assert counts.activation_sparsity == pytest.approx(0.75)
    assert counts.connection_sparsity == 0.0
    assert counts.footprint == 10 * 20 + 20 + 20 * 5 + 5 + 2 * (20 + 5)


def test_a_dense_network_counts_multiply_accumulates_of_what_is_not_zero():
    graph = archsim.workload("mlp")
    counts = neurobench(graph)
    assert counts.dense == archsim.count(graph).macs == counts.effective_macs
    assert counts.effective_acs == 0.0 and counts.activation_sparsity == 0.0
