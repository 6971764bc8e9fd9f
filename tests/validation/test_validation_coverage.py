"""Coverage: what rows of a known scatter must give, which rows play a part, and that what is written can be read."""

import csv
import importlib.util
import math
import re
from pathlib import Path

import numpy as np
import pytest

from archsim.io.catalogue import models_root
from archsim.study.uncertainty import model_error
from archsim.study.uncertainty.model_error import OTHER, model_errors
from archsim.validation import kernels, locate
from archsim.validation.coverage import FEWEST, Covered, coverage, estimate, markdown, to_yaml
from archsim.validation.dataset import Dataset
from archsim.validation.metadata import read_metadata
from archsim.validation.registry import find_checks
from archsim.validation.residuals import JUDGED, Residual, residuals
from archsim.validation.table import read_table

DRAW = np.random.default_rng(5)
KEY = ("gpu", "matmul", "latency")


@pytest.fixture(autouse=True)
def _begin_anew():
    DRAW.bit_generator.state = np.random.default_rng(5).bit_generator.state


def rows(side, errors, drawn=0.0, machine="one", kind="matmul"):
    normal = DRAW.normal(0.0, 1.0, 24)
    spread = tuple((drawn * (normal - np.median(normal))).tolist())
    return [
        Residual("t.csv", "gpu", kind, "latency", machine, (machine,), side, float(each), spread) for each in errors
    ]


def test_a_normal_scatter_is_found_again():
    errors = DRAW.normal(0.2, 0.1, 2000)
    made = estimate(rows("fit", errors))[KEY]
    assert made.bias == pytest.approx(0.2, abs=0.01) and made.bounds == pytest.approx(1.0, abs=0.05)
    assert made.rows == 2000
    assert made.below == pytest.approx(0.1, rel=0.15) and made.above == pytest.approx(0.1, rel=0.15)
    (found,) = coverage(rows("fit", errors) + rows("score", DRAW.normal(0.2, 0.1, 2000)), estimate(rows("fit", errors)))
    assert found.covered == pytest.approx(0.8, abs=0.05) and found.ok
    assert found.width == pytest.approx(math.exp(0.256), rel=0.1)


def test_what_numbers_do_is_not_counted_twice():
    errors = DRAW.normal(0.0, 0.1, 1200)
    made = estimate(rows("fit", errors, drawn=0.06))[KEY]
    assert made.bounds == pytest.approx(1.0, abs=0.1)
    assert 0.5 * (made.below + made.above) == pytest.approx(0.08, rel=0.2)
    wide = estimate(rows("fit", errors, drawn=0.5))[KEY]
    assert 0.05 < wide.bounds < 0.25 and min(wide.below, wide.above) > 0.05  # half of the variance, about
    score = rows("score", DRAW.normal(0.0, 0.1, 400), drawn=0.5)
    (found,) = coverage(score, {KEY: wide})
    assert found.covered == pytest.approx(0.8, abs=0.05) and found.full > 0.95


def test_scored_rows_play_no_part():
    fit = rows("fit", DRAW.normal(0.0, 0.1, 200))
    far = rows("score", DRAW.normal(3.0, 0.1, 200))
    assert estimate(fit) == estimate(fit + far)
    (found,) = coverage(fit + far, estimate(fit))
    assert found.covered == 0.0 and found.ok is False and "| NO |" in markdown([found])


def test_bounds_stay_as_written_on_machines_without_rows():
    made = estimate(rows("fit", DRAW.normal(0.0, 0.1, 400), drawn=0.5))
    (found,) = coverage(rows("score", DRAW.normal(0.0, 0.1, 400), drawn=0.5, machine="another"), made)
    assert found.covered == found.full > 0.95


def test_too_few_rows_take_the_error_of_all_kinds():
    few = rows("fit", DRAW.normal(0.0, 0.1, FEWEST - 1), kind="conv")
    made = estimate(few + rows("fit", DRAW.normal(0.0, 0.1, 100)))
    assert ("gpu", "conv", "latency") not in made and made["gpu", OTHER, "latency"].rows == 100 + FEWEST - 1
    found = {each.kind: each for each in coverage(few + rows("score", [0.0] * 30, kind="conv"), made)}
    assert found["conv"].fit == 0 and found["conv"].covered == 1.0
    assert Covered("gpu", "conv", "latency", 0, 3, 1.0, 1.0, 1.1).ok is None


def test_what_is_written_can_be_read(tmp_path, monkeypatch):
    made = estimate(rows("fit", DRAW.normal(0.1, 0.2, 300)))
    (tmp_path / "uncertainty").mkdir()
    (tmp_path / "uncertainty" / "model-errors.yaml").write_text(to_yaml(made))
    monkeypatch.setattr(model_error, "models_root", lambda: tmp_path)
    read = model_errors.__wrapped__()
    assert read[KEY].bias == pytest.approx(made[KEY].bias, abs=1e-4) and read[KEY].machines == ("one",)
    assert "300 rows for fitting of t.csv" in read[KEY].cited.where


def test_one_table_end_to_end(monkeypatch):
    only = [each for each in find_checks() if each.dataset == "llmcompass.csv"]
    monkeypatch.setattr("archsim.validation.residuals.find_checks", lambda: only)
    found = residuals(draws=2)
    path = locate.shipped(["llmcompass.csv"])["llmcompass.csv"]
    table = Dataset("llmcompass.csv", path, read_table(path, only[0].columns).rows, read_metadata(path))
    samples = kernels.samples(table, only[0].reader)
    made = kernels.predict(samples)
    expected = sorted(math.log(s.measured / p.latency) for s, p in zip(samples, made, strict=True) if p.verdict == "ok")
    assert sorted(each.error for each in found) == pytest.approx(expected)
    sides = [kernels.side(table, sample) for sample in samples]
    assert sum(each.side == "fit" for each in found) == sides.count("fit")
    assert all(len(each.drawn) == 2 and np.isfinite(each.drawn).all() for each in found)


def test_the_shipped_errors_name_tables_and_machines_that_exist():
    tables = {each.name for each in (models_root() / "measured").rglob("*.csv")}
    for each in model_errors().values():
        named = re.findall(r"[\w-]+\.csv", each.cited.where)
        assert named and set(named) <= tables
    known = {each.dataset for each in find_checks()}
    assert set(JUDGED) <= known
    for name in JUDGED:  # only tables with rows for fitting have an error to estimate
        path = locate.shipped([name])[name]
        metadata = read_metadata(path)
        assert metadata.split_by or metadata.split_fit
        assert next(csv.reader(path.open(encoding="utf-8")))


def test_the_page_is_of_the_errors_that_are_shipped():
    docs = Path(__file__).resolve().parents[2] / "docs"
    spec = importlib.util.spec_from_file_location("docs_coverage", docs / "coverage_table.py")
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    text = (docs / "coverage.md").read_text(encoding="utf-8")
    table = text[text.index("| family") :].split("\n\n", 1)[0]
    assert writer.page(table) == text
    known = model_errors()
    listed = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines()[2:]]
    assert {(family, kind, quantity) for family, kind, quantity in known if kind != OTHER} == {
        row[:3] for row in listed if row[3] != "0"
    }
    for family, kind, quantity, fit, *_ in listed:
        if fit != "0":
            assert known[family, kind, quantity].cited.where.startswith(f"{fit} rows for fitting")
