"""What callers may pass for a workload and a machine: the object, or its name."""

from __future__ import annotations

from os import PathLike
from typing import Any

from archsim.arch.chip import Chip
from archsim.arch.system import System
from archsim.errors import UsageError
from archsim.graph.graph import Graph


def graph_of(value: Any) -> Graph:
    """Return a graph given one, or the name of a workload.

    Raises
    ------
    UsageError
        Neither, or no such workload.
    """
    if isinstance(value, Graph):
        return value
    if isinstance(value, str):
        from archsim.workloads.registry import workload

        return workload(value)
    raise UsageError(f"{value!r} is no workload", hint="pass archsim.workload('resnet50'), a graph, or a name")


def chip_of(value: Any) -> Chip:
    """Return a machine given one, its name, or the path of its file.

    Raises
    ------
    UsageError
        None of these, or no such machine.
    """
    machine = machine_of(value)
    if isinstance(machine, System):
        raise UsageError(f"{machine.name!r} is a system of {machine.chips} chips, and this takes one chip",
                         hint=f"write {machine.chip.name!r}")  # fmt: skip
    return machine


def machine_of(value: Any) -> Chip | System:
    """Return a machine or a system given one, its name, or the path of its file; a machine's name goes first.

    Raises
    ------
    UsageError
        None of these, or neither has the name.
    """
    if isinstance(value, Chip | System):
        return value
    if isinstance(value, str | PathLike):
        from archsim.io.hardware import load_hardware
        from archsim.io.systems import is_system, load_system

        if is_system(value):  # type: ignore[arg-type]
            return load_system(value)  # type: ignore[arg-type]
        return load_hardware(value)  # type: ignore[arg-type]
    raise UsageError(f"{value!r} is no machine", hint="pass archsim.hardware('a100-sxm4-80gb'), or its name")
