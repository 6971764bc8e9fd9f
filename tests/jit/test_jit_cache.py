"""Compiled kernels on disk: found by the next process, never stale, never mixed up, never in the way."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archsim.jit import cache

LAWS = """
from archsim.jit import kernel
import constants
FACTOR = 10.0

@kernel
def scaled(x):
    return x * FACTOR + constants.OFFSET
"""

CONSTANTS = "OFFSET = 1.0\n"

MACHINE = """
from archsim.jit import kernel, slot
import laws

@slot
def cost(x): ...

@kernel
def driver(x):
    return cost(x) + laws.scaled(x)

@kernel
def cost_one(x):
    return 100.0 * x

@kernel
def cost_two(x):
    return 200.0 * x
"""

MAIN = """
import json, sys
import machine
from archsim import jit

report = {}
for family in sys.argv[1].split(","):
    run = jit.compiled(machine.driver, bind={"cost": getattr(machine, f"cost_{family}")}, family=family)
    value = run(2 if family == sys.argv[-1] else 2.0)
    hits, misses = sum(run.stats.cache_hits.values()), sum(run.stats.cache_misses.values())
    report[family] = {"value": value, "hits": hits, "misses": misses}
print(json.dumps(report))
"""


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "package"
    folder.mkdir()
    for name, text in {"laws": LAWS, "constants": CONSTANTS, "machine": MACHINE, "main": MAIN}.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def start(package, cache_folder, *arguments):
    archsim = Path(cache.__file__).parents[2]
    environment = {k: v for k, v in os.environ.items() if k != "ARCHSIM_JIT"}
    environment |= {
        "PYTHONPATH": os.pathsep.join([str(package), str(archsim)]),
        "ARCHSIM_CACHE": str(cache_folder),
        "PYTHONDONTWRITEBYTECODE": "1",  # an edit within a second and of equal length would fool Python's own cache
    }
    command = [sys.executable, str(package / "main.py"), *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


def run(package, cache_folder, *arguments):
    return finish(start(package, cache_folder, *arguments))


def edit(package, name, old, new):
    path = package / f"{name}.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_edits_anywhere_take_effect_and_unchanged_kernels_are_found(package, tmp_path):
    folder = tmp_path / "kernels"
    base = {"value": 200.0 + 20.0 + 1.0, "hits": 0, "misses": 1}
    assert run(package, folder, "one") == {"one": base}
    assert run(package, folder, "one") == {"one": {**base, "hits": 1, "misses": 0}}

    edit(package, "laws", "FACTOR = 10.0", "FACTOR = 70.0")
    assert run(package, folder, "one")["one"] == {"value": 200.0 + 140.0 + 1.0, "hits": 0, "misses": 1}
    edit(package, "constants", "1.0", "9.0")
    assert run(package, folder, "one")["one"] == {"value": 200.0 + 140.0 + 9.0, "hits": 0, "misses": 1}
    edit(package, "laws", "x * FACTOR", "x - FACTOR")
    assert run(package, folder, "one")["one"] == {"value": 200.0 - 68.0 + 9.0, "hits": 0, "misses": 1}

    for name, text in {"laws": LAWS, "constants": CONSTANTS}.items():
        (package / f"{name}.py").write_text(text)
    assert run(package, folder, "one") == {"one": {**base, "hits": 1, "misses": 0}}


def test_two_families_share_a_folder_without_meeting(package, tmp_path):
    folder = tmp_path / "kernels"
    cold = run(package, folder, "one,two")
    assert {family: each["value"] for family, each in cold.items()} == {"one": 221.0, "two": 421.0}
    warm = run(package, folder, "two,one")
    assert warm == {family: {**each, "hits": 1, "misses": 0} for family, each in cold.items()}
    assert sorted(path.name.rsplit("-", 1)[0] for path in folder.iterdir()) == ["driver_one", "driver_two"]


def test_processes_that_compile_at_once_do_not_corrupt(package, tmp_path):
    folder = tmp_path / "kernels"
    # the second argument makes one of them compile for an integer: same folder, same function, another signature
    started = [start(package, folder, "one", kind) for kind in ("float", "one", "float", "one")]
    assert [finish(each)["one"]["value"] for each in started] == [221.0] * 4
    for kind in ("float", "one"):
        assert run(package, folder, "one", kind)["one"]["value"] == 221.0
        assert run(package, folder, "one", kind)["one"] == {"value": 221.0, "hits": 1, "misses": 0}


def test_a_damaged_file_is_compiled_anew(package, tmp_path):
    folder = tmp_path / "kernels"
    run(package, folder, "one")
    for kept in [*folder.rglob("*.nbc"), *folder.rglob("*.nbi")]:
        kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
        assert run(package, folder, "one")["one"]["value"] == 221.0


def test_a_folder_that_cannot_be_written_is_done_without(package, tmp_path):
    blocked = tmp_path / "a-file"
    blocked.write_text("not a folder")
    report = run(package, blocked / "kernels", "one")
    assert report["one"]["value"] == 221.0 and report["one"]["hits"] == 0
    assert sorted(path.name for path in package.iterdir()) == ["constants.py", "laws.py", "machine.py", "main.py"]


def test_the_root_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHSIM_CACHE", str(tmp_path / "here"))
    assert cache.root() == tmp_path / "here"
    monkeypatch.delenv("ARCHSIM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.root() == tmp_path / "archsim" / "kernels"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache.root() == tmp_path / "home" / ".cache" / "archsim" / "kernels"


def test_only_the_folders_used_last_are_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHSIM_CACHE", str(tmp_path))
    made = [cache.folder("driver_gpu", f"{n:032x}") for n in range(cache.KEPT)]
    other = cache.folder("driver_gpu_2", "0" * 32)
    now = time.time()
    for age, path in enumerate(made):
        os.utime(path, (now - 1000 - age, now - 1000 - age))
    made[-1].joinpath("inside").mkdir()
    assert cache.folder("driver_gpu", f"{cache.KEPT - 1:032x}") == made[-1], "using it makes it the newest"
    newest = cache.folder("driver_gpu", "f" * 32)
    kept = {path for path in tmp_path.iterdir() if path.name.startswith("driver_gpu-")}
    assert kept == {newest, made[-1], *made[: cache.KEPT - 2]} and len(kept) == cache.KEPT
    assert other.is_dir(), "another name is another count"
