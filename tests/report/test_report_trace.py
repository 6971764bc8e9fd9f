"""A trace holds every execution once, end to end, and opens as strict JSON."""

from __future__ import annotations

import itertools
import json

import pytest

import archsim
from archsim.cli import main
from archsim.report.trace import trace


@pytest.mark.parametrize("workload", ["resnet50", "gpt2-small"])
def test_ops_follow_one_another_and_fill_the_run(workload):
    result = archsim.evaluate(workload, "a100-sxm4-80gb")
    events = trace(result)["traceEvents"]
    spans = [event for event in events if event["ph"] == "X" and event["cat"] == "op"]
    assert len(spans) == sum(op.count for op in result.ops) == len(result.run.graph.ops)
    end = 0.0
    for span in spans:
        assert span["ts"] == pytest.approx(end, rel=1e-9, abs=1e-9)
        end = span["ts"] + span["dur"]
    assert end == pytest.approx(result.latency * 1e6)
    assert sum(span["args"]["energy_j"] for span in spans) == pytest.approx(
        result.energy - result.energy_by_detail["static"]
    )


@pytest.mark.parametrize(
    ("workload", "machine", "schedule"),
    [
        ("bert-base", "tpu-v4", "serial"),
        ("googlenet", "a100-sxm4-80gb", "overlap"),
        ("resnet18", "isaac", "pipelined"),
        ("bert-base", "xeon-a100-dota", "overlap"),
    ],
)
def test_every_unit_has_a_track_on_which_nothing_overlaps(workload, machine, schedule):
    result = archsim.evaluate(workload, machine, schedule=schedule)
    events = trace(result)["traceEvents"]
    tracks, named = {}, set()
    for event in events:
        if event["ph"] == "X":
            tracks.setdefault((event["pid"], event["tid"]), []).append((event["ts"], event["ts"] + event["dur"]))
        if event["name"] == "thread_name":
            named.add((event["pid"], event["tid"]))
    assert set(tracks) <= named and len(tracks) > 1
    for held in tracks.values():
        held.sort()
        assert all(end <= start + 1e-6 * result.latency * 1e6 for (_, end), (start, _) in itertools.pairwise(held))
        assert held[-1][1] <= result.latency * 1e6 * (1 + 1e-9)
    begun = [event["id"] for event in events if event["ph"] == "b"]
    ended = [event["id"] for event in events if event["ph"] == "e"]
    assert sorted(begun) == sorted(ended) and len(begun) in (0, len(result.run.graph.ops))


def test_counters_add_up_to_the_energy_and_the_bytes():
    result = archsim.evaluate("googlenet", "a100-sxm4-80gb", schedule="overlap")
    points = [event for event in trace(result)["traceEvents"] if event["ph"] == "C"]
    for counter, key, total in (
        ("power", "W", result.energy),
        ("bandwidth", "hbm GB/s", result.bytes_by_level["hbm"] / 1e9),
    ):
        steps = [(event["ts"] / 1e6, event["args"][key]) for event in points if event["name"] == counter]
        area = sum(rate * (end - start) for (start, rate), (end, _) in itertools.pairwise(steps))
        assert area == pytest.approx(total, rel=1e-6)


def test_the_command_line_writes_it(tmp_path, capsys):
    file = tmp_path / "trace.json"
    assert main(["run", "resnet50", "a100-sxm4-80gb", "--json", "--trace", str(file)]) == 0
    assert json.loads(capsys.readouterr().out)["workload"] == "resnet50"
    events = json.loads(file.read_text())["traceEvents"]
    assert {event["ph"] for event in events} == {"M", "X", "C"}


def test_a_folder_is_refused_before_anything_runs(tmp_path, capsys):
    assert main(["run", "resnet50", "a100-sxm4-80gb", "--trace", str(tmp_path)]) == 2
    assert "folder" in capsys.readouterr().err
