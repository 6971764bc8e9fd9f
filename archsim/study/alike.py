"""Models of one size: the same number of parameters, or of multiply-accumulates, whatever their shape."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import ArchsimError, UsageError, did_you_mean
from archsim.graph.counts import count

if TYPE_CHECKING:
    from archsim.graph.graph import Graph

EQUAL: Final = ("parameters", "macs", "flops")
"""Counts that may be made equal."""
MOST: Final = 2**20
"""Largest value the free argument is given."""
TOLERANCE: Final = 0.05
"""How far from the size a model may be, as a share of it."""


@dataclass(frozen=True)
class Alike:
    """Models of about one size.

    Attributes
    ----------
    graphs : mapping of str to Graph
        By what tells them apart, such as ``width=256, depth=12``.
    sizes : mapping of str to float
        Their counts.
    left_out : mapping of str to str
        Combinations without a model of that size, and why.
    """

    graphs: Mapping[str, Graph]
    sizes: Mapping[str, float]
    left_out: Mapping[str, str]


def alike(
    build: Callable[..., Graph] | str,
    axes: Mapping[str, Sequence[Any]],
    *,
    free: str,
    to: float,
    equal: str = "parameters",
    step: int = 1,
    tolerance: float = TOLERANCE,
) -> Alike:
    """Make one model for each combination of arguments, all of one size.

    Parameters
    ----------
    build : callable or str
        What makes a graph, or the name of a workload.
    axes : mapping of str to sequence
        Arguments that tell the models apart: width, depth, heads, kernel, density, dtype, kind of layer.
    free : str
        Argument that makes up the size; the count must grow with it.
    to : float
        The size.
    equal : str
        ``parameters``, ``macs`` or ``flops``.
    step : int
        The free argument is a multiple of it.
    tolerance : float
        Combinations whose nearest model is further off, as a share, are left out.

    Returns
    -------
    Alike
        Graphs by name, and what was left out.

    Raises
    ------
    UsageError
        Arguments that say nothing, or no combination that gives a model of that size.
    """
    if equal not in EQUAL:
        raise UsageError(f"equal={equal!r}", hint=did_you_mean(equal, EQUAL) or f"write one of {', '.join(EQUAL)}")
    if not (math.isfinite(to) and to > 0.0) or step < 1 or not 0.0 < tolerance < 1.0:
        raise UsageError(f"models of {to:g} {equal}, {free} in steps of {step}, {tolerance:g} off at most",
                         hint="size and step are above 0, and the tolerance is between 0 and 1")  # fmt: skip
    if free in axes:
        raise UsageError(f"{free!r} is both an axis and free", hint="keep one of them")
    make = _maker(build)
    graphs: dict[str, Graph] = {}
    sizes: dict[str, float] = {}
    left_out: dict[str, str] = {}
    for values in itertools.product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        name = ", ".join(f"{key}={_shown(value)}" for key, value in chosen.items()) or "model"
        try:
            size, graph = _nearest(partial(_with, make, chosen, free), equal, to, step)
        except ArchsimError as error:
            left_out[name] = str(error)
            continue
        off = size / to - 1.0
        if abs(off) > tolerance:
            left_out[name] = f"the nearest has {size:.4g} {equal}, {100 * off:+.1f} %"
        else:
            graphs[name], sizes[name] = graph, size
    if not graphs:
        raise UsageError(f"no model has about {to:.4g} {equal}: {'; '.join(left_out.values()) or 'there are no axes'}",
                         hint="change the size, the axes, or the tolerance")  # fmt: skip
    return Alike(graphs, sizes, left_out)


def _maker(build: Any) -> Callable[..., Graph]:
    if callable(build):
        made: Callable[..., Graph] = build
        return made
    from archsim.workloads.registry import workload

    return lambda **arguments: workload(build, **arguments)


def _with(make: Callable[..., Graph], chosen: Mapping[str, Any], free: str, value: int) -> Graph:
    return make(**chosen, **{free: value})


def _nearest(make: Callable[[int], Graph], equal: str, to: float, step: int) -> tuple[float, Graph]:
    """Double until the size is passed, halve until neighbours are a step apart, and take the nearer one."""
    known: dict[int, tuple[float, Graph]] = {}

    def size(times: int) -> float:
        if times not in known:
            graph = make(times * step)
            known[times] = (float(getattr(count(graph), equal)), graph)
        return known[times][0]

    low, high = 1, 1
    while size(high) < to:
        if high * step > MOST:
            return known[high]
        low, high = high, 2 * high
        if size(high) <= size(low):
            raise UsageError(f"the count of {equal} does not grow with the free argument", hint="free another one")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if size(middle) < to else (low, middle)
    nearest = min((low, high), key=lambda at: abs(math.log(size(at) / to)) if size(at) else math.inf)
    return known[nearest]


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
