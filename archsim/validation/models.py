"""Whole networks: from what a row says to the kernels a framework launched, and how long a machine takes for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from archsim.arch import registry
from archsim.engine.check import check_outcomes, check_totals
from archsim.engine.lower import Lowered, chip_table, lower
from archsim.engine.run import compiles, run
from archsim.errors import ArchsimError, UnknownNameError
from archsim.graph.autocast import autocast
from archsim.graph.backward import training
from archsim.graph.eager import eager, style
from archsim.graph.fusion import fuse
from archsim.graph.graph import Graph
from archsim.graph.layout import channels_first
from archsim.graph.op import Op, Phase
from archsim.io.hardware import with_
from archsim.validation.cells import SkipRow, quoted
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Outcome
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target
from archsim.workloads import registry as workloads

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip


FRAMEWORK: Final = "cpu-pytorch"
"""Library of kernels, and the way they are called, on a CPU."""


@dataclass(frozen=True)
class Setting:
    """How a framework ran a network.

    Attributes
    ----------
    style : str
        How its library writes attention, see `archsim.graph.eager.STYLES`.
    attention_kernel : bool
        Whether attention ran as one kernel.
    dropout : bool
        Whether attention shares passed a dropout.
    narrow : str
        Number format that automatic casting narrows products to; empty: none did.
    optimiser : str
        Of a training step; empty: inference.
    channels_first : bool
        Whether maps stayed channels first; a compiler chooses the order itself.
    compiled : bool
        Whether a compiler fused what stands between the library's kernels; else each kernel was launched by itself.
    """

    style: str = "transformers"
    attention_kernel: bool = False
    dropout: bool = False
    narrow: str = ""
    optimiser: str = ""
    channels_first: bool = False
    compiled: bool = False


def forward(graph: Graph, how: Setting) -> Graph:
    """Return the kernels of a forward pass, written out and cast."""
    made = eager(graph, style(how.style), dropout=how.dropout, attention_kernel=how.attention_kernel)
    return autocast(made, how.narrow) if how.narrow else made


def kernels(made: Graph, how: Setting) -> Graph:
    """Return the kernels of one run, given those of its forward pass: turned, differentiated, and fused if compiled."""
    if how.channels_first:
        made = channels_first(made)
    if how.optimiser:
        made = eager(training(made, optimiser=how.optimiser), attention_kernel=how.attention_kernel)
    return fuse(made, "streams") if how.compiled else made


def only(graph: Graph, keep: Callable[[Op], bool]) -> Graph:
    """Return the graph with those ops alone that were measured."""
    return graph.replace(ops=tuple(op for op in graph.ops if keep(op)))


def everything(op: Op) -> bool:
    """Keep every op: of a training step the loss and the update too."""
    return True


def without_loss(op: Op) -> bool:
    """Keep the network's own ops: not the value of a training step's loss, whose gradient still starts the way back."""
    return not (op.phase is Phase.FORWARD and op.name.endswith("/loss"))


@dataclass(frozen=True)
class Case:
    """A network as one kind of run leaves it: lowered once, evaluated on any machine.

    Attributes
    ----------
    lowered : Lowered
        Its kernels.
    facts : object
        What the check wanted to know of the network as it was built.
    """

    lowered: Lowered
    facts: Any = None

    @property
    def rows(self) -> int:
        """Distinct kernels."""
        return len(self.lowered.table)


@dataclass(frozen=True)
class Answer:
    """What one machine makes of a case.

    Attributes
    ----------
    latency : float
        s per run.
    by_row : ndarray, (rows,) float64, s
        All executions of each distinct kernel together.
    case : Case
        What ran.
    """

    latency: float
    by_row: np.ndarray
    case: Case

    def parts(self) -> Iterator[tuple[Op, float]]:
        """Yield a kernel for each row, and the time of all its executions, s."""
        for same, latency in zip(self.case.lowered.rows, self.by_row.tolist(), strict=True):
            yield same[0], latency


@dataclass
class Networks:
    """Cases by key: a network that several rows run is built and lowered once, its forward pass written out once."""

    _cases: dict[Any, Case | str] = field(default_factory=dict)
    _forward: dict[Any, tuple[Graph, Any]] = field(default_factory=dict)

    def case(
        self, name: str, parameters: Mapping[str, Any], how: Setting, keep: Callable[[Op], bool] = everything,
        facts: Callable[[Graph], Any] = lambda _: None,
    ) -> Case:  # fmt: skip
        """Build a named network and lower it.

        Parameters
        ----------
        name : str
            Workload.
        parameters : mapping
            Its arguments.
        how : Setting
            How it ran.
        keep : callable
            Which ops were measured.
        facts : callable
            What to remember of the graph as it was built.

        Raises
        ------
        SkipRow
            No workload has that name, or it cannot be built so.
        """
        what = (name, tuple(sorted(parameters.items())), facts)
        key = (*what, how, keep)
        if key not in self._cases:
            try:
                made, known = self._written_out(what, name, parameters, how)
                made = only(kernels(made, how), keep)
                self._cases[key] = Case(lower(made.ops, made.tensors), known)
            except UnknownNameError:
                self._cases[key] = f"no workload called {quoted(name)}"
            except ArchsimError as error:
                self._cases[key] = error.message
        found = self._cases[key]
        if isinstance(found, str):
            raise SkipRow(found)
        return found

    def _written_out(self, what: Any, name: str, parameters: Mapping[str, Any], how: Setting) -> tuple[Graph, Any]:
        facts: Callable[[Graph], Any] = what[-1]
        key = (*what, how.style, how.attention_kernel, how.dropout, how.narrow)
        if key not in self._forward:
            graph = workloads.workload(name, **parameters)
            self._forward[key] = (forward(graph, how), facts(graph))
        return self._forward[key]


class Launched:
    """Machines whose kernels are launched one call of a framework each; each is changed once."""

    def __init__(self) -> None:
        self._found: dict[str, Chip] = {}

    def of(self, chip: Chip, *, eagerly: bool) -> Chip:
        """Return the machine as a framework drives it; unchanged where its family knows no difference."""
        runs_library = hasattr(chip.spec, "library")
        if not runs_library and (not eagerly or not hasattr(chip.spec, "generation")):
            return chip
        if chip.name not in self._found:
            changed = ("library", FRAMEWORK) if runs_library else ("generation.launch.mode", "eager")
            self._found[chip.name] = with_(chip, *changed)
        return self._found[chip.name]


def answer(pairs: Sequence[tuple[Chip, Case]]) -> list[Answer | str]:
    """Evaluate cases on machines: compiled when there is much to do in all.

    Returns
    -------
    list of Answer or str
        In order; text where the machine refuses a kernel or the run, with the reason.
    """
    mode = "always" if compiles("auto", sum(case.rows for _, case in pairs)) else "never"
    known: dict[tuple[int, int], Answer | str] = {}
    for chip, case in pairs:
        key = (id(chip), id(case))
        if key not in known:
            known[key] = _answer(chip, case, mode)
    return [known[id(chip), id(case)] for chip, case in pairs]


def _answer(chip: Chip, case: Case, mode: str) -> Answer | str:
    family = registry.get(chip.family)
    firsts = [same[0] for same in case.lowered.rows]
    for op in firsts:
        if not family.supports(op, chip):
            return f"{chip.name} does not run {op.kind}"
    outs, totals = run(family, case.lowered.table, chip_table(chip), mode=mode, keep=True)
    for status in (int(totals["status"][0]), *outs["status"].tolist()):
        if status:
            return str(family.verdicts[status])
    check_outcomes(case.lowered.table, outs, tuple(op.name for op in firsts), chip.name)
    check_totals(totals, chip.name)
    return Answer(float(totals["latency"][0]), outs["latency"] * case.lowered.table["count"], case)


def whole(made: Answer) -> float:
    """Return the time of the whole run, s."""
    return made.latency


@dataclass(frozen=True)
class Sample:
    """A row, read.

    Attributes
    ----------
    row : Row
        Where it stands.
    groups : tuple of str
        Groups it counts in; a row that the machine refuses is skipped in the first.
    chip, case : Chip, Case
        What ran on what.
    measured : float
        s.
    predicted : callable
        What of the answer was measured.
    """

    row: Row
    groups: tuple[str, ...]
    chip: Chip
    case: Case
    measured: float
    predicted: Callable[[Answer], float] = whole


def judge(
    dataset: Dataset, read: Callable[[Row], Sample], group: Callable[[Row], str], target: Callable[[str], Target]
) -> list[Outcome]:
    """Read every row, evaluate all cases, and judge each group.

    Parameters
    ----------
    dataset : Dataset
        The table.
    read : callable
        Row to sample; raises `SkipRow`.
    group : callable
        Names the group of a row that cannot be evaluated, as far as the row says.
    target : callable
        Group name to what it is held to.
    """
    tally = Tally()
    samples: list[Sample] = []
    for row in dataset.rows:
        try:
            samples.append(read(row))
        except SkipRow as skip:
            tally.skip(group(row), skip.reason, row.line)
    for sample, made in zip(samples, answer([(each.chip, each.case) for each in samples]), strict=True):
        if isinstance(made, str):
            tally.skip(sample.groups[0], made, sample.row.line)
            continue
        for name in sample.groups:
            tally.compare(name, sample.predicted(made), sample.measured)
    return tally.outcomes(dataset.name, dataset.split, target)
