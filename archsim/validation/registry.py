"""Checks by the file name of their dataset; every module in `archsim.validation.checks` is found by itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from archsim.arch import registry
from archsim.errors import UnknownNameError, UsageError
from archsim.io.catalogue import fold
from archsim.validation.dataset import Dataset
from archsim.validation.kernels import Reader
from archsim.validation.outcome import Outcome
from archsim.validation.table import Row

Judge = Callable[[Dataset], list[Outcome]]


@dataclass(frozen=True)
class Check:
    """A check of one dataset.

    Attributes
    ----------
    dataset : str
        File name of the table, wherever it stands.
    judge : callable
        Dataset to outcomes, one per group.
    columns : tuple of str
        Columns it cannot do without.
    topic : str
        Folder below ``models/measured/``.
    families : tuple of str
        Families of machines it judges.
    title : str
        One line for listings.
    reader : Reader or None
        Of a table that times kernels one at a time: how its rows are read.
    device : callable or None
        Row to the label of its machine, of a table that holds machines of several families.
    """

    dataset: str
    judge: Judge
    columns: tuple[str, ...]
    topic: str
    families: tuple[str, ...]
    title: str
    reader: Reader | None = None
    device: Callable[[Row], str] | None = None


_CHECKS: dict[str, Check] = {}


def check(
    dataset: str, *, topic: str, family: str | tuple[str, ...], columns: tuple[str, ...], title: str,
    reader: Reader | None = None, device: Callable[[Row], str] | None = None,
) -> Callable[[Judge], Judge]:  # fmt: skip
    """Register the decorated function as the check of a dataset; see `Check`. One family, or several.

    Raises
    ------
    UsageError
        The dataset has a check already.
    """

    def register(judge: Judge) -> Judge:
        known = _CHECKS.get(dataset)
        if known and known.judge.__module__ != judge.__module__:
            raise UsageError(f"the dataset {dataset!r} has a check already", hint="extend that one")
        families = (family,) if isinstance(family, str) else family
        _CHECKS[dataset] = Check(dataset, judge, columns, topic, families, title, reader, device)
        return judge

    return register


@cache
def _load() -> None:
    package = importlib.import_module("archsim.validation.checks")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def find_checks(family: str | None = None, dataset: str | None = None) -> list[Check]:
    """List checks by dataset.

    Parameters
    ----------
    family : str, optional
        Only those that judge this family.
    dataset : str, optional
        Only the one of this table; its file name, with or without ``.csv``.

    Raises
    ------
    UnknownNameError
        No such family, or no check of such a dataset.
    """
    _load()
    if family is not None and family not in registry.names():
        raise UnknownNameError("family", family, registry.names(), hint=f"known: {', '.join(registry.names())}")
    found = sorted(_CHECKS.values(), key=lambda each: (each.topic, each.dataset))
    if dataset is not None:
        wanted = fold(dataset.removesuffix(".csv"))
        found = [each for each in found if fold(each.dataset.removesuffix(".csv")) == wanted]
        if not found:
            raise UnknownNameError("dataset", dataset, _CHECKS, hint=f"there are checks of {', '.join(_CHECKS)}")
    return [each for each in found if family is None or family in each.families]
