"""What a design is judged by: metrics of a run, sums of products of its leaves, or a function of one's own."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import UsageError
from archsim.study.optimise.form import Form
from archsim.study.points import CAUSES, METRICS, known_metric
from archsim.units import ENERGY, format_quantity, parse

if TYPE_CHECKING:
    import numpy as np

    from archsim.units import Dimension

Function = Callable[..., Any]
"""Given the columns, or the columns and the points; returns one value per design."""
MOST: Final = ("throughput",)
"""Metrics that are better when larger."""
_NAMED: Final = re.compile(r"([A-Za-z][\w -]*):\s*(.+)", re.DOTALL)
_COMPARED: Final = re.compile(r"(.+?)\s*(<=|>=)\s*(.+)", re.DOTALL)


@dataclass(frozen=True)
class Measure:
    """A number every design has.

    Attributes
    ----------
    name : str
        How it is called.
    metric : str
        Metric of a run; empty where the design itself tells.
    form : Form or None
        Sum of products of its leaves.
    function : callable or None
        Function of one's own, of the columns.
    """

    name: str
    metric: str = ""
    form: Form | None = None
    function: Function | None = None

    @property
    def sign(self) -> float:
        """1 where less is better, -1 where more is."""
        return -1.0 if self.metric in MOST else 1.0

    @property
    def dimension(self) -> Dimension | None:
        """Dimension of a metric; None of everything else."""
        if self.metric in CAUSES:
            return ENERGY
        return METRICS[self.metric].dimension if self.metric else None

    def show(self, value: float) -> str:
        """Write a value for people."""
        if not math.isfinite(value):
            return "-"
        return f"{value:.4g}" if self.dimension is None else format_quantity(value, self.dimension)


@dataclass(frozen=True)
class Limit:
    """What a design must keep to.

    Attributes
    ----------
    measure : str or callable
        Metric of a run such as ``power``, a sum of products of leaves such as ``1.3e-9*array.rows*array.columns``, or
        a function of the columns.
    most, least : float or None
        Bounds, SI.
    name : str
        How it is called; empty: as the measure is.
    """

    measure: str | Function
    most: float | None = None
    least: float | None = None
    name: str = ""


@dataclass(frozen=True)
class Bound:
    """A limit, read."""

    measure: Measure
    most: float
    least: float

    @property
    def text(self) -> str:
        """The limit in words."""
        name, show = self.measure.name, self.measure.show
        if math.isinf(self.most):
            return f"{name} >= {show(self.least)}"
        return f"{name} <= {show(self.most)}" + ("" if math.isinf(self.least) else f" and >= {show(self.least)}")

    def violation(self, values: np.ndarray) -> np.ndarray:
        """Return by how much values break the limit, as a share of it; at most 0 where they keep it."""
        import numpy as np

        over = (
            (values - self.most) / (abs(self.most) or 1.0) if math.isfinite(self.most) else np.full(len(values), -1.0)
        )
        under = (self.least - values) / (abs(self.least) or 1.0) if math.isfinite(self.least) else over
        return np.maximum(over, under)


def measure(given: Any, name: str = "") -> Measure:
    """Read a measure: a metric's name, a sum of products of leaves, or a function.

    Raises
    ------
    UsageError
        None of these.
    """
    if isinstance(given, Measure):
        return given
    if callable(given):
        return Measure(name or getattr(given, "__name__", "objective").strip("<>"), function=given)
    if not isinstance(given, str) or not given.strip():
        raise UsageError(f"{given!r} is nothing to judge a design by", hint=f"write one of {', '.join(METRICS)}")
    named = _NAMED.fullmatch(given.strip())
    name, text = (named[1].strip(), named[2].strip()) if named else (name, given.strip())
    if text in METRICS or text in CAUSES:
        return Measure(name or text, metric=text)
    if not re.search(r"[*+.\d]", text):
        known_metric(text)
    return Measure(name or text, form=Form.read(text))


def measures(given: Any) -> tuple[Measure, ...]:
    """Read objectives: one or several, named by a mapping if so wished.

    Raises
    ------
    UsageError
        None, or the same one twice.
    """
    if isinstance(given, Mapping):
        read = [measure(value, str(name)) for name, value in given.items()]
    elif isinstance(given, Sequence) and not isinstance(given, str):
        read = [measure(value) for value in given]
    else:
        read = [measure(given)]
    if not read:
        raise UsageError("there is no objective", hint="write one, such as edp")
    names = [each.name for each in read]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two objectives are called {name!r}", hint="keep one, or name them in a mapping")
    return tuple(read)


def bounds(given: Any) -> tuple[Bound, ...]:
    """Read constraints: texts such as ``power <= 75 W``, or limits; those of one measure are joined.

    Raises
    ------
    UsageError
        A text that compares nothing, a bound that is no number, or two that exclude each other.
    """
    if given is None:
        return ()
    listed = [given] if isinstance(given, str | Limit) else list(given)
    found: dict[Measure, Bound] = {}
    for each in listed:
        read = _from_text(each) if isinstance(each, str) else _from_limit(each)
        before = found.get(read.measure)
        joined = Bound(read.measure, min(read.most, before.most), max(read.least, before.least)) if before else read
        if joined.least > joined.most:
            show = joined.measure.show
            raise UsageError(
                f"the constraints contradict each other: {joined.measure.name} at least {show(joined.least)} and at "
                f"most {show(joined.most)}",
                hint="relax one of them",
            )
        found[read.measure] = joined
    return tuple(found.values())


def _from_text(text: str) -> Bound:
    match = _COMPARED.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"constraint {text!r}", hint="write e.g. 'power <= 75 W' or 'area: 2e-9*array.rows <= 1e-6'")
    judged, sign, bound = measure(match[1]), match[2], match[3]
    if judged.dimension is not None:
        value = parse(bound, judged.dimension)
    else:
        try:
            value = float(bound)
        except ValueError:
            value = math.nan
    return _bound(judged, value, -math.inf, text) if sign == "<=" else _bound(judged, math.inf, value, text)


def _from_limit(limit: Any) -> Bound:
    if not isinstance(limit, Limit):
        raise UsageError(f"constraint {limit!r}", hint="write text such as 'power <= 75 W', or archsim.Limit")
    most = math.inf if limit.most is None else float(limit.most)
    least = -math.inf if limit.least is None else float(limit.least)
    judged = measure(limit.measure, limit.name)
    if limit.most is None and limit.least is None:
        raise UsageError(f"the limit on {judged.name!r} has no bound", hint="give it most= or least=")
    return _bound(judged, most, least, judged.name)


def _bound(judged: Measure, most: float, least: float, text: str) -> Bound:
    if math.isnan(most) or math.isnan(least) or (math.isinf(most) and math.isinf(least)):
        raise UsageError(f"constraint {text!r} has no number as bound", hint="write e.g. 'power <= 75 W'")
    return Bound(judged, most, least)
