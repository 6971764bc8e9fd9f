"""Sweeps: how points are laid out, how results are labelled, and that they go on where they stopped."""

import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

import archsim as a
from archsim.arch.family import GROUPS
from archsim.errors import ArchsimError, MissingExtraError, UsageError
from archsim.io.catalogue import models_root
from archsim.io.hardware import load_hardware
from archsim.study import canonical, frames
from archsim.study.axes import design
from archsim.study.groups import grouped
from archsim.study.store import INDEX, opened
from archsim.study.sweep import SweepInterrupted

RATES = [1e12, 2e12, 4e12]


@pytest.fixture(scope="module")
def grid():
    return a.sweep("mlp", "null", {"rate": RATES, "workload.batch": [1, 8]})


def test_a_grid_is_every_combination_the_last_axis_fastest(grid):
    assert grid.shape == (3, 2)
    assert list(zip(grid["rate"], grid["workload.batch"], strict=True)) == list(itertools.product(RATES, [1, 8]))
    for index, (rate, batch) in enumerate(itertools.product(RATES, [1, 8])):
        alone = a.evaluate(a.workload("mlp", batch=batch), a.with_(a.hardware("null"), "rate", rate))
        assert grid["latency"][index] == pytest.approx(alone.latency, rel=1e-12)
    assert grid.grid("latency")[2, 1] == grid["latency"][5]
    assert (grid.workload, grid.hardware) == ("mlp", "null")


def test_the_best_point(grid):
    fastest = min(range(6), key=lambda index: grid["latency"][index])
    assert grid.best("latency") == fastest
    assert grid.point(grid.best("latency", largest=True)) == {"rate": 1e12, "workload.batch": 8}


def test_spans_are_spread_evenly_or_in_ratios_and_round_where_only_whole_numbers_are_legal():
    plain = a.sweep("mlp", "a100-sxm4-80gb", {"clock": a.Span("1 GHz", 2e9, 5), "multiprocessors": a.Span(1, 4, 9)})
    assert plain.axes["clock"] == pytest.approx([1e9, 1.25e9, 1.5e9, 1.75e9, 2e9])
    assert plain.axes["multiprocessors"].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert plain.unit("clock") == "Hz"
    ratios = design(a.hardware("null"), {"rate": a.Span(1e12, 8e12, 4, log=True)}, "grid")
    assert ratios.axes["rate"] == pytest.approx([1e12, 2e12, 4e12, 8e12])
    sizes = design(a.hardware("null"), {"workload.batch": a.Span(1, 100, 3, log=True)}, "grid")
    assert sizes.axes["workload.batch"].tolist() == [1, 10, 100]
    assert sizes.axes["workload.batch"].dtype == np.int64


def test_spans_of_systems_are_read_in_the_units_of_their_chips():
    space = {"memory.hbm.bandwidth": a.Span("1 TB/s", "2 TB/s", 2), "levels.nvlink.members": [4, 8]}
    found = a.sweep("mlp", "dgx-a100", space, tensor_parallel=2)
    for index in range(4):
        alone = a.system("dgx-a100", found.point(index))
        assert found["latency"][index] == a.evaluate("mlp", alone, tensor_parallel=2).latency
    assert found["memory.hbm.bandwidth"].tolist() == [1e12, 1e12, 2e12, 2e12]


def test_zip_goes_side_by_side():
    side = a.sweep("mlp", "null", {"rate": RATES, "workload.batch": [1, 2, 4]}, mode="zip")
    assert side.shape == (3,)
    assert side.point(2) == {"rate": 4e12, "workload.batch": 4}


