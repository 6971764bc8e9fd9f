"""SCALE-Sim's own configuration as a machine: what it sets, and every mistake at its line."""

from __future__ import annotations

import pytest

from archsim.cited import Kind
from archsim.errors import InvalidDescriptionError, UsageError
from archsim.io.hardware import load_hardware, with_
from archsim.io.scalesim_config import USER

CONFIG = """\
[general]
run_name = "Edge 16x8_ws"

[architecture_presets]
ArrayHeight:    16
ArrayWidth:     8
IfmapSramSzkB:   4
FilterSramSzkB:  2
OfmapSramSzkB:   1
; a comment
IfmapOffset:    0
Bandwidth : 10,20,5
Dataflow : ws
MemoryBanks:   1

[sparsity]
SparsitySupport : false

[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""


@pytest.fixture
def config(tmp_path):
    def write(*changes):
        text = CONFIG
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "scale.cfg"
        path.write_text(text)
        return path

    return write


def test_a_configuration_is_a_machine(config):
    chip = load_hardware(str(config()))
    spec = chip.spec
    assert (chip.name, chip.family, spec.title) == ("edge-16x8-ws", "systolic", "Edge 16x8_ws")
    assert (spec.array.rows, spec.array.columns, spec.array.dataflow) == (16, 8, "ws")
    assert (spec.buffers.input, spec.buffers.weight, spec.buffers.output) == (4096, 2048, 1024)
    assert spec.compatible == "scalesim-3.0.0"
    assert (spec.memory[0].width, spec.memory[1].capacity) == (28, 7 * 1024)
    assert with_(chip, "compatible", "native").spec.compatible == "native"


def test_numbers_are_cited_as_from_the_file(config):
    cited = load_hardware(config()).cited["array", "rows"]
    assert (cited.source, cited.kind) == ("scale-sim", Kind.SIMULATED)
    assert cited.where == "ArrayHeight : 16, scale.cfg line 5"


def test_given_bandwidths_are_those_of_the_main_memory(config):
    spec = load_hardware(config(("CALC", "USER"))).spec
    assert spec.memory[0].width == 35
    assert USER in spec.note


def test_older_files(config):
    older = config(("SzkB", "Sz"), ("\n[run_presets]\nInterfaceBandwidth: CALC\nUseRamulatorTrace: False\n", ""),
                   ("Dataflow : ws", "dataflow = OS"))  # fmt: skip
    spec = load_hardware(older).spec
    assert (spec.buffers.input, spec.array.dataflow) == (4096, "os")


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        (("Dataflow : ws", "Dataflow : rs"), ":13:12", "unknown dataflow 'rs'; write one of ws, os, is"),
        (("ArrayHeight:    16\n", ""), ":4", "ArrayHeight is missing from [architecture_presets]"),
        (("ArrayHeight", "ArrayHight"), ":4", "did you mean 'ArrayHight'"),
        (("ArrayHeight:    16", "ArrayHeight:    many"), ":5:17", "ArrayHeight is 'many'; write a whole number"),
        (("IfmapSramSzkB:   4", "IfmapSramSzkB:   0"), ":7:18", "IfmapSramSzkB is '0'"),
        (("[architecture_presets]", "[arch]"), "", "there is no section [architecture_presets]"),
        (("CALC", "FAST"), ":20:21", "InterfaceBandwidth is 'FAST'; write CALC or USER"),
        (("SparsitySupport : false", "SparsitySupport : true"), ":17:19", "only dense weights"),
        (("MemoryBanks:   1", "just words"), ":14", "this is no setting: 'just words'"),
    ],
)
def test_a_mistake_is_named_with_its_line(config, change, place, message):
    path = config(change)
    with pytest.raises(InvalidDescriptionError) as caught:
        load_hardware(path)
    assert message in str(caught.value)
    assert f"{path}{place}" in str(caught.value)


def test_bandwidths_that_are_none(config):
    with pytest.raises(InvalidDescriptionError, match="Bandwidth is 'ten'; write whole numbers of words a cycle"):
        load_hardware(config(("CALC", "USER"), ("10,20,5", "ten")))


def test_no_such_file(tmp_path):
    with pytest.raises(UsageError, match="there is no file"):
        load_hardware(str(tmp_path / "scale.cfg"))
