"""The shipped tables, their metadata, and the committed record of what was reached."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from archsim.errors import InvalidDescriptionError, UsageError
from archsim.io.catalogue import models_root
from archsim.validation import find_checks, locate, run_validation
from archsim.validation.baseline import read_baseline, worsened, write_baseline
from archsim.validation.metadata import read_metadata
from archsim.validation.outcome import Outcome

ROOT = Path(__file__).parents[2]
BASELINE = Path(__file__).with_name("baseline.json")
NAMES = ["a.csv", "b.csv"]
REACHED = Outcome("a.csv", "toy bf16", "mape", 30.0, 13.0, rows=10, skipped=0, ok=False)


@pytest.fixture(scope="module")
def shipped():
    return run_validation()


@pytest.fixture
def before(tmp_path):
    write_baseline(tmp_path / "baseline.json", [REACHED])
    return read_baseline(tmp_path / "baseline.json")


def test_no_shipped_check_got_worse(shipped):
    names = [check.dataset for check in find_checks()]
    assert worsened(shipped, read_baseline(BASELINE), names) == []


def test_every_group_reached_so_far_is_in_the_baseline(shipped):
    recorded = {(dataset, group) for dataset, groups in read_baseline(BASELINE).items() for group in groups}
    assert recorded == {(outcome.dataset, outcome.group) for outcome in shipped if outcome.rows}


def test_the_accuracy_tables_are_what_validate_prints_now(shipped):
    spec = importlib.util.spec_from_file_location("docs_accuracy", ROOT / "docs" / "accuracy.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    readme = module.README.read_text(encoding="utf-8")
    assert module.renewed(readme, shipped) == readme, "run: python docs/accuracy.py"
    assert module.groups(shipped) == module.GROUPS.read_text(encoding="utf-8"), "run: python docs/accuracy.py"


def test_shipped_gemm_rows_are_compared_or_counted(shipped):
    gemm = [outcome for outcome in shipped if outcome.dataset == "gemm_aiconfigurator.csv"]
    timed = [outcome for outcome in gemm if " power" not in outcome.group]
    assert sum(outcome.rows + outcome.fit + outcome.skipped for outcome in timed) == 12_700
    a100 = next(outcome for outcome in gemm if outcome.group == "a100-sxm4-80gb bf16")
    assert (a100.split, a100.limit) == ("score", 13.0)
    assert a100.rows + a100.fit == 3924
    assert a100.ok is (a100.value <= 13.0)


def test_every_table_with_a_check_has_metadata_and_stands_in_its_sources():
    paths = locate.shipped(check.dataset for check in find_checks())
    assert paths
    for check in find_checks():
        path = paths[check.dataset]
        assert path.parent == models_root() / "measured" / check.topic
        assert read_metadata(path).licence
        assert f"`{path.name}`" in (path.parent / "SOURCES.md").read_text(encoding="utf-8")


def test_unchanged_better_and_a_point_are_no_news(before):
    for value in (30.0, 12.0, 31.0):
        assert worsened([replace(REACHED, value=value)], before, NAMES) == []
    assert worsened([REACHED, replace(REACHED, group="new", value=99.0)], before, NAMES) == []


@pytest.mark.parametrize(
    ("now", "news"),
    [
        ([replace(REACHED, value=31.2)], "mape 31.2, was 30"),
        ([replace(REACHED, rows=9)], "9 rows compared, were 10"),
        ([replace(REACHED, value=None, rows=0, ok=None)], "no longer compared, was mape 30 on 10 rows"),
        ([], "no longer compared"),
        ([replace(REACHED, metric="median_ape", value=3.0)], "judged by median_ape, was mape"),
    ],
)
def test_worse_is_said(before, now, news):
    (line,) = worsened(now, before, NAMES)
    assert line.startswith("a.csv, toy bf16: ")
    assert news in line


def test_checks_that_were_not_asked_for_are_left_alone(before):
    assert worsened([], before, ["b.csv"]) == []


def test_groups_without_a_value_are_not_recorded(tmp_path):
    write_baseline(tmp_path / "x.json", [replace(REACHED, value=None, rows=0, ok=None)])
    assert read_baseline(tmp_path / "x.json") == {}


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"schema_version": 2, "checks": {}}', '{"schema_version": 1, "checks": {"a": {"b": 3}}}']
)
def test_what_is_no_baseline(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InvalidDescriptionError, match="this is not a baseline; write one with --write-baseline"):
        read_baseline(tmp_path / "x.json")


def test_baseline_files_that_cannot_be_used(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(InvalidDescriptionError, match="not JSON"):
        read_baseline(tmp_path / "x.json")
    with pytest.raises(UsageError, match="cannot read"):
        read_baseline(tmp_path / "absent.json")
    with pytest.raises(UsageError, match="cannot write"):
        write_baseline(tmp_path / "absent" / "x.json", [])
