"""House rules that a machine can check: sizes, prints, asserts, references, imports."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import archsim

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "archsim"
SOURCES = sorted(PACKAGE.rglob("*.py"))
ALLOWED = {"pyproject.toml", "README.md", "archsim", "models", "examples", "tests", "docs"}
PRODUCTS = {"build", "dist", "__pycache__"}
"""What builds leave behind and git ignores."""
MEDIAN, SOFT, HARD = 150, 400, 600
LONG: frozenset[str] = frozenset()
"""Files of the package above the soft limit, each one knowingly."""
TEXT = {".py", ".md", ".yaml", ".toml", ".csv", ".json", ".txt", ".svg"}
OUTSIDE = re.compile("|".join((r"\.\./shared", r"(?<![\w.])/work/", r"(?<![\w.])/root/", r"(?<![\w.])/home/\w")))


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_a_file_answers_one_question():
    sizes = {name(path): lines(path) for path in SOURCES}
    assert statistics.median(size for size in sizes.values() if size) <= MEDIAN
    assert {path for path, size in sizes.items() if size > SOFT} == LONG
    everything = [*SOURCES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]
    assert {name(path): lines(path) for path in everything if lines(path) > HARD} == {}


def test_only_the_command_line_prints():
    found = [
        f"{name(path)}:{node.lineno}"
        for path in SOURCES
        if "cli" not in path.relative_to(PACKAGE).parts
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert found == []


def test_users_never_meet_an_assert():
    found = [
        f"{name(path)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def test_nothing_is_left_to_do():
    waiting = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    everything = [*SOURCES, *(ROOT / "models").rglob("*.yaml"), *(ROOT / "examples").rglob("*.py")]
    found = [name(path) for path in everything if waiting.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_every_package_says_what_it_is_for():
    folders = {path.parent for path in SOURCES}
    assert [name(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []
    silent = [name(path) for path in SOURCES if not ast.get_docstring(parsed(path))]
    assert silent == []


def test_the_tree_refers_to_itself_alone():
    found = []
    for folder in ("archsim", "models", "examples", "tests", "docs", ".ci"):
        for path in sorted((ROOT / folder).rglob("*")):
            inside = path.relative_to(ROOT).parts
            if path == Path(__file__) or {"_build", "generated"} & set(inside) or not path.is_file():
                continue
            if path.suffix in TEXT or inside[0] == ".ci":
                match = OUTSIDE.search(path.read_text(encoding="utf-8"))
                found += [f"{name(path)}: {match[0]}"] if match else []
    assert found == []


def test_the_top_level_holds_what_it_may():
    entries = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert {entry for entry in entries - PRODUCTS if not entry.endswith(".egg-info")} == ALLOWED


def test_models_are_data_only():
    kinds = {path.suffix for path in (ROOT / "models").rglob("*") if path.is_file()}
    assert kinds <= {".yaml", ".csv", ".json", ".md"}


def test_importing_archsim_is_light():
    heavy = ("numba", "scipy", "numpy", "pydantic", "yaml", "networkx", "matplotlib", "onnx")
    code = f"import archsim, sys; print([m for m in {heavy!r} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def modules() -> list[str]:
    found = pkgutil.walk_packages(archsim.__path__, "archsim.")
    return [module.name for module in found if not module.name.endswith("__main__")]


@pytest.mark.parametrize("module", modules())
def test_every_module_can_be_imported(module):
    assert importlib.import_module(module).__doc__


def test_every_public_name_is_there():
    for public in archsim.__all__:
        assert getattr(archsim, public) is not None
    assert set(dir(archsim)) == set(archsim.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = archsim.no_such_name
