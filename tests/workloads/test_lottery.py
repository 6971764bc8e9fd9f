"""The hardware-lottery workloads against their published counts, and the conventions those counts follow."""

import csv
from pathlib import Path

import pytest

from archsim.errors import UsageError
from archsim.graph import Role
from archsim.graph.counts import count
from archsim.graph.work import Gather, Neuron, Scan
from archsim.workloads import find, workload
from archsim.workloads.lottery import ROWS, published_macs, published_parameters

PUBLISHED = Path(__file__).parents[2] / "models" / "measured" / "figures" / "hardware_lottery_workloads.csv"


def published():
    lines = [line for line in PUBLISHED.read_text().splitlines() if line and not line.startswith("#")]
    return {row["id"]: row for row in csv.DictReader(lines)}


@pytest.mark.parametrize("row", published().values(), ids=published())
def test_counts_equal_the_published_ones(row):
    graph = workload(f"lottery-{row['id'].lower()}")
    if row["macs"]:
        assert published_macs(row["id"], graph) == int(row["macs"])
    if row["params"]:
        assert published_parameters(row["id"], graph) == int(row["params"])


def test_every_row_has_a_workload():
    assert set(ROWS) == set(published())
    assert all(find(row.workload) for row in ROWS.values())


def test_rows_take_a_batch():
    assert workload("lottery-t2", batch=16).items == 16
    assert workload("lottery-c1", batch=4).items == 4
    with pytest.raises(UsageError, match="no parameter 'batch'"):
        workload("lottery-i2", batch=4)


def test_the_graph_itself_counts_contractions_of_the_whole_run():
    assert count(workload("gcn-cora")).macs == 62_089_024 + 303_296
    assert count(workload("mamba-130m")).macs == 2048 * (89_653_248 + 147_456 + 38_615_040)
    assert count(workload("lstm-ptb-large")).macs == 35 * 20 * 51_000_000
    assert count(workload("keyword-spotting-snn")).macs == 10 * 172_800
    assert count(workload("sparse-mlp-90")).macs == 4 * 4096**2


def test_irregular_macs_are_half_the_flops_of_gathers_and_scans():
    gathers = [op.work for op in workload("gcn-reddit").ops if isinstance(op.work, Gather)]
    assert [work.entries * work.width for work in gathers] == [14_700_653_696, 4_708_803_137]
    scans = [op.work for op in workload("mamba-130m").ops if isinstance(op.work, Scan)]
    assert sum(work.flops / 2 for work in scans) == 2048 * 1_769_472
    assert {work.length for work in scans} == {2048}


def test_decode_reads_a_cache_of_one_gibibyte_and_writes_one_entry():
    graph = workload("lottery-t2")
    state = [tensor for tensor in graph.tensors.values() if tensor.role is Role.STATE]
    assert sum(tensor.bytes for tensor in state) == 1_073_741_824
    moves = [op for op in graph.ops if op.kind == "move"]
    assert len(moves) == 2 * 32
    assert {op.work.elements for op in moves} == {4096}
    attention = next(op for op in graph.ops if op.kind == "attention")
    assert attention.work.key_length == 2048
    assert attention.work.mask == 1
    assert sum(attention.elements_read(graph.tensors).values()) == 4096 * (1 + 2 * 2048)


def test_one_token_of_mixtral_touches_two_experts():
    graph = workload("lottery-m1")
    weights = {tensor.name for tensor in graph.weights}
    read = {}
    for op in graph.ops:
        for name, elements in op.elements_read(graph.tensors).items():
            if name in weights and op.kind != "gather":
                read[name] = read.get(name, 0) + elements
    embedding = 32_000 * 4096  # one row of it is gathered; the published number counts it whole
    assert sum(read.values()) + embedding == 12_879_925_248


def test_spiking_twins_carry_rate_and_timesteps():
    graph = workload("keyword-spotting-snn", rate=0.05, timesteps=7)
    synapses = [op for op in graph.ops if op.kind == "matmul"]
    assert {op.steps for op in synapses} == {7}
    spikes = [graph.tensors[op.inputs[0]] for op in synapses]
    assert {(tensor.density, tensor.structure, tensor.dtype) for tensor in spikes} == {(0.05, "temporal", "binary")}
    neurons = [op.work for op in graph.ops if isinstance(op.work, Neuron)]
    assert [(work.neurons, work.steps, work.fan_out) for work in neurons] == [(256, 7, 256), (256, 7, 29), (29, 7, 0)]


def test_the_recurrence_waits_for_every_step():
    graph = workload("lottery-r1")
    gates = [op for op in graph.ops if op.name.endswith("gates")]
    assert [(op.steps, op.work.m, op.work.k, op.work.n) for op in gates] == [(35, 20, 3000, 6000)] * 2


def test_search_rows_have_the_stated_sizes():
    chase = workload("lottery-i2").ops[0].work
    assert (chase.loads, chase.chains, chase.footprint) == (10_000_000, 1, 2**30)
    search = workload("lottery-i3").ops[0].work
    assert (search.loads, search.chains, search.footprint) == (20, 1_000_000, 8 * 2**20)
    bfs = workload("lottery-i1")
    visits = [op.work for op in bfs.ops if op.name.endswith("visit")]
    assert sum(work.entries for work in visits) == 2 * 16_777_216
    marks = [op.work for op in bfs.ops if op.kind == "scatter"]
    assert sum(work.entries for work in marks) == 1_048_576


def test_routing_is_the_stated_share():
    routing = [op for op in workload("lottery-k1").ops if "routing" in op.name]
    assert sum(op.macs for op in routing) == 552_960 + 368_640
    assert [op.kind for op in routing].count("normalise") == 3


def test_one_bit_layers_store_one_bit():
    graph = workload("lottery-b1")
    assert count(graph).weight_bytes == 36_806_656 / 8
    assert {graph.tensors[op.outputs[0]].dtype for op in graph.ops if op.kind == "matmul"} == {"int16"}


def test_eie_layers_are_sparse_in_weights_and_activations():
    graph = workload("eie-alex-6")
    assert graph.weights[0].density == 0.09
    assert graph.tensors[graph.ops[0].inputs[0]].density == 0.351
    assert len(workload("lottery-s3").ops) == 9
