"""``archsim validate`` as a person runs it."""

import csv
import io
import json
import subprocess
import sys

import pytest

from archsim.cli import main

GOOD = "Toy-9000-80GB,gemm,m=10;n=20;k=30,bf16,0.012"
BAD = "Toy-9000-80GB,gemm,m=10;n=20;k=30,bf16,0.006"
UNKNOWN = "Zebra-1,gemm,m=10;n=20;k=30,bf16,0.012"
KEYS = {"dataset", "group", "metric", "value", "limit", "rows", "skipped", "ok"}


@pytest.fixture
def validate(toy, capsys):
    def call(*words):
        code = main(["validate", *map(str, words)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def test_json_and_nothing_else(validate, table):
    code, out, err = validate("--data", table(GOOD, UNKNOWN), "--json")
    entries = json.loads(out)
    assert (code, err) == (0, "")
    assert [entry["group"] for entry in entries] == ["Zebra-1", "toy bf16"]
    assert all(set(entry) >= KEYS for entry in entries)
    assert (entries[0]["value"], entries[0]["skipped"], entries[0]["ok"]) == (None, 1, None)
    assert (entries[1]["rows"], entries[1]["ok"]) == (1, True)


@pytest.mark.parametrize(("rows", "code"), [([GOOD], 0), ([BAD], 1), ([GOOD, UNKNOWN], 0), ([UNKNOWN], 1), ([], 1)])
def test_strict_fails_on_a_miss_and_when_nothing_was_compared(validate, table, rows, code):
    assert validate("--data", table(*rows), "--strict")[0] == code
    assert validate("--data", table(*rows))[0] == 0


def test_text_csv_and_markdown(validate, table):
    folder = table(BAD, UNKNOWN)
    _, out, _ = validate("--data", folder)
    assert "toy bf16" in out
    assert "1 skipped, unknown device 'Zebra-1' (first on line 3)" in out
    _, out, _ = validate("--data", folder, "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (rows[1]["group"], float(rows[1]["value"]), rows[1]["ok"]) == ("toy bf16", pytest.approx(100.0), "False")
    _, out, _ = validate("--data", folder, "--markdown")
    lines = out.splitlines()
    assert lines[0].startswith("| dataset | group | metric |")
    assert (
        lines[3]
        == "| gemm_aiconfigurator.csv | toy bf16 | mape | 100 | 13 | % | 1 | 0 | 0 | +100.0 % | 100.0 % | – | NO |"
    )
    assert lines[5].startswith("- gemm_aiconfigurator.csv, Zebra-1: 1 skipped")


def test_labels_from_a_file_cannot_break_a_markdown_table(validate, table):
    _, out, _ = validate("--data", table("a|b,gemm,m=1;n=1;k=1,bf16,1"), "--markdown")
    assert "| a\\|b |" in out


def test_baseline_both_ways(validate, table, tmp_path):
    file = tmp_path / "baseline.json"
    assert validate("--data", table(GOOD), "--write-baseline", file)[0] == 0
    assert validate("--data", table(GOOD), "--baseline", file)[0] == 0
    code, _, err = validate("--data", table(BAD), "--baseline", file, "--json")
    assert code == 1
    assert err == "worse: gemm_aiconfigurator.csv, toy bf16: mape 100, was 0\n"
    assert validate("--data", table(BAD), "--write-baseline", file)[0] == 0
    assert validate("--data", table(GOOD), "--baseline", file)[0] == 0


def test_errors_have_the_exit_codes_of_all_commands(validate, table, tmp_path):
    code, out, err = validate("--data", tmp_path / "absent", "--json")
    assert (code, out) == (2, "")
    assert "does not exist" in err
    code, _, err = validate("--data", table("x", header="device"))
    assert code == 3
    assert "gemm_aiconfigurator.csv" in err
    assert "no column 'op'" in err
    assert validate("--family", "gpus")[0] == 2
    assert validate("--json", "--markdown")[0] == 2


def test_a_folder_without_tables_says_which_are_known(validate, tmp_path):
    (tmp_path / "empty").mkdir()
    code, out, err = validate("--data", tmp_path / "empty", "--json")
    assert (code, json.loads(out)) == (0, [])
    assert "gemm_aiconfigurator.csv" in err


def test_help_and_the_package_load_no_numba():
    code = (
        "import sys; from archsim.cli import main; import archsim.validation; main(['validate', '--help']);"
        "sys.exit('numba' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
