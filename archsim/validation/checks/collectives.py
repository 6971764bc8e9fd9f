"""Collectives timed one at a time on systems of several GPUs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from archsim.arch.system import System
from archsim.errors import ArchsimError, UnknownNameError, UsageError
from archsim.io import catalogue
from archsim.io.systems import load_system
from archsim.mapping.collectives import FUNCTIONS, exchange
from archsim.mapping.stages import spread
from archsim.validation.cells import SkipRow, parts, positive, quoted, size, text
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

COLUMNS: Final = ("device", "op", "dims", "measured_ms")
MILLISECOND: Final = 1e-3
TARGET: Final = Target("mape", 20.0)
_SPELLINGS: Final = {"".join(name.split("_")): name for name in FUNCTIONS}


@dataclass(frozen=True, slots=True)
class Sample:
    """One row, read: group, what is exchanged by how many chips of how many in a node, and the time, s."""

    group: str
    system: System
    function: str
    payload: int
    chips: int
    inside: int
    measured: float

    @property
    def labels(self) -> dict[str, object]:
        """What rows may be split by."""
        return {
            "op": self.function,
            "gpus": self.chips,
            "devices_per_node": self.inside,
            "octave": self.payload.bit_length() - 1,
        }

    def predict(self) -> float:
        """Return the time the model gives, s.

        Raises
        ------
        SkipRow
            The system has no such group.
        """
        try:
            group = spread(self.system, self.inside)
            if self.chips > self.inside:
                group = (*group[:-1], self.chips // self.inside)
            return exchange(self.system, self.function, self.payload, group).latency
        except ArchsimError as error:
            raise SkipRow(error.message) from error


class Systems:
    """Systems by label: each is looked up once, through names and aliases; labels are never taken for paths."""

    def __init__(self) -> None:
        self._found: dict[str, System | str] = {}

    def find(self, label: str) -> System:
        """Return the system behind a label.

        Raises
        ------
        SkipRow
            No system answers to it.
        """
        if label not in self._found:
            self._found[label] = self._load(label)
        found = self._found[label]
        if isinstance(found, str):
            raise SkipRow(found)
        return found

    def _load(self, label: str) -> System | str:
        if catalogue.is_path(label):
            return f"unknown system {quoted(label)}"
        try:
            return load_system(catalogue.find("systems", label).path)
        except UnknownNameError:
            return f"unknown system {quoted(label)}"
        except UsageError:
            return f"more than one system is called {quoted(label)}"


@check(
    "collectives_nccl_aiconfigurator.csv",
    topic="gpu",
    family="gpu",
    columns=COLUMNS,
    title="NCCL collectives timed in CUDA graphs, inside one node",
)
def collectives_nccl_aiconfigurator(dataset: Dataset) -> list[Outcome]:
    """Judge the time of one collective, per system."""
    return judge(dataset)


@check(
    "collectives_vidur.csv",
    topic="gpu",
    family="gpu",
    columns=COLUMNS,
    title="NCCL all-reduces and messages called from PyTorch, inside a node and between two",
)
def collectives_vidur(dataset: Dataset) -> list[Outcome]:
    """Judge the time of one collective or message, per system and whether it leaves the node."""
    return judge(dataset)


def judge(dataset: Dataset) -> list[Outcome]:
    """Judge rows of collectives: mean absolute error of the time.

    Parameters
    ----------
    dataset : Dataset
        Columns `COLUMNS`; dims ``gpus=..;bytes=..`` or ``gpus=..;size=..``, with ``devices_per_node=..`` where a group
        spans nodes.
    """
    tally = Tally()
    systems = Systems()
    for row in dataset.rows:
        group = "unreadable"
        try:
            sample = _read(row, systems)
            group = sample.group
            if dataset.is_anchor(row):
                tally.anchor(group, Anchor(row.cells["dims"], sample.predict(), sample.measured))
            elif dataset.side(sample.labels) == "fit":
                tally.keep_for_fit(group)
            else:
                tally.compare(group, sample.predict(), sample.measured)
        except SkipRow as skip:
            tally.skip(group, skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda _: TARGET)


def _read(row: Row, systems: Systems) -> Sample:
    """Read a row.

    Raises
    ------
    SkipRow
        It cannot be evaluated.
    """
    system = systems.find(text(row, "device"))
    kind = text(row, "op")
    function = _SPELLINGS.get(kind.lower().replace("_", "").replace("-", ""))
    if function is None:
        raise SkipRow(f"unknown op {quoted(kind)}")
    dims = parts(row)
    payload = size(dims, "bytes" if "bytes" in dims else "size")
    chips = size(dims, "gpus")
    inside = size(dims, "devices_per_node", chips)
    if chips % inside:
        raise SkipRow("gpus do not divide into devices_per_node")
    where = "between nodes" if chips > inside else "in a node"
    what = "messages" if function == "send_recv" else "collectives"
    group = f"{system.name} {what} {where}"
    return Sample(group, system, function, payload, chips, inside, positive(row, "measured_ms") * MILLISECOND)
