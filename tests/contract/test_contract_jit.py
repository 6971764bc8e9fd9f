"""Plain Python and compiled code give the same numbers, and families share a process and a cache without mixing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from contract_machines import FIRST, machine, paths_of_speed, uncapped, value_at
from contract_workloads import ROOM, network, single_ops

import archsim
from archsim.engine.evaluate import prepare

EXACT = 1e-12
RUNS = {
    "resnet50": ("resnet50", {}),
    "bert-base": ("bert-base", {}),
    "llama-2-7b-decode": ("llama-2-7b-decode", {}),
    "gcn-cora": ("gcn-cora", {}),
    "capsnet": ("capsnet", {}),
    "bfs": ("bfs", {}),
    "pointer-chase": ("pointer-chase", {}),
    "spiking-mlp": ("spiking-mlp", {}),
    "mamba-130m": ("mamba-130m", {}),
    "fft": ("fft", {}),
    "resnet18-training": ("resnet18", {"training": True}),
    "gpt2-adam": ("gpt2", {"training": True, "optimiser": "adam"}),
    "mobilenet-v2-int8": ("mobilenet-v2", {"precision": "int8", "fusion": "full"}),
}


@pytest.fixture(autouse=True)
def compiles(monkeypatch):
    monkeypatch.delenv("ARCHSIM_JIT", raising=False)


def assert_same_records(some, others):
    assert some.dtype == others.dtype
    for column in some.dtype.names:
        np.testing.assert_allclose(some[column], others[column], rtol=EXACT, atol=0.0, err_msg=column)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("family", FIRST)
def test_compiled_equals_plain(family, run):
    workload, how = RUNS[run]
    chip = machine(FIRST[family])
    plain, compiled = (archsim.evaluate(network(workload), chip, ROOM, jit=mode, **how) for mode in ("never", "always"))
    for one, other in zip(plain.run.parts, compiled.run.parts, strict=True):
        assert_same_records(one.outs, other.outs)
        assert_same_records(one.totals, other.totals)
    shown, expected = flat(compiled.to_dict()), flat(plain.to_dict())
    numbers = {path for path, value in expected.items() if isinstance(value, float)}
    assert shown.keys() == expected.keys()
    assert {path: shown[path] for path in numbers} == pytest.approx(
        {path: expected[path] for path in numbers}, rel=EXACT, abs=0.0
    )
    assert all(shown[path] == value for path, value in expected.items() if path not in numbers)


def flat(node, path=()):
    """Put every leaf of nested mappings and lists under its path."""
    if isinstance(node, dict):
        return {leaf: value for key in node for leaf, value in flat(node[key], (*path, key)).items()}
    if isinstance(node, list):
        return {leaf: value for index, item in enumerate(node) for leaf, value in flat(item, (*path, index)).items()}
    return {path: node}


@pytest.mark.parametrize("family", FIRST)
def test_compiled_sweeps_equal_plain_ones(family):
    chip = uncapped(FIRST[family])
    sweep = {path: value_at(chip, path) * np.geomspace(0.2, 5.0, 9) for path in paths_of_speed(chip)}
    for graph in single_ops():
        if prepare(graph, chip, archsim.Policy()).host:
            continue
        plain, compiled = (archsim.evaluate_points(graph, chip, sweep, ROOM, jit=mode) for mode in ("never", "always"))
        assert_same_records(plain, compiled)


REPORT = """
import json, sys
import archsim
graph = archsim.workload("resnet18")
answers = {}
for name in sys.argv[1:]:
    answer = archsim.evaluate(graph, archsim.hardware(name), jit="always", capacity="ignore")
    answers[name] = [answer.latency, answer.energy, [op.latency for op in answer.ops], answer.energy_by_detail]
print(json.dumps(answers))
"""


def answers(*names):
    paths = [str(Path(archsim.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        [sys.executable, "-c", REPORT, *names], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_families_in_one_process_and_one_cache_give_the_numbers_each_gives_alone():
    names = list(FIRST.values())
    alone = {}
    for name in names:
        alone |= answers(name)
    assert answers(*names) == alone
    assert answers(*reversed(names)) == alone
    assert len({tuple(numbers[2]) for numbers in alone.values()}) == len(names)
