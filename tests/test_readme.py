"""The README says what is so: its commands, its example, its tables, its picture, its links."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import archsim as a
from archsim.arch import registry
from archsim.cli import main
from archsim.workloads.registry import generators

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"<!-- command: ([\w ]+) -->\n+```sh\n(.+?)\n```", re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
KINDS = {"GPU": "gpu", "CPU": "cpu", "systolic array": "systolic", "analog crossbar": "crossbar", "optical": "optical",
         "spiking": "spiking"}  # fmt: skip


def commands() -> dict[str, str]:
    return dict(COMMAND.findall(README))


def test_there_are_two_commands_and_ci_runs_both():
    assert set(commands()) == {"main job", "tests"}
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for name in commands():
        assert f'readme_command "{name}"' in script


def test_each_command_makes_its_environment_in_one_line():
    for command in commands().values():
        assert "\n" not in command
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")


def test_the_main_job_answers(capsys):
    words = shlex.split(commands()["main job"].rpartition("&&")[2])
    assert words[0] == ".venv/bin/archsim"
    assert main(words[1:]) == 0
    answer = capsys.readouterr().out
    for machine in words[3:]:
        assert machine in answer
    assert "latency" in answer


def test_the_example_runs_and_is_short(capsys):
    (block,) = PYTHON.findall(README)
    assert len([line for line in block.splitlines() if line.strip()]) <= 10
    names: dict[str, object] = {}
    exec(block, names)
    assert "conv" in capsys.readouterr().out
    assert names["result"].bound in names["result"].exposed


def test_the_status_of_every_kind_of_machine_is_true():
    states = dict(re.findall(r"^\| ([\w ]+?) \| (works|not yet) \|", README, re.MULTILINE))
    assert set(states) >= set(KINDS)
    there = {name for name in registry.names() if not registry.get(name).internal}
    assert {family for kind, family in KINDS.items() if states[kind] == "works"} == there


def test_what_is_said_about_the_picture_is_so():
    net = a.workload("resnet50", batch=32)
    gpu, cpu = (a.evaluate(net, a.hardware(name)) for name in ("a100-sxm4-80gb", "xeon-gold-6248"))
    assert 0.5 < (gpu.exposed["hbm"] + gpu.exposed["l2"]) / gpu.latency < 0.7
    assert cpu.exposed["SIMD units"] / cpu.latency > 0.85


def test_there_are_as_many_workloads_as_it_says():
    (count,) = re.findall(r"more than (\d+) by name", README)
    assert len(generators()) > int(count)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_links_lead_somewhere(target):
    assert target.startswith("https://") or (ROOT / target).is_file()


def test_archsim_commands_in_the_text_exist():
    from archsim.cli.app import COMMANDS

    named = set(re.findall(r"`(?:\.venv/bin/)?archsim ([a-z]+)", README))
    assert named
    assert named <= set(COMMANDS)
