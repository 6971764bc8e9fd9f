"""Parameters of language, state-space, recurrent, capsule and graph networks against published totals."""

import csv
import time
from pathlib import Path

import pytest

from archsim.errors import UsageError
from archsim.graph.counts import count
from archsim.workloads import workload
from archsim.workloads.experts import spread
from archsim.workloads.transformer import transformer

FIGURES = Path(__file__).parents[2] / "models" / "measured" / "figures"

NAMES = {
    "GPT-2 small": "gpt2-small",
    "GPT-2 medium": "gpt2-medium",
    "GPT-2 large": "gpt2-large",
    "GPT-2 XL": "gpt2-xl",
    "GPT-3 175B": "gpt3-175b",
    "BERT-base": "bert-base",
    "BERT-large": "bert-large",
    "LLaMA-2-7B": "llama-2-7b",
    "LLaMA-2-13B": "llama-2-13b",
    "LLaMA-2-70B": "llama-2-70b",
    "LLaMA-3-8B": "llama-3-8b",
    "Mixtral-8x7B total": "mixtral-8x7b",
    "Mamba-130m": "mamba-130m",
    "Mamba-2.8b": "mamba-2.8b",
    "CapsNet MNIST (Sabour 2017) with decoder": "capsnet",
    "CapsNet without decoder": "capsnet-no-decoder",
    "LSTM PTB-large (Zaremba 2014)": "lstm-ptb-large",
    "Binary MLP (BNN MNIST)": "binary-mlp",
    "Spiking MLP (keyword spotting)": "keyword-spotting-snn",
    "GCN Cora": "gcn-cora",
    "GCN CiteSeer": "gcn-citeseer",
    "GCN PubMed": "gcn-pubmed",
    "GAT Cora 8x8 heads": "gat-cora",
}
ELSEWHERE = {"Mixtral-8x7B active"}  # what one token touches; held in test_lottery

# Totals as commonly reported for the released checkpoints; none is read from a source that this repository carries.
RELEASED = {
    "opt-125m": 125_239_296,
    "llama-3-70b": 70_553_706_496,
    "llama-3.1-405b": 405_853_388_800,
    "mistral-7b": 7_241_732_096,
    "qwen2-0.5b": 494_032_768,
    "qwen2-7b": 7_615_616_512,
    "qwen2-72b": 72_706_203_648,
    "qwen3-8b": 8_190_735_360,
    "qwen3-30b-a3b": 30_532_122_624,
    "mamba-1.4b": 1_372_178_432,
    "t5-small": 60_506_624,
    "t5-base": 222_903_552,
    "t5-11b": 11_307_321_344,
    "flan-t5-base": 247_577_856,
}


def rows(name):
    lines = [line for line in (FIGURES / name).read_text().splitlines() if line and not line.startswith("#")]
    return list(csv.DictReader(lines))


def test_every_row_is_held():
    assert {row["model"] for row in rows("model_counts_formula.csv")} == set(NAMES) | ELSEWHERE


@pytest.mark.parametrize("model", NAMES)
def test_parameters_equal_the_published_ones(model):
    published = {row["model"]: int(row["params"]) for row in rows("model_counts_formula.csv")}
    assert count(workload(NAMES[model])).parameters == published[model]


@pytest.mark.parametrize("name", RELEASED)
def test_parameters_equal_those_of_the_released_checkpoint(name):
    assert count(workload(name)).parameters == RELEASED[name]


@pytest.mark.parametrize("row", rows("gnn_datasets.csv"), ids=lambda row: row["dataset"])
def test_graph_networks_have_the_datasets_sizes(row):
    known = workload(f"gcn-{row['dataset'].lower()}").parameters
    assert {key: known[key] for key in ("nodes", "edges", "features", "classes")} == {
        key: int(row[key]) for key in ("nodes", "edges", "features", "classes")
    }
    for kind in ("graphsage", "gat"):
        assert workload(f"{kind}-{row['dataset'].lower()}").items == int(row["nodes"])


