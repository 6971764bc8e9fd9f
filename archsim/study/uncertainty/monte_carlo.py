"""How sure a result is: thousands of machines, each with numbers drawn from what they may be, and the model's error.

Every draw takes one value of each number that may be otherwise (`archsim.study.uncertainty.leaves`) and evaluates the
machine anew; the error of the model (`archsim.study.uncertainty.model_error`) multiplies what each kind of op takes,
one draw for all ops of a kind on one machine. Energy and time of a kind are off together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim.engine.inputs import graph_of, machine_of
from archsim.engine.table import Column, Table, share
from archsim.engine.transfer import LINK_RESOURCE
from archsim.errors import UsageError, did_you_mean
from archsim.study.compare import warnings_of
from archsim.study.uncertainty.leaves import Leaf, draw
from archsim.study.uncertainty.model_error import model_error
from archsim.study.uncertainty.varied import Varied, varied
from archsim.units import ENERGY, POWER, TIME, Dimension

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.engine.policy import Policy
    from archsim.engine.result import Result
    from archsim.graph.graph import Graph

SAMPLES: Final = 10_000
FEWEST: Final = 100
MOST: Final = 200_000
SHARES: Final = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
METRICS: Final[Mapping[str, tuple[str, Dimension | None]]] = {
    "latency": ("latency_s", TIME),
    "energy": ("energy_j", ENERGY),
    "power": ("power_w", POWER),
    "energy_delay": ("energy_delay_js", None),
}


def known_metric(name: str) -> str:
    """Return the name of a metric; ``edp`` is the energy-delay product, too.

    Raises
    ------
    UsageError
        No such metric.
    """
    name = {"edp": "energy_delay"}.get(name, name)
    if name not in METRICS:
        raise UsageError(f"metric {name!r}", hint=did_you_mean(name, METRICS) or f"write {', '.join(METRICS)}")
    return name


@dataclass(frozen=True)
class Band:
    """What one machine may take.

    Attributes
    ----------
    result : Result
        With all numbers as described.
    latency, period, energy : ndarray, (samples,) float64
        s of one run, s from one run to the next, and J of one run; not a number where a draw makes a machine that
        cannot be.
    leaves : tuple of Leaf
        Numbers that were drawn.
    notes : tuple of str
        What a reader must know of them.
    """

    result: Result
    latency: np.ndarray
    period: np.ndarray
    energy: np.ndarray
    leaves: tuple[Leaf, ...]
    notes: tuple[str, ...]

    @property
    def refused(self) -> int:
        """Draws that make a machine that cannot be."""
        import numpy as np

        return int(np.isnan(self.latency).sum())

    def values(self, metric: str) -> np.ndarray:
        """Return a metric of every draw, (samples,).

        Raises
        ------
        UsageError
            No such metric.
        """
        values: dict[str, np.ndarray] = {
            "latency": self.latency,
            "energy": self.energy,
            "power": self.energy / self.period,
            "energy_delay": self.latency * self.energy,
        }
        return values[known_metric(metric)]

    def nominal(self, metric: str) -> float:
        """Return a metric with all numbers as described."""
        if known_metric(metric) == "energy_delay":
            return self.result.latency * self.result.energy
        return float(getattr(self.result, metric))

    def quantile(self, metric: str, part: float) -> float:
        """Return what a metric stays below in that share of the draws.

        Raises
        ------
        UsageError
            A share outside 0 to 1, or no such metric.
        """
        import numpy as np

        if not 0.0 <= part <= 1.0:
            raise UsageError(f"the share {part!r}", hint="write a number from 0 to 1, such as 0.9")
        return float(np.nanquantile(self.values(metric), part))

    def interval(self, metric: str, part: float = 0.8) -> tuple[float, float]:
        """Return between what a metric lies in that share of the draws, as many left out on either side."""
        return self.quantile(metric, 0.5 - 0.5 * part), self.quantile(metric, 0.5 + 0.5 * part)

    def to_dict(self) -> dict[str, Any]:
        """Return quantiles with unit suffixes in their keys, ready for JSON."""
        return {
            "hardware": self.result.hardware,
            "refused": self.refused,
            "parameters": len(self.leaves),
            **{
                key: {
                    "nominal": self.nominal(metric),
                    **{f"p{100 * part:g}": self.quantile(metric, part) for part in SHARES},
                }
                for metric, (key, _) in METRICS.items()
            },
        }


@dataclass(frozen=True)
class Uncertainty:
    """What `uncertainty` found.

    Attributes
    ----------
    workload : str
        What was run.
    samples, seed : int
        Draws, and what they began with.
    bands : tuple of Band
        One for each machine.
    warnings : tuple of str
        What a reader must know.
    """

    workload: str
    samples: int
    seed: int
    bands: tuple[Band, ...]
    warnings: tuple[str, ...]

    @property
    def band(self) -> Band:
        """The band of the first machine."""
        return self.bands[0]

    def quantile(self, metric: str, part: float) -> float:
        """Return what a metric of the first machine stays below in that share of the draws."""
        return self.band.quantile(metric, part)

    def interval(self, metric: str, part: float = 0.8) -> tuple[float, float]:
        """Return between what a metric of the first machine lies in that share of the draws."""
        return self.band.interval(metric, part)

    def probability(self, metric: str) -> float:
        """Return how often the first machine takes less per item than the second.

        Raises
        ------
        UsageError
            There is no second machine, or no such metric.
        """
        import numpy as np

        if len(self.bands) < 2:
            raise UsageError("one machine beats nobody", hint="name another one: against='a100-sxm4-80gb'")
        power = {"power": 0, "energy_delay": 2}.get(known_metric(metric), 1)
        first, second = (band.values(metric) / band.result.items**power for band in self.bands[:2])
        both = ~(np.isnan(first) | np.isnan(second))
        if not both.any():
            raise UsageError("no draw makes both machines ones that can be", hint="narrow the bounds of their numbers")
        return float(np.mean((first < second)[both] + 0.5 * (first == second)[both]))

    def table(self) -> Table:
        """Return one row per machine and metric."""
        columns = (
            Column("hardware", "machine"),
            Column("metric", "metric"),
            Column("nominal", "as described", show=str),
            *(Column(f"p{100 * part:g}", f"{100 * part:g} %", show=str) for part in SHARES),
        )
        rows = []
        for band in self.bands:
            for metric, (_, dimension) in METRICS.items():
                values = [band.nominal(metric), *(band.quantile(metric, part) for part in SHARES)]
                texts = [Column("", "", dimension).text(v) if dimension else f"{v:.3g} J s" for v in values]
                rows.append((band.result.hardware, metric.replace("_", " "), *texts))
        return Table(f"{self.workload}: what lies below which value, {self.samples} draws", columns, tuple(rows))

    def ahead(self) -> Table | None:
        """Return how often the first machine takes less than the second; None when there is one only."""
        if len(self.bands) < 2:
            return None
        first, second = (band.result.hardware for band in self.bands[:2])
        columns = (Column("metric", "per item"), Column("probability", f"{first} below {second}", show=share))
        rows = tuple((m.replace("_", " "), self.probability(m)) for m in METRICS)
        return Table("", columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Return everything with unit suffixes in its keys, ready for JSON."""
        data: dict[str, Any] = {
            "schema_version": 1,
            "workload": self.workload,
            "samples": self.samples,
            "seed": self.seed,
            "machines": [band.to_dict() for band in self.bands],
            "warnings": list(self.warnings),
        }
        if len(self.bands) > 1:
            data["first_below_second"] = {metric: self.probability(metric) for metric in METRICS}
        return data

    def __str__(self) -> str:
        return "\n\n".join(str(table) for table in (self.table(), self.ahead()) if table is not None)


