"""What is alive while a run goes on, and how much of it a memory on the chip must hold to keep a result for its reader.

A tensor lives from the op that writes it, or from the start if it comes from outside, to the last that reads it. A
compiler that plans a memory drops what nobody reads any more, unlike a cache, and lets weights pass that are used once:
a result stays for its reader when the memory holds what is alive at the fullest moment in between.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archsim.engine.distance import Distances, distances
from archsim.graph.op import Op
from archsim.graph.tensor import Role, Tensor


@dataclass(frozen=True)
class Lives:
    """Bytes alive at each op of one machine.

    Attributes
    ----------
    at : tuple of float
        Activations alive while each op runs, its own results among them, B.
    standing : float
        Weights and state, which outlive the run, B.
    """

    at: tuple[float, ...]
    standing: float

    @property
    def fullest(self) -> int:
        """Position of the op at which most is alive."""
        return max(range(len(self.at)), key=lambda index: self.at[index], default=0)


def lives(ops: Sequence[Op], tensors: Mapping[str, Tensor], outputs: Sequence[str] = ()) -> Lives:
    """Return what is alive at every op.

    Parameters
    ----------
    ops : sequence of Op
        What one machine runs, in order.
    tensors : mapping of str to Tensor
        All tensors of the graph.
    outputs : sequence of str
        Tensors that are read outside, and stay to the end.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for index, op in enumerate(ops):
        for name in (*op.inputs, *op.outputs):
            first.setdefault(name, 0 if tensors[name].role is Role.INPUT else index)
            last[name] = index
    last.update({name: len(ops) - 1 for name in outputs if name in last})
    change = [0.0] * (len(ops) + 1)
    standing = 0.0
    for name, begin in first.items():
        if tensors[name].role in (Role.WEIGHT, Role.STATE):
            standing += tensors[name].bytes
        else:
            change[begin] += tensors[name].bytes
            change[last[name] + 1] -= tensors[name].bytes
    alive, at = 0.0, []
    for step in change[:-1]:
        alive += step
        at.append(max(0.0, alive))
    return Lives(tuple(at), standing)


def planned_distances(ops: Sequence[Op], tensors: Mapping[str, Tensor], *, warm: bool = True) -> dict[str, Distances]:
    """Return how much the memory on the chip must hold for each op to find its weights and its other inputs, B.

    Weights and state are found when they all fit beside what is alive: they were used in the run before. Of inputs the
    largest counts, as in `archsim.engine.distance.distances`; what nobody wrote on this machine is in no memory of it.
    While it is read its reader's results take its place. A plan is never worse than what a cache keeps by itself.

    Parameters
    ----------
    ops : sequence of Op
        What one machine runs, in order.
    tensors : mapping of str to Tensor
        All tensors of the graph.
    warm : bool
        Whether memories hold what the run before left in them.
    """
    alive = lives(ops, tensors)
    peaks = _Peaks(alive.at)
    stays = alive.standing + max(alive.at, default=0.0)
    by_itself = distances(ops, tensors, warm=warm)
    touched: dict[str, int] = {}
    found: dict[str, Distances] = {}
    for index, op in enumerate(ops):
        weights = [name for name in op.inputs if tensors[name].role is Role.WEIGHT]
        others = [name for name in op.inputs if tensors[name].role is not Role.WEIGHT]
        kept = (stays if warm or any(name in touched for name in weights) else math.inf) if weights else math.inf
        needed = _needed(others, tensors, touched, peaks, index, stays if warm else math.inf)
        found[op.name] = (min(kept, by_itself[op.name][0]), min(needed, by_itself[op.name][1]))
        touched.update(dict.fromkeys((*op.inputs, *op.outputs), index))
    return found


def _needed(
    names: Sequence[str], tensors: Mapping[str, Tensor], touched: Mapping[str, int], peaks: _Peaks, now: int,
    stays: float,
) -> float:  # fmt: skip
    if not names:
        return math.inf
    largest = max(names, key=lambda name: tensors[name].bytes)
    if largest in touched:
        return peaks.most(touched[largest], max(touched[largest], now - 1))
    return stays if tensors[largest].role is Role.STATE else math.inf


class _Peaks:
    """The most that is alive between two ops, for any two, by a table of powers of two."""

    def __init__(self, at: Sequence[float]) -> None:
        self._rows = [list(at)]
        step = 1
        while 2 * step <= len(at):
            before = self._rows[-1]
            self._rows.append([max(before[i], before[i + step]) for i in range(len(before) - step)])
            step *= 2

    def most(self, first: int, last: int) -> float:
        """Return the most that is alive from op `first` to op `last`, both included, B."""
        row = (last - first + 1).bit_length() - 1
        whole = self._rows[row]
        return max(whole[first], whole[last + 1 - (1 << row)])
