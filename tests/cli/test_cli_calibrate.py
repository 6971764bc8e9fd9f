"""``archsim calibrate cpu`` and ``archsim validate --this-machine``, on a machine that exists on paper only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "study"))
from machine_samples import CROWDED, HOST, QUIET, PaperBench

from archsim.study import this_machine


@pytest.fixture
def paper(monkeypatch, tmp_path):
    """Measure the paper machine wherever this one would be; return what can be set about it."""
    monkeypatch.chdir(tmp_path)
    machine = {"load": QUIET, "bench": PaperBench()}
    measure, judge = this_machine.measure, this_machine.judge

    def measured(**options):
        return measure(HOST, **machine, samples=[], **options)

    def judged(file, **options):
        return judge(file, **machine, host=HOST, **options)

    monkeypatch.setattr(this_machine, "measure", measured)
    monkeypatch.setattr(this_machine, "judge", judged)
    return machine


def test_calibrate_writes_a_file_and_says_what_was_measured(cli, paper, tmp_path):
    answer = cli("calibrate", "cpu")
    assert (answer.code, answer.err.count("\n")) == (0, 1)
    assert answer.err.startswith("wrote: this-machine.yaml; next: archsim validate --family cpu --this-machine")
    for word in ("Paper CPU", "4 of 8 logical CPUs", "core-haswell", "2.5 GHz on 4", "dram", "18", "load average 0.10"):
        assert word in answer.out, word
    shown = cli("show", tmp_path / "this-machine.yaml")
    assert shown.code == 0
    assert "local-measurement" in shown.out
    assert cli("cite", tmp_path / "this-machine.yaml").code == 0


def test_calibrate_in_json(cli, paper, tmp_path):
    answer = cli("calibrate", "cpu", "--json", "-o", tmp_path / "mine.yaml")
    said = json.loads(answer.out)
    assert (answer.code, said["cores"], said["crowded"], said["warnings"]) == (0, 4, False, [])
    assert [level["name"] for level in said["levels"]] == ["dram", "l3", "l2", "l1"]
    assert said["clock_hz_by_cores"] == {"1": pytest.approx(3.0e9), "4": pytest.approx(2.5e9)}
    assert said["quota_cpus"] is None


def test_a_file_is_not_replaced_unasked(cli, paper, tmp_path):
    file = tmp_path / "this-machine.yaml"
    file.write_text("mine\n")
    cli("calibrate", "cpu").refuses(2, "'this-machine.yaml' is there already", "--force")
    assert file.read_text() == "mine\n"
    assert cli("calibrate", "cpu", "--force").code == 0
    assert "family: cpu" in file.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["calibrate", "gpu"], "did you mean 'cpu'?"),
        (["calibrate", "fpga"], "archsim calibrate cpu"),
        (["calibrate", "cpu", "--outptu", "x.yaml"], "did you mean '--output'?"),
        (["calibrate", "cpu", "--output", "none/x.yaml"], "there is no folder 'none'"),
        (["calibrate", "cpu", "--output", "."], "it is a folder"),
        (["calibrate", "cpu", "--output", "x.json"], "is no .yaml file"),
        (["calibrate"], "missing argument"),
        (["validate", "--this-machine"], "archsim calibrate cpu"),
        (["validate", "--this-machine", "none.yaml"], "there is no file 'none.yaml'"),
        (["validate", "--this-machine", "--dataset", "deepbench.csv"], "--dataset does not go with --this-machine"),
        (["validate", "--this-machine", "--markdown"], "--markdown does not go with --this-machine"),
        (["validate", "--this-machine", "--family", "gpu"], "'gpu' does not go with --this-machine"),
        (["validate", "deepbench.csv"], "goes with --this-machine"),
        (["validate", "--force"], "--force goes with --this-machine"),
    ],
)
def test_wrong_calls(cli, paper, words, said):
    before = paper["bench"].asked[:]
    cli(*words).refuses(2, said)
    assert paper["bench"].asked == before


def test_a_crowded_machine_is_refused_before_anything_is_written(cli, paper, tmp_path):
    paper["load"] = CROWDED
    cli("calibrate", "cpu").refuses(4, "load average 1.40 per core", "--force")
    assert list(tmp_path.iterdir()) == []
    forced = cli("calibrate", "cpu", "--force")
    assert forced.code == 0
    assert "warning: other programs used the machine" in forced.err
    assert "measure again" in (tmp_path / "this-machine.yaml").read_text()
    cli("validate", "--this-machine").refuses(4, "other programs use this machine")


def test_validate_predicts_and_says_how_far_off_it_was(cli, paper):
    assert cli("calibrate", "cpu").code == 0
    answer = cli("validate", "--family", "cpu", "--this-machine")
    assert answer.code == 0
    for word in ("measured", "predicted", "error", "softmax", "spmm fp32", "MAPE", "limit 25 %", "load average 0.10"):
        assert word in answer.out, word
    said = json.loads(cli("validate", "--this-machine", "this-machine.yaml", "--json").out)
    assert (said["limit_percent"], said["crowded"], len(said["rows"])) == (25.0, False, len(said["rows"]))
    assert said["ok"] is (said["mape_percent"] <= 25.0)
    assert {row["op"] for row in said["rows"]} >= {"gemm fp32", "softmax", "layer norm", "conv by im2col", "spmm fp32"}
    assert cli("validate", "--this-machine", "--csv").out.startswith("op,shape,measured_s,predicted_s,")
    strict = cli("validate", "--this-machine", "--strict")
    assert strict.code == (0 if said["ok"] else 1)


def test_another_family_is_no_description_of_this_machine(cli, paper, machine):
    cli("validate", "--this-machine", machine()).refuses(2, "of the family 'null'", "archsim calibrate cpu")


@pytest.mark.parametrize("words", [["calibrate", "--help"], ["calibrate", "gpu"], ["validate", "--help"]], ids=" ".join)
def test_help_and_mistakes_import_no_compiler(words):
    script = (
        "import sys; from archsim.cli import main; main(sys.argv[1:]);"
        "print([name for name in ('numba', 'scipy', 'llvmlite', 'numpy') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"