def uncertainty(
    graph: Graph | str,
    machine: Chip | System | str,
    policy: Policy | Mapping[str, Any] | None = None,
    /,
    *,
    samples: int = SAMPLES,
    against: Chip | System | str | None = None,
    seed: int = 0,
    model: bool = True,
    **choices: Any,
) -> Uncertainty:
    """Say how sure time and energy are, and how sure it is that one machine beats another.

    Parameters
    ----------
    graph : Graph or str
        The workload, or its name.
    machine : Chip, System or str
        The machine.
    policy : Policy or mapping, optional
        How the run is done; single choices may be given as keywords.
    samples : int
        Draws.
    against : Chip, System or str, optional
        Another machine for the same workload.
    seed : int
        The same seed gives the same draws.
    model : bool
        Whether the error of the model counts, too; without it, only the machine's numbers.

    Returns
    -------
    Uncertainty
        Quantiles, tables, and the probability that the first machine beats the second.

    Raises
    ------
    UsageError
        Too few or too many samples, a seed that is none, or no draw that makes a machine that can be.
    UnsupportedError, DoesNotFitError
        As in `archsim.evaluate`.
    """
    _check(samples, seed)
    graph = graph_of(graph)
    machines = [machine_of(each) for each in ([machine] if against is None else [machine, against])]
    bands = tuple(_band(varied(graph, each, policy, **choices), samples, seed, model) for each in machines)
    notes = [note for band in bands for note in band.notes]
    results = tuple(band.result for band in bands)
    return Uncertainty(graph.name, samples, seed, bands, tuple(dict.fromkeys([*notes, *warnings_of(results)])))