@pytest.mark.parametrize("mode", ["latin-hypercube", "sobol"])
def test_samples_fill_the_space_and_repeat_with_their_seed(mode):
    space = {
        "clock": a.Span(1e9, 2e9),
        "multiprocessors": a.Span(1, 8),
        "memory.hbm.bandwidth": a.Span(1e12, 4e12, log=True),
        "policy.fusion": ["none", "full"],
    }
    chip = a.hardware("a100-sxm4-80gb")
    first, again, other = (design(chip, space, mode, 256, seed) for seed in (7, 7, 8))
    assert all(np.array_equal(first.columns[path], again.columns[path]) for path in space)
    assert not np.array_equal(first.columns["clock"], other.columns["clock"])
    strata = np.floor((first.columns["clock"] - 1e9) / 1e9 * 256).astype(int)
    assert len(set(strata)) == 256  # one sample in each of as many strips
    ratios = np.floor(np.log(first.columns["memory.hbm.bandwidth"] / 1e12) / np.log(4.0) * 256).astype(int)
    assert len(set(ratios)) == 256
    whole, counts = np.unique(first.columns["multiprocessors"], return_counts=True)
    assert whole.tolist() == list(range(1, 9))
    assert counts.min() >= 31  # as likely as any other, those at the ends too
    assert np.unique(first.columns["policy.fusion"], return_counts=True)[1].tolist() == [128, 128]


def test_unbalanced_sobol_points_are_told():
    assert "128" in a.sweep("mlp", "null", {"rate": a.Span(1e12, 2e12)}, mode="sobol", samples=100).warnings[0]


@pytest.mark.parametrize(
    ("space", "choices", "says"),
    [
        ({}, {}, "nothing to sweep"),
        ([1], {}, "no space"),
        ({"clok": [1e9]}, {}, "did you mean 'clock'"),
        ({"clock": []}, {}, "no values"),
        ({"clock": 1e9}, {}, "give a list"),
        ({"clock": a.Span(1e9, 2e9)}, {}, "how many"),
        ({"clock": a.Span(2e9, 1e9, 3)}, {}, "empty"),
        ({"clock": a.Span(1e9, 1e9, 3)}, {}, "empty"),
        ({"clock": a.Span(1e9, 2e9, 10**9)}, {}, "take samples"),
        ({"clock": a.Span(1e9, 2e9, 10**4), "memory.hbm.bandwidth": a.Span(1e12, 2e12, 10**4)}, {}, "take samples"),
        ({"multiprocessors": a.Span(1.5, 4, 3)}, {}, "whole"),
        ({"power.idle": a.Span(0.0, 1.0, 3, log=True)}, {}, "above zero"),
        ({"policy.fusion": a.Span(0, 1, 2)}, {}, "between two choices"),
        ({"policy.fusion": ["none", "ful"]}, {}, "policy fusion='ful'; did you mean 'full'"),
        ({"policy.micro_batches": [1, 0]}, {}, "policy micro_batches=0"),
        ({"policy.training": [True, "maybe"]}, {}, "policy training='maybe'"),
        ({"policy.host": ["xeon-gold-6248", "xeon-gld-6248"]}, {}, "did you mean 'xeon-gold-6248'"),
        ({"policy.precision": ["fp16", "fp61"]}, {}, "fp61"),
        ({"clock": a.Span("1 GB/s", 2e9, 3)}, {}, "is a bandwidth"),
        ({"workload.batch": a.Span("a", 2, 3)}, {}, "no number"),
        ({"clock": [1e9, 2e9], "multiprocessors": [1]}, {"mode": "zip"}, "different lengths"),
        ({"clock": [1e9]}, {"mode": "gird"}, "did you mean 'grid'"),
        ({"clock": [1e9]}, {"samples": 4}, "mode 'grid'"),
        ({"clock": a.Span(1e9, 2e9)}, {"mode": "sobol"}, "samples=None"),
        ({"clock": a.Span(1e9, 2e9)}, {"mode": "sobol", "samples": 0}, "samples=0"),
        ({"clock": [1e9]}, {"fusion": "nine"}, "policy fusion"),
        ({"clock": [1e9]}, {"store": __file__}, "is a file"),
    ],
)
def test_absurd_spaces_are_refused(space, choices, says):
    with pytest.raises(ArchsimError, match=says):
        a.sweep("mlp", "a100-sxm4-80gb", space, **choices)


def test_what_only_some_combinations_forbid_is_a_matter_of_their_points():
    """Spikes at a rate need timesteps: 0 of them is a policy, and so is the rate."""
    swept = a.sweep("mlp", "loihi1-sanafe", {"policy.timesteps": [0, 4], "policy.rate": ["0.1", "0.2"]})
    assert [bool(reason) for reason in swept.points.reasons] == [False, True, False, False]
    assert "rate=0.2 is of a spiking twin" in swept.points.reasons[1]
    found = a.optimise("mlp", "loihi1-sanafe", {"policy.rate": ["0.1", "0.2"], "policy.timesteps": [4, 8]})
    assert found.feasible.all()


