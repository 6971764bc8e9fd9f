"""From a device label in a table to the machine that answers to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from archsim.arch import registry
from archsim.arch.chip import Chip
from archsim.errors import UnknownNameError, UsageError
from archsim.io import catalogue
from archsim.io.hardware import load_hardware
from archsim.validation.cells import SkipRow, quoted

Change = Callable[[Chip], Chip]

_change: ContextVar[Change | None] = ContextVar("change", default=None)


@contextmanager
def changed(change: Change) -> Iterator[None]:
    """Give checks other machines meanwhile than those described, such as ones with drawn numbers."""
    token = _change.set(change)
    try:
        yield
    finally:
        _change.reset(token)


class Machines:
    """Machines by label: each is looked up once, through names and aliases; labels are never taken for paths."""

    def __init__(self) -> None:
        self._found: dict[str, Chip | None] = {}
        self._reasons: dict[str, str] = {}

    def find(self, label: str) -> Chip:
        """Return the machine behind a label.

        Raises
        ------
        SkipRow
            No machine answers to it, or more than one.
        InvalidDescriptionError
            Its description is broken.
        """
        if label not in self._found:
            self._found[label] = self._load(label)
        chip = self._found[label]
        if chip is None:
            raise SkipRow(self._reasons[label])
        return chip

    def family(self, label: str, otherwise: str) -> str:
        """Return the family of the machine behind a label, or `otherwise` where there is none."""
        try:
            return self.find(label).family
        except SkipRow:
            return otherwise

    def _load(self, label: str) -> Chip | None:
        unknown = f"unknown device {quoted(label)}"
        if catalogue.is_path(label):
            self._reasons[label] = unknown
            return None
        try:
            chip = load_hardware(catalogue.find("hardware", label).path)
            change = _change.get()
            return change(chip) if change else chip
        except UnknownNameError:
            self._reasons[label] = unknown
        except UsageError:
            self._reasons[label] = f"more than one device is called {quoted(label)}"
        return None


def check_format(chip: Chip, name: str) -> None:
    """Refuse a number format the machine would have to emulate: its rows are not of what the model runs.

    Raises
    ------
    SkipRow
        The machine has no unit of that format.
    """
    formats = registry.get(chip.family).formats(chip.spec)
    if formats and name not in formats:
        raise SkipRow(f"unsupported dtype: {chip.name} has no {name}")
