"""One graph convolution in both orders, fused and with messages: counts by hand."""

from __future__ import annotations

import pytest

import archsim as a
from archsim.errors import UsageError

SIZES = {"nodes": 5, "edges": 7, "features": 6, "hidden": 3}
LINKS = 5 + 7


def works(**how):
    return {op.name.split("/")[-1]: op.work for op in a.workload("gcn-layer", **SIZES, **how).ops}


def test_the_order_decides_how_wide_the_sums_are():
    first, last = works(first="combine"), works(first="aggregate")
    assert first["combine"].macs == last["combine"].macs == 5 * 6 * 3
    assert (first["aggregate"].entries, first["aggregate"].width) == (LINKS, 3)
    assert (last["aggregate"].entries, last["aggregate"].width) == (LINKS, 6)


def test_messages_are_written_for_every_link():
    graph = a.workload("gcn-layer", **SIZES, style="messages")
    rows = graph.tensors[next(op for op in graph.ops if op.name.endswith("copy-rows")).outputs[0]]
    assert rows.shape == (LINKS, 3)
    assert sum(op.work.macs for op in graph.ops if op.name == "combine") == 5 * 6 * 3
    assert graph.tensors[graph.ops[-1].outputs[0]].shape == (5, 3)


def test_one_phase_alone():
    assert set(works(phase="combine")) == {"combine"}
    assert "combine" not in works(phase="aggregate", style="messages")
    assert works(phase="aggregate")["aggregate"].width == 3


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"first": "agregate"}, "first is 'agregate'; did you mean 'aggregate'"),
        ({"style": "x"}, "style is 'x'; write fused or messages"),
        ({"phase": "x"}, "phase is 'x'; write both, combine or aggregate"),
    ],
)
def test_typos(how, message):
    with pytest.raises(UsageError, match=message):
        a.workload("gcn-layer", **how)
