"""The scripts of the hardware lottery: counts, limits that leave no choice, and what equal areas hold."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
ROOT = Path(__file__).resolve().parents[2]


def run(name, tmp_path):
    target = tmp_path / "x.png"
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / f"{name}.py"), str(target)], capture_output=True, text=True,
        check=False, env={**os.environ, "ARCHSIM_FAST": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert target.stat().st_size > 10_000
    return done.stdout


def test_the_matrix_counts_and_knows_its_limits(tmp_path):
    said = run("hardware_lottery_matrix", tmp_path)
    rows = {line.rsplit("  ", 1)[0].strip(): line for line in said.splitlines() if " 0.0 %" in line}
    assert sum("macs" in line or "params" in line for line in rows.values()) == 11, (
        "of the chase only MACs are published"
    )
    assert "14,630,806,093,824" in next(line for line in rows.values() if line.startswith("T1 macs"))
    assert sum(line.startswith(("T2 waits for memory", "I2 waits for latency")) for line in rows.values()) == 5
    assert "OUTSIDE" not in said
    energies = next(line for line in said.splitlines() if line.startswith("T2, energy over the best, 7 nm"))
    array = re.search(r"systolic ([\d.]+) then ([\d.]+)", energies)
    assert float(array[1]) > 3.0 > 1.5 > float(array[2]), "most of what light wins is a price of memory and of rest"
    for word in (
        "rows won",
        "price of generality",
        "tau of GPU",
        "expected, and found as built",
        "7 nm, int8, one area",
    ):
        assert word in said


def test_one_area_holds_the_same_cells_however_they_are_split(tmp_path):
    said = run("price_of_programmability", tmp_path)
    assert sum(line.startswith("cells of") and line.count("65,536") == 2 for line in said.splitlines()) == 6
    slowest = next(line for line in said.splitlines() if line.startswith("T2, slowest split"))
    assert float(slowest.split()[6]) == pytest.approx(1.0, abs=0.05)
    chase = next(line for line in said.splitlines() if line.startswith("I2 "))
    assert chase.split()[1:7] == ["1H"] * 6
    assert "TPU v4 faster" in said
    assert "not scored" in said
