"""The checks of ``archsim doctor``, each of which catches whatever goes wrong in it."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

PACKAGES: Final = ("numpy", "numba", "scipy", "networkx", "pydantic", "PyYAML", "typer", "rich")
EXTRAS: Final = {"onnx": "onnx", "matplotlib": "plot"}
"""Optional packages and the extra that installs each."""
OLDEST_PYTHON: Final = (3, 11)


@dataclass(frozen=True)
class Check:
    """Outcome of one check; one that is not `required` may fail and archsim still works."""

    name: str
    ok: bool
    detail: str
    hint: str = ""
    required: bool = True


def run_checks() -> list[Check]:
    """Run all checks."""
    return [*_python(), *_packages(), _guarded("compiler", _compiler), _cache(), *_environment(), *_models()]


def _guarded(name: str, action: Callable[[], str], hint: str = "", *, required: bool = True) -> Check:
    try:
        return Check(name, True, action(), required=required)
    except Exception as error:  # whatever a broken installation raises is what this command is for
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return Check(name, False, text[:300], hint or "run: pip install --upgrade --force-reinstall archsim", required)


def _python() -> Iterator[Check]:
    from archsim import __version__

    yield Check("archsim", True, __version__)
    hint = "" if sys.version_info >= OLDEST_PYTHON else "install Python 3.11 or newer"
    yield Check("python", not hint, f"{platform.python_version()} at {sys.executable}", hint)
    yield Check("platform", True, f"{platform.system()} {platform.release()}, {platform.machine()}")


def _packages() -> Iterator[Check]:
    for package in PACKAGES:
        yield _guarded(package, lambda package=package: metadata.version(package))  # type: ignore[misc]
    for package, extra in EXTRAS.items():
        hint = f"optional; run: pip install 'archsim[{extra}]'"
        yield _guarded(package, lambda package=package: metadata.version(package), hint, required=False)  # type: ignore[misc]


def _compiler() -> str:
    from archsim import jit

    if not jit.enabled():
        return "switched off by ARCHSIM_JIT=0"
    start = time.process_time()
    import numba

    imported = time.process_time() - start
    twice: Callable[[float], float] = numba.njit(lambda x: 2.0 * x)
    if twice(21.0) != 42.0:
        raise ArithmeticError("a compiled function returned a wrong number")
    compiled = time.process_time() - start - imported
    return f"import {imported:.2f} s, compile {compiled:.2f} s, {jit.threads()} threads"


def _cache() -> Check:
    from archsim.jit import cache

    folder = cache.root()
    nearest = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Check("kernel cache", True, str(folder), required=False)
    hint = "set ARCHSIM_CACHE to a folder that can be written; without it kernels are compiled in every process"
    return Check("kernel cache", False, f"{folder} cannot be written", hint, required=False)


def _environment() -> Iterator[Check]:
    for name in sorted(os.environ):
        if name.startswith("ARCHSIM_") or name == "NUMBA_NUM_THREADS":
            yield Check(name, True, os.environ[name], required=False)


def _models() -> Iterator[Check]:
    from archsim.io import catalogue

    for kind in ("hardware", "technology", "measured"):
        yield _guarded(f"models/{kind}", lambda kind=kind: f"{_found(kind)} found")  # type: ignore[misc]
    yield _guarded("workloads", lambda: f"{_workloads()} names")
    for entry in catalogue.entries("hardware"):
        check = _guarded(entry.name, lambda path=entry.path: _loaded(path), f"correct {entry.path}")  # type: ignore[misc]
        if not check.ok:
            yield check


def _loaded(path: Path) -> str:
    from archsim.io.hardware import load_hardware

    return load_hardware(path).name


def _found(kind: str) -> int:
    from archsim.io import catalogue

    found = len(catalogue.entries(kind))
    if not found and kind == "hardware":
        raise FileNotFoundError(f"no {kind} below {catalogue.models_root()}")
    return found


def _workloads() -> int:
    from archsim.workloads.registry import generators

    return len(generators())
