"""Language models with weights of few bits on processor cores: llama.cpp unpacks them, T-MAC looks them up."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, Final, NamedTuple

from archsim.arch.chip import Chip
from archsim.engine.evaluate import evaluate
from archsim.engine.result import Result
from archsim.errors import ArchsimError
from archsim.graph.graph import Graph
from archsim.io.hardware import with_all
from archsim.validation.cells import SkipRow, positive, quoted, size, text
from archsim.validation.checks.bitnet import SIZES
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target
from archsim.workloads.registry import workload

COLUMNS: Final = ("device", "model", "threads", "llamacpp_tok_s", "tmac_tok_s")
DEVICES: Final[Mapping[str, str]] = {"AGX Orin": "jetson-agx-orin-cpu"}
"""The processor cores, where a label also names a GPU."""
CONTEXT: Final = 96
"""Tokens a step sees: 128 are generated after a prompt of about 30."""
MANY: Final = 4
"""Threads from which on the tighter limit holds."""
LLAMA: Final = "llama.cpp"
TMAC: Final = "T-MAC"
ORDER: Final = "order of speed-ups"
LINUX: Final = frozenset({"jetson-agx-orin-cpu", "raspberry-pi-5"})
"""Machines on which llama.cpp was built for plain Armv8-A."""


class Model(NamedTuple):
    """A model: arguments of a Llama, the format of its weights, and whether blocks of weights have scales."""

    sizes: Mapping[str, Any]
    weights: str
    scales: bool = True


MODELS: Final[Mapping[str, Model]] = {
    "BitNet-3B": Model(SIZES["3B"], "ternary", scales=False),
    "Llama-2-7B W2": Model({}, "ternary"),
    "Llama-2-7B W4": Model({}, "int4"),
}


class Rate(NamedTuple):
    """Tokens per second."""

    predicted: float
    measured: float


class Speeds(NamedTuple):
    """How many times faster T-MAC is than llama.cpp, on one machine."""

    device: str
    predicted: float
    measured: float


@check(
    "tmac_cpu_lowbit.csv",
    topic="figures",
    family="cpu",
    columns=COLUMNS,
    title="Tokens per second of language models with weights of two and four bits, llama.cpp and T-MAC",
)
def tmac(dataset: Dataset) -> list[Outcome]:
    """Judge tokens per second by library and threads; and whether speed-ups on one machine are in the right order."""
    tally, machines, steps = Tally(), Machines(), Steps()
    speeds: list[Speeds] = []
    for row in dataset.rows:
        try:
            found = _judge(dataset, row, machines, steps, tally)
        except SkipRow as skip:
            tally.skip(ORDER, skip.reason, row.line)
            continue
        if found:
            speeds.append(found)
    for one, other in combinations(speeds, 2):
        if one.device == other.device:
            tally.compare(ORDER, one.predicted / other.predicted, one.measured / other.measured)
    return tally.outcomes(dataset.name, dataset.split, target)


def target(group: str) -> Target:
    """Return what a group is held to; of an order, the share of pairs that are in it."""
    if group == ORDER:
        return Target("share_right", 100.0)
    return Target("mape", 25.0 if group.endswith("or more threads") else 40.0)


class Steps:
    """Decode steps by model, each built once."""

    def __init__(self) -> None:
        self._built: dict[str, Graph] = {}

    def of(self, name: str) -> Graph:
        """Return one step of a model.

        Raises
        ------
        SkipRow
            It is not known.
        """
        if name not in MODELS:
            raise SkipRow(f"no workload called {quoted(name)}")
        if name not in self._built:
            model = MODELS[name]
            self._built[name] = workload(
                "llama-2-7b", **model.sizes, phase="decode", sequence=CONTEXT, weight_dtype=model.weights
            )
        return self._built[name]


def _judge(dataset: Dataset, row: Row, machines: Machines, steps: Steps, tally: Tally) -> Speeds | None:
    if dataset.side({"model": text(row, "model")}, row) == "fit":
        for library in (LLAMA, TMAC):
            tally.keep_for_fit(_group(library, size(row.cells, "threads")))
        return None
    found = rates(row, machines, steps)
    for library, rate in found.items():
        tally.compare(_group(library, size(row.cells, "threads")), rate.predicted, rate.measured)
    lookup, unpacked = found[TMAC], found[LLAMA]
    predicted, measured = lookup.predicted / unpacked.predicted, lookup.measured / unpacked.measured
    return Speeds(machines.find(device(row)).name, predicted, measured)


def _group(library: str, threads: int) -> str:
    return f"{library}, {f'{MANY} or more threads' if threads >= MANY else f'fewer than {MANY} threads'}"


def device(row: Row) -> str:
    """Return the label of the machine of a row."""
    label = text(row, "device")
    return DEVICES.get(label, label)


def rates(row: Row, machines: Machines, steps: Steps) -> dict[str, Rate]:
    """Return tokens per second by library.

    Raises
    ------
    SkipRow
        The row cannot be read or evaluated.
    """
    name, machine, threads = text(row, "model"), machines.find(device(row)), size(row.cells, "threads")
    measured = {LLAMA: positive(row, "llamacpp_tok_s"), TMAC: positive(row, "tmac_tok_s")}
    graph = steps.of(name)
    return {
        library: Rate(1.0 / step(driven(machine, library, MODELS[name], threads), graph).latency, rate)
        for library, rate in measured.items()
    }


def driven(machine: Chip, library: str, model: Model, threads: int) -> Chip:
    """Return a machine of as many cores as there are threads, driven by a library."""
    sets: dict[str, Any] = {"cores": threads}
    if library == LLAMA:
        sets["library"] = "cpu-llama-cpp-armv8" if machine.name in LINUX else "cpu-llama-cpp"
    else:
        sets["library"] = "cpu-t-mac"
        if not model.scales:
            sets[f"library.low_bit.scales.{model.weights}"] = 0.0
    return with_all(machine, sets)


def step(chip: Chip, graph: Graph) -> Result:
    """Run one decode step.

    Raises
    ------
    SkipRow
        It cannot be evaluated.
    """
    try:
        return evaluate(graph, chip, fusion="full", capacity="ignore", jit="never")
    except ArchsimError as error:
        raise SkipRow(str(error)) from None
