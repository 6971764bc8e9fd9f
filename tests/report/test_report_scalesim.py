"""Reports against what SCALE-Sim 3.0.0 wrote for the same two files."""

from __future__ import annotations

import pytest

import archsim as a
from archsim.errors import UsageError
from archsim.report.scalesim import reports

TOPOLOGY = """\
Layer, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
Conv1, 14, 14, 3, 3, 8, 12, 1,
Conv2, 13, 13, 3, 3, 12, 20, 2,
FC, 1, 1, 1, 1, 200, 40, 1,
"""
CONFIG = """\
[general]
run_name = small
[architecture_presets]
ArrayHeight: 16
ArrayWidth: 16
IfmapSramSzkB: 2
FilterSramSzkB: 2
OfmapSramSzkB: 2
Dataflow : ws
[run_presets]
InterfaceBandwidth: CALC
"""
WRITTEN = {
    "COMPUTE_REPORT.csv": """\
LayerID, Total Cycles (incl. prefetch), Total Cycles, Stall Cycles, Overall Util %, Mapping Efficiency %, \
Compute Util %,
0, 1065, 949, 0, 51.211801896733405, 67.5, 47.41463414634147,
1, 1306, 1147, 0, 26.4821272885789, 60.26785714285714, 22.36745213549338,
2, 1964, 1832, 0, 1.7057860262008733, 80.12820512820514, 1.2923904052936304,
""",
    "BANDWIDTH_REPORT.csv": """\
LayerID, Avg IFMAP SRAM BW, Avg FILTER SRAM BW, Avg OFMAP SRAM BW, Avg IFMAP DRAM BW, Avg FILTER DRAM BW, \
Avg OFMAP DRAM BW,
0, 10.92518440463646, 0.9104320337197049, 9.10432033719705, 6.973404255319149, 9.818181818181818, 10.099183197199533,
1, 6.779424585876199, 1.883173496076722, 4.394071490845684, 6.075880758807588, 2.144985104270109, 4.7733711048158645,
2, 0.32751091703056767, 4.366812227074236, 0.2838427947598253, 10.0, 4.203888596952181, 15.757575757575758,
""",
    "DETAILED_ACCESS_REPORT.csv": """\
LayerID, SRAM IFMAP Start Cycle, SRAM IFMAP Stop Cycle, SRAM IFMAP Reads, SRAM Filter Start Cycle, \
SRAM Filter Stop Cycle, SRAM Filter Reads, SRAM OFMAP Start Cycle, SRAM OFMAP Stop Cycle, SRAM OFMAP Writes, \
DRAM IFMAP Start Cycle, DRAM IFMAP Stop Cycle, DRAM IFMAP Reads, DRAM Filter Start Cycle, DRAM Filter Stop Cycle, \
DRAM Filter Reads, DRAM OFMAP Start Cycle, DRAM OFMAP Stop Cycle, DRAM OFMAP Writes,
0, 17.0, 927.0, 10368, 1.0, 776.0, 864, 31.0, 945.0, 8640, -84.0, 855.0, 6555, -88.0, -1.0, 864, 121.0, 977.0, 8655,
1, 17.0, 1129.0, 7776, 1.0, 1082.0, 2160, 31.0, 1135.0, 5040, -84.0, 1022.0, 6726, -100.0, 906.0, 2160, 148.0, \
1206.0, 5055,
2, 17.0, 1810.0, 600, 1.0, 1802.0, 8000, 31.0, 1824.0, 520, -20.0, -1.0, 200, -100.0, 1802.0, 8000, 1832.0, 1864.0, 520,
""",
}
"""Of `scalesim` 3.0.0 from PyPI, run on the two files above."""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "topology.csv").write_text(TOPOLOGY)
    (tmp_path / "scale.cfg").write_text(CONFIG)
    return tmp_path


def cells(text):
    head, *rows = text.splitlines()
    return head, [[float(cell) for cell in row.rstrip(",").split(", ")] for row in rows]


def test_reports_are_those_of_scale_sim(files):
    made = reports(a.load_scalesim(files / "topology.csv"), a.hardware(str(files / "scale.cfg")))
    assert list(made.files) == list(WRITTEN)
    for name, text in WRITTEN.items():
        head, rows = cells(made.files[name])
        wanted_head, wanted = cells(text)
        assert head == wanted_head
        assert [pytest.approx(row, abs=1e-9) for row in wanted] == rows
    # All but the last digits of averaged shares are the same text.
    assert made.files["DETAILED_ACCESS_REPORT.csv"] == WRITTEN["DETAILED_ACCESS_REPORT.csv"]
    assert made.files["BANDWIDTH_REPORT.csv"] == WRITTEN["BANDWIDTH_REPORT.csv"]


def test_groups_have_a_row_each_and_other_ops_none(files):
    made = reports(a.workload("mobilenet-v2", image=64), a.hardware(str(files / "scale.cfg")))
    _, rows = cells(made.files["COMPUTE_REPORT.csv"])
    graph = a.workload("mobilenet-v2", image=64)
    works = [op.work for op in graph.ops]
    assert len(rows) == sum(getattr(work, "groups", 1) for work in works if work.kind in ("conv", "matmul"))
    assert any("no product and have no row" in text for text in made.warnings)


def test_stalls_of_given_bandwidths_are_left_out_and_said_so(files):
    (files / "scale.cfg").write_text(CONFIG.replace("CALC", "USER").replace("Dataflow", "Bandwidth: 10\nDataflow"))
    made = reports(a.load_scalesim(files / "topology.csv"), a.hardware(str(files / "scale.cfg")))
    assert any("stalls are not simulated" in text for text in made.warnings)


def test_other_machines_have_no_such_reports(files):
    with pytest.raises(UsageError, match="does not count as SCALE-Sim does"):
        reports(a.load_scalesim(files / "topology.csv"), a.hardware("null"))


def test_what_would_be_walked_for_hours_is_refused_with_the_number(files):
    (files / "topology.csv").write_text("Layer, M, N, K,\nhuge, 100000, 20000, 30000,\n")
    with pytest.raises(UsageError, match=r"walk 7\.5e\+12 words .* leave out --csv"):
        reports(a.load_scalesim(files / "topology.csv"), a.hardware(str(files / "scale.cfg")))
