"""One layer of GPT-3 on four A100, beside what was measured and beside GenZ where an interpreter that has it is named.

``ARCHSIM_GENZ=/path/to/python`` names one with ``pip install genz-llm`` in an environment of its own. Errors and times
of both are printed (run with ``-s``); nothing is asserted of the peer.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from archsim.arch import registry
from archsim.engine.lower import chip_table
from archsim.engine.run import run_each
from archsim.validation import run_validation
from archsim.validation.fitting import observations, rows

pytestmark = pytest.mark.perf

MEASURED = {"prefill": 66.75e-3, "decode": 1.1109e-3}
"""Sums of the measured ops of the layer, s: models/measured/gpu/baseline_gpt3_layer_a100x4.csv."""
DATASET = "baseline_gpt3_layer_a100x4"


def errors_of_the_layer():
    """Signed error of both phases, percent."""
    outcomes = {outcome.group.split()[-1]: outcome for outcome in run_validation(dataset=DATASET)}
    return {phase: outcomes[phase].bias for phase in MEASURED}


def test_a_layer_of_gpt3_beside_measurement_and_a_peer():
    errors_of_the_layer()  # compiles
    start = time.perf_counter()
    errors = errors_of_the_layer()
    wall = time.perf_counter() - start
    print(f"\narchsim: prefill {errors['prefill']:+.1f} %, decode {errors['decode']:+.1f} %, "
          f"{1e3 * wall:.0f} ms for both with reading the table")  # fmt: skip
    assert all(abs(error) < 15 for error in errors.values())
    python = os.environ.get("ARCHSIM_GENZ")
    if not python:
        pytest.skip("ARCHSIM_GENZ names no interpreter with genz-llm")
    script = Path(__file__).with_name("peer_genz.py")
    peer = json.loads(subprocess.run([python, script], check=True, capture_output=True, text=True).stdout)
    for phase, measured in MEASURED.items():
        print(f"GenZ {phase}: {100 * (peer[phase] / measured - 1):+.1f} %")
    print(f"GenZ: {1e3 * peer['wall']:.0f} ms for both, {peer['import']:.1f} s of imports")


def test_products_searched_in_a_second():
    """Every tile and split of thousands of shapes; the rate is printed, the work asserted."""
    samples = [each for each in rows("gemm_aiconfigurator") if each.group == "a100-sxm4-80gb bf16"]
    (sizes,) = observations(samples)
    family, chip = registry.get("gpu"), chip_table(sizes.chip)
    run_each(family, sizes.ops, chip, mode="always")
    start = time.process_time()
    outs, _ = run_each(family, sizes.ops, chip, mode="always")
    spent = time.process_time() - start
    print(f"\n{len(samples) / spent:.3g} products a second and core, {family.candidates} candidates each")
    assert len(outs) == len(samples)
    assert (outs["mapping"][:, :3] >= 1).all()
