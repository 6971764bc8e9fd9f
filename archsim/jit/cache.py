"""Where compiled kernels are kept between processes: one folder per content, the oldest removed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import Any

KEPT = 8
"""Folders kept per name."""


def root() -> Path:
    """Return the folder that holds all compiled kernels, whether or not it exists.

    ``ARCHSIM_CACHE``, else ``XDG_CACHE_HOME/archsim/kernels``, else ``~/.cache/archsim/kernels``.
    """
    if text := os.environ.get("ARCHSIM_CACHE", ""):
        return Path(text).expanduser().absolute()
    if text := os.environ.get("XDG_CACHE_HOME", ""):
        return Path(text).absolute() / "archsim" / "kernels"
    return Path("~/.cache/archsim/kernels").expanduser()


def folder(name: str, digest: str) -> Path | None:
    """Make the folder ``<root>/<name>-<digest>``, mark it as used now, and remove the oldest of that name.

    Returns
    -------
    Path or None
        None when nothing can be written there: kernels are then compiled anew in every process.
    """
    try:
        path = root() / f"{name}-{digest}"
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.utime(path)
        with tempfile.TemporaryFile(dir=path):  # permissions alone do not tell: read-only mounts, quotas
            pass
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        return None
    prune(path.parent, name)
    return path


def prune(parent: Path, name: str, kept: int = KEPT) -> list[Path]:
    """Remove all but the `kept` most recently used folders of `name`; return what was removed.

    A process that still uses a removed folder compiles once more, nothing worse.
    """
    pattern = re.compile(re.escape(name) + r"-[0-9a-f]{32}")
    aged: list[tuple[float, Path]] = []
    for path in parent.iterdir():
        if pattern.fullmatch(path.name):
            try:
                aged.append((path.stat().st_mtime, path))
            except OSError:  # another process removed it first
                continue
    removed = [path for _, path in sorted(aged, reverse=True)[kept:]]
    for path in removed:
        shutil.rmtree(path, ignore_errors=True)
    return removed


class Guarded:
    """Numba's cache of one function, made safe: whatever goes wrong with a file, the kernel is compiled instead.

    Two processes that compile the same function for different arguments at once would both number their file 1, and
    one's index could name the other's machine code. So every process names its files apart, and what is loaded is
    used only if it was compiled for the arguments asked for.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        files = inner._cache_file
        files._data_name_pattern = f"{uuid.uuid4().hex[:12]}.{{number:d}}.nbc"

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Return the compiled form for `signature`, or None."""
        try:
            loaded = self._inner.load_overload(signature, target)
        except Exception:  # a truncated or foreign file may raise anything
            return None
        if loaded is None or tuple(loaded.signature.args) != tuple(getattr(signature, "args", signature)):
            return None
        return loaded

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep the compiled form if it can be kept."""
        try:
            self._inner.save_overload(signature, compiled)
        except OSError:  # the disk is full, or another process pruned the folder
            return
        except Exception:  # the index on disk is damaged: begin a new one
            with contextlib.suppress(Exception):
                self._inner.flush()
                self._inner.save_overload(signature, compiled)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
