"""One door for all files: which front end is picked, and what its options are."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from chakra_samples import sample

from archsim.errors import ImportFormatError, MissingExtraError, UsageError
from archsim.frontends import load
from archsim.frontends.native import dump_graph, dump_text
from archsim.graph.counts import count
from archsim.io.catalogue import models_root
from archsim.workloads.registry import workload

GPT2 = models_root() / "workloads" / "huggingface" / "gpt2.json"


def test_text_files_are_told_apart_by_what_stands_in_them(tmp_path):
    graph = workload("spiking-mlp")
    (tmp_path / "net.yaml").write_text(dump_text(graph))
    assert load(tmp_path / "net.yaml") == graph
    import json

    (tmp_path / "net.json").write_text(json.dumps(dump_graph(graph)))
    assert load(tmp_path / "net.json") == graph
    assert count(load(GPT2, sequence=8)).parameters == 124_439_808
    shutil.copy(GPT2, tmp_path / "config.json")
    assert load(tmp_path, sequence=8).ops == load(GPT2, sequence=8).ops


def test_endings(tmp_path):
    (tmp_path / "a.csv").write_text("a,1,2,3,")
    assert load(tmp_path / "a.csv").ops[0].macs == 6
    (tmp_path / "A.ET").write_bytes(sample())
    assert len(load(tmp_path / "A.ET", participants=2).ops) == 5


def test_options_are_checked_and_read_from_text(tmp_path):
    assert load(GPT2, sequence="8", batch="2", phase="decode").items == 2
    with pytest.raises(UsageError, match=r"without an option 'bacth'; did you mean 'batch'\?"):
        load(GPT2, bacth=2)
    with pytest.raises(UsageError, match="batch='two'; write a value of the kind int"):
        load(GPT2, batch="two")
    (tmp_path / "net.yaml").write_text(dump_text(workload("spiking-mlp")))
    with pytest.raises(UsageError, match="it takes none"):
        load(tmp_path / "net.yaml", batch=2)


def test_what_nobody_reads(tmp_path):
    with pytest.raises(UsageError, match=r"'.pb', which no front end reads; known endings: .csv, .et, .json"):
        load("net.pb")
    with pytest.raises(UsageError, match="no ending"):
        load("net")
    with pytest.raises(UsageError, match="there is no file"):
        load("nowhere.json")
    (tmp_path / "x.json").write_text('{"name": "x"}')
    with pytest.raises(ImportFormatError, match="neither a workload"):
        load(tmp_path / "x.json")


def test_a_missing_library_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'archsim\[torch\]'"):
        load("net.pt2")


def test_front_ends_load_nothing_they_do_not_need():
    heavy = "{'onnx', 'nir', 'h5py', 'torch', 'numba', 'scipy'}"
    code = (
        "import sys, archsim.frontends as f\n"
        f"f.load({str(GPT2)!r}, sequence=4)\n"
        f"loaded = {heavy} & set(sys.modules)\n"
        "sys.exit(', '.join(loaded) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