def test_one_point_is_a_sweep():
    one = a.sweep("mlp", "null", {"rate": [1e12]})
    assert one.shape == (1,)
    assert one["latency"][0] == pytest.approx(a.evaluate("mlp", a.with_(a.hardware("null"), "rate", 1e12)).latency)


def test_tables_and_json_have_units_and_reasons():
    partly = a.sweep("gpt2", "a100-sxm4-80gb", {"memory.hbm.capacity": ["1 MB", "80 GB"]})
    text = str(partly)
    assert "80 GB" in text
    assert "does not fit" in text
    assert partly.failed == 1
    assert partly.warnings == ("1 of 2 points have no result: the workload does not fit into the machine's memory",)
    said = json.loads(json.dumps(partly.to_dict()))
    assert said["units"] == {"memory.hbm.capacity": "B"}
    assert said["points"]["memory.hbm.capacity"] == [1e6, 8e10]
    assert said["points"]["latency_s"][1] == partly["latency"][1]
    with pytest.raises(UsageError, match="did you mean 'latency'"):
        partly["latncy"]


def test_csv_is_that_of_the_table_however_many_rows_are_held(grid, monkeypatch):
    whole = grid.table().to_csv()
    monkeypatch.setattr("archsim.study.swept.ROWS", 4)
    assert grid.to_csv() == whole
    assert grid.to_csv([5, 0]) == grid.table([5, 0]).to_csv()
    partly = a.sweep("gpt2", "a100-sxm4-80gb", {"memory.hbm.capacity": [8e10, 7e10, 6e10, 5e10, 1e6]})
    assert partly.to_csv() == partly.table().to_csv()


def test_a_sweep_without_any_result_has_no_best_point():
    nothing = a.sweep("gpt2", "a100-sxm4-80gb", {"memory.hbm.capacity": [1e6]})
    with pytest.raises(ArchsimError, match="no point"):
        nothing.best()


def test_frames_of_other_libraries(grid, tmp_path):
    pytest.importorskip("pandas")
    pytest.importorskip("xarray")
    parquet = pytest.importorskip("pyarrow.parquet")
    frame = grid.to_pandas()
    assert frame["latency"].tolist() == grid["latency"].tolist()
    assert frame["workload.batch"].tolist() == [1, 8] * 3
    assert frame.attrs["units"]["latency"] == "s"
    cube = grid.to_xarray()
    assert float(cube["energy"].sel({"rate": 2e12, "workload.batch": 8})) == grid["energy"][3]
    assert cube["energy"].attrs["units"] == "J"
    sampled = a.sweep("mlp", "null", {"rate": a.Span(1e12, 2e12)}, mode="sobol", samples=4)
    assert sampled.to_xarray()["latency"].dims == ("point",)
    grid.to_parquet(tmp_path / "grid.parquet")
    table = parquet.read_table(tmp_path / "grid.parquet")
    assert table.column("energy").to_pylist() == grid["energy"].tolist()
    assert table.schema.field("energy").metadata == {b"unit": b"J"}
    with pytest.raises(UsageError, match="cannot write"):
        grid.to_parquet(tmp_path / "nowhere" / "grid.parquet")


@pytest.mark.parametrize("method", ["to_pandas", "to_xarray"])
def test_a_library_that_is_missing_is_named_with_its_extra(grid, monkeypatch, method):
    for name in ("pandas", "xarray"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"archsim\[data\]"):
        getattr(grid, method)()
    assert frames.EXTRA == "data"


SPACE = {"policy.fusion": ["none", "epilogue", "full"], "rate": RATES}