def test_prefill_counts_full_attention_and_every_logit():
    graph = workload("llama-2-7b", sequence=2048)
    attention = sum(op.macs for op in graph.ops if op.kind == "attention")
    assert attention == 1_099_511_627_776
    assert count(graph).macs - attention - 268_435_456_000 == 13_262_859_010_048
    assert graph.ops[-1].macs == 268_435_456_000
    assert sum(op.kind == "normalise" for op in graph.ops) == 65
    last = workload("llama-2-7b", sequence=2048, logits="last")
    assert last.ops[-1].macs == 4096 * 32_000


def test_chunked_prefill_does_the_work_of_the_whole():
    whole = workload("llama-2-7b", sequence=512, logits="last")
    halves = [workload("llama-2-7b", sequence=256, past=past, logits="last") for past in (0, 256)]

    def attended(graph):
        return sum(op.macs * op.work.mask for op in graph.ops if op.kind == "attention")

    assert sum(map(attended, halves)) == pytest.approx(attended(whole), rel=1e-12)


def test_a_window_bounds_what_decode_reads():
    graph = workload("mistral-7b", phase="decode", past=20_000)
    assert {op.work.key_length for op in graph.ops if op.kind == "attention"} == {4096}


@pytest.mark.parametrize("batch", [1, 3, 5, 8, 64])
def test_experts_share_the_tokens_exactly(batch):
    graph = workload("mixtral-8x7b", phase="decode", batch=batch)
    experts = [op for op in graph.ops if "experts/" in op.name and op.kind == "matmul"]
    assert sum(op.macs for op in experts) == 32 * batch * 2 * 3 * 4096 * 14336
    groups = spread(batch * 2, 8)
    assert sum(busy for busy, _ in groups) == min(8, batch * 2)
    assert sum(busy * each for busy, each in groups) == batch * 2
    assert count(graph).parameters == 46_702_792_704


def test_a_quadrillion_parameters_are_counted_exactly():
    layers, width, vocabulary = 128, 2**20, 2**18
    graph = transformer(
        layers=layers, width=width, heads=2**13, vocabulary=vocabulary, context=4096, sequence=4096, batch=1024
    )
    block = 12 * width**2 + 13 * width
    exact = layers * block + vocabulary * width + 4096 * width + 2 * width
    assert count(graph).parameters == exact > 10**15
    tokens = 1024 * 4096
    attention = layers * 2 * 1024 * 4096**2 * width
    assert count(graph).macs == tokens * (layers * 12 * width**2 + vocabulary * width) + attention > 2**63


def test_gpt3_builds_quickly():
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        graph = workload("gpt3-175b")
        best = min(best, time.process_time() - start)
    assert len(graph.ops) == 3 + 96 * 10 + 2
    assert best < 0.5  # tens of milliseconds; the limit leaves room for a loaded machine


def test_packed_and_separate_projections_do_the_same_work():
    packed, apart = workload("gpt2-small"), workload("gpt2-small", packed=False)
    assert count(packed).macs == count(apart).macs
    assert count(packed).parameters == count(apart).parameters
    assert len(apart.ops) == len(packed.ops) + 2 * 12


def test_weight_format_is_that_of_the_matrices_alone():
    whole, quarter = workload("llama-2-7b"), workload("llama-2-7b", weight_dtype="int4")
    ends = 2 * 32_000 * 4096 + 65 * 4096  # embedding, head and norms keep the activations' format
    assert count(quarter).weight_bytes == (count(whole).parameters - ends) / 2 + 2 * ends


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"phase": "train"}, "phase='train'.*prefill, decode"),
        ({"heads": 7}, "width=768 does not divide into heads=7"),
        ({"kv_heads": 5}, "heads=12 do not divide into groups of kv_heads=5"),
        ({"activation": "swish"}, "activation='swish'.*silu"),
        ({"sequence": 2048}, "2048 tokens do not fit into context=1024"),
        ({"experts": 4, "experts_per_token": 5}, "experts_per_token=5 of experts=4"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises(UsageError, match=words):
        workload("transformer", **arguments)


def test_more_tokens_than_the_network_was_made_for_are_noted():
    assert workload("llama-2-7b", sequence=4096).notes == ()
    assert "8192 tokens" in workload("llama-2-7b", sequence=8192).notes[0]
