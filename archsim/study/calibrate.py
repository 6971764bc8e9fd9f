"""Constants of a description from measured times: the values that bring the model nearest to them.

The measurements a constant was set from say nothing of the model's accuracy: keep others apart for that, see
`archsim.validation.split`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from archsim.arch import registry
from archsim.arch.chip import Chip
from archsim.arch.columns import Place, place_of
from archsim.engine.lower import chip_table
from archsim.engine.run import run_each
from archsim.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

SPREAD: Final = 0.2
"""Standard deviation of the logarithms that later starts begin apart."""
PENALTY: Final = 10.0
"""What leaving the limits costs, per unit of the logarithm."""


@dataclass(frozen=True)
class Observation:
    """Measured times of ops on one machine, each op a run of its own.

    Attributes
    ----------
    chip : Chip
        The machine, with constants that will be replaced.
    ops : ndarray of records, (n_ops,)
        Their op table.
    latency : ndarray, (n_ops,) float64, s
        What was measured.
    """

    chip: Chip
    ops: np.ndarray
    latency: np.ndarray


@dataclass(frozen=True)
class Calibration:
    """What came out.

    Attributes
    ----------
    values : mapping of str to float
        Leaf by path, SI units.
    error : float
        Mean over the observations of the mean absolute logarithm of predicted over measured.
    evaluations : int
        Settings tried.
    """

    values: Mapping[str, float]
    error: float
    evaluations: int


def calibrate(
    observations: Sequence[Observation],
    start: Mapping[str, float],
    limits: Mapping[str, tuple[float, float]] | None = None,
    *,
    starts: int = 4,
    evaluations: int = 600,
    seed: int = 1,
    mode: str = "always",
) -> Calibration:
    """Find the values of some leaves at which predictions are nearest: min mean |log(t_model / t_measured)|.

    Parameters
    ----------
    observations : sequence of Observation
        Weighed alike, however many ops each has; all machines get the same values.
    start : mapping of str to float
        Where to begin, by path, SI units, all above 0.
    limits : mapping of str to pair of float, optional
        Least and largest value of some of the leaves.
    starts : int
        Runs of the search; the first begins at `start`, the others near it.
    evaluations : int
        Settings tried in each.
    seed : int
        Of the other beginnings.
    mode : str
        ``auto``, ``always`` or ``never`` compile: a few ops are sooner evaluated in plain Python.

    Raises
    ------
    UsageError
        Nothing to fit, or a path that leads to no number.

    Notes
    -----
    Nelder and Mead's simplex on the logarithms of the values (Computer Journal 7, 1965,
    doi:10.1093/comjnl/7.4.308). The absolute logarithm weighs a half like a double and shrugs at outliers.
    """
    import numpy as np
    from scipy.optimize import minimize

    if not observations or not start:
        raise UsageError("nothing to calibrate", hint="give at least one observation and one leaf")
    if min(start.values()) <= 0.0:
        worst = min(start, key=start.__getitem__)
        raise UsageError(f"{worst} cannot begin at {start[worst]:g}", hint="begin with a value above 0")
    bench = _Bench(observations, tuple(start), mode)
    bounds = np.log([(limits or {}).get(path, (1e-300, 1e300)) for path in start])

    def error(point: np.ndarray) -> float:
        inside = np.clip(point, bounds[:, 0], bounds[:, 1])
        return bench.error(np.exp(inside)) + PENALTY * float(np.abs(point - inside).sum())

    generator = np.random.default_rng(seed)
    first = np.log(list(start.values()))
    best, tried = (first, error(first)), 1
    for run in range(starts):
        begin = first + (generator.normal(0.0, SPREAD, len(first)) if run else 0.0)
        found = minimize(error, begin, method="Nelder-Mead",
                         options={"maxfev": evaluations, "adaptive": True, "xatol": 1e-3, "fatol": 1e-5})  # fmt: skip
        tried += int(found.nfev)
        if found.fun < best[1]:
            best = (np.clip(found.x, bounds[:, 0], bounds[:, 1]), float(found.fun))
    values = dict(zip(start, np.exp(best[0]).tolist(), strict=True))
    return Calibration(values, best[1], tried)


class _Bench:
    """Evaluates all observations at one setting of the leaves."""

    def __init__(self, observations: Sequence[Observation], paths: Sequence[str], mode: str) -> None:
        self.observations, self.mode = observations, mode
        self.tables = [chip_table(each.chip) for each in observations]
        self.places: list[list[Place]] = [[place_of(each.chip.spec, path) for path in paths] for each in observations]

    def error(self, values: np.ndarray) -> float:
        import numpy as np

        errors = []
        for each, table, places in zip(self.observations, self.tables, self.places, strict=True):
            for place, value in zip(places, values, strict=True):
                table[place.column.name][(0, *place.index)] = value
            family = registry.get(each.chip.family)
            outs, totals = run_each(family, each.ops, table, mode=self.mode)
            fine = (outs["status"] == 0) & (totals["status"] == 0)
            errors.append(np.mean(np.abs(np.log(outs["latency"][fine] / each.latency[fine]))) if fine.any() else 0.0)
        return float(np.mean(errors))
