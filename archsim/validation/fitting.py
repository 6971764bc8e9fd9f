"""Rows that constants may be fitted on: exactly those that `archsim validate` never scores."""

from __future__ import annotations

from collections.abc import Iterable

from archsim.errors import UsageError
from archsim.study.calibrate import Observation
from archsim.validation import kernels, locate
from archsim.validation.alone import table_alone
from archsim.validation.dataset import Dataset
from archsim.validation.kernels import Sample
from archsim.validation.metadata import read_metadata
from archsim.validation.registry import find_checks
from archsim.validation.table import read_table


def rows(dataset: str) -> list[Sample]:
    """Return the samples of a shipped table that are for fitting.

    Parameters
    ----------
    dataset : str
        File name, with or without ``.csv``.

    Raises
    ------
    UsageError
        There is no check of such a dataset, or it does not time kernels one at a time.
    """
    (check,) = find_checks(dataset=dataset)
    if check.reader is None:
        raise UsageError(f"the rows of {check.dataset!r} are no single kernels", hint="read the table yourself")
    path = locate.shipped([check.dataset]).get(check.dataset)
    if path is None:
        raise UsageError(f"there is no table {check.dataset!r} among the shipped ones", hint="archsim list datasets")
    found = Dataset(check.dataset, path, read_table(path, check.columns).rows, read_metadata(path))
    return [each for each in kernels.samples(found, check.reader) if kernels.side(found, each) == "fit"]


def observations(samples: Iterable[Sample]) -> list[Observation]:
    """Return samples of one kernel each as `archsim.study.calibrate` takes them, one observation per machine.

    Samples of several kernels are left out: their times cannot be told apart.
    """
    import numpy as np

    by_chip: dict[int, list[Sample]] = {}
    for sample in samples:
        if len(sample.reading.timed.ops) == 1:
            by_chip.setdefault(id(sample.chip), []).append(sample)
    made: list[Observation] = []
    for group in by_chip.values():
        timed = [each.reading.timed.prefixed(f"{index}/") for index, each in enumerate(group)]
        table = table_alone(
            [each.ops[0] for each in timed],
            {tensor.name: tensor for each in timed for tensor in each.tensors},
            copies=[each.reading.copies for each in group],
            between=[each.reading.between for each in group],
        )
        times = np.array([each.measured - each.reading.overhead for each in group])
        made.append(Observation(group[0].chip, table, times))
    return made
