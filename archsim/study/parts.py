"""What a machine of a comparison consists of: its chips, or the members and the host of a mixed system."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from archsim.arch.chip import Chip
from archsim.arch.mixed import MixedSystem
from archsim.arch.system import System
from archsim.engine.place import HOST, LINK

if TYPE_CHECKING:
    from archsim.engine.result import OpResult, Result

WHOLE: Final = ""
"""Name of the only part of a machine that is not mixed."""


def parts_of(machine: Chip | System) -> dict[str, Chip]:
    """Return the chips a machine consists of, each kind once, by the names a mixed system gives them."""
    if isinstance(machine, MixedSystem):
        return {**machine.machines, **({HOST: machine.host} if machine.host is not None else {})}
    return {WHOLE: machine.chip if isinstance(machine, System) else machine}


def with_parts(machine: Chip | System, parts: Mapping[str, Chip]) -> Chip | System:
    """Return a machine with other chips in the places that `parts_of` names."""
    if isinstance(machine, MixedSystem):
        members = {name: parts[name] for name in machine.machines}
        return dataclasses.replace(machine, machines=members, host=parts.get(HOST), chip=next(iter(members.values())))
    return dataclasses.replace(machine, chip=parts[WHOLE]) if isinstance(machine, System) else parts[WHOLE]


def copies_of(machine: Chip | System) -> int:
    """Return how many of each of its parts a machine has."""
    return machine.chips if isinstance(machine, System) and not isinstance(machine, MixedSystem) else 1


def ran_itself(op: OpResult, machine: Chip | System) -> bool:
    """Whether an op ran on the machine, or on a member of a mixed system, and not on a host or a link."""
    if isinstance(machine, MixedSystem):
        return op.placed_on in {f"{name}: {chip.name}" for name, chip in machine.machines.items()}
    return op.placed_on == (machine.chip.name if isinstance(machine, System) else machine.name)


def away(op: OpResult, machine: Chip | System) -> bool:
    """Whether an op is a host's work, or a transfer to or from it; links within a mixed system are its own."""
    if op.kind == "collective" or (isinstance(machine, MixedSystem) and op.placed_on == LINK):
        return False
    return not ran_itself(op, machine)


def host_beside(result: Result, machine: Chip | System) -> Chip | None:
    """Return the host that a run used and the machine's description does not hold; None: there is none.

    A machine has one only where some ops run on it; a mixed system brings its own, unless the policy names another.
    """
    if isinstance(machine, MixedSystem):
        needed = result.run is not None and bool(result.run.policy.host)
    else:
        needed = any(op.placed_on != LINK and not ran_itself(op, machine) for op in result.ops)
    if not needed or result.run is None:
        return None
    return next((part.chip for part in result.run.parts if part.place == HOST), None)
