"""From a graph to the op table: one row per distinct op, with how often it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.columns import chip_dtype, fill
from archsim.arch.tables import OP, record
from archsim.engine.describe import describe
from archsim.engine.distance import distances, typical
from archsim.engine.liveness import planned_distances
from archsim.graph.op import PHASES, Op
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Neuron

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip


FAR: Final = 1e300
"""More bytes than any memory holds, B."""


@dataclass(frozen=True)
class Lowered:
    """Ops as one machine sees them.

    Attributes
    ----------
    table : ndarray of records, (n_rows,)
        The op table; see `archsim.arch.tables.OP`.
    rows : tuple of tuple of Op
        For each row the ops it stands for, in execution order.
    """

    table: np.ndarray
    rows: tuple[tuple[Op, ...], ...]


@cache
def op_dtype() -> np.dtype:
    """Return the record type of the op table."""
    return record(OP)


def lower(ops: Iterable[Op], tensors: Mapping[str, Tensor], *, warm: bool = True, residency: str = "reuse") -> Lowered:
    """Lower ops to the op table; ops of the same sizes and formats share a row.

    Parameters
    ----------
    ops : iterable of Op
        What one machine runs, in order.
    tensors : mapping of str to Tensor
        All tensors of the graph.
    warm : bool
        Whether caches hold at the start what the run before left in them.
    residency : str
        ``reuse``: memories on the chip keep what was touched last, as caches do; ``planned``: what is alive and fits;
        ``none``: results go to the outermost memory and come back.
    """
    import numpy as np

    ops = tuple(ops)
    apart = (planned_distances if residency == "planned" else distances)(ops, tensors, warm=warm)
    rows: dict[Any, list[Op]] = {}
    for op in ops:
        rows.setdefault(_signature(op, tensors), []).append(op)
    table = np.zeros(len(rows), dtype=op_dtype())
    names = op_dtype().names or ()
    defaults = dict.fromkeys(names, 0.0) | dict.fromkeys(
        ("batch", "m", "n", "k", "groups", "stride", "mask", "input_sources"), 1.0
    )
    for index, same in enumerate(rows.values()):
        columns = defaults | describe(same[0], tensors)
        columns["count"] = float(len(same))
        columns["weight_sets"] = float(len({_weights(op, tensors) for op in same}))
        columns["weight_distance"], columns["input_distance"] = typical([apart[op.name] for op in same])
        if residency == "none":
            columns["input_distance"] = max(columns["input_distance"], FAR)
        columns["phase"] = PHASES.index(same[0].phase)
        table[index] = tuple(columns[name] for name in names)
    return Lowered(table, tuple(tuple(same) for same in rows.values()))


def _signature(op: Op, tensors: Mapping[str, Tensor]) -> Any:
    read = [tensors[name] for name in op.inputs]
    written = [tensors[name] for name in op.outputs]
    spiking = isinstance(op.work, Neuron) or any(tensor.structure == "temporal" for tensor in read)
    return (
        op.name if spiking else "",  # where neurons lie depends on what reaches them, which sizes do not tell
        op.work,
        op.phase,
        op.steps,
        op.reads,
        tuple((t.elements, t.dtype, t.role, t.density, t.sources) for t in read),
        tuple((t.elements, t.dtype) for t in written),
        tuple(inner.work for inner in op.epilogue),
    )


def _weights(op: Op, tensors: Mapping[str, Tensor]) -> tuple[str, ...]:
    return tuple(name for name in op.inputs if tensors[name].role is Role.WEIGHT)


def chip_table(chip: Chip) -> np.ndarray:
    """Return the chip table of one design point, (1,): every number of the description."""
    import numpy as np

    table = np.zeros(1, dtype=chip_dtype(type(chip.spec)))
    fill(table, chip.spec)
    return table
