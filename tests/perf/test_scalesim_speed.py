"""Closed forms by the million, and beside SCALE-Sim where an interpreter that has it is named.

``ARCHSIM_SCALESIM=/path/to/python`` names one with ``pip install scalesim==3.0.0 'numpy<2'`` in an environment of its
own. Rates and ratios are printed (run with ``-s``); equal counts are asserted, seconds never.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

import archsim as a
from archsim.families.systolic import compatible, dataflow
from archsim.families.systolic.scalesim import STAYS, Array, layers, mapped
from archsim.jit import compiled, kernel
from archsim.laws import refill
from archsim.report.scalesim import reports

pytestmark = pytest.mark.perf

LAYERS = 2_000_000
TOPOLOGY = """\
Layer, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
Conv1, 28, 28, 3, 3, 8, 16, 1,
Conv2, 15, 15, 3, 3, 16, 32, 2,
Conv3, 14, 14, 1, 1, 32, 64, 1,
FC, 1, 1, 1, 1, 256, 100, 1,
"""
CONFIG = """\
[general]
run_name = small
[architecture_presets]
ArrayHeight: 16
ArrayWidth: 16
IfmapSramSzkB: 64
FilterSramSzkB: 64
OfmapSramSzkB: 64
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Bandwidth: 10
Dataflow: {dataflow}
MemoryBanks: 1
ReadRequestBuffer: 32
WriteRequestBuffer: 32
[layout]
IfmapCustomLayout: False
IfmapSRAMBankBandwidth: 100
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterCustomLayout: False
FilterSRAMBankBandwidth: 100
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2
[sparsity]
SparsitySupport : false
SparseRep : ellpack_block
OptimizedMapping : false
BlockSize : 8
RandomNumberGeneratorSeed : 40
[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""


@kernel
def count_layers(sizes, stays, rows, columns, window, out):
    """Cycles, accesses of the scratchpads, and words of the DRAM of many products."""
    for index in range(len(sizes)):
        m, n, k = sizes[index, 0], sizes[index, 1], sizes[index, 2]
        out[index, 0] = compatible.total_cycles(stays, m, n, k, rows, columns, 0)
        out[index, 1] = dataflow.input_reads(stays, m, n, k, columns)
        out[index, 2] = dataflow.weight_reads(stays, m, n, k, rows, columns)
        out[index, 3] = compatible.counted_writes(stays, m, n, k, rows, columns)
        out[index, 4] = compatible.input_words(stays, m, n, k, columns, window)
        out[index, 5] = dataflow.output_writes(stays, m, n, k, rows)


def with_numpy(sizes, rows, columns, window):
    """The same of weights that stay, written down once more with arrays."""
    m, n, k = sizes.T
    down, across = -(-k // rows), -(-n // columns)
    inputs = np.where(m * k < window, m * k, m * k * across)
    return np.stack([down * across * (2 * rows + columns + m - 2) - 1, m * k * across, k * n, m * n * down, inputs,
                     m * n * down], axis=1)  # fmt: skip


def test_ten_million_layers_a_second():
    sizes = np.random.default_rng(1).integers(1, 4096, (LAYERS, 3)).astype(float)
    out = np.zeros((LAYERS, 6))
    count = compiled(count_layers)
    window = refill.window(65536.0)
    count(sizes[:1], STAYS["ws"], 128.0, 128.0, window, out[:1])  # compiles
    start = time.process_time()
    count(sizes, STAYS["ws"], 128.0, 128.0, window, out)
    spent = time.process_time() - start
    start = time.process_time()
    expected = with_numpy(sizes, 128.0, 128.0, window)
    peer = time.process_time() - start
    assert (out == expected).all()
    print(f"\n{LAYERS / spent:.3g} layers a second and core; numpy: {LAYERS / peer:.3g}")


@pytest.mark.parametrize("dataflow", sorted(STAYS))
def test_layers_beside_scale_sim(tmp_path, dataflow):
    (tmp_path / "topology.csv").write_text(TOPOLOGY)
    (tmp_path / "scale.cfg").write_text(CONFIG.format(dataflow=dataflow))
    graph, chip = a.load_scalesim(tmp_path / "topology.csv"), a.hardware(str(tmp_path / "scale.cfg"))
    (tmp_path / "simulated").mkdir()
    reports(graph, chip)  # compiles
    start = time.perf_counter()
    made = reports(graph, chip)
    walked = time.perf_counter() - start
    array = Array(16, 16, dataflow, 65536, 65536, 65536)
    rows = [next(layers(op)) for op in graph.ops]
    start = time.perf_counter()
    totals = [mapped(row, array).total for row in rows]
    scalar = time.perf_counter() - start
    sizes = np.tile(np.array([[row.m, row.n, row.k] for row in rows], dtype=float), (LAYERS // len(rows), 1))
    out = np.zeros((len(sizes), 6))
    count = compiled(count_layers)
    count(sizes[:1], STAYS[dataflow], 16.0, 16.0, 1e9, out[:1])
    start = time.perf_counter()
    count(sizes, STAYS[dataflow], 16.0, 16.0, 1e9, out)
    batched = (time.perf_counter() - start) / len(sizes)
    assert out[: len(rows), 0].tolist() == totals
    python = os.environ.get("ARCHSIM_SCALESIM")
    if not python:
        pytest.skip("ARCHSIM_SCALESIM names no interpreter with scalesim")
    script = Path(__file__).with_name("peer_scalesim.py")
    said = subprocess.run([python, script, tmp_path], check=True, capture_output=True, text=True).stdout
    peer = json.loads(said.splitlines()[-1])
    for name, text in made.files.items():
        assert cells(text) == [pytest.approx(row, abs=1e-9) for row in cells(peer["reports"][name])]
    each = peer["wall"] / len(rows)
    whole = peer["wall"]
    print(f"\n{dataflow}: SCALE-Sim {1e3 * each:.1f} ms a layer; times faster: whole reports {whole / walked:.3g}, "
          f"one closed form {whole / scalar:.3g}, closed forms batched {each / batched:.3g}")  # fmt: skip


def cells(text):
    return [[float(cell) for cell in row.rstrip(",").split(", ")] for row in text.splitlines()[1:]]
