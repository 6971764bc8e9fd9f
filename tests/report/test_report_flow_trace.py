"""The trace of a pipeline: every piece in every stage, and the time of the result."""

from __future__ import annotations

import pytest

import archsim as a
from archsim.report.trace import trace


@pytest.mark.parametrize("how", [{}, {"training": True}, {"schedule": "overlap"}])
def test_every_piece_passes_every_stage(how):
    graph = a.workload("transformer", layers=4, width=64, heads=4, vocabulary=100, sequence=8, context=16)
    result = a.evaluate(graph, "hgx-a100-4", pipeline_parallel=4, micro_batches=3, **how)
    slices = [event for event in trace(result)["traceEvents"] if event["ph"] == "X"]
    pieces = [event for event in slices if event["cat"] == "piece"]
    assert {(event["tid"], event["name"]) for event in pieces} == {
        (stage, f"piece {piece}") for stage in range(4) for piece in range(3)
    }
    ends = [event["ts"] + event["dur"] for event in slices]
    assert max(ends) * 1e-6 == pytest.approx(result.latency)
    assert len(slices) - len(pieces) == (4 if how.get("training") else 0)
    for quantity in ("latency", "energy"):
        assert str(result.explain(quantity)).startswith(f"{quantity} of transformer")
