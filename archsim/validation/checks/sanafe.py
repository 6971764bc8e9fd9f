"""Small networks and a gesture network on Loihi, against the simulator SANA-FE: energies, counts and times."""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np

from archsim.families.spiking import numbers as at
from archsim.families.spiking.network import FORMATS, Connection, Counts, Population, run_network
from archsim.families.spiking.spec import SpikingSpec
from archsim.io.hardware import load_hardware
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

MACHINE: Final = "loihi1-sanafe"
NEURONS: Final = 18_678
"""Of the gesture network."""
RUN: Final = 8
STRIDES: Final = (7, 3)
"""Wiring of the small networks, see the table's metadata."""
LIMITS: Final = {
    "energy": Target("max_difference", 1e-12),
    "counts": Target("max_difference", 0.0),
    "time, simple": Target("max_difference", 1e-9),
    "time, detailed, cores": Target("max_difference", 0.15),
    "time, detailed, events": Target("median_ape", 5.0),
    "time, detailed, events, largest": Target("max_difference", 0.10),
}
"""Largest relative difference, as a share; the event loop's median in percent."""
SIZES: Final = ("cores", "neurons_per_core", "fanout", "timesteps")
MOST_CELLS: Final = 100_000_000
COUNTS: Final = ("neurons_fired", "neurons_updated", "packets_sent", "synaptic_events", "hops")


@check(
    "sanafe_micro.csv",
    topic="neuromorphic",
    family="spiking",
    columns=("cores", "neurons_per_core", "fanout", "firing_fraction", "timesteps", "synapse_unit", "timing_model",
             *COUNTS, "E_total_J", "sim_time_s"),
    title="Energies, counts and times of small networks on Loihi by SANA-FE",
)  # fmt: skip
def sanafe_micro(dataset: Dataset) -> list[Outcome]:
    """Run every network from its wiring alone; times of the detailed model at two fidelities."""
    tally, spec = Tally(), _spec()
    for row in dataset.rows:
        try:
            _judge(row, spec, tally)
        except SkipRow as skip:
            tally.skip("energy", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)


def _judge(row: Row, spec: SpikingSpec, tally: Tally) -> None:
    run, time = _run(row, spec, follow=False), positive(row, "sim_time_s")
    ratio(tally, "energy", _energy(spec, row, run), positive(row, "E_total_J"))
    for name, value in zip(COUNTS, _counts(run), strict=True):
        tally.compare("counts", value + 1.0, number(row, name) + 1.0)  # some are 0, and a ratio to that is none
    if text(row, "timing_model") != "detailed":
        ratio(tally, "time, simple", run.latency, time)
        return
    ratio(tally, "time, detailed, cores", run.latency, time)
    followed = _run(row, spec, follow=True).latency
    tally.compare("time, detailed, events", followed, time)
    ratio(tally, "time, detailed, events, largest", followed, time)


@check(
    "sanafe_dvs_simple.csv",
    topic="neuromorphic",
    family="spiking",
    columns=("fired", "updated", "spikes", "soma_energy", "synapse_energy"),
    title="Energies of a gesture network on Loihi step by step, by SANA-FE, simple timing",
)
def sanafe_dvs_simple(dataset: Dataset) -> list[Outcome]:
    """Judge energies of synapses and neurons from each step's counts."""
    return _gestures(dataset)


@check(
    "sanafe_dvs_detailed.csv",
    topic="neuromorphic",
    family="spiking",
    columns=("fired", "updated", "spikes", "soma_energy", "synapse_energy"),
    title="Energies of a gesture network on Loihi step by step, by SANA-FE, detailed timing",
)
def sanafe_dvs_detailed(dataset: Dataset) -> list[Outcome]:
    """Judge energies of synapses and neurons from each step's counts."""
    return _gestures(dataset)


def _gestures(dataset: Dataset) -> list[Outcome]:
    tally, spec = Tally(), _spec()
    for row in dataset.rows:
        try:
            updated, fired, added = (number(row, name) for name in ("updated", "fired", "spikes"))
            ratio(tally, "neurons", soma_energy(spec, NEURONS, updated, fired), positive(row, "soma_energy"))
            if added:
                ratio(tally, "synapses", added * spec.synapse.dense.energy, positive(row, "synapse_energy"))
        except SkipRow as skip:
            tally.skip("neurons", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda _: LIMITS["energy"])


def ratio(tally: Tally, group: str, predicted: float, measured: float) -> None:
    """Compare a prediction over what was measured with 1, so that the largest difference is a relative one."""
    tally.compare(group, predicted / measured, 1.0)


def soma_energy(spec: SpikingSpec, accessed: float, updated: float, fired: float) -> float:
    """Return the energy of neurons, J: E = N E_access + U E_update + F E_fire."""
    neuron = spec.neuron
    return accessed * neuron.access.energy + updated * neuron.update.energy + fired * neuron.fire.energy


@cache
def _spec() -> SpikingSpec:
    spec = load_hardware(MACHINE).spec
    if not isinstance(spec, SpikingSpec):
        raise TypeError(MACHINE)
    return spec


def _run(row: Row, spec: SpikingSpec, *, follow: bool) -> Counts:
    cores, inside, fan_out, steps = (int(number(row, name)) for name in SIZES)
    if not (0 < cores * inside * steps < MOST_CELLS and 0 <= fan_out < MOST_CELLS):
        raise SkipRow("no network of a sensible size")
    form = _form(row)
    fired = np.zeros((steps, cores, inside), dtype=np.uint8)
    fired[:, :, : round(number(row, "firing_fraction") * inside)] = 1
    shape = {at.CORES: cores, at.FAN_OUT: fan_out, at.RUN: RUN, at.STRIDE_I: STRIDES[0], at.STRIDE_K: STRIDES[1]}
    wiring = Connection(0, 0, at.STRIDED, form, shape)
    population = Population(cores * inside, inside)
    return run_network(spec, [population], [wiring], fired.reshape(len(fired), -1), follow=follow)


def _form(row: Row) -> str:
    for form in FORMATS:
        if form in text(row, "synapse_unit"):
            return form
    raise SkipRow("a synapse of no known format")


def number(row: Row, column: str) -> float:
    """Return a cell as a number from 0 on.

    Raises
    ------
    SkipRow
        It is missing or anything else.
    """
    try:
        found = float(text(row, column))
    except ValueError:
        found = -1.0
    if not 0.0 <= found < math.inf:
        raise SkipRow(f"{column} is not a number from 0 on")
    return found


def _energy(spec: SpikingSpec, row: Row, run: Counts) -> float:
    added, sent, across, along = run.connections[0]
    updated, fired = run.cores[:, 0].sum(), run.cores[:, 1].sum()
    accessed = math.prod(number(row, name) for name in ("cores", "neurons_per_core", "timesteps"))
    network = sent * (spec.message.sent.energy + spec.message.received.energy)
    network += across * spec.mesh.across.energy + along * spec.mesh.along.energy
    synapses = added * getattr(spec.synapse, _form(row)).energy
    return float(synapses + network + soma_energy(spec, accessed, updated, fired))


def _counts(run: Counts) -> tuple[float, ...]:
    added, sent, across, along = run.connections[0]
    return float(run.cores[:, 1].sum()), float(run.cores[:, 0].sum()), float(sent), float(added), float(across + along)
