"""Optimisers: what one weight costs to update, and what has to be remembered about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from archsim.errors import GraphError, UnknownNameError
from archsim.graph.dtypes import FLOATS, dtype
from archsim.graph.op import Op, Phase
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Elementwise


class Optimiser(NamedTuple):
    """Work per weight, FLOP and OP, and the names of its state tensors."""

    flops: float
    special: float
    state: tuple[str, ...]


OPTIMISERS: Final[dict[str, Optimiser]] = {
    "sgd": Optimiser(2, 0, ()),
    "momentum": Optimiser(4, 0, ("momentum",)),
    "adam": Optimiser(10, 2, ("mean", "variance")),
}
"""SGD: w - a g. Momentum: v = b v + g, w - a v. Adam: m = b m + (1-b) g (3), v = c v + (1-c) g^2 (4), w - a m /
(sqrt(v) + e) (3 and two special functions), with the bias corrections inside a (Kingma 2015, arXiv:1412.6980,
section 2)."""


def optimiser(name: str) -> Optimiser:
    """Look up an optimiser.

    Raises
    ------
    UnknownNameError
        No such optimiser.
    """
    found = OPTIMISERS.get(name)
    if found is None:
        raise UnknownNameError("optimiser", name, OPTIMISERS, hint=f"write one of {', '.join(OPTIMISERS)}")
    return found


def update(
    weight: Tensor, gradient: Tensor, stored: Tensor, name: str, master_dtype: str
) -> tuple[Op, tuple[Tensor, ...]]:
    """Return the op that updates `weight` in place, and the state tensors it keeps.

    A weight narrower than `master_dtype`, or no float, keeps a master copy in that format: the step is added to the
    master, and the weight is written from it without being read (Micikevicius 2018, arXiv:1710.03740, section 3.1).

    Parameters
    ----------
    weight : Tensor
        The trained tensor.
    gradient : Tensor
        Its gradient, as much as is read of it.
    stored : Tensor
        The tensor the gradient lies in.
    name : str
        Optimiser.
    master_dtype : str
        Number format of master copies, and of the other state where there is one.

    Raises
    ------
    UnknownNameError
        No such optimiser or number format.
    GraphError
        `master_dtype` is no float.
    """
    rule = optimiser(name)
    if dtype(master_dtype).name not in FLOATS:
        raise GraphError(f"master_dtype {master_dtype!r} is no float", hint="write fp32, or another float format")
    mixed = weight.dtype not in FLOATS or dtype(weight.dtype).bits < dtype(master_dtype).bits
    format_of_state = master_dtype if mixed else weight.dtype
    names = (*(("master",) if mixed else ()), *rule.state)
    state = tuple(
        Tensor(f"{weight.name}/{kept}", weight.shape, format_of_state, Role.STATE, weight.density, weight.structure)
        for kept in names
    )
    casts = 2 if mixed else 0
    work = Elementwise(name, weight.elements, rule.flops + casts, rule.special)
    written: Sequence[Tensor] = (weight, *state)
    reads = (gradient.elements, 0 if mixed else weight.elements, *(tensor.elements for tensor in state))
    whole = not mixed and gradient.elements == stored.elements
    op = Op(
        f"{weight.name}/update",
        work,
        (gradient.name, *(tensor.name for tensor in written)),
        tuple(tensor.name for tensor in written),
        Phase.UPDATE,
        reads=() if whole else reads,
    )
    return op, state
