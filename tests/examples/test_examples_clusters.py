"""The script on clusters: peaks by hand, the published ratio, and what Le's machines wait for."""

from __future__ import annotations

import re

import pytest


def test_le_and_coates(run_example):
    said = run_example("le_vs_coates")
    peaks = [float(number) for number in re.findall(r"peak +([\d.]+) TFLOP/s", said)]
    # 16,000 cores of 8 FLOP at 2.3 GHz; boards of 1,536 multiply-adds at 1.058 GHz.
    assert peaks == [pytest.approx(294.4), *(pytest.approx(boards * 3.2502, abs=0.06) for boards in (4, 12, 64))]
    published, predicted = map(float, re.search(r"12 boards over 16,000 cores +([\d.]+) +([\d.]+)", said).groups())
    assert published == pytest.approx(294.4 * 3 / (39.0 * 2), rel=0.01)
    assert published / 2 < predicted < published * 2
    shares = [float(number) for number in re.findall(r"network +([\d.]+)%", said)]
    assert shares[0] > 95 and shares[1] == 0 and shares[2] < 20, "Le's machines wait for the network"
