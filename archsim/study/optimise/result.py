"""What a search found: every design it judged, the best of them, and those that none beats in everything."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.system import System
from archsim.engine.evaluate import evaluate
from archsim.engine.inputs import graph_of, machine_of
from archsim.engine.policy import policy as make_policy
from archsim.engine.table import Column, Table
from archsim.errors import MissingExtraError, UsageError
from archsim.io.hardware import with_all
from archsim.io.systems import with_values
from archsim.study.groups import is_outside
from archsim.study.optimise.measures import Measure
from archsim.study.optimise.variable import quantity_at
from archsim.study.pareto import front

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.engine.result import Result
    from archsim.study.optimise.problem import Problem

SCHEMA_VERSION: Final = 1
NEAR: Final = 0.01
"""Share of a range that counts as its end."""


@dataclass(frozen=True)
class Optimum:
    """What a search found, with every design it judged.

    Attributes
    ----------
    problem : Problem
        What was searched.
    method : str
        How.
    seed : int
        Seed of all chance in it.
    budget, asked : int
        Designs that could be asked for, and those that were, repeats included.
    generations : int
        Batches judged.
    interrupted : bool
        Whether it was stopped by Ctrl-C; what is here is what was done.
    coordinates : ndarray, (n, variables)
        Where in the space the designs lie, in the order they came.
    columns : mapping of str to ndarray, (n,)
        Their paths and values.
    values : mapping of str to ndarray, (n,)
        Objectives, constrained measures, latency and energy, SI; NaN where a design was not run.
    feasible : ndarray of bool, (n,)
        Whether a design runs and keeps to all constraints.
    reasons : ndarray of object, (n,)
        Why a design does not run; empty where it does, or where a constraint made it unnecessary.
    generation, sample : ndarray of int, (n,)
        Batch a design first came in, and its place among all that were asked for, from 1.
    """

    problem: Problem = field(repr=False)
    method: str
    seed: int
    budget: int
    asked: int
    generations: int
    interrupted: bool
    coordinates: np.ndarray = field(repr=False)
    columns: Mapping[str, np.ndarray] = field(repr=False)
    values: Mapping[str, np.ndarray] = field(repr=False)
    feasible: np.ndarray = field(repr=False)
    reasons: np.ndarray = field(repr=False)
    generation: np.ndarray = field(repr=False)
    sample: np.ndarray = field(repr=False)

    def __len__(self) -> int:
        return len(self.feasible)

    @property
    def objectives(self) -> tuple[Measure, ...]:
        """What was to be as small as possible (throughput: as large)."""
        return self.problem.objectives

    @cached_property
    def costs(self) -> np.ndarray:
        """Objectives of all designs, less is better; infinite where a design is not feasible, (n, objectives)."""
        import numpy as np

        costs = np.column_stack([each.sign * self.values[each.name] for each in self.objectives])
        costs[~self.feasible] = np.inf
        return costs

    @cached_property
    def front(self) -> np.ndarray:
        """Feasible designs that no other beats in every objective, the best in the first objective first, (k,)."""
        import numpy as np

        possible = np.flatnonzero(self.feasible)
        best = possible[front(self.costs[possible])]
        return np.asarray(best[np.lexsort(self.costs[best].T[::-1])])

    @property
    def best(self) -> int:
        """The design that is best in the first objective."""
        return int(self.front[0])

    @property
    def value(self) -> float:
        """The first objective of the best design, SI."""
        return float(self.values[self.objectives[0].name][self.best])

    @property
    def design(self) -> dict[str, Any]:
        """What the best design sets: path to value."""
        return self.design_of(self.best)

    def design_of(self, index: int) -> dict[str, Any]:
        """Return what one design sets: path to value, SI."""
        return {path: _plain(column[index]) for path, column in self.columns.items()}

    def machine(self, index: int | None = None) -> Chip | System:
        """Return a design as a machine: the best, or the one at `index`."""
        design = self.design_of(self.best if index is None else index)
        machine = machine_of(design.get("hardware", self.problem.machine))
        leaves = {path: value for path, value in design.items() if not is_outside(path)}
        if not leaves:
            return machine
        return with_values(machine, leaves) if isinstance(machine, System) else with_all(machine, leaves)

    def result(self, index: int | None = None, workload: str = "") -> Result:
        """Run one design and return everything there is to say of it.

        Parameters
        ----------
        index : int, optional
            Of all designs; without it the best.
        workload : str
            Which, of several; the first without it.
        """
        index = self.best if index is None else index
        design = self.design_of(index)
        arguments = {path.split(".", 1)[1]: value for path, value in design.items() if path.startswith("workload.")}
        choices = {path.split(".", 1)[1]: value for path, value in design.items() if path.startswith("policy.")}
        name = workload or next(iter(self.problem.workloads))
        made = design.get("workload", self.problem.workloads.get(name))
        if made is None:
            raise UsageError(f"no workload is called {name!r}", hint=f"write one of {list(self.problem.workloads)}")
        graph = _build(made, arguments)
        return evaluate(graph, self.machine(index), make_policy(self.problem.policy, **choices))

    def hypervolume(self, reference: Iterable[float]) -> float:
        """Return the volume of objectives that the front beats, up to a reference that is worse than all of it.

        Parameters
        ----------
        reference : iterable of float
            One value per objective, SI.

        Raises
        ------
        UsageError
            Another number of values than of objectives.
        MissingExtraError
            pymoo is not installed.
        """
        import numpy as np

        corner = np.array([sign * value for sign, value in zip(self.problem.signs, reference, strict=False)])
        if len(corner) != len(self.objectives) or not np.isfinite(corner).all():
            raise UsageError("the reference of a hypervolume", hint="give one finite value per objective")
        try:
            from pymoo.indicators.hv import HV
        except ImportError as error:
            raise MissingExtraError("pymoo", "optimise") from error
        return float(HV(ref_point=corner)(self.costs[self.front]))

    def history(self, objective: str = "") -> np.ndarray:
        """Return the best value of an objective after each sample, (asked,); NaN before the first feasible one."""
        import numpy as np

        names = [each.name for each in self.objectives]
        if objective and objective not in names:
            raise UsageError(f"no objective is called {objective!r}", hint=f"write one of {names}")
        place = names.index(objective) if objective else 0
        best = np.full(self.asked, np.inf)
        np.minimum.at(best, np.minimum(self.sample, self.asked) - 1, self.costs[:, place])
        best = np.minimum.accumulate(best)
        return np.where(np.isfinite(best), self.problem.signs[place] * best, np.nan)

    def table(self, top: int = 10) -> Table:
        """Return the best designs as a table: of one objective the first `top`, of several `top` spread over the front.

        Raises
        ------
        UsageError
            `top` is below 1.
        """
        import numpy as np

        if top < 1:
            raise UsageError(f"a table of {top} designs", hint="ask for at least one")
        several = len(self.objectives) > 1
        ranked = self.front if several else np.argsort(self.costs[:, 0], kind="stable")[: int(self.feasible.sum())]
        rows = ranked[np.unique(np.linspace(0, len(ranked) - 1, top).round().astype(int))] if several else ranked[:top]
        judged = {each.name: each for each in (*self.objectives, *(bound.measure for bound in self.problem.bounds))}
        paths = tuple(self._column(path) for path in self.columns)
        told = tuple(Column(name, name, show=each.show) for name, each in judged.items())
        cells = tuple(
            (*self.design_of(row).values(), *(float(self.values[name][row]) for name in judged), int(self.sample[row]))
            for row in rows
        )
        share = f"{len(rows)} of {len(ranked)} " if len(rows) < len(ranked) else ""
        title = share + ("designs that none beats in everything" if several else "designs, the best first")
        return Table(title, (*paths, *told, Column("sample", "sample", show=str)), cells)

    def log(self) -> Table:
        """Return every design judged as a table, in the order they came."""
        paths = tuple(self._column(path) for path in self.columns)
        told = tuple(Column(name, name) for name in self.values)
        rest = tuple(Column(key, key) for key in ("feasible", "reason", "generation", "sample"))
        cells = tuple(
            (
                *row["design"].values(),
                *("" if v is None else v for v in row["values"].values()),
                *(row[column.key] for column in rest),
            )
            for row in map(self._row, range(len(self)))
        )
        return Table("all designs", (*paths, *told, *rest), cells)

    def _column(self, path: str) -> Column:
        quantity = quantity_at(path, self.problem.machine)
        if quantity is None or quantity.dimension.dimensionless:
            return Column(path, path, show=_shown)
        return Column(path, path, quantity.dimension)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know."""
        found = []
        if self.interrupted:
            found.append(f"stopped after {self.asked} of {self.budget} designs: this is the best so far")
        stuck = [str(reason) for reason in self.reasons if reason]
        if stuck:
            found.append(f"{len(stuck)} of {len(self)} designs do not run: {max(set(stuck), key=stuck.count)}")
        if len(self.objectives) > 1:
            return tuple(found)
        for place, each in enumerate(self.problem.space.variables):
            low, high = each.bounds
            way = (self.coordinates[self.best, place] - low) / (high - low)
            if each.ordered and (way <= NEAR or way >= 1.0 - NEAR):
                end = "lower" if way <= NEAR else "upper"
                found.append(f"{each.path} is best at the {end} end of its range: a wider range may hold a better one")
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """Return everything, every design included, ready for JSON; values in SI units."""
        rows = [self._row(index) for index in range(len(self))]
        return {
            "schema_version": SCHEMA_VERSION,
            "workloads": list(self.problem.workloads),
            "hardware": self.problem.machine.name,
            "method": self.method,
            "seed": self.seed,
            "budget": self.budget,
            "asked": self.asked,
            "evaluated": len(self),
            "feasible": int(self.feasible.sum()),
            "space": _finite(self.problem.space.size),
            "objectives": [each.name for each in self.objectives],
            "constraints": [bound.text for bound in self.problem.bounds],
            "interrupted": self.interrupted,
            "best": rows[self.best],
            "front": [rows[index] for index in self.front],
            "designs": rows,
            "warnings": list(self.warnings),
        }

    def _row(self, index: int) -> dict[str, Any]:
        return {
            "design": self.design_of(index),
            "values": {name: _finite(column[index]) for name, column in self.values.items()},
            "feasible": bool(self.feasible[index]),
            "reason": str(self.reasons[index]),
            "generation": int(self.generation[index]),
            "sample": int(self.sample[index]),
        }


def _build(made: Any, arguments: Mapping[str, Any]) -> Any:
    if callable(made):
        return made(**arguments)
    if isinstance(made, str) and arguments:
        from archsim.workloads.registry import workload

        return workload(made, **arguments)
    return graph_of(made)


def _finite(value: Any) -> float | None:
    """Return a number as JSON has it: none where it is not finite."""
    return float(value) if math.isfinite(value) else None


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
