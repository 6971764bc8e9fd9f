"""SCALE-Sim's own two files on the command line."""

import csv
import io
import json

import pytest

NAMES = ["BANDWIDTH_REPORT.csv", "COMPUTE_REPORT.csv", "DETAILED_ACCESS_REPORT.csv"]


@pytest.fixture
def topology(tmp_path):
    path = tmp_path / "topology.csv"
    path.write_text("Layer, M, N, K,\nfirst, 40, 20, 64,\nsecond, 8, 8, 16,\n")
    return path


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "scale.cfg"
    path.write_text(
        "[general]\nrun_name = small\n[architecture_presets]\nArrayHeight: 8\nArrayWidth: 8\nIfmapSramSzkB: 64\n"
        "FilterSramSzkB: 64\nOfmapSramSzkB: 64\nDataflow: ws\n[run_presets]\nInterfaceBandwidth: CALC\n"
    )
    return path


def test_one_command_for_both_files(cli, topology, config):
    answer = cli("run", topology, config)
    assert answer.code == 0
    assert "topology on small" in answer.out
    said = json.loads(cli("run", topology, config, "--json").out)
    # 8 x 3 folds of 62 cycles less one, and 2 x 1 folds of 30 less one, at a nanosecond each.
    assert said["latency_s"] == pytest.approx((1487 + 59) * 1e-9)


def test_csv_writes_the_three_reports(cli, topology, config, tmp_path):
    answer = cli("run", topology, config, "--csv", "-o", tmp_path / "reports")
    assert answer.code == 0
    assert answer.out == ""
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == NAMES
    rows = list(csv.reader(io.StringIO((tmp_path / "reports" / "COMPUTE_REPORT.csv").read_text())))
    assert [row[2].strip() for row in rows] == ["Total Cycles", "1487", "59"]
    printed = cli("run", topology, config, "--csv").out
    for name in NAMES:
        assert f"{name}\n{(tmp_path / 'reports' / name).read_text()}" in printed


def test_a_view_or_another_machine_keeps_its_own_table(cli, topology, config):
    for words in (("null",), (config, "--by", "op"), (config, "--set", "compatible=native")):
        rows = list(csv.DictReader(io.StringIO(cli("run", topology, *words, "--csv").out)))
        assert [row["name"] for row in rows] == ["first/matmul", "second/matmul"]


def test_reports_go_into_a_folder(cli, topology, config, tmp_path):
    cli("run", topology, config, "--csv", "-o", tmp_path / "x.csv").refuses(2, "x.csv", "is to be a folder")
    cli("run", topology, config, "--csv", "-o", tmp_path / "none" / "x").refuses(2, "cannot make the folder")


def test_a_mistake_is_named_with_its_line(cli, topology, config):
    config.write_text(config.read_text().replace("Dataflow: ws", "Dataflow: rs"))
    cli("run", topology, config).refuses(3, "scale.cfg:9:11", "unknown dataflow 'rs'", "write one of ws, os, is")
    cli("run", topology, config.with_name("scala.cfg")).refuses(2, "there is no file", "did you mean 'scale.cfg'")
