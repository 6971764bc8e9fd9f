"""One parameter of a comparison, whatever it belongs to: the workload, either machine, both, or the policy.

``workload.NAME``   an argument of the workload's generator
``policy.NAME``     a choice of how the run is done
``first.PATH``      a number of the first machine's description, such as ``first.memory.hbm.bandwidth``
``second.PATH``     of the second machine's
``PATH``            of both, where both have it
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.chip import Chip
from archsim.arch.columns import place_of, split_path
from archsim.arch.mixed import MixedSystem
from archsim.arch.system import System
from archsim.engine.inputs import graph_of
from archsim.engine.policy import policy as make_policy
from archsim.errors import ArchsimError, UsageError
from archsim.graph.graph import Graph
from archsim.io.fields import annotations_at, fields_at
from archsim.io.hardware import with_all
from archsim.io.overrides import resolve
from archsim.io.systems import STARTS, with_values
from archsim.units import RATIO, format_quantity, quantity_of

if TYPE_CHECKING:
    from archsim.engine.policy import Policy
    from archsim.units import Dimension, Quantity

SIDES: Final = ("first", "second")


@dataclass(frozen=True)
class Case:
    """What is compared at one value: the workload, both machines, and how they run."""

    graph: Graph
    machines: tuple[Chip | System, Chip | System]
    how: Policy


@dataclass(frozen=True)
class Parameter:
    """A parameter by its path.

    Attributes
    ----------
    path : str
        As written.
    case : callable
        Value to what is compared there.
    dimension : Dimension
        What it measures.
    whole : bool
        Whether only whole numbers make sense.
    read : callable
        Text or number to a number in the base unit.
    """

    path: str
    case: Callable[[float], Case]
    dimension: Dimension
    whole: bool
    read: Callable[[Any], float]

    def show(self, value: float) -> str:
        """Write a value for people."""
        return f"{value:g}" if self.dimension is RATIO or self.whole else format_quantity(value, self.dimension)


def parameter(
    path: str, build: Any, machines: tuple[Chip | System, Chip | System], how: Policy, over: Sequence[Any]
) -> Parameter:
    """Find what a path leads to.

    Parameters
    ----------
    path : str
        See above.
    build : Graph, str or callable
        The workload; its name, or what makes it, where an argument of it varies.
    machines : tuple of Chip or System
        Both.
    how : Policy
        How the runs are done.
    over : sequence
        Both ends of the range: whole numbers of an argument or a choice stay whole.

    Raises
    ------
    UsageError
        It leads nowhere.
    """
    if not isinstance(path, str) or not path:
        raise UsageError(f"{path!r} is no path of a parameter", hint="write e.g. first.memory.hbm.bandwidth")
    head, _, name = path.partition(".")
    whole = all(isinstance(end, int) or (isinstance(end, str) and end.isdecimal()) for end in over)
    number: Callable[[float], Any] = round if whole else float
    if head == "workload" and name:

        def sized(value: float) -> Case:
            return Case(_built(build, path, name, number(value)), machines, how)

        return Parameter(path, sized, RATIO, whole, _number(path))
    graph = graph_of(build)
    if head == "policy" and name:

        def driven(value: float) -> Case:
            return Case(graph, machines, make_policy(how, **{name: number(value)}))

        return Parameter(path, driven, RATIO, whole, _number(path))
    return _hardware(path, graph, machines, how)


def _hardware(path: str, graph: Graph, machines: tuple[Chip | System, Chip | System], how: Policy) -> Parameter:
    head, _, rest = path.partition(".")
    sides = (SIDES.index(head),) if head in SIDES else (0, 1)
    name = rest if head in SIDES else path
    quantities = [_quantity(machines[side], name) for side in sides]
    quantity = quantities[0]
    if len({each.dimension for each in quantities}) > 1:
        raise UsageError(f"{path!r} measures different things on the two machines",
                         hint=f"write first.{path} or second.{path}")  # fmt: skip

    def case(value: float) -> Case:
        changed = tuple(
            _with(machine, name, value) if side in sides else machine for side, machine in enumerate(machines)
        )
        return Case(graph, (changed[0], changed[1]), how)

    return Parameter(path, case, quantity.dimension, quantity.integer, quantity.read)


def _quantity(machine: Chip | System, name: str) -> Quantity:
    """Return what a number of a description measures; of a system, its own or that of one of its machines."""
    chip, path, quantity = machine, name, None
    if isinstance(machine, MixedSystem) and name.partition(".")[0] in (*machine.machines, "host"):
        place, _, path = name.partition(".")
        chip = machine.host if place == "host" and machine.host else machine.machines.get(place, machine)
    elif isinstance(machine, System) and split_path(name)[:1] and split_path(name)[0] in STARTS:
        spec = type(machine.spec)
        exact = resolve(machine.tree, name, lambda at: fields_at(spec, at))
        found = [quantity_of(each) for each in annotations_at(spec, exact)]
        quantity = next((each for each in found if each is not None), None)
    elif isinstance(machine, System) and not isinstance(machine, MixedSystem):
        chip = machine.chip
    if isinstance(chip, Chip):
        quantity = place_of(chip.spec, path).column.quantity
    elif quantity is None and isinstance(machine, MixedSystem):
        raise UsageError(f"{machine.name!r} has no number {name!r}",
                         hint=f"begin the path with one of {', '.join((*machine.machines, 'host'))}")  # fmt: skip
    if quantity is None:
        raise UsageError(f"{name!r} of {machine.name!r} is no number that can be varied", hint="name a quantity")
    return quantity


def _with(machine: Chip | System, name: str, value: float) -> Chip | System:
    return with_all(machine, {name: value}) if isinstance(machine, Chip) else with_values(machine, {name: value})


def _built(build: Any, path: str, name: str, value: Any) -> Graph:
    if isinstance(build, Graph):
        raise UsageError(f"{path!r} is an argument, and {build.name!r} is a finished graph",
                         hint="pass the workload's name, or what makes it")  # fmt: skip
    if isinstance(build, str):
        from archsim.workloads.registry import workload

        return workload(build, **{name: value})
    made = build(**{name: value})
    if not isinstance(made, Graph):
        raise UsageError(f"{build!r} makes no graph", hint="return what archsim.workload returns")
    return made


def _number(path: str) -> Callable[[Any], float]:
    def read(text: Any) -> float:
        try:
            value = math.nan if isinstance(text, bool) else float(text)
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            raise UsageError(f"{path} = {text!r}", hint="write a number")
        return value

    return read


def why(error: ArchsimError) -> str:
    """Say in one line why there is no result."""
    return str(error).splitlines()[0]
