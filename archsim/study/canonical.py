"""One text for each meaning, so that what was computed before is recognised, and what changed is not."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

from archsim import __version__
from archsim.arch.chip import Chip
from archsim.arch.mixed import MixedSystem
from archsim.arch.system import System
from archsim.errors import InvariantError
from archsim.graph.graph import Graph
from archsim.study.groups import Job

SIZE: Final = 16
"""Bytes of a digest."""
_ENGINE: Final = ("arch", "engine", "families", "graph", "jit", "laws", "mapping", "study", "units", "workloads")
"""Packages whose code decides about numbers."""


def digest(*parts: bytes | str) -> str:
    """Return the digest of parts, each told apart from the next, as 32 hexadecimal digits."""
    whole = hashlib.blake2b(digest_size=SIZE)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "little"))
        whole.update(data)
    return whole.hexdigest()


def canonical(value: Any) -> str:
    """Return JSON that two values share only when they mean the same: keys sorted, floats exact, classes named.

    Raises
    ------
    InvariantError
        A value of a kind that has no such text.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return {"enum": [type(value).__qualname__, _plain(value.value)]}
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, BaseModel):
        return {"model": type(value).__qualname__, "fields": _named(value, type(value).model_fields)}
    if is_dataclass(value) and not isinstance(value, type):
        return {"class": type(value).__qualname__, "fields": _named(value, [each.name for each in fields(value)])}
    if isinstance(value, Mapping):
        return {"mapping": [[_plain(key), _plain(item)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return {"set": sorted(canonical(item) for item in value)}
    if hasattr(value, "tobytes") and hasattr(value, "dtype"):
        return {"array": [str(value.dtype), list(value.shape), digest(value.tobytes())]}
    raise InvariantError(f"{type(value).__qualname__!r} has no canonical text", hint="this is a defect of archsim")


def _named(value: Any, names: Any) -> dict[str, Any]:
    return {name: _plain(getattr(value, name)) for name in names}


@cache
def engine_digest() -> str:
    """Return the digest of the version and of all code that decides about numbers, tables inside it included."""
    parts: list[str | bytes] = [__version__]
    for name in _ENGINE:
        folders = [importlib.resources.files("archsim") / name]
        while folders:
            folder = folders.pop()
            for entry in sorted(folder.iterdir(), key=lambda each: each.name):
                if entry.is_dir():
                    folders.append(entry)
                elif entry.name.endswith(".py"):
                    parts += [f"{folder.name}/{entry.name}", entry.read_bytes()]
    return digest(*parts)


class Keys:
    """Digests of jobs; what several jobs share is digested once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, str]] = {}

    def of(self, job: Job) -> str:
        """Return what identifies the results of a job: code, machine, host, graph, policy and numbers."""
        parts: list[str | bytes] = [engine_digest(), self._once(job.graph), str(job.count)]
        parts.append(canonical(replace(job.how, jit="auto")))  # compiled or not, the numbers are the same
        parts += [self._once(each) for each in _machines(job)]
        for path, values in job.columns.items():
            parts += [path, values.astype("<f8").tobytes()]
        return digest(*parts)

    def _once(self, value: Graph | Chip | System) -> str:
        if id(value) not in self._known:
            meant = value if isinstance(value, Graph) else value.spec
            self._known[id(value)] = value, digest(canonical(meant))  # kept, or its id might come again
        return self._known[id(value)][1]


def _machines(job: Job) -> list[Chip | System]:
    """Return every description a job may read: all numbers of technologies and links are part of them."""
    machine = job.machine
    chip = machine.chip if isinstance(machine, System) else machine
    found: list[Chip | System] = [machine] if machine is chip else [machine, chip]
    if isinstance(machine, MixedSystem):
        found += [*machine.machines.values(), *([machine.host] if machine.host else [])]
    name = job.how.host or chip.spec.host
    return [*found, _host(name)] if name else found


@cache
def _host(name: str) -> Chip:
    from archsim.io.hardware import load_hardware

    return load_hardware(name)
