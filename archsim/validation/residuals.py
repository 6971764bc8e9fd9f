"""How far the models are from every measured row, those for fitting too, under many draws of uncertain numbers.

Tables that time kernels one at a time say what kind of op each row is. Others are judged twice, the second time with
the sides of their rows exchanged, and what they compare is overheard; `JUDGED` says which of their groups are times of
which kind of op. Tables whose rows are all scored have nothing to estimate an error from, and are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from archsim.arch import registry
from archsim.arch.columns import Swept
from archsim.engine.lower import chip_table
from archsim.engine.run import run_each
from archsim.errors import ArchsimError
from archsim.io.hardware import with_all
from archsim.study.uncertainty.leaves import Leaf, draw, leaves
from archsim.validation import kernels, locate
from archsim.validation.alone import table_alone
from archsim.validation.dataset import Dataset
from archsim.validation.kernels import Sample
from archsim.validation.machines import Change, changed
from archsim.validation.metadata import read_metadata
from archsim.validation.registry import Check, find_checks
from archsim.validation.split import Side
from archsim.validation.table import Row, read_table
from archsim.validation.tally import Pairs, overhear

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip

DRAWS: Final = 24
SEED: Final = 2026
MOST_ROWS: Final = 400
"""Rows of one table, machine and side that are drawn for; of more, those with the smallest digests of their cells."""


@dataclass(frozen=True)
class Judged:
    """Groups of a table that is not timed kernel by kernel: family and kind of op, and what their names hold.

    Attributes
    ----------
    family, kind : str
        What ran, and the kind of op that takes most of its time.
    kinds : mapping of str to str
        Kinds of op of groups that are of another one.
    without : str
        Groups whose names hold this text are no times: shares, orders, winners.
    rate : bool
        Whether rows are rates, the inverse of times.
    """

    family: str
    kind: str
    kinds: Mapping[str, str] = field(default_factory=dict)
    without: str = "\n"
    rate: bool = False


JUDGED: Final[Mapping[str, Judged]] = {
    "cpu_bitnet.csv": Judged("cpu", "matmul"),
    "tmac_cpu_lowbit.csv": Judged("cpu", "matmul", without="order", rate=True),
    "sparse_cpu_measured.csv": Judged("cpu", "matmul", without="crossover"),
    "collectives_nccl_aiconfigurator.csv": Judged("gpu", "collective"),
    "collectives_vidur.csv": Judged("gpu", "collective"),
    "tpu_v4_matmul_measured.csv": Judged("systolic", "matmul", without="all sizes"),
    "tpu_v4_vector_ops_measured.csv": Judged(
        "systolic", "elementwise", {"layer_norm": "normalise"}, without="all sizes"
    ),
}


@dataclass(frozen=True)
class Residual:
    """One measured row, and what the model says of it.

    Attributes
    ----------
    dataset, family, kind, quantity : str
        Table, family of machine, kind of op; ``latency`` or ``energy``.
    machine : str
        Its machine, or group.
    machines : tuple of str
        Machines behind it.
    side : str
        ``fit`` or ``score``.
    error : float
        Logarithm of measured over predicted.
    drawn : tuple of float
        Logarithms of predictions with drawn numbers over the prediction; empty where none were drawn.
    """

    dataset: str
    family: str
    kind: str
    quantity: str
    machine: str
    machines: tuple[str, ...]
    side: Side
    error: float
    drawn: tuple[float, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class _Exchanged(Dataset):
    """A table whose rows for fitting are scored, and the other way round."""

    def side(self, values: Mapping[str, object], row: Row | None = None) -> Side:
        return "fit" if super().side(values, row) == "score" else "score"


def residuals(report: Callable[[int, int, str], None] | None = None, draws: int = DRAWS) -> list[Residual]:
    """Return all residuals of tables that have rows for fitting.

    Parameters
    ----------
    report : callable, optional
        Told of progress.
    draws : int
        How many draws of uncertain numbers each row is evaluated with.
    """
    checks = [each for each in find_checks() if each.reader is not None or each.dataset in JUDGED]
    paths = locate.shipped([each.dataset for each in checks])
    found: list[Residual] = []
    for index, each in enumerate(checks):
        if report:
            report(index, len(checks), each.dataset)
        path = paths[each.dataset]
        table = Dataset(each.dataset, path, read_table(path, each.columns).rows, read_metadata(path))
        found += _of_kernels(each, table, draws) if each.reader is not None else _of_judged(each, table, draws)
    return found


def _of_kernels(check: Check, table: Dataset, draws: int) -> Iterator[Residual]:
    """Yield what a table of single kernels says, machine by machine."""
    if check.reader is None:
        return
    chosen: dict[tuple[int, str], list[Sample]] = {}
    for sample in kernels.samples(table, check.reader):
        which = kernels.side(table, sample)
        if which != "anchor":
            chosen.setdefault((id(sample.chip), which), []).append(sample)
    for (_, which), group in chosen.items():
        few = sorted(group, key=_digest)[:MOST_ROWS]
        yield from _of_machine(table.name, few, "fit" if which == "fit" else "score", draws)


def _digest(sample: Sample) -> bytes:
    return hashlib.blake2b(repr(sorted(sample.row.cells.items())).encode(), digest_size=8).digest()


def _of_machine(name: str, group: Sequence[Sample], side: Side, draws: int) -> Iterator[Residual]:
    import numpy as np

    chip = group[0].chip
    made = kernels.predict(group)
    drawn, kinds = _drawn(chip, group, draws)
    for index, (sample, each) in enumerate(zip(group, made, strict=True)):
        if each.verdict != "ok":
            continue
        made_of = (name, chip.family, kinds[index])
        machines = (chip.name, (chip.name,))
        latency = np.log(drawn[0, :, index] / each.latency)
        error = float(np.log(sample.measured / each.latency))
        yield Residual(*made_of, "latency", *machines, side, error, tuple(latency.tolist()))
        if sample.reading.power and each.power > 0.0:
            joules = each.power * each.latency
            error = float(np.log(sample.reading.power * sample.measured / joules))
            energy = np.log(drawn[1, :, index] / joules)
            yield Residual(*made_of, "energy", *machines, side, error, tuple(energy.tolist()))


def _drawn(chip: Chip, group: Sequence[Sample], draws: int) -> tuple[np.ndarray, list[str]]:
    """Return latency and energy of every sample with drawn numbers, (2, draws, samples), and its kind of op.

    Of several ops the kind is that of the one which takes longest.
    """
    import numpy as np

    timed = [sample.reading.timed.prefixed(f"{index}/") for index, sample in enumerate(group)]
    of = np.array([index for index, each in enumerate(timed) for _ in each.ops])
    readings = [group[index].reading for index in of]
    ops = [op for each in timed for op in each.ops]
    table = table_alone(
        ops,
        {tensor.name: tensor for each in timed for tensor in each.tensors},
        copies=[reading.copies for reading in readings],
        between=[reading.between for reading in readings],
    )
    overhead = np.array([sample.reading.overhead for sample in group])
    values = draw(leaves(chip), draws, SEED)
    swept = [Swept.of(chip.spec, leaf.path, column) for leaf, column in values.items()]
    out = np.empty((2, draws, len(group)))
    family, base = registry.get(chip.family), chip_table(chip)
    longest = run_each(family, table, base)[0]["latency"]
    kinds = [ops[max(np.flatnonzero(of == index), key=longest.__getitem__)].kind for index in range(len(group))]
    for index in range(draws):
        point = base.copy()
        for each in swept:
            Swept(each.place, each.values[index : index + 1]).write(point)
        outs, totals = run_each(family, table, point)
        busy = np.bincount(of, outs["latency"], len(group))
        energy = np.bincount(of, totals["energy"].sum(axis=1) / table["count"], len(group))
        out[0, index] = busy + overhead
        out[1, index] = energy * (1.0 + overhead / busy)
    return out, kinds


def _of_judged(check: Check, table: Dataset, draws: int) -> Iterator[Residual]:
    """Yield what is overheard while a table is judged, either side in turn."""
    import numpy as np

    about = JUDGED[check.dataset]
    sides: tuple[tuple[Side, Dataset], ...] = (
        ("fit", _Exchanged(table.name, table.path, table.rows, table.metadata)),
        ("score", table),
    )
    for side, dataset in sides:
        used: set[str] = set()
        base = _heard(check, dataset, partial(_noted, used=used))
        which = range(0 if about.kind == "collective" else draws)  # links are described apart from machines
        others = [_heard(check, dataset, partial(_redrawn, index=index)) for index in which]
        same = [other for other in others if [(g, m) for g, _, m in other] == [(g, m) for g, _, m in base]]
        machines = tuple(sorted(used))
        sign = -1.0 if about.rate else 1.0
        for row, (group, predicted, measured) in enumerate(base):
            if about.without in group or predicted <= 0.0:
                continue
            drawn = tuple(sign * float(np.log(other[row][1] / predicted)) for other in same)
            error = sign * float(np.log(measured / predicted))
            kind = about.kinds.get(group, about.kind)
            yield Residual(table.name, about.family, kind, "latency", group, machines, side, error, drawn)


def _heard(check: Check, dataset: Dataset, change: Change) -> Pairs:
    """Judge a table with changed machines and return what it compared."""
    with overhear() as pairs, changed(change):
        check.judge(dataset)
    return pairs


def _noted(chip: Chip, used: set[str]) -> Chip:
    """Return a machine as it is, and note its name."""
    used.add(chip.name)
    return chip


def _redrawn(chip: Chip, index: int) -> Chip:
    """Return a machine with the numbers of one draw; numbers that contradict one another stay as described."""
    values: dict[Leaf, np.ndarray] = draw(leaves(chip), DRAWS, SEED)
    sets = {leaf.path: float(column[index]) for leaf, column in values.items()}
    try:
        return with_all(chip, sets)
    except ArchsimError:
        return chip


__all__ = ["JUDGED", "Judged", "Residual", "residuals"]
