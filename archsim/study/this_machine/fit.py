"""What physics does not say: how much of the cores the libraries reach, from the sweep."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from archsim.arch import registry
from archsim.engine.check import check_outcomes, check_totals
from archsim.engine.lower import chip_table, lower
from archsim.engine.run import run_each
from archsim.errors import UnsupportedError
from archsim.io.hardware import with_all
from archsim.study.calibrate import Observation, calibrate
from archsim.study.this_machine.samples import threaded

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.graph.graph import Graph
    from archsim.study.this_machine.samples import Sample
    from archsim.study.this_machine.timing import Timing

PRODUCTS: Final = "library.products.efficiency"
PACKING: Final = "library.products.packing"
SPARSE: Final = "library.sparse.efficiency"
MOST: Final = {PRODUCTS: 1.0}
"""Largest of what libraries reach, where there is a limit."""
APART: Final = 20.0
"""Factor by which it may be less or more than of the library it begins with."""
EVALUATIONS: Final = 80
"""Settings tried: a constant or two need few, and plain Python tries them before a compiler has started."""


def alone(chip: Chip) -> Chip:
    """Return one core of a chip with what it draws of the memories: numpy's own loops run on one."""
    spec: Any = chip.spec
    if spec.cores == 1.0:
        return chip
    sets: dict[str, Any] = {"cores": 1}
    for index, level in enumerate(spec.memory):
        sharers = spec.cores / level.instances
        sets[f"memory[{index}].instances"] = 1
        if level.width is not None and sharers > 1.0:
            sets[f"memory[{index}].width"] = level.width / sharers
    return with_all(chip, sets)


def op_rows(graph: Graph) -> np.ndarray:
    """Return one record per op of a graph, (n_ops,), in order, run again and again on the same operands.

    What an op reads was last touched one run ago, or by the op before: everything the run touches lies in between at
    most.
    """
    import numpy as np

    lowered = lower(graph.ops, graph.tensors)
    rows = {op.name: row for row, same in enumerate(lowered.rows) for op in same}
    table: np.ndarray = lowered.table[np.array([rows[op.name] for op in graph.ops], dtype=np.intp)]
    table["count"] = 1.0
    touched = sum(tensor.bytes for tensor in graph.tensors.values())
    for column in ("weight_distance", "input_distance"):
        table[column] = np.minimum(table[column], touched)
    return table


def predict(chip: Chip, graphs: Sequence[Graph], *, mode: str = "auto") -> list[float]:
    """Return the time of each graph, s: all its ops one after the other, those of numpy itself on one core.

    Raises
    ------
    UnsupportedError
        The description has no unit for a number format.
    InvariantError
        A result that breaks a law all results obey.
    """
    import numpy as np

    tables = [op_rows(graph) for graph in graphs]
    taken = [np.zeros(len(table)) for table in tables]
    for one, machine in ((False, chip), (True, alone(chip))):
        chosen = [
            (index, row)
            for index, graph in enumerate(graphs)
            for row, op in enumerate(graph.ops)
            if threaded(graph, op) is not one
        ]
        if not chosen:
            continue
        ops = np.concatenate([tables[index][row : row + 1] for index, row in chosen])
        names = [f"{graphs[index].name}/{graphs[index].ops[row].name}" for index, row in chosen]
        for (index, row), seconds in zip(chosen, _latencies(machine, ops, names, mode), strict=True):
            taken[index][row] = seconds
    return [float(each.sum()) for each in taken]


def _latencies(chip: Chip, ops: np.ndarray, names: Sequence[str], mode: str) -> list[float]:
    import numpy as np

    family = registry.get(chip.family)
    outs, totals = run_each(family, ops, chip_table(chip), mode=mode)
    status = np.where(totals["status"] != 0, totals["status"], outs["status"])
    for name, code in zip(names, status.tolist(), strict=True):
        if code:
            raise UnsupportedError(f"{name!r} on {chip.name!r}: {family.verdicts[code]}")
    check_outcomes(ops, outs, tuple(names), chip.name)
    check_totals(totals, chip.name)
    latencies: list[float] = outs["latency"].tolist()
    return latencies


def fitted(chip: Chip, samples: Iterable[tuple[Sample, Timing]]) -> Mapping[str, float]:
    """Return the shares that libraries reach, by path, at which predictions are nearest to the sweep.

    Parameters
    ----------
    chip : Chip
        The description with all that was measured directly.
    samples : iterable of (Sample, Timing)
        The sweep.
    """
    spec: Any = chip.spec
    products, sparse = spec.library.products, spec.library.sparse
    machines = (
        (chip, "gemm", {PRODUCTS: products.efficiency, PACKING: products.packing}),
        (alone(chip), "spmm", {SPARSE: sparse.efficiency}),
    )
    taken = [(sample, timing.seconds) for sample, timing in samples]
    found: dict[str, float] = {}
    for machine, kind, start in machines:
        rows = [(op_rows(sample.graph), seconds) for sample, seconds in taken if sample.op.startswith(kind)]
        if rows:
            found |= _fit(machine, rows, start)
    return found


def _fit(chip: Chip, rows: Sequence[tuple[np.ndarray, float]], start: Mapping[str, float]) -> Mapping[str, float]:
    import numpy as np

    taken = Observation(chip, np.concatenate([table for table, _ in rows]), np.array([time for _, time in rows]))
    limits = {path: (value / APART, min(value * APART, MOST.get(path, math.inf))) for path, value in start.items()}
    return calibrate([taken], start, limits, starts=1, evaluations=EVALUATIONS, mode="never").values
