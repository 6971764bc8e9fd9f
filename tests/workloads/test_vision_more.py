"""Networks torchvision does not have, and Switch: parameters as their libraries and papers print them."""

import pytest

from archsim.errors import UsageError
from archsim.graph.check import check_graph
from archsim.graph.counts import count
from archsim.workloads import workload

# Millions of parameters as timm prints them with its results, and billions of multiply-accumulates of the papers.
PUBLISHED = (
    ("convnext-atto", "3.70", "0.55"),
    ("convnext-femto", "5.22", "0.78"),
    ("convnext-pico", "9.05", "1.37"),
    ("convnext-nano", "15.59", "2.45"),
    ("convmixer-768-32", "21.11", "20.68"),
    ("convmixer-1536-20", "51.63", "51.10"),
    ("ghostnet-1-0", "5.18", "0.14"),
    ("poolformer-s12", "11.92", "1.81"),
    ("poolformer-m36", "56.17", "8.76"),
    ("resmlp-s12", "15.35", "3.01"),
    ("resmlp-s24", "30.02", "5.96"),
    ("resmlp-b24", "115.74", "23.02"),
)


@pytest.mark.parametrize(("name", "parameters", "macs"), PUBLISHED)
def test_counts_of_papers_and_libraries(name, parameters, macs):
    graph = workload(name)
    check_graph(graph)
    counts = count(graph)
    assert f"{counts.parameters / 1e6:.2f}" == parameters
    assert f"{counts.macs / 1e9:.2f}" == macs


def test_a_kernel_of_another_size_is_depthwise_only():
    seven, five = count(workload("convnext-t")), count(workload("convnext-t", kernel=5))
    depthwise = sum(3 * (49 - 25) * c for c in (96, 192, 768)) + 9 * (49 - 25) * 384
    assert seven.parameters - five.parameters == depthwise
    assert 0 < seven.macs - five.macs < 0.02 * seven.macs
    with pytest.raises(UsageError, match="kernel=4 has no middle"):
        workload("convnext-t", kernel=4)


def test_unknown_poolformer():
    with pytest.raises(UsageError, match="no size='l12'"):
        workload("poolformer-s12", size="l12")


def test_switch_base_is_as_large_as_published():
    # Fedus 2021 prints 7 billion for 128 experts; 8 of the released checkpoints hold 619 million.
    assert f"{count(workload('switch-base-8')).parameters / 1e6:.0f}" == "619"


def test_switch_runs_every_expert_on_as_many_tokens_as_fit():
    graph = workload("switch-xl-4", batch=2)
    ups = [op for op in graph.ops if op.name.endswith("/up") and "expert-" in op.name]
    assert len(ups) == 24 * 4
    assert {(op.work.m, op.work.n, op.work.k) for op in ups} == {(2 * 64, 16384, 1024)}


@pytest.mark.parametrize(
    ("head", "more"),
    [("", 0), ("classifier", 2 * 1024 + 2), ("pretraining", 2 * 1024 + 2 + 1024 * 1024 + 3 * 1024 + 30522)],
)
def test_heads_of_bert(head, more):
    assert count(workload("bert-large", head=head)).parameters == 335_141_888 + more


def test_a_head_needs_its_pooler():
    with pytest.raises(UsageError, match="needs the pooler"):
        workload("bert-large", head="classifier", pooler=False)


def test_dropout_is_work_and_no_parameter():
    plain, dropping = workload("gpt2-small"), workload("gpt2-small", dropout=True)
    assert count(dropping).parameters == count(plain).parameters
    assert len(dropping.ops) - len(plain.ops) == 1 + 2 * 12