def _check(samples: int, seed: int) -> None:
    for name, value, least, most in (("samples", samples, FEWEST, MOST), ("seed", seed, 0, 2**63)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise UsageError(f"{name}={value!r}", hint=f"write a whole number from {least} to {most}")


def _band(base: Varied, samples: int, seed: int, model: bool) -> Band:
    import numpy as np

    found = base.leaves
    drawn = draw(found, samples, seed)
    points = base.points({(leaf.part, leaf.path): values for leaf, values in drawn.items()}, samples)
    latency, interval, energy = (
        np.where(points.refused, np.nan, each) for each in (points.latency, points.interval, points.energy)
    )
    if np.isnan(latency).all():
        raise UsageError(
            f"none of {samples} draws makes a {base.result.hardware!r} that can be",
            hint="look at the low and high of its numbers",
        )
    notes = list(_notes(base.result, int(points.refused.sum()), samples, model))
    if model:
        factor = _error(base.result, "latency", latency, samples, seed)
        latency, interval = latency * factor, interval * factor
        energy = energy * _error(base.result, "energy", energy, samples, seed)
    return Band(base.result, latency, interval, energy, found, tuple(notes))


def _error(result: Result, quantity: str, drawn: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Return the factor that the error of the model puts on what was drawn, (samples,)."""
    import numpy as np

    nominal = float(getattr(result, quantity))
    shares = _shares(result, quantity)
    if nominal <= 0.0 or not shares:
        return np.ones(samples)
    factor, bounds = np.zeros(samples), 0.0
    for (machine, family, kind), part in shares.items():
        error = model_error(family, kind, quantity)
        if error is None:
            factor += part
            bounds += part
            continue
        factor += part * np.exp(error.logarithms(f"{machine}, {kind}", samples, seed))
        bounds += part * (error.bounds if machine in error.machines else 1.0)
    return (drawn / nominal) ** (bounds - 1.0) * factor


def _shares(result: Result, quantity: str) -> dict[tuple[str, str, str], float]:
    """Return which share of a quantity each machine's kinds of op answer for; energy without an op goes with all."""
    machines = {part.label: part.chip for part in (result.run.parts if result.run else ())}
    shares: dict[tuple[str, str, str], float] = {}
    for op in result.ops:
        chip = machines.get(op.placed_on)
        key = (chip.name, chip.family, op.kind) if chip else (op.placed_on, "", op.kind)
        shares[key] = shares.get(key, 0.0) + getattr(op, quantity) * op.count
    whole = sum(shares.values())
    return {key: part / whole for key, part in shares.items() if part > 0.0} if whole else {}


def _notes(result: Result, refused: int, samples: int, model: bool) -> Iterable[str]:
    """Yield what a reader of a band must know."""
    if refused:
        yield f"{refused} of {samples} draws make a {result.hardware} that cannot be, and are left out"
    run = result.run
    if run is not None and (run.exchanges or any(move.resource != LINK_RESOURCE for move in run.moves)):
        yield f"what crosses the links of {result.hardware} is taken as described"
    for quantity in ("latency", "energy") if model else ():
        families = sorted({family for _, family, _ in _shares(result, quantity) if family})
        without = [family for family in families if model_error(family, "", quantity) is None]
        if without:
            yield (
                f"no rows for fitting tell how far the model is off in {quantity} on {' and '.join(without)} machines: "
                "the band holds the uncertainty of their numbers only"
            )
