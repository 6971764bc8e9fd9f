"""What is built from the tree: a wheel that holds its data, and a source archive that holds everything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import archsim

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def shipped(folder: str) -> set[str]:
    """Files below a folder of the tree that belong into an archive."""
    files = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in files if not {"__pycache__", "_build"} & set(path.parts)}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    return next(built.glob("*.whl"))


def test_the_wheel_holds_the_package_and_its_data(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {path.replace("models/", "archsim/_models/", 1) for path in shipped("models")} <= names
    assert {path for path in shipped("archsim") if "_models" not in path} <= names
    assert "archsim/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "examples/", "models/"))]


def test_the_source_archive_holds_everything(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"pyproject.toml", "README.md", *shipped("archsim"), *shipped("models"), *shipped("tests")}
    assert wanted <= names
    assert "docs/index.md" in names
    assert "docs/images/roofline_resnet50.svg" in names


def test_the_wheel_works_from_another_folder(wheel, tmp_path):
    home = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(home)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ARCHSIM_")}
    environment |= {"PYTHONPATH": str(home), "ARCHSIM_CACHE": str(tmp_path / "cache")}

    def ask(*words):
        command = [sys.executable, "-m", "archsim", *words]
        done = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    listed = {entry["name"] for entry in json.loads(ask("list", "hardware", "--json"))}
    assert {"a100-sxm4-80gb", "xeon-gold-6248"} <= listed
    compared = json.loads(ask("compare", "resnet50", "a100-sxm4-80gb", "xeon-gold-6248", "--json"))
    assert [result["hardware"] for result in compared["results"]] == ["a100-sxm4-80gb", "xeon-gold-6248"]
    code = "from archsim.io import catalogue; print(catalogue.models_root())"
    where = subprocess.run([sys.executable, "-c", code], cwd=elsewhere, env=environment, capture_output=True, text=True,
                           check=True)  # fmt: skip
    assert Path(where.stdout.strip()).resolve() == (home / "archsim" / "_models").resolve()
    assert list(elsewhere.iterdir()) == []


def test_the_version_is_said_once_more_only():
    assert PROJECT["version"] == archsim.__version__


def test_extras_that_errors_name_are_there():
    import re

    asked = set()
    for path in (ROOT / "archsim").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        asked |= set(re.findall(r'MissingExtraError\("[\w.-]+", "(\w+)"\)', text))
    assert asked
    assert asked <= set(PROJECT["optional-dependencies"])


def test_the_licence_is_in_the_archives(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if name.endswith("licences/docs/licence.txt") or name.endswith("licence.txt")]
    assert PROJECT["license"] == "Apache-2.0"
