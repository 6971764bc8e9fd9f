"""All checks, one after the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archsim.validation import locate
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.metadata import read_metadata
from archsim.validation.outcome import Outcome
from archsim.validation.registry import Check, find_checks
from archsim.validation.table import read_table


def run_validation(data: Path | None = None, family: str | None = None, dataset: str | None = None) -> list[Outcome]:
    """Hold the models against measured tables.

    Parameters
    ----------
    data : Path, optional
        Folder whose tables are read instead of the shipped ones: files are found by name anywhere below it, absent
        ones are skipped, and every row is scored.
    family : str, optional
        Only checks of this family of machines; of tables of several families only its rows.
    dataset : str, optional
        Only the check of this table.

    Returns
    -------
    list of Outcome
        One per dataset and group.

    Raises
    ------
    UsageError
        No such folder, family or dataset.
    InvalidDescriptionError
        A table that is not CSV or lacks a needed column, or a shipped one without metadata.
    """
    selected = find_checks(family, dataset)
    names = [each.dataset for each in selected]
    paths = locate.shipped(names) if data is None else locate.below(Path(data), names)
    outcomes: list[Outcome] = []
    for each in selected:
        if each.dataset in paths:
            outcomes += each.judge(_of_family(each, family, _read(each, paths[each.dataset], own=data is None)))
    return outcomes


def read_dataset(name: str) -> Dataset:
    """Read a shipped table with its metadata, as its check would.

    Parameters
    ----------
    name : str
        File name, with or without ``.csv``.

    Raises
    ------
    UnknownNameError
        No check of such a table.
    InvalidDescriptionError
        The table is not CSV, lacks a needed column, or has no metadata.
    """
    (each,) = find_checks(dataset=name)
    return _read(each, locate.shipped([each.dataset])[each.dataset], own=True)


def _of_family(check: Check, family: str | None, dataset: Dataset) -> Dataset:
    """Return the rows of machines of one family; those of machines nobody knows stay with the check's first one."""
    if family is None or check.device is None:
        return dataset
    machines, device = Machines(), check.device
    kept = (row for row in dataset.rows if machines.family(device(row), check.families[0]) == family)
    return replace(dataset, rows=tuple(kept))


def _read(check: Check, path: Path, *, own: bool) -> Dataset:
    table = read_table(path, check.columns)
    return Dataset(check.dataset, path, table.rows, read_metadata(path) if own else None)
