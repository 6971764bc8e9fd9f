"""The scripts on light print what they claim, draw their pictures, and fail where a number is off."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")
ROOT = Path(__file__).resolve().parents[2]


def run(name, tmp_path):
    script = ROOT / "examples" / f"{name}.py"
    target = tmp_path / "x.svg"
    done = subprocess.run([sys.executable, str(script), str(target)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert target.stat().st_size > 10_000
    assert (ROOT / "docs" / "images" / f"{name}.svg").is_file()
    return done.stdout


def test_energy_per_mac_of_transformers_on_light(tmp_path):
    said = run("optical_energy_per_mac", tmp_path)
    claimed = [line.split()[-3:] for line in said.splitlines()[1:4]]
    assert [float(first.replace(",", "")) for first, *_ in claimed] == [100.0, 8000.0, 100000.0]
    assert "ahead of 300 fJ/MAC with cores of" in said


def test_convolutions_by_a_lens(tmp_path):
    said = run("fourier_convolution", tmp_path)
    assert "arithmetic of the transform: at no size" in said
    assert said.count(" pJ/pixel") == 5
