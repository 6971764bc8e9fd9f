"""Converters: a regression against the package it was published with, and the fit to a survey on those left out."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from archsim.laws import adc
from archsim.validation.cells import SkipRow, positive
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

if TYPE_CHECKING:
    import numpy as np

FAMILIES: Final = ("crossbar", "optical")
PICO, MICRO2, NANO = 1e-12, 1e-12, 1e-9
FOLDS: Final = 10
INSIDE: Final = 0.8
"""Share of converters that the interval is to hold."""
START: Final = (-6.0, -1.0, 1.5, 0.6, 0.5, 6.5)
"""Where the fit begins: logarithms of noise and switched energy in pJ, exponents, logarithm of the knee."""
LIMITS: Final = {
    "published, package": Target("max_difference", 1e-3),
    "published, grid": Target("max_difference", 1e-5),
    "scatter, left out": Target("rms_decades", 0.70),
    "interval, left out": Target("max_abs_points", 7.0),
}


@check(
    "adc_hwcomponents_outputs.csv",
    topic="analog",
    family=FAMILIES,
    columns=("bits", "freq_hz", "tech_nm", "energy_pJ_per_convert", "area_um2"),
    title="Energy and area of converters by a published regression",
)
def adc_package(dataset: Dataset) -> list[Outcome]:
    """Reproduce the package's output."""
    columns = ("bits", "freq_hz", "tech_nm", "energy_pJ_per_convert", "area_um2")
    return _published(dataset, columns, "published, package")


@check(
    "adc_regression_grid.csv",
    topic="optical",
    family=FAMILIES,
    columns=("enob_bits", "rate_Sps", "tech_nm", "energy_pJ_per_convert", "area_um2"),
    title="Energy and area of fast converters by a published regression",
)
def adc_grid(dataset: Dataset) -> list[Outcome]:
    """Reproduce the package's output to its printed digits."""
    columns = ("enob_bits", "rate_Sps", "tech_nm", "energy_pJ_per_convert", "area_um2")
    return _published(dataset, columns, "published, grid")


def _published(dataset: Dataset, columns: Sequence[str], group: str) -> list[Outcome]:
    tally = Tally()
    for row in dataset.rows:
        try:
            bits, rate, node, energy, area = (positive(row, name) for name in columns)
        except SkipRow as skip:
            tally.skip(group, skip.reason, row.line)
            continue
        found = adc.regression_energy(bits, rate, node * NANO)
        tally.compare(group, found / (energy * PICO), 1.0)
        tally.compare(group, adc.regression_area(found, rate, node * NANO) / (area * MICRO2), 1.0)
    return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)


@check(
    "adc_survey.csv",
    topic="analog",
    family=FAMILIES,
    columns=("freq_Hz", "tech_nm", "enob", "energy_pJ_per_convert"),
    title="Converters of published papers, each judged by a fit without it",
)
def adc_survey(dataset: Dataset) -> list[Outcome]:
    """Fit the survey's law without each tenth, and judge that: scatter in decades, share inside the interval."""
    import numpy as np

    tally = Tally()
    found: list[tuple[float, ...]] = []
    folds: list[int] = []
    for row in dataset.rows:
        try:
            found.append(tuple(positive(row, name) for name in ("enob", "freq_Hz", "tech_nm", "energy_pJ_per_convert")))
            folds.append(fold(row))
        except SkipRow as skip:
            tally.skip("scatter, left out", skip.reason, row.line)
    if len(set(folds)) < FOLDS:
        tally.skip("scatter, left out", "too few converters to leave tenths of them out", dataset.rows[0].line)
        return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)
    table = np.array(found)
    errors, inside = _left_out(table, np.array(folds))
    for error, energy in zip(errors.tolist(), table[:, 3].tolist(), strict=True):
        tally.compare("scatter, left out", energy / 10.0**error, energy)
    tally.compare("interval, left out", 100.0 * float(np.mean(inside)), 100.0 * INSIDE)
    return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)


def fold(row: Row) -> int:
    """Return which tenth a converter belongs to: by a hash of what it is, so that it stays there."""
    text = "|".join(row.cells.get(name, "") for name in ("freq_Hz", "tech_nm", "enob"))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") % FOLDS


def _left_out(table: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the errors of converters left out, decades, and whether each lies in the interval of those kept."""
    import numpy as np

    errors, inside = np.zeros(len(table)), np.zeros(len(table), dtype=bool)
    for part in range(FOLDS):
        kept, out = table[which != part], table[which == part]
        constants = fit(kept)
        spread = float(np.std(_errors(constants, kept)))
        errors[which == part] = _errors(constants, out)
        z = 1.2815515655446004  # of 10 % on either side
        inside[which == part] = np.abs(errors[which == part]) <= z * spread
    return errors, inside


def fit(table: np.ndarray) -> np.ndarray:
    """Fit the six constants of the survey's law by least squares of log10 E.

    Parameters
    ----------
    table : ndarray, (converters, 4)
        Effective bits, Hz, nm, pJ.

    Returns
    -------
    ndarray, (6,)
        Logarithms of noise and switched energy, pJ; exponents of feature size, bits, rate; logarithm of the knee, Hz.
    """
    from scipy.optimize import least_squares

    return least_squares(lambda constants: _errors(constants, table), START).x  # type: ignore[no-any-return]


def _errors(constants: np.ndarray, table: np.ndarray) -> np.ndarray:
    import numpy as np

    noise, switched, node_exponent, bit_exponent, rate_exponent, knee = constants
    bits, rate, node, energy = table.T
    relative = node * NANO / adc.REFERENCE_NODE
    work = 10.0**noise * 4.0**bits + 10.0**switched * relative**node_exponent * 2.0 ** (bit_exponent * bits)
    speed = 1.0 + (rate * relative / 10.0**knee) ** rate_exponent
    return np.log10(energy) - np.log10(work * speed)  # type: ignore[no-any-return]
