"""Generators without a published table: exact sizes by hand, and every registered name builds."""

import math

import pytest

from archsim.errors import UsageError
from archsim.graph import Role
from archsim.graph.counts import count
from archsim.workloads import find, generators, workload
from archsim.workloads.recommender import CRITEO_TERABYTE

GROUPS = ("autoencoder", "capsule", "classical", "graph", "lottery", "mlp", "recommender", "recurrent", "spiking")


@pytest.mark.parametrize("name", [made.name for made in generators() if made.group in GROUPS])
def test_every_name_builds_with_its_defaults(name):
    graph = workload(name)
    counts = count(graph)
    assert graph.ops
    assert graph.items > 0
    assert math.isfinite(counts.flops + counts.special)
    assert graph.name == find(name).name


def test_dlrm_counts_by_hand():
    graph = workload("dlrm-mlperf", batch=3)
    rows = sum(int(part) for part in CRITEO_TERABYTE.split("-"))
    layers = [(13, 512), (512, 256), (256, 128), (479, 1024), (1024, 1024), (1024, 512), (512, 256), (256, 1)]
    assert count(graph).parameters == rows * 128 + sum(k * n + n for k, n in layers)
    assert count(graph).macs == 3 * (sum(k * n for k, n in layers) + 27 * 27 * 128)
    lookups = [op for op in graph.ops if op.kind == "gather"]
    assert len(lookups) == 26
    assert {op.reads[0] for op in lookups} == {3 * 128}


def test_dlrm_says_what_does_not_fit():
    with pytest.raises(UsageError, match="end it at width=64"):
        workload("dlrm-kaggle", width=64)
    with pytest.raises(UsageError, match="top='512,256'"):
        workload("dlrm-kaggle", top="512,256")


def test_attention_of_a_graph_touches_every_edge():
    graph = workload("gat-cora")
    links = 10_556 + 2_708
    aggregate = [op.work for op in graph.ops if op.name.endswith("aggregate")]
    assert [(work.entries, work.width) for work in aggregate] == [(links, 64), (links, 7)]


def test_le2012_filters_are_not_shared():
    graph = workload("le2012-autoencoder")
    positions = [(183, 3), (162, 8), (141, 8)]
    assert count(graph).parameters == sum(side**2 * 18**2 * channels * 8 for side, channels in positions)
    assert count(graph).macs == count(graph).parameters
    assert count(workload("le2012-autoencoder", batch=5)).macs == 5 * count(graph).macs
    assert count(workload("le2012-autoencoder", reconstruct=True)).macs == 2 * count(graph).macs
    assert sum(op.name.endswith(("filter", "pool", "contrast")) for op in graph.ops) == 9


def test_the_two_fourier_transforms_count_as_in_the_books():
    assert count(workload("fft", length=1024)).flops == 5 * 1024 * 10
    assert count(workload("fft-2d", length=1024)).flops == 2 * 1024 * 5 * 1024 * 10
    assert count(workload("dft", length=1024)).macs == 4 * 1024**2
    signal = workload("fft", length=1024).tensors["signal"]
    assert signal.bytes == 1024 * 8


def test_dense_and_spiking_twins_have_the_same_weights():
    for spiking, dense in (("spiking-mlp", "mlp"), ("spiking-cnn", "dense-cnn")):
        one, other = workload(spiking, timesteps=4), workload(dense)
        assert count(one).parameters == count(other).parameters
        assert count(one).macs == 4 * count(other).macs


def test_a_gru_has_three_gates_where_an_lstm_has_four():
    lstm, gru = count(workload("lstm-ptb-large")).parameters, count(workload("gru-ptb-large")).parameters
    assert lstm - gru == 2 * (3000 * 1500 + 1500)


def test_mamba_decodes_from_state_of_fixed_size():
    graph = workload("mamba-130m", phase="decode", batch=2)
    state = [tensor for tensor in graph.tensors.values() if tensor.role is Role.STATE]
    assert sum(tensor.elements for tensor in state) == 24 * 2 * 1536 * (16 + 3)
    assert count(graph).macs == 2 * (89_653_248 + 147_456 + 38_615_040)


def test_bert_layer_is_a_layer_of_bert_large():
    with_two = count(workload("bert-large", layers=2)).parameters
    with_one = count(workload("bert-large", layers=1)).parameters
    assert with_two - with_one == count(workload("bert-large-layer")).parameters == 12_596_224
    with pytest.raises(UsageError, match="sequence=1024 does not fit into positions=512"):
        workload("bert-base", sequence=1024)


def test_t5_adds_its_position_bias_in_self_attention_only():
    graph = workload("t5-small", source=32, target=16)
    attention = [op for op in graph.ops if op.kind == "attention"]
    assert [len(op.inputs) for op in attention] == [4] * 6 + [4, 3] * 6
    cross = [op.work for op in attention if len(op.inputs) == 3]
    assert {(work.query_length, work.key_length) for work in cross} == {(16, 32)}


def test_names_answer_without_hyphens_and_case():
    assert find("GPT2").name == "gpt2-small"
    assert find("LLaMA_2_7B").name == "llama-2-7b"
    with pytest.raises(UsageError, match="EIE has no layer 'alex-9'; did you mean 'alex-"):
        workload("eie-layers", layer="alex-9")