def test_what_was_computed_is_not_computed_again(tmp_path, monkeypatch):
    fresh = a.sweep("mlp", "null", SPACE)
    first = a.sweep("mlp", "null", SPACE, store=tmp_path)
    monkeypatch.setattr("archsim.study.jobs.run", None)
    again = a.sweep("mlp", "null", SPACE, store=tmp_path)
    assert (first.found, again.found) == (0, 9)
    for found in (first, again):
        assert np.array_equal(found["latency"], fresh["latency"])
        assert found.points.bound.tolist() == fresh.points.bound.tolist()
        assert all(np.array_equal(found[f"energy.{group}"], fresh[f"energy.{group}"]) for group in GROUPS)


def test_an_interrupted_sweep_goes_on(tmp_path):
    def stop(done, count, following):
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(SweepInterrupted) as caught:
        a.sweep("mlp", "null", SPACE, store=tmp_path, progress=stop)
    assert caught.value.sweep.points.ok.sum() == 6
    rest = a.sweep("mlp", "null", SPACE, store=tmp_path)
    assert rest.found == 6
    assert np.array_equal(rest["energy"], a.sweep("mlp", "null", SPACE)["energy"])


KILLED = """
import os, signal, sys
import archsim as a
def die(done, count, following):
    if done == 6:
        os.kill(os.getpid(), signal.SIGKILL)
space = {"policy.fusion": ["none", "epilogue", "full"], "rate": [1e12, 2e12, 4e12]}
a.sweep("mlp", "null", space, store=sys.argv[1], progress=die)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_sweep_goes_on(tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    rest = a.sweep("mlp", "null", SPACE, store=tmp_path)
    assert rest.found == 6
    assert np.array_equal(rest["energy"], a.sweep("mlp", "null", SPACE)["energy"])


def key(network="mlp", machine="null", how=None, rates=RATES):
    path = "rate" if not isinstance(machine, a.Chip) or machine.family == "null" else "clock"
    ((_, job),) = grouped(network, machine, {path: rates}, how).jobs
    return canonical.Keys().of(job)


def test_whatever_changes_the_numbers_changes_the_key(monkeypatch, tmp_path):
    keys = [
        key(), key(a.workload("mlp", batch=2)), key(how={"fusion": "none"}), key(rates=[1e12, 2e12]),
        key(rates=[1e12, 2e12, np.nextafter(4e12, 5e12)]),
        key(machine=a.with_(a.hardware("null"), "power.idle", "1 uW")),
    ]  # fmt: skip
    monkeypatch.setattr(canonical, "engine_digest", lambda: "edited")
    keys.append(key())
    assert len(set(keys)) == len(keys)
    monkeypatch.undo()
    assert key() == keys[0]


def test_an_edited_technology_changes_the_keys_of_machines_made_in_it(monkeypatch, tmp_path):
    before = key("mlp", load_hardware("array-128x128"))
    models = models_root() / "technology"
    file = next(path for path in models.rglob("*.yaml") if path.stem == "logic-45-7")
    text = file.read_text(encoding="utf-8")
    assert "7 nm" in text
    edited = tmp_path / file.relative_to(models.parent)
    edited.parent.mkdir(parents=True)
    edited.write_text(text.replace("7 nm", "6 nm"), encoding="utf-8")
    monkeypatch.setenv("ARCHSIM_MODELS", str(tmp_path))
    assert key("mlp", load_hardware("array-128x128")) != before


def test_a_damaged_file_is_computed_again_and_a_damaged_index_is_told(tmp_path):
    a.sweep("mlp", "null", SPACE, store=tmp_path)
    file = next(tmp_path.rglob("*.npz"))
    file.write_bytes(file.read_bytes()[:100])
    again = a.sweep("mlp", "null", SPACE, store=tmp_path)
    assert again.found == 6
    assert again.points.ok.all()
    with sqlite3.connect(tmp_path / INDEX) as index:
        assert index.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        index.execute("PRAGMA user_version=99")
    index.close()
    with pytest.raises(UsageError, match="format 99"):
        a.sweep("mlp", "null", SPACE, store=tmp_path)
    for left in tmp_path.glob(f"{INDEX}*"):
        left.unlink()
    (tmp_path / INDEX).write_text("no database " * 100)
    with pytest.raises(UsageError, match="no index"), opened(tmp_path):
        pass


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_store_that_cannot_be_written_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="cannot open"), opened(tmp_path / "store"):
        pass
