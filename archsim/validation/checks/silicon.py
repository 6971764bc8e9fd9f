"""Power and energy measured of neuromorphic chips: TrueNorth over voltage, ODIN, a query on Loihi."""

from __future__ import annotations

import re
from typing import Final

from archsim.engine.evaluate import evaluate
from archsim.engine.result import Result
from archsim.graph import Graph, GraphBuilder, Role
from archsim.graph.work import Conv, MatMul, Neuron
from archsim.io.hardware import load_hardware, with_
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

VOLTAGE: Final = re.compile(r"([\d.]+)V")
ACTIVITY: Final = re.compile(r"([\d.]+)Hz")
MILLI, MICRO = 1e-3, 1e-6
TRUENORTH: Final = (4096, 256, 128)
"""Cores, neurons of each, and active synapses of a neuron."""
QUERY: Final = {"76800 patterns": "loihi1-davies2018", "SANA-FE conv": "loihi1-sanafe"}
PATTERNS, STEPS, SPIKES = 76_800, 60, 667
SOURCES: Final = 1000
"""Inputs of a query; few spikes reach all patterns, whatever their number."""
LIMITS: Final = {"TrueNorth": Target("mape", 10.0), "ODIN": Target("mape", 1.0), "Loihi1": Target("mape", 25.0)}


@check(
    "silicon_validation.csv",
    topic="neuromorphic",
    family="spiking",
    columns=("id", "chip", "condition", "quantity", "value"),
    title="Power and energy measured of TrueNorth, ODIN and Loihi",
)
def silicon(dataset: Dataset) -> list[Outcome]:
    """Judge TrueNorth at voltages it was not fitted on, and a query on Loihi; what constants were set from is shown."""
    tally = Tally()
    for row in dataset.rows:
        chip = text(row, "chip")
        try:
            predicted, measured, name = _judge(row, chip)
        except SkipRow as skip:
            tally.skip(chip, skip.reason, row.line)
            continue
        if dataset.is_anchor(row):
            tally.anchor(chip, Anchor(name, predicted, measured))
        else:
            tally.compare(chip, predicted, measured)
    return tally.outcomes(dataset.name, dataset.split, lambda group: LIMITS.get(group, Target("mape", 25.0)))


def _judge(row: Row, chip: str) -> tuple[float, float, str]:
    condition = text(row, "condition")
    if chip == "TrueNorth":
        return _truenorth(condition), positive(row, "value") * MILLI, f"W at {condition}"
    if chip == "ODIN":
        return _odin(), positive(row, "value") * MICRO, f"W at {condition}"
    for part, machine in QUERY.items():
        if chip == "Loihi1" and part in condition:
            return _query(machine), positive(row, "value") * MILLI, f"J, {machine}"
    if chip == "Loihi1" and "dense" in condition:
        raise SkipRow("energies of another weight format than the workload's")
    raise SkipRow("errors of a simulator; the traces are not public")


def _truenorth(condition: str) -> float:
    cores, neurons, synapses = TRUENORTH
    volts, hertz = VOLTAGE.search(condition), ACTIVITY.search(condition)
    if volts is None or hertz is None:
        raise SkipRow("no voltage or no rate")
    chip = with_(load_hardware("truenorth"), "supply.voltage", f"{volts[1]} V")
    rate = float(hertz[1]) * MILLI  # spikes per tick of 1 ms
    work = MatMul(cores, 1, neurons, neurons)
    graph = _layer(work, (cores, 1, neurons), (cores, neurons, neurons), cores * neurons, rate, synapses / neurons)
    return evaluate(graph, chip, capacity="ignore").power


def _odin() -> float:
    neurons = 256
    graph = _layer(MatMul(1, 1, neurons, neurons), (1, neurons), (neurons, neurons), neurons, 1.0, 1.0)
    return evaluate(graph, "odin", capacity="ignore").power


def _query(machine: str) -> float:
    """Return the dynamic energy of a query, patterns stored as kernels, J."""
    work = Conv(1, SOURCES, PATTERNS, 1, 1, 1, 1, 1, 1)
    rate = SPIKES / STEPS / SOURCES
    graph = _layer(work, (1, SOURCES, 1, 1), (PATTERNS, SOURCES, 1, 1), PATTERNS, rate, 1.0, steps=STEPS)
    return dynamic(evaluate(graph, machine, capacity="ignore"))


def dynamic(result: Result) -> float:
    """Return the energy without what is drawn at rest, J."""
    return result.energy - result.energy_by_cause.get("static", 0.0)


def _layer(
    work: MatMul | Conv, inputs: tuple[int, ...], weights: tuple[int, ...], neurons: int, rate: float, density: float,
    *, steps: int = 1000,
) -> Graph:  # fmt: skip
    """Return one layer of neurons behind synapses, silent themselves."""
    b = GraphBuilder("layer", dtype="binary")
    spikes = b.tensor("spikes", inputs, Role.INPUT, dtype="binary", density=rate, structure="temporal")
    weight = b.weight("weight", weights, density=density, structure="dense" if density == 1.0 else "uniform")
    current = b.op("synapses", work, [spikes, weight], (neurons,), dtype="int16", steps=steps)
    b.op("neurons", Neuron(neurons, steps, 0.0, 0), [current], (neurons,), dtype="binary", density=0.0,
         structure="temporal")  # fmt: skip
    return b.build()
