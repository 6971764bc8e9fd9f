"""How far predictions lie from measurements: one number per group of rows.

========  ========================  =======================================================
Name      Symbol                    Meaning
========  ========================  =======================================================
p, m      predicted, measured       one pair per row, of one unit, m > 0
e         e = (p - m) / m           relative error of one row
========  ========================  =======================================================

Errors are in percent, correlations have no unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from archsim.errors import UnknownNameError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike


def mape(predicted: ArrayLike, measured: ArrayLike) -> float:
    """Mean absolute percentage error: 100 mean(|e|).

    Parameters
    ----------
    predicted, measured : array_like, (rows,)
        Pairs of one unit; measured values are above 0.

    Returns
    -------
    float
        Percent.
    """
    return float(abs(_errors(predicted, measured)).mean())


def median_ape(predicted: ArrayLike, measured: ArrayLike) -> float:
    """Median absolute percentage error: 100 median(|e|), percent; arguments as in `mape`."""
    import numpy as np

    return float(np.median(abs(_errors(predicted, measured))))


def max_abs_points(predicted: ArrayLike, measured: ArrayLike) -> float:
    """Largest absolute difference of two sets of shares: max(|p - m|), both in percent, so in percentage points."""
    import numpy as np

    return float(np.abs(np.asarray(predicted, dtype=np.float64) - np.asarray(measured, dtype=np.float64)).max())


def max_difference(predicted: ArrayLike, measured: ArrayLike) -> float:
    """Largest absolute difference: max(|p - m|), in the unit of the values; 0 where they are to be equal."""
    return max_abs_points(predicted, measured)


def share_right(predicted: ArrayLike, measured: ArrayLike) -> float:
    """Share of ratios on the right side of 1: 100 mean((p < 1) = (m < 1)), percent; say, of which of two is faster."""
    import numpy as np

    first, second = np.asarray(predicted, dtype=np.float64) < 1.0, np.asarray(measured, dtype=np.float64) < 1.0
    return float(100.0 * np.mean(first == second))


def bias(predicted: ArrayLike, measured: ArrayLike) -> float:
    """Mean signed error: 100 mean(e), percent, above 0 when predictions are too large; arguments as in `mape`."""
    return float(_errors(predicted, measured).mean())


def spearman(predicted: ArrayLike, measured: ArrayLike) -> float:
    """Rank correlation: Pearson's correlation of the ranks, equal values sharing their mean rank (Spearman 1904).

    Parameters
    ----------
    predicted, measured : array_like, (rows,)
        Pairs; each may have a unit of its own.

    Returns
    -------
    float
        -1 to 1; nan when there is no order: fewer than two rows, or all values equal.
    """
    import numpy as np

    first, second = ranks(predicted), ranks(measured)
    first, second = first - first.mean(), second - second.mean()
    scale = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / scale) if scale > 0.0 else float("nan")


def ranks(values: ArrayLike) -> np.ndarray:
    """Rank values from 1; equal ones share the mean of their ranks.

    Parameters
    ----------
    values : array_like, (rows,)

    Returns
    -------
    ndarray, (rows,) float64
    """
    import numpy as np

    _, inverse, counts = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: np.ndarray = (last - (counts - 1) / 2.0)[inverse]
    return shared


def rms_decades(predicted: ArrayLike, measured: ArrayLike) -> float:
    """Return the root of the mean square of log10(predicted / measured), decades: for values that span many."""
    import numpy as np

    ratio = np.asarray(predicted, dtype=np.float64) / np.asarray(measured, dtype=np.float64)
    return float(np.sqrt(np.mean(np.log10(ratio) ** 2)))


def _errors(predicted: ArrayLike, measured: ArrayLike) -> np.ndarray:
    """Relative errors, percent."""
    import numpy as np

    truth = np.asarray(measured, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):  # of what was measured as 0 there is none: it is not finite
        return 100.0 * (np.asarray(predicted, dtype=np.float64) - truth) / truth


@dataclass(frozen=True)
class Metric:
    """A metric a check may be judged by.

    Attributes
    ----------
    name : str
        As in results.
    function : callable
        Predicted and measured values to one number.
    unit : str
        Unit of the number; empty for none.
    point : float
        How much worse it may be than a baseline before that counts: one percentage point, or a hundredth.
    rises : bool
        Whether larger is better.
    """

    name: str
    function: Callable[[ArrayLike, ArrayLike], float]
    unit: str = "%"
    point: float = 1.0
    rises: bool = False

    def holds(self, value: float, limit: float) -> bool:
        """Say whether `value` keeps to `limit`; the limit itself does."""
        return value >= limit if self.rises else value <= limit

    def worse(self, value: float, than: float) -> bool:
        """Say whether `value` is worse than another one by more than a point."""
        return value < than - self.point if self.rises else value > than + self.point


METRICS: Final = {
    metric.name: metric
    for metric in (
        Metric("mape", mape),
        Metric("median_ape", median_ape),
        Metric("max_abs_points", max_abs_points, unit="points"),
        Metric("max_difference", max_difference, unit="", point=1e-9),
        Metric("rms_decades", rms_decades, unit="decades", point=0.02),
        Metric("share_right", share_right, rises=True),
        Metric("spearman", spearman, unit="", point=0.01, rises=True),
    )
}


def metric(name: str) -> Metric:
    """Look up a metric.

    Raises
    ------
    UnknownNameError
        No check can be judged by that.
    """
    if name not in METRICS:
        raise UnknownNameError("metric", name, METRICS, hint=f"write one of {', '.join(METRICS)}")
    return METRICS[name]
