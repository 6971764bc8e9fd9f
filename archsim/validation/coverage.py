"""Do intervals hold what they promise: the model's error from rows for fitting, and how often it covers scored rows.

On rows for fitting the logarithm of measured over predicted is taken for what uncertain numbers do, times a factor of
at most 1, plus an error of the model that is normal on either side of its median. The factor is 1 unless the numbers
alone would make up more than half of the variance: they move all rows of a machine together, and rows that scatter do
so because of the model. The error makes up what is left. Both are then scaled together until the
interval covers as many rows for fitting as it should. Scored rows play no part in that: they say whether it holds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim.study.uncertainty.model_error import NUMBERS, OTHER
from archsim.validation.residuals import Residual

if TYPE_CHECKING:
    import numpy as np

SHARE: Final = 0.8
"""What intervals promise."""
TOLERANCE: Final = 0.1
FEWEST: Final = 20
"""Rows below which an error is not estimated, nor a coverage judged."""
DEVIATE: Final = 1.2815515655446004
"""Standard normal deviate with a tenth of the draws beyond it."""
HALF: Final = 0.5
"""Of the variance, which uncertain numbers may make up at most."""
DEVIATES: Final = 25
HALVINGS: Final = 16
WIDEST: Final = 4.0
SOURCE: Final = "archsim-residuals"

Key = tuple[str, str, str]
"""Family, kind of op, quantity."""


@dataclass(frozen=True)
class Estimate:
    """Error of the model on rows for fitting; see `archsim.study.uncertainty.model_error.ModelError`."""

    bias: float
    below: float
    above: float
    bounds: float
    rows: int
    datasets: tuple[str, ...]
    machines: tuple[str, ...]

    def ends(self, rows: Rows, *, full: bool = False) -> np.ndarray:
        """Return both ends of the interval of every row, logarithms of measured over predicted, (2, rows).

        Parameters
        ----------
        rows : Rows
            With the draws of their machines' numbers.
        full : bool
            Take the bounds of numbers as they are written, on fitted machines too.
        """
        import numpy as np

        known = set(self.machines)
        fitted = np.array([not full and set(names) <= known for names in rows.machines])
        drawn = rows.drawn * np.where(fitted, self.bounds, 1.0)[:, None]
        normal = _deviates()
        error = self.bias + normal * np.where(normal < 0.0, self.below, self.above)
        sums = (drawn[:, :, None] + error).reshape(len(drawn), -1)
        sums.sort(axis=1)
        places = np.array([0.5 - 0.5 * SHARE, 0.5 + 0.5 * SHARE]) * (sums.shape[1] - 1)
        ends: np.ndarray = sums[:, np.rint(places).astype(int)].T
        return ends

    def covers(self, rows: Rows, *, full: bool = False) -> np.ndarray:
        """Say which rows lie in their interval, (rows,)."""
        low, high = self.ends(rows, full=full)
        inside: np.ndarray = (low <= rows.errors) & (rows.errors <= high)
        return inside


@dataclass(frozen=True)
class Rows:
    """Residuals as arrays.

    Attributes
    ----------
    errors : ndarray, (rows,) float64
        Logarithms of measured over predicted.
    drawn : ndarray, (rows, draws) float64
        Logarithms of predictions with drawn numbers over the prediction; 0 where none were drawn.
    machines : tuple of tuple of str
        Machines behind each.
    """

    errors: np.ndarray
    drawn: np.ndarray
    machines: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, residuals: Sequence[Residual]) -> Rows:
        """Gather residuals; rows with fewer draws than others repeat theirs."""
        import numpy as np

        most = max((len(each.drawn) for each in residuals), default=0) or 1
        drawn = np.array([np.resize(each.drawn or (0.0,), most) for each in residuals])
        errors = np.array([each.error for each in residuals])
        return cls(errors, drawn, tuple(each.machines for each in residuals))


@dataclass(frozen=True)
class Covered:
    """How many scored rows of one family and kind of op an interval covers.

    Attributes
    ----------
    family, kind, quantity : str
        Of what.
    fit, rows : int
        Rows the error was estimated on, and scored rows.
    covered, full : float or None
        Share of scored rows inside; and with bounds of numbers as they are written. None without rows or an error.
    width : float or None
        Upper over lower end of the interval, median over scored rows.
    """

    family: str
    kind: str
    quantity: str
    fit: int
    rows: int
    covered: float | None
    full: float | None
    width: float | None

    @property
    def ok(self) -> bool | None:
        """Whether it covers what it promises, within `TOLERANCE`; None with too few rows to tell."""
        if self.covered is None or self.rows < FEWEST:
            return None
        return abs(self.covered - SHARE) <= TOLERANCE


def _deviates() -> np.ndarray:
    """Return standard normal deviates at evenly spread shares."""
    import numpy as np
    from scipy.special import ndtri

    deviates: np.ndarray = ndtri((np.arange(DEVIATES) + 0.5) / DEVIATES)
    return deviates


def by_kind(residuals: Iterable[Residual]) -> dict[Key, list[Residual]]:
    """Group rows by family, kind of op and quantity."""
    groups: dict[Key, list[Residual]] = {}
    for each in residuals:
        groups.setdefault((each.family, each.kind, each.quantity), []).append(each)
    return dict(sorted(groups.items()))


def estimate(residuals: Iterable[Residual]) -> dict[Key, Estimate]:
    """Estimate the error of every family and kind of op that has enough rows for fitting, and of all kinds together."""
    fit = [each for each in residuals if each.side == "fit"]
    groups = by_kind(fit)
    for each in fit:
        groups.setdefault((each.family, OTHER, each.quantity), []).append(each)
    return {key: _estimate(rows) for key, rows in sorted(groups.items()) if len(rows) >= FEWEST}


def _estimate(rows: Sequence[Residual]) -> Estimate:
    import numpy as np

    gathered = Rows.of(rows)
    low, middle, high = np.quantile(gathered.errors, [0.5 - 0.5 * SHARE, 0.5, 0.5 + 0.5 * SHARE])
    down, centre, up = np.quantile(gathered.drawn, [0.5 - 0.5 * SHARE, 0.5, 0.5 + 0.5 * SHARE])
    room = [middle - low, high - middle]
    taken = [centre - down, up - centre]
    most = math.sqrt(HALF)
    bounds = float(min(1.0, *(most * r / t if t > 0.0 else 1.0 for r, t in zip(room, taken, strict=True))))
    below, above = (
        float(np.sqrt(max(0.0, r * r - (bounds * t) ** 2))) / DEVIATE for r, t in zip(room, taken, strict=True)
    )
    datasets = tuple(sorted({each.dataset for each in rows}))
    machines = tuple(sorted({name for each in rows for name in each.machines}))

    def scaled(scale: float) -> Estimate:
        factor = min(1.0, bounds * scale)
        bias = float(middle - factor * centre)
        return Estimate(bias, below * scale, above * scale, factor, len(rows), datasets, machines)

    return scaled(_scale(lambda scale: float(scaled(scale).covers(gathered).mean())))


def _scale(covered: Callable[[float], float]) -> float:
    """Return the scale at which rows for fitting are covered as they should."""
    low, high = 0.0, WIDEST
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if covered(middle) >= SHARE else (middle, high)
    return high


def coverage(residuals: Iterable[Residual], errors: Mapping[Key, Estimate]) -> list[Covered]:
    """Say how many scored rows the intervals cover, by family, kind of op and quantity."""
    import numpy as np

    found = []
    for (family, kind, quantity), rows in by_kind(residuals).items():
        scored = [each for each in rows if each.side == "score"]
        made = errors.get((family, kind, quantity)) or errors.get((family, OTHER, quantity))
        own = errors.get((family, kind, quantity))
        if made is None or not scored:
            found.append(Covered(family, kind, quantity, own.rows if own else 0, len(scored), None, None, None))
            continue
        gathered = Rows.of(scored)
        low, high = made.ends(gathered)
        inside, full = made.covers(gathered).mean(), made.covers(gathered, full=True).mean()
        width = float(np.exp(np.median(high - low)))
        found.append(
            Covered(family, kind, quantity, own.rows if own else 0, len(scored), float(inside), float(full), width)
        )
    return found


def to_yaml(errors: Mapping[Key, Estimate]) -> str:
    """Write errors as ``models/uncertainty/model-errors.yaml`` has them."""
    lines = [
        "# How far the models are from measured rows: logarithms of measured over predicted, on rows for fitting.",
        "# Written by docs/coverage_table.py; archsim/study/uncertainty/model_error.py says what the numbers mean.",
        "schema: 1",
        "",
        "errors:",
    ]
    tree: dict[str, dict[str, dict[str, Estimate]]] = {}
    for (family, kind, quantity), each in errors.items():
        tree.setdefault(family, {}).setdefault(kind, {})[quantity] = each
    for family, kinds in tree.items():
        lines.append(f"  {family}:")
        for kind, quantities in kinds.items():
            lines.append(f"    {kind}:")
            for quantity, each in quantities.items():
                where = f"{each.rows} rows for fitting of {', '.join(each.datasets)}"
                lines.append(f"      {quantity}:")
                for name in NUMBERS:
                    cited: dict[str, Any] = {"value": round(getattr(each, name), 4), "source": SOURCE,
                                             "where": where, "kind": "estimated"}  # fmt: skip
                    body = ", ".join(f"{key}: {json.dumps(value)}" for key, value in cited.items())
                    lines.append(f"        {name}: {{{body}}}")
                lines.append(f"        machines: [{', '.join(each.machines)}]")
    return "\n".join(lines) + "\n"


def markdown(found: Iterable[Covered]) -> str:
    """Return a table of coverages."""
    rows = [
        "| family | kind of op | quantity | rows for fitting | scored rows | inside | with bounds as written "
        "| upper end over lower | 80 ± 10 % |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for each in found:
        said = {True: "yes", False: "NO", None: "–"}[each.ok]
        shares = ["–" if share is None else f"{100.0 * share:.1f} %" for share in (each.covered, each.full)]
        width = "–" if each.width is None else f"{each.width:.2f}"
        rows.append(f"| {each.family} | {each.kind} | {each.quantity} | {each.fit} | {each.rows} | {shares[0]} | "
                    f"{shares[1]} | {width} | {said} |")  # fmt: skip
    return "\n".join(rows)
