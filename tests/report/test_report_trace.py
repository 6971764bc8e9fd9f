"""A trace holds every execution once, end to end, and opens as strict JSON."""

from __future__ import annotations

import json

import pytest

import archsim
from archsim.cli import main
from archsim.report.trace import trace


@pytest.mark.parametrize("workload", ["resnet50", "gpt2-small"])
def test_ops_follow_one_another_and_fill_the_run(workload):
    result = archsim.evaluate(workload, "a100-sxm4-80gb")
    spans = [event for event in trace(result)["traceEvents"] if event["ph"] == "X"]
    assert len(spans) == sum(op.count for op in result.ops) == len(result.run.graph.ops)
    end = 0.0
    for span in spans:
        assert span["ts"] == pytest.approx(end, rel=1e-9, abs=1e-9)
        end = span["ts"] + span["dur"]
    assert end == pytest.approx(result.latency * 1e6)
    assert sum(span["args"]["energy_j"] for span in spans) == pytest.approx(
        result.energy - result.energy_by_detail["static"]
    )


def test_the_command_line_writes_it(tmp_path, capsys):
    file = tmp_path / "trace.json"
    assert main(["run", "resnet50", "a100-sxm4-80gb", "--json", "--trace", str(file)]) == 0
    assert json.loads(capsys.readouterr().out)["workload"] == "resnet50"
    events = json.loads(file.read_text())["traceEvents"]
    assert {event["ph"] for event in events} == {"M", "X", "C"}


def test_a_folder_is_refused_before_anything_runs(tmp_path, capsys):
    assert main(["run", "resnet50", "a100-sxm4-80gb", "--trace", str(tmp_path)]) == 2
    assert "folder" in capsys.readouterr().err
