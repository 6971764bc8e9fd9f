"""From what shall differ to design points: every combination, side by side, or samples that fill the space."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.columns import place_of
from archsim.arch.mixed import MixedSystem
from archsim.arch.system import System
from archsim.errors import UsageError, did_you_mean
from archsim.io.fields import annotations_at
from archsim.study.groups import HARDWARE, POLICY, WORKLOAD, is_outside, numeric
from archsim.units import Quantity

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip

GRID: Final = "grid"
ZIP: Final = "zip"
LATIN: Final = "latin-hypercube"
SOBOL: Final = "sobol"
MODES: Final = (GRID, ZIP, LATIN, SOBOL)
MOST: Final = 20_000_000
"""Most design points of one sweep: what they cost must fit into memory."""


@dataclass(frozen=True)
class Span:
    """A range of numbers.

    Attributes
    ----------
    low, high : float or str
        Both ends, SI or text with a unit.
    count : int
        Values on a grid, both ends among them; samples need none.
    log : bool
        Equal ratios instead of equal differences.
    """

    low: float | str
    high: float | str
    count: int = 0
    log: bool = False

    def __str__(self) -> str:
        parts = (self.low, self.high, *([self.count] if self.count else ()), *(["log"] if self.log else ()))
        return ":".join(str(part) for part in parts)


Values = Span | Sequence[Any]


@dataclass(frozen=True)
class Design:
    """Design points.

    Attributes
    ----------
    columns : mapping of str to sequence, (n,)
        Values of each path at each point; numbers of descriptions in SI units.
    axes : mapping of str to sequence
        On a grid, the values of each path in order; the last varies fastest. Empty otherwise.
    notes : tuple of str
        What a reader should know of the samples.
    """

    columns: Mapping[str, Any]
    axes: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Range:
    """A span read: its ends as numbers, whether only whole ones are legal, and whether a workload takes them."""

    low: float
    high: float
    count: int
    log: bool
    whole: bool
    argument: bool = False

    def between(self, share: np.ndarray) -> np.ndarray:
        """Return the values at shares from 0 to 1 of the way."""
        import numpy as np

        low, high = self.low, self.high
        if self.whole:  # each whole number owns as much of the way as any other, or as its ratio to the next
            low, high = low - 0.5, high + 0.5
        way = low * (high / low) ** share if self.log else low + (high - low) * share
        if self.whole:
            way = np.floor(way + 0.5)
        return self._typed(np.clip(way, self.low, self.high))

    def spread(self) -> np.ndarray:
        """Return the values of a grid."""
        import numpy as np

        values = (np.geomspace if self.log else np.linspace)(self.low, self.high, self.count)
        return self._typed(np.unique(np.round(values)) if self.whole else values)

    def _typed(self, values: np.ndarray) -> np.ndarray:
        return values.astype("i8") if self.whole and self.argument else values


def design(
    machine: Chip | System | None, space: Mapping[str, Values], mode: str, samples: int | None = None, seed: int = 0
) -> Design:
    """Lay out design points.

    Parameters
    ----------
    machine : Chip or System or None
        What the leaves belong to; None when that differs, too.
    space : mapping of str to Span or sequence
        What each path may be.
    mode : str
        ``grid``: every combination; ``zip``: the first values of all, the second of all, and so on;
        ``latin-hypercube`` and ``sobol``: samples.
    samples : int, optional
        How many samples; needed by, and only by, the last two.
    seed : int
        Of the samples: the same seed gives the same ones.

    Raises
    ------
    UsageError
        An unknown mode, no values, values that no path has, or a number of samples where there is none to take.
    """
    import numpy as np

    if mode not in MODES:
        raise UsageError(f"mode {mode!r}", hint=did_you_mean(str(mode), MODES) or f"write one of {', '.join(MODES)}")
    if not isinstance(space, Mapping):
        raise UsageError(f"{space!r} is no space", hint="pass a mapping such as {'clock': [1e9, 2e9]}")
    if not space:
        raise UsageError("nothing to sweep", hint="name at least one path, such as clock")
    sampled = mode in (LATIN, SOBOL)
    _check_samples(mode, samples, sampled)
    read = {path: _read(machine, path, values, sampled) for path, values in space.items()}
    if sampled:
        columns, notes = _samples(read, mode, int(samples or 0), seed)
        return Design(columns, {}, notes)
    levels = {path: each.spread() if isinstance(each, _Range) else each for path, each in read.items()}
    if mode == ZIP:
        lengths = {path: len(values) for path, values in levels.items()}
        if len(set(lengths.values())) > 1:
            raise UsageError(f"the columns have different lengths: {lengths}", hint="give as many values for each path")
        return Design(levels, {})
    sizes = [len(values) for values in levels.values()]
    if math.prod(sizes) > MOST:
        raise UsageError(f"the grid has {math.prod(sizes):,} points", hint=f"{MOST:,} are the most; take samples")
    columns = {}
    for position, (path, values) in enumerate(levels.items()):
        inner, outer = math.prod(sizes[position + 1 :]), math.prod(sizes[:position])
        columns[path] = np.tile(np.repeat(_array(values), inner), outer)
    return Design(columns, levels)


def _check_samples(mode: str, samples: int | None, sampled: bool) -> None:
    if not sampled and samples is not None:
        raise UsageError(
            f"samples={samples!r} in mode {mode!r}", hint=f"write mode {LATIN} or {SOBOL}, or leave it out"
        )
    if sampled and (isinstance(samples, bool) or not isinstance(samples, int) or not 1 <= samples <= MOST):
        raise UsageError(f"mode {mode!r} with samples={samples!r}", hint=f"write a whole number from 1 to {MOST:,}")


def _array(values: Any) -> np.ndarray:
    """Return values as an array that keeps each as it is."""
    import numpy as np

    if isinstance(values, np.ndarray):
        return values
    kept = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        kept[index] = value
    return kept


def _samples(read: Mapping[str, Any], mode: str, samples: int, seed: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    import warnings

    import numpy as np
    from scipy.stats import qmc

    notes: tuple[str, ...] = ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # said in a note
        try:
            engine = (qmc.LatinHypercube if mode == LATIN else qmc.Sobol)(len(read), rng=seed)
        except (TypeError, ValueError) as error:
            raise UsageError(f"seed={seed!r} for {len(read)} paths: {error}") from None
        shares = engine.random(samples)
    if mode == SOBOL and samples & (samples - 1):
        notes = (f"{samples} points of a Sobol sequence do not balance: {1 << samples.bit_length()} would",)
    columns = {}
    for position, (path, each) in enumerate(read.items()):
        share = shares[:, position]
        if isinstance(each, _Range):
            columns[path] = each.between(share)
        else:
            chosen = np.minimum((share * len(each)).astype(np.int64), len(each) - 1)
            columns[path] = _array(each)[chosen]
    return columns, notes


def _read(machine: Chip | System | None, path: str, values: Values, sampled: bool) -> _Range | Any:
    if not isinstance(path, str):
        raise UsageError(f"{path!r} is no path", hint="write a path, such as 'memory.hbm.bandwidth'")
    if isinstance(values, Span):
        return _read_span(machine, path, values, sampled)
    if isinstance(values, str) or not hasattr(values, "__len__"):
        raise UsageError(f"{path} has the values {values!r}", hint="give a list, or Span(low, high)")
    if not len(values):
        raise UsageError(f"{path!r} has no values: there are no points", hint="give at least one value")
    if machine is None or is_outside(path):
        return values
    numbers = numeric(machine, path, values)
    return values if numbers is None else numbers


def _read_span(machine: Chip | System | None, path: str, span: Span, sampled: bool) -> _Range:
    if path in (HARDWARE, WORKLOAD) or path.startswith(f"{POLICY}."):
        raise UsageError(f"{path}={span}: there is nothing between two choices", hint="list the values instead")
    quantity, whole = _kind(machine, path, span)
    ends = []
    for end in (span.low, span.high):
        try:
            ends.append(float(quantity.read(end) if quantity is not None else end))
        except (TypeError, ValueError):
            raise UsageError(f"{path}={span}: {end!r} is no number", hint="write numbers, such as 1:64:7") from None
    low, high = ends
    if not (math.isfinite(low) and math.isfinite(high)) or low >= high:
        raise UsageError(f"{path}={span}: the range is empty", hint="write the smaller end first")
    if span.log and low <= 0.0:
        raise UsageError(f"{path}={span}: a logarithmic range begins above zero", hint="leave out log")
    if whole and (low != math.floor(low) or high != math.floor(high)):
        raise UsageError(f"{path}={span}: the ends are not whole numbers", hint="write whole numbers")
    if not sampled and (isinstance(span.count, bool) or not isinstance(span.count, int) or span.count < 2):
        raise UsageError(f"{path}={span}: how many values?", hint=f"write e.g. {span.low}:{span.high}:5")
    if span.count > MOST:
        raise UsageError(f"{path}={span} has {span.count:,} values", hint=f"{MOST:,} are the most; take samples")
    return _Range(low, high, span.count, span.log, whole, path.startswith(f"{WORKLOAD}."))


def _kind(machine: Chip | System | None, path: str, span: Span) -> tuple[Quantity | None, bool]:
    """Return the quantity of a leaf, and whether only whole numbers are legal there."""
    plain = None, isinstance(span.low, int) and isinstance(span.high, int)
    if path.startswith(f"{WORKLOAD}.") or machine is None:
        return plain
    chip, rest = _owner(machine, path)
    try:
        place = place_of(chip.spec, rest)
    except UsageError:
        if isinstance(machine, System):  # a value of its own, such as levels.nvlink.members
            return plain
        raise
    if place.column.choices:
        raise UsageError(f"{path}={span}: there is nothing between two choices",
                         hint=f"list some of {', '.join(str(choice) for choice in place.column.choices)}")  # fmt: skip
    quantity = place.column.quantity
    if quantity is not None:
        return quantity, quantity.integer
    return None, int in annotations_at(type(chip.spec), place.path)


def _owner(machine: Chip | System, path: str) -> tuple[Chip, str]:
    """Return the machine a path leads into, and the path from there."""
    if isinstance(machine, MixedSystem):
        name, _, rest = path.partition(".")
        member = machine.host if name == "host" else machine.machines.get(name)
        return (machine.chip, path) if member is None else (member, rest)
    return (machine.chip, path) if isinstance(machine, System) else (machine, path)
