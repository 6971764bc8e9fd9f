"""What people name on the command line, turned into graphs, chips and policies."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from archsim.errors import ArchsimError, UsageError, did_you_mean

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.engine.policy import Policy
    from archsim.graph.graph import Graph

ONNX: Final = ".onnx"
READ: Final = (ONNX, ".csv", ".et", ".json", ".nir", ".pt2", ".yaml", ".yml")
"""Files of networks that a front end reads."""
FOREIGN: Final = (".pt", ".pth", ".pb", ".h5", ".keras", ".tflite", ".safetensors", ".torchscript", ".ckpt")
"""Files of networks that archsim does not read."""
VIEWS: Final = ("op", "kind", "cause", "level", "resource")
"""Tables of a result."""


@dataclass(frozen=True)
class WorkloadOptions:
    """Options of the command line that say which graph a workload is."""

    batch: str | None = None
    bind: list[str] | None = None
    parameter: list[str] | None = None
    unknown: str | None = None


def pairs(option: str, texts: Iterable[str] | None, *, example: str) -> dict[str, str]:
    """Read ``NAME=VALUE`` texts.

    Raises
    ------
    UsageError
        One has no ``=``, no name or no value, or a name comes twice.
    """
    found: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        name, value = name.strip(), value.strip()
        if not (name and equals and value):
            raise UsageError(f"{option} {text!r}", hint=f"write e.g. {option} {example}")
        if name in found:
            raise UsageError(f"{option} sets {name!r} twice", hint="keep one of them")
        found[name] = value
    return found


def whole_number(option: str, text: str, *, least: int = 1) -> int:
    """Read a whole number.

    Raises
    ------
    UsageError
        It is none, or below `least`.
    """
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        raise UsageError(f"{option} {shown!r}", hint=f"write a whole number of at least {least}")
    return value


def optional_number(option: str, text: str | None) -> int | None:
    """Read a whole number of at least 1, if there is one."""
    return None if text is None else whole_number(option, text)


def number(option: str, text: str, *, least: float = 0.0) -> float:
    """Read a number.

    Raises
    ------
    UsageError
        It is none, or below `least`.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= least):
        raise UsageError(f"{option} {text!r}", hint=f"write a number of at least {least:g}")
    return value


def is_file_of_network(name: str) -> bool:
    """Whether a name is meant as a file that holds a network, readable or not."""
    return name.lower().endswith((*READ, *FOREIGN)) or Path(name).is_dir()


def load_workload(name: str, options: WorkloadOptions) -> Graph:
    """Build a named workload, or read a file.

    Raises
    ------
    UsageError
        No such name or file, or options that belong to the other kind of workload.
    ImportFormatError
        A file that cannot be read, or leaves something open.
    """
    batch = optional_number("--batch", options.batch)
    if name.lower().endswith(ONNX):
        return _onnx(name, batch, options)
    if name.lower().endswith(FOREIGN):
        raise UsageError(f"archsim does not read {Path(name).suffix} files: {name!r}", hint="export it to .onnx")
    for option, given in (("--bind", options.bind), ("--unknown", options.unknown)):
        if given:
            hint = "write --param NAME=VALUE" if option == "--bind" else "leave it out"
            raise UsageError(f"{option} is for .onnx files, and {name!r} is none", hint=hint)
    values: dict[str, str | int] = dict(pairs("--param", options.parameter, example="sequence=2048"))
    if batch is not None:
        if "batch" in values:
            raise UsageError("--batch and --param batch both set the batch", hint="keep one of them")
        values["batch"] = batch
    if is_file_of_network(name):
        from archsim.frontends.load import load

        return load(name if Path(name).is_dir() else existing(name, READ), **values)
    from archsim.workloads.registry import workload

    return workload(name, **values)


def _onnx(name: str, batch: int | None, options: WorkloadOptions) -> Graph:
    from archsim.frontends.onnx import load_onnx

    if options.parameter:
        raise UsageError(f"--param is not for .onnx files such as {name!r}", hint="write --bind NAME=SIZE")
    path = existing(name, (ONNX,))
    texts = [part for text in options.bind or () for part in text.split(",")]
    sizes = pairs("--bind", texts, example="batch=4,sequence=128")
    bind = {key: whole_number(f"--bind {key}", value) for key, value in sizes.items()}
    return load_onnx(path, bind=bind, unknown=options.unknown or "error", batch=batch)


def existing(name: str, suffixes: tuple[str, ...]) -> Path:
    """Return the path of a file that is there.

    Raises
    ------
    UsageError
        It is not; names the files nearby that may be meant.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        raise UsageError(f"{name!r} is a folder", hint="name one file in it")
    if path.exists():
        return path
    folder = path.parent
    if not folder.is_dir():
        raise UsageError(f"there is no file {name!r}", hint=f"there is no folder {str(folder)!r}")
    near = {file.name for file in folder.iterdir() if file.suffix.lower() in suffixes}
    listed = f"{str(folder)!r} holds {', '.join(sorted(near)[:5])}" if near else "check the name and the folder"
    raise UsageError(f"there is no file {name!r}", hint=did_you_mean(path.name, near) or listed)


def load_machine(name: str, sets: list[str] | None = None) -> Chip | System:
    """Load a machine or a system by name or file, with values changed.

    Raises
    ------
    UsageError
        No such machine or path.
    InvalidDescriptionError
        A description or a changed value that cannot be.
    """
    from archsim.arch.system import System
    from archsim.engine.inputs import machine_of
    from archsim.io import catalogue
    from archsim.io.hardware import with_all
    from archsim.io.systems import with_values

    changes = pairs("--set", sets, example="memory.hbm.bandwidth='3.35 TB/s'")
    if catalogue.is_path(name):
        existing(name, (".yaml", ".yml", ".cfg"))
    machine = machine_of(name)
    if not changes:
        return machine
    try:
        return with_values(machine, changes) if isinstance(machine, System) else with_all(machine, changes)
    except ArchsimError as error:
        raise type_of(error)(f"--set for {machine.name}: {error}") from error


def type_of(error: ArchsimError) -> type[ArchsimError]:
    """Return a plain error class of the same exit code."""
    from archsim.errors import InvalidDescriptionError

    return UsageError if error.exit_code == UsageError.exit_code else InvalidDescriptionError


def make_policy(texts: list[str] | None) -> Policy:
    """Read ``--policy`` options.

    Raises
    ------
    UsageError
        A name or a choice no policy has.
    """
    from archsim.engine.policy import policy

    return policy(pairs("--policy", texts, example="fusion=none"))


def view(name: str | None, *more: str) -> str | None:
    """Check the name of a table, those of a result or `more`, before any work is done for it.

    Raises
    ------
    UsageError
        A result has no such table.
    """
    known = (*VIEWS, *more)
    if name is None or name in known:
        return name
    hint = did_you_mean(name, known) or f"write one of {', '.join(known)}"
    raise UsageError(f"--by {name!r}", hint=hint)
