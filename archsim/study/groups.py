"""Which points share a graph, a machine and a policy, so that they can be lowered once and evaluated together."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.chip import Chip
from archsim.arch.columns import Place, place_of
from archsim.arch.system import System
from archsim.engine.inputs import graph_of, machine_of
from archsim.engine.policy import Policy
from archsim.engine.policy import policy as make_policy
from archsim.errors import ArchsimError, UnitError, UsageError, did_you_mean
from archsim.graph.graph import Graph
from archsim.io import catalogue
from archsim.io.hardware import with_all
from archsim.io.systems import with_values

if TYPE_CHECKING:
    import numpy as np

    from archsim.study.points import Progress

WORKLOAD: Final = "workload"
HARDWARE: Final = "hardware"
POLICY: Final = "policy"


@dataclass(frozen=True)
class Job:
    """Points that share everything but numbers of the description.

    Attributes
    ----------
    graph : Graph
        What runs.
    machine : Chip or System
        What all points start from.
    how : Policy
        How.
    columns : mapping of str to ndarray, (n,)
        Numbers that differ, SI units, by path.
    count : int
        How many points.
    """

    graph: Graph
    machine: Chip | System
    how: Policy
    columns: Mapping[str, np.ndarray]
    count: int

    def part(self, first: int, last: int) -> Job:
        """Return the points from `first` up to `last`."""
        some = {path: values[first:last] for path, values in self.columns.items()}
        return Job(self.graph, self.machine, self.how, some, last - first)


@dataclass(frozen=True)
class Grouping:
    """All points by group.

    Attributes
    ----------
    count : int
        Points in all.
    jobs : tuple of (ndarray of int, Job)
        Which points each job has, and the job.
    broken : tuple of (ndarray of int, ArchsimError)
        Points of which no job can be made, and why.
    """

    count: int
    jobs: tuple[tuple[np.ndarray, Job], ...]
    broken: tuple[tuple[np.ndarray, ArchsimError], ...]


def grouped(
    workload: Any, machine: Any, columns: Mapping[str, Sequence[Any]], policy: Policy | Mapping[str, Any] | None,
    progress: Progress | None = None,
) -> Grouping:  # fmt: skip
    """Group points by what must be built anew; arguments and errors are those of `evaluate_columns`."""
    count = length_of(columns)
    how = make_policy(policy)
    make_graph = graphs_of(workload, columns, progress and (lambda made: progress(0, count, f"{made} networks built")))
    check_policies(columns)
    if HARDWARE not in columns:
        found = list(_on_one(make_graph, machine_of(machine), columns, how, count))
    else:  # which leaves there are depends on the machine
        others = {path: values for path, values in columns.items() if path != HARDWARE}
        found = []
        for which in _alike({HARDWARE: columns[HARDWARE]}, count):
            some = {path: _some(values, which) for path, values in others.items()}
            try:
                named = machine_of(_plain(columns[HARDWARE][int(which[0])]))
                found += [(which[inner], job) for inner, job in _on_one(make_graph, named, some, how, len(which))]
            except ArchsimError as error:
                found.append((which, error))
    jobs = tuple((which, job) for which, job in found if isinstance(job, Job))
    broken = tuple((which, error) for which, error in found if not isinstance(error, Job))
    if broken and not jobs:
        raise broken[0][1]
    return Grouping(count, jobs, broken)


def _on_one(
    make_graph: Callable[[Mapping[str, Any]], Graph], machine: Chip | System, columns: Mapping[str, Sequence[Any]],
    how: Policy, count: int,
) -> Iterator[tuple[np.ndarray, Job | ArchsimError]]:  # fmt: skip
    """Yield the groups of points of one machine, each with its job, or with why there is none."""
    numbers: dict[str, np.ndarray] = {}
    built: dict[str, Sequence[Any]] = {}
    for path, values in columns.items():
        array = None if is_outside(path) else numeric(machine, path, values)
        if array is None:
            built[path] = values
        else:
            numbers[path] = array
    for which in _alike(built, count):
        chosen = {path: values[int(which[0])] for path, values in built.items()}
        some = {path: values[which] for path, values in numbers.items()}
        try:
            yield which, _job(make_graph, machine, how, chosen, some, len(which))
        except ArchsimError as error:
            yield which, error


def length_of(columns: Mapping[str, Sequence[Any]]) -> int:
    """Return how many points columns describe.

    Raises
    ------
    UsageError
        No columns, empty ones, or columns of different lengths.
    """
    if not isinstance(columns, Mapping):
        raise UsageError(f"{columns!r} are no columns", hint="pass a mapping such as {'clock': [1e9, 2e9]}")
    if not columns:
        raise UsageError("nothing differs between the points", hint="name at least one path, such as clock")
    lengths = {}
    for path, values in columns.items():
        if not isinstance(path, str):
            raise UsageError(f"{path!r} is no path", hint="write a path, such as 'memory.hbm.bandwidth'")
        if isinstance(values, str) or not hasattr(values, "__len__"):
            raise UsageError(f"{path} has the values {values!r}", hint="give a list with one value per point")
        lengths[path] = len(values)
    if len(set(lengths.values())) > 1:
        raise UsageError(f"the columns have different lengths: {lengths}", hint="give one value per point in each")
    count = next(iter(lengths.values()))
    if not count:
        raise UsageError(f"{next(iter(lengths))!r} has no values: there are no points", hint="give at least one value")
    return count


def is_outside(path: str) -> bool:
    """Say whether a path leads to something other than a leaf of the description."""
    return path in (WORKLOAD, HARDWARE) or path.startswith((f"{WORKLOAD}.", f"{POLICY}."))


def numeric(machine: Chip | System, path: str, values: Sequence[Any]) -> np.ndarray | None:
    """Read the values of a leaf as numbers in SI units, (n,); None when they change more than a number.

    Raises
    ------
    UnitError
        Text that is no quantity of the leaf's dimension, or a number outside its bounds.
    """
    import numpy as np

    if isinstance(machine, System):
        return None
    try:
        place = place_of(machine.spec, path)
    except UsageError:
        return None  # text or a part: what may stand there is checked when the machine is built
    if place.column.choices:
        return None
    array = np.asarray(values)
    if array.dtype.kind in "iuf":
        numbers = array.astype(np.float64)
    else:
        read = [_number(place, path, value) for value in values]
        if any(value is None for value in read):
            return None
        numbers = np.array(read, dtype=np.float64)
    if numbers.ndim != 1:
        raise UsageError(f"{path} has values of shape {numbers.shape}", hint="give one value per design point")
    if place.column.quantity is not None:
        place.column.quantity.check(numbers, path)
    return None if _is_format(place, machine, numbers) else numbers


def _number(place: Place, path: str, value: Any) -> float | None:
    """Read one value; None where it is no number at all."""
    if isinstance(value, bool) or value is None:
        return None
    quantity = place.column.quantity
    try:
        return float(quantity.read(value)) if quantity is not None else float(value)
    except UnitError as error:
        raise UnitError(f"{path}: {error.message}", hint=error.hint) from None
    except (TypeError, ValueError):
        return None


def _is_format(place: Place, machine: Chip, numbers: np.ndarray) -> bool:
    """Say whether a number format comes or goes: a rate of zero means that the machine does not have it."""
    if "?" not in place.column.path:
        return False
    node: Any = machine.spec
    for step in place.path:
        node = node[step] if isinstance(step, int) else getattr(node, step)
    return not node or not bool(numbers.all())


def graphs_of(
    workload: Any, columns: Mapping[str, Sequence[Any]], told: Callable[[int], None] | None = None
) -> Callable[[Mapping[str, Any]], Graph]:
    """Return what makes the graph of the chosen values; graphs that come again are not made again.

    Each new one is `told` by how many there are.

    Raises
    ------
    UsageError
        Arguments for a workload that takes none, or that it does not have.
    """
    arguments = [path for path in columns if path.startswith(f"{WORKLOAD}.")]
    names = [path.partition(".")[2] for path in arguments]
    first = columns[WORKLOAD][0] if WORKLOAD in columns else workload
    if names and isinstance(first, Graph):
        raise UsageError(f"{arguments[0]!r} is an argument, and {first.name!r} is a finished graph",
                         hint="pass the workload's name, or what makes it")  # fmt: skip
    if names and callable(first):
        _check_arguments(first, names)
    seen: dict[str, Graph] = {}

    def make(chosen: Mapping[str, Any]) -> Graph:
        source = chosen.get(WORKLOAD, workload)
        values = {name: _plain(chosen[path]) for name, path in zip(names, arguments, strict=True)}
        key = repr((source if isinstance(source, str) else id(source), values))
        if key not in seen:
            seen[key] = _graph(source, values)
            if told is not None:
                told(len(seen))
        return seen[key]

    return make


def _graph(source: Any, values: Mapping[str, Any]) -> Graph:
    if isinstance(source, str) and values:
        from archsim.workloads.registry import workload

        return workload(source, **values)
    if callable(source) and not isinstance(source, Graph):
        made = source(**values)
        if not isinstance(made, Graph):
            raise UsageError(f"{getattr(source, '__name__', source)!r} makes {type(made).__name__!r} and no graph",
                             hint="return what archsim.workload or GraphBuilder.build returns")  # fmt: skip
        return made
    return graph_of(source)


def _check_arguments(build: Callable[..., Graph], names: Sequence[str]) -> None:
    try:
        takes = inspect.signature(build).parameters
    except (TypeError, ValueError):  # a builtin tells nothing
        return
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in takes.values()):
        return
    for name in names:
        if name not in takes:
            hint = did_you_mean(name, takes) or f"it takes {', '.join(takes) or 'nothing'}"
            raise UsageError(f"the workload has no argument {name!r}", hint=hint)


def check_policies(columns: Mapping[str, Iterable[Any]]) -> None:
    """Refuse choices that no policy has, before points with them are left out as if they did not run.

    Each value is looked at by itself: what only some combinations forbid is a matter of single points.

    Raises
    ------
    UsageError
        A name or a value that no policy has.
    """
    for path, values in columns.items():
        name = path.removeprefix(f"{POLICY}.")
        if name == path:
            continue
        for value in {_key(value): _plain(value) for value in values}.values():
            make_policy(Policy(timesteps=1), **{name: value})
            if name == "host" and value:
                catalogue.find("hardware", value)


def _job(
    make_graph: Callable[[Mapping[str, Any]], Graph], machine: Chip | System, how: Policy, chosen: Mapping[str, Any],
    numbers: Mapping[str, np.ndarray], count: int,
) -> Job:  # fmt: skip
    changes = {path: _plain(value) for path, value in chosen.items() if not is_outside(path)}
    if changes:
        machine = with_values(machine, changes) if isinstance(machine, System) else with_all(machine, changes)
    choices = {path.removeprefix(f"{POLICY}."): _plain(value) for path, value in chosen.items()
               if path.startswith(f"{POLICY}.")}  # fmt: skip
    return Job(make_graph(chosen), machine, make_policy(how, **choices), numbers, count)


def _plain(value: Any) -> Any:
    """Return a numpy scalar as the Python value it stands for."""
    return value.item() if hasattr(value, "item") and not isinstance(value, Graph) else value


def _alike(built: Mapping[str, Sequence[Any]], count: int) -> Iterator[np.ndarray]:
    """Yield which points have the same structural values, in the order of their first ones."""
    import numpy as np

    if not built:
        yield np.arange(count)
        return
    group = np.zeros(count, dtype=np.int64)
    for values in built.values():
        codes = _codes(values)
        _, group = np.unique(group * (int(codes.max()) + 1) + codes, return_inverse=True)
    order = np.argsort(group, kind="stable")
    edges = np.flatnonzero(np.diff(group[order])) + 1
    yield from sorted(np.split(order, edges), key=lambda which: int(which[0]))


def _some(values: Sequence[Any], which: np.ndarray) -> Sequence[Any]:
    import numpy as np

    return values[which] if isinstance(values, np.ndarray) else [values[index] for index in which.tolist()]


def _codes(values: Sequence[Any]) -> np.ndarray:
    """Return a number for each value, (n,): the same for those that mean the same."""
    import numpy as np

    if isinstance(values, np.ndarray) and values.dtype.kind in "iufb":
        return np.unique(values, return_inverse=True)[1].astype(np.int64)
    known: dict[Any, int] = {}
    seen: dict[int, int] = {}  # the same object comes many times on a grid
    held = list(values)  # or another object might get the id of one that is gone
    codes = np.empty(len(held), dtype=np.int64)
    for index, value in enumerate(held):
        code = seen.get(id(value))
        if code is None:
            code = seen[id(value)] = known.setdefault(_key(value), len(known))
        codes[index] = code
    return codes


def _key(value: Any) -> Any:
    """Return something that two values share only when they mean the same."""
    value = _plain(value)
    return (type(value), repr(value)) if isinstance(value, str | int | float | bool | None) else id(value)
