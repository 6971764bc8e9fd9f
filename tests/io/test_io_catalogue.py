"""Names: found whatever their case and punctuation, never guessed."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from toy_machines import TOY, write

from archsim.errors import UnknownNameError, UsageError
from archsim.io import catalogue
from archsim.io.catalogue import entries, find
from archsim.io.header import read_header
from archsim.io.yaml import load


def toy(name, *, aliases="", family="toy"):
    return f"family: {family}\nname: {name}\ntitle: {name.upper()}\n{aliases}"


def test_entries_read_the_header_alone(models):
    (entry,) = entries("hardware")
    assert (entry.name, entry.family, entry.title) == ("toy-one", "toy", "Toy One: the first")
    assert entry.aliases == ("first toy", "t1")
    assert entry.path == models / "hardware/toy/toy-one.yaml"
    assert [found.name for found in entries("technology")] == ["toy-7nm"]
    assert entries("systems") == []


def test_unknown_catalogue():
    with pytest.raises(UnknownNameError, match="did you mean 'hardware'"):
        entries("hardwear")


@pytest.mark.parametrize(
    "name", ["toy-one", "TOY_ONE", "Toy One", "toyone", "T1", "first-toy", "nvidia toy-one", "Intel T1"]
)
def test_find_ignores_case_punctuation_and_vendor(models, name):
    assert find("hardware", name).name == "toy-one"


def test_vendor_in_the_name_may_be_left_out(models):
    write(models / "hardware/toy/ibm-north.yaml", toy("ibm-north"))
    assert find("hardware", "north").name == "ibm-north"
    assert find("hardware", "IBM North").name == "ibm-north"
    with pytest.raises(UnknownNameError):
        find("hardware", "ibm")


def test_a_name_goes_before_an_alias_and_an_alias_before_a_vendor(models):
    write(models / "hardware/toy/a.yaml", toy("north"))
    write(models / "hardware/toy/b.yaml", toy("south", aliases="aliases: [north, ibm-east]\n"))
    write(models / "hardware/toy/c.yaml", toy("east"))
    assert find("hardware", "north").name == "north"
    assert find("hardware", "ibm-east").name == "south"
    assert find("hardware", "east").name == "east"


def test_ambiguous_names_are_refused(models):
    write(models / "hardware/toy/a.yaml", toy("north-a", aliases="aliases: [north]\n"))
    write(models / "hardware/toy/b.yaml", toy("north-b", aliases="aliases:\n  - North  # both\n"))
    with pytest.raises(UsageError, match="write 'north-a' or 'north-b'"):
        find("hardware", "north")


def test_unknown_names_get_suggestions(models):
    with pytest.raises(UnknownNameError, match="did you mean 'toy-one'") as caught:
        find("hardware", "toy-oen")
    assert caught.value.exit_code == 2
    with pytest.raises(UnknownNameError, match="archsim list hardware"):
        find("hardware", "zzzzzz")


def test_paths_are_files(models, tmp_path):
    path = write(tmp_path / "mine.yaml", toy("mine"))
    assert find("hardware", str(path)).name == "mine"
    assert find("hardware", str(tmp_path / "none.yml")).name == "none"


def test_own_folders_hide_shipped_entries(models, tmp_path, monkeypatch):
    mine = tmp_path / "mine"
    path = write(mine / "hardware/toy/x.yaml", toy("Toy_One"))
    monkeypatch.setenv("ARCHSIM_MODELS", os.pathsep.join([str(mine), str(models)]))
    assert [entry.path for entry in entries("hardware")] == [path]


def test_workloads_and_measured_tables(models):
    write(models / "workloads/llama.json", '{"model_type": "llama"}')
    write(models / "measured/gemm/h100_gemm.csv", "m,n,k\n")
    assert find("workloads", "Llama").path.suffix == ".json"
    entry = find("measured", "h100-gemm")
    assert (entry.name, entry.family) == ("h100_gemm", "gemm")


@pytest.mark.parametrize(
    "text",
    [
        TOY,
        "name: 'it''s'\ntitle: \"a # b\"  # comment\naliases: ['x, y', z]\n",
        "aliases:\n- one\n- two three\nname: n\ntitle: >\n  folded\n  text\n",
        "aliases: [a,\n  b]\nmemory:\n  name: not-this\nname: n # c\n",
        "aliases: [\n  a,\n  b,\n]\nname: 2080\ntitle: t\n",
        "aliases: []\nextends: other\nnames: x\n",
    ],
)
def test_header_equals_the_whole_file(tmp_path, text):
    path = write(tmp_path / "x.yaml", text)
    header, tree = read_header(path), load(path).tree
    for key in ("name", "title", "family"):
        assert getattr(header, key) == str(tree.get(key) or "")
    assert list(header.aliases) == tree["aliases"]


def test_a_broken_file_is_still_listed(models):
    write(models / "hardware/toy/broken.yaml", "name: [\n")
    assert "broken" in [entry.name for entry in entries("hardware")]


def test_edited_files_are_seen(models):
    path = models / "hardware/toy/toy-one.yaml"
    assert find("hardware", "toy-one")
    write(path, toy("toy-two"))
    os.utime(path, ns=(1, 1))
    assert [entry.name for entry in entries("hardware")] == ["toy-two"]


def test_shipped_data_is_found_beside_or_inside_the_package():
    root = catalogue.models_root()
    assert root.name in ("models", "_models")
    assert catalogue.roots()[-1] == root


@pytest.mark.perf
def test_listing_a_hundred_files(models):
    for index in range(100):
        write(models / f"hardware/toy/toy-{index}.yaml", TOY.replace("toy-one", f"toy-{index}") + "# filler\n" * 200)
    catalogue._header.cache_clear()
    start = time.perf_counter()
    assert len(entries("hardware")) == 101
    print(f"listing 101 files: {(time.perf_counter() - start) * 1e3:.1f} ms")


def test_import_is_light():
    code = "import sys, archsim.io.catalogue as c; c.entries('hardware')\n"
    code += "print([m for m in ('pydantic', 'numpy', 'networkx', 'numba', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
