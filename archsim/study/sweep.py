"""What changes when parameters change: one workload and one machine at every point of a space of parameters."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from archsim.arch.columns import place_of
from archsim.arch.system import System
from archsim.engine.inputs import machine_of
from archsim.engine.policy import policy as make_policy
from archsim.study.axes import GRID, Values, design
from archsim.study.groups import HARDWARE, WORKLOAD, is_outside
from archsim.study.points import Points, Progress, evaluate_columns
from archsim.study.swept import Sweep
from archsim.units import Dimension

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.engine.policy import Policy
    from archsim.graph.graph import Graph


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C in the middle of a sweep.

    Attributes
    ----------
    sweep : Sweep
        With what is done; the other points have no results.
    """

    def __init__(self, sweep: Sweep) -> None:
        super().__init__("interrupted")
        self.sweep = sweep


def sweep(
    graph: Graph | str | Any,
    machine: Chip | System | str,
    space: Mapping[str, Values],
    policy: Policy | Mapping[str, Any] | None = None,
    /,
    *,
    mode: str = GRID,
    samples: int | None = None,
    seed: int = 0,
    store: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    **choices: Any,
) -> Sweep:
    """Evaluate a workload on a machine at every point of a space of parameters.

    Parameters
    ----------
    graph : Graph, str or callable
        The workload or its name; to vary its arguments a name, or what makes a graph of them.
    machine : Chip, System or str
        What all points start from.
    space : mapping of str to sequence or Span
        What each path may be: ``memory.hbm.bandwidth`` and all other leaves of a description, ``workload.NAME``,
        ``policy.NAME``, ``hardware``, ``workload``.
    policy : Policy or mapping, optional
        How the runs are done; single choices may be given as keywords.
    mode : str
        ``grid``: every combination; ``zip``: side by side; ``latin-hypercube``, ``sobol``: samples of spans and lists.
    samples, seed : int
        Of the last two.
    store : path, optional
        Folder that keeps results: what is there is not computed again, so a sweep that was stopped goes on.
    executor : Executor, optional
        Where it is done, see `archsim.study.executors`; absent: here, on all processors where there is much to do.
    progress : callable, optional
        Told after each chunk of points.

    Returns
    -------
    Sweep
        Labelled results.

    Raises
    ------
    UsageError
        A space without points, or with paths that lead nowhere.
    SweepInterrupted
        Ctrl-C; carries what is done.
    """
    from archsim.study.jobs import Interrupted
    from archsim.study.store import opened

    how = make_policy(policy, **choices)
    base = _base(machine, space)
    plan = design(base, space, mode, samples, seed)
    names = _name(graph, plan.columns, WORKLOAD), _name(base, plan.columns, HARDWARE)
    dimensions = _dimensions(base, plan.columns)

    def labelled(points: Points, found: int, *notes: str) -> Sweep:
        return Sweep(*names, mode, plan.columns, plan.axes, dimensions, points, (*plan.notes, *notes), found)

    with opened(store) if store is not None else nullcontext() as kept:
        try:
            points = evaluate_columns(graph, base, plan.columns, how, executor=executor, progress=progress, store=kept)
        except Interrupted as stop:
            if kept is None:
                raise SweepInterrupted(labelled(stop.points, 0)) from None
            note = f"the same sweep with the store {store} goes on from here"
            raise SweepInterrupted(labelled(stop.points, kept.found, note)) from None
        return labelled(points, kept.found if kept else 0)


def _base(machine: Any, space: Any) -> Chip | System:
    """Return the machine whose leaves the paths name: the first one, where it differs."""
    listed = space.get(HARDWARE) if isinstance(space, Mapping) else None
    if isinstance(listed, Sequence) and not isinstance(listed, str) and len(listed):
        return machine_of(listed[0])
    return machine_of(machine)


def _name(value: Any, columns: Mapping[str, Any], path: str) -> str:
    if path in columns:
        return ", ".join(dict.fromkeys(str(getattr(each, "name", each)) for each in columns[path]))
    return str(value if isinstance(value, str) else getattr(value, "name", getattr(value, "__name__", path)))


def _dimensions(machine: Chip | System, columns: Mapping[str, Any]) -> dict[str, Dimension]:
    import numpy as np

    found = {}
    for path, values in columns.items():
        if is_outside(path) or isinstance(machine, System) or np.asarray(values).dtype.kind != "f":
            continue
        quantity = place_of(machine.spec, path).column.quantity
        if quantity is not None:
            found[path] = quantity.dimension
    return found
