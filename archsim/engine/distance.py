"""How far back an operand was last touched: the bytes that passed through the caches since then.

A run is one of many: weights and state were last used in the run before, so all of a run lies in between, unless an
op of this run used them already. What comes from outside is in no cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from archsim.graph.dtypes import DTYPES
from archsim.graph.op import Op
from archsim.graph.tensor import Role, Tensor

Distances = tuple[float, float]
"""Of the weights and of the other inputs of one op, B."""


def distances(ops: Iterable[Op], tensors: Mapping[str, Tensor], *, warm: bool = True) -> dict[str, Distances]:
    """Return how far back the largest weight and the largest other input of every op were last touched.

    Parameters
    ----------
    ops : iterable of Op
        What one machine runs, in order.
    tensors : mapping of str to Tensor
        All tensors of the graph.
    warm : bool
        Whether caches hold what the run before left in them.
    """
    ops = tuple(ops)
    touched = [_touched(op, tensors) for op in ops]
    whole = sum(sum(each.values()) for each in touched) if warm else math.inf
    last: dict[str, float] = {}
    passed = 0.0
    found: dict[str, Distances] = {}
    for op, each in zip(ops, touched, strict=True):
        found[op.name] = (
            _since(each, tensors, op.inputs, last, passed, whole, weights=True),
            _since(each, tensors, op.inputs, last, passed, whole, weights=False),
        )
        last.update(dict.fromkeys(each, passed))
        passed += sum(each.values())
    return found


def typical(found: Sequence[Distances]) -> Distances:
    """Return the distances that stand for ops of the same sizes: the medians."""
    return median(weights for weights, _ in found), median(inputs for _, inputs in found)


def _touched(op: Op, tensors: Mapping[str, Tensor]) -> dict[str, float]:
    """Bytes of every tensor an op reads or writes."""
    read = {name: count * DTYPES[tensors[name].dtype].bits / 8 for name, count in op.elements_read(tensors).items()}
    return read | {name: tensors[name].bytes for name in op.outputs}


def _since(
    touched: Mapping[str, float], tensors: Mapping[str, Tensor], names: Iterable[str], last: Mapping[str, float],
    passed: float, whole: float, *, weights: bool,
) -> float:  # fmt: skip
    chosen = [name for name in names if (tensors[name].role is Role.WEIGHT) is weights]
    if not chosen:
        return math.inf
    largest = max(chosen, key=lambda name: touched[name])
    if largest in last:
        return passed - last[largest]
    stays = tensors[largest].role in (Role.WEIGHT, Role.STATE)
    return whole if stays else math.inf
