"""Energy per token of a language model with weights of two bits: processor cores and GPU of one module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from archsim.validation.cells import SkipRow, positive, quoted, text
from archsim.validation.checks.tmac import LLAMA, MODELS, TMAC, Steps, driven, step
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

COLUMNS: Final = ("framework", "J_per_token")
MODEL: Final = "Llama-2-7B W2"
THREADS: Final = 12
LIMIT: Final = Target("mape", 30.0)


class Run(NamedTuple):
    """What ran: machine, and the library on processor cores."""

    machine: str
    library: str = ""


RUNS: Final[Mapping[str, Run]] = {
    "llama.cpp CPU": Run("jetson-agx-orin-cpu", LLAMA),
    "T-MAC CPU": Run("jetson-agx-orin-cpu", TMAC),
    "llama.cpp GPU": Run("jetson-agx-orin-gpu"),
}


@check(
    "tmac_energy_agx_orin.csv",
    topic="figures",
    family=("cpu", "gpu"),
    columns=COLUMNS,
    title="Energy per token of Llama-2-7B with weights of two bits on a Jetson AGX Orin",
    device=lambda row: RUNS.get(row.cells.get("framework", "").strip(), Run("")).machine,
)
def tmac_energy(dataset: Dataset) -> list[Outcome]:
    """Judge the energy of one token, per machine."""
    tally, machines, steps = Tally(), Machines(), Steps()
    for row in dataset.rows:
        name = row.cells.get("framework", "").strip()
        group = RUNS[name].machine if name in RUNS else "unreadable"
        try:
            predicted, measured = energy(row, machines, steps), positive(row, "J_per_token")
        except SkipRow as skip:
            tally.skip(group, skip.reason, row.line)
            continue
        if dataset.is_anchor(row):
            tally.anchor(group, Anchor(name, predicted, measured))
        else:
            tally.compare(group, predicted, measured)
    return tally.outcomes(dataset.name, dataset.split, lambda _: LIMIT)


def energy(row: Row, machines: Machines, steps: Steps) -> float:
    """Return what one token takes, J.

    Raises
    ------
    SkipRow
        The row cannot be read or evaluated.
    """
    name = text(row, "framework")
    if name not in RUNS:
        raise SkipRow(f"unknown framework {quoted(name)}")
    run = RUNS[name]
    chip = machines.find(run.machine)
    if run.library:
        chip = driven(chip, run.library, MODELS[MODEL], THREADS)
    return step(chip, steps.of(MODEL)).energy
