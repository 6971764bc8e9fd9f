"""Energy of wires: published in three conventions, brought to one, and held against the shared technology."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from archsim.arch.technology import Technology
from archsim.io.hardware import load_hardware
from archsim.laws import cmos, wire
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.checks.horowitz import MACHINE
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

RANDOM: Final = 0.5
"""Share of random bits that toggle."""
TRANSITION, RANDOM_BIT, CHARGE = "per transition", "per random bit", "CV^2 per bit"
NODE: Final = re.compile(r"([0-9.]+)(nm|um)")
LENGTHS: Final = {"nm": 1e-9, "um": 1e-6}
CAPACITANCE: Final = re.compile(r"([0-9.]+) fF/mm")
FEMTO_PER_MILLIMETRE: Final = 1e-12
"""fJ/(b mm) in J/(b m), fF/mm in F/m."""
CONVENTIONS: Final = "capacitance and voltage"
TECHNOLOGY: Final = "technology"
LIMITS: Final = {CONVENTIONS: Target("mape", 5.0), TECHNOLOGY: Target("rms_decades", 0.3)}
"""Authors of one node are a factor of two apart."""
REFERENCE: Final = 28.0
"""Node the others are over, nm."""
NANO: Final = 1e-9


class Wire(NamedTuple):
    """A published wire: its node, m; supply, V; energy of a random bit, and that its own capacitance gives, J/(b m)."""

    name: str
    node: float
    energy: float
    from_capacitance: float | None


@check(
    "wire_energy.csv",
    topic="figures",
    family="cpu",
    columns=("source", "node", "vdd_V", "fJ_per_bit_mm", "convention"),
    title="Energy of wires on a chip, per random bit",
)
def wire_energy(dataset: Dataset) -> list[Outcome]:
    """Judge what capacitance and voltage say of a random bit, and the technology's wires at each node."""
    tally = Tally()
    for row in dataset.rows:
        try:
            wires = published(row)
        except SkipRow as skip:
            tally.skip(TECHNOLOGY, skip.reason, row.line)
            continue
        for each in wires:
            predicted = energy_at(each.node)
            if dataset.is_anchor(row):
                tally.anchor(TECHNOLOGY, Anchor(each.name, predicted, each.energy))
            else:
                tally.compare(TECHNOLOGY, predicted, each.energy)
            if each.from_capacitance is not None:
                tally.compare(CONVENTIONS, each.from_capacitance, each.energy)
    return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)


def published(row: Row) -> list[Wire]:
    """Return what a row publishes, as energies of random bits; both ends of a range.

    Raises
    ------
    SkipRow
        It does not say how many bits toggle, or is of more than a wire.
    """
    convention, node = text(row, "convention"), NODE.match(text(row, "node"))
    share = next((share for name, share in SHARES.items() if convention.startswith(name)), None)
    if share is None:
        raise SkipRow("of a link, a cost model, or of bits of which it is not said how many toggle")
    if node is None:
        raise SkipRow("node is no length such as 40nm")
    length = float(node[1]) * LENGTHS[node[2]]
    energies = _ends(row, "fJ_per_bit_mm")
    supplies = _ends(row, "vdd_V") if row.cells.get("vdd_V", "").strip() else []
    stated = CAPACITANCE.search(convention)
    found = []
    for index, energy in enumerate(energies):
        own = None
        if stated and len(supplies) == len(energies):
            charge = wire.charge_energy(float(stated[1]) * FEMTO_PER_MILLIMETRE, supplies[index])
            own = wire.random_bit_energy(charge, RANDOM)
        found.append(Wire(text(row, "source"), length, share * energy * FEMTO_PER_MILLIMETRE, own))
    return found


SHARES: Final = {
    TRANSITION: wire.random_bit_energy(2.0, RANDOM),
    RANDOM_BIT: 1.0,
    CHARGE: wire.random_bit_energy(1.0, RANDOM),
}
"""Energy of a random bit over that published, by convention."""


def _ends(row: Row, column: str) -> list[float]:
    try:
        found = [float(end) for end in text(row, column).split("-")]
    except ValueError:
        raise SkipRow(f"{column} is no number and no range") from None
    if not all(0.0 < end < float("inf") for end in found):
        raise SkipRow(f"{column} is not above 0")
    return found


def technology() -> Technology:
    """Return the shared technology of logic, memories and wires."""
    return load_hardware(MACHINE).spec.technology  # type: ignore[attr-defined, no-any-return]


def energy_at(node: float) -> float:
    """Return the energy of a random bit on the technology's wires at a node, J/(b m)."""
    shared = technology()
    share = cmos.progress(node, shared.older.node, shared.newer.node)
    return cmos.between_nodes(share, shared.older.wire, shared.newer.wire)


@check(
    "wire_node_scaling.csv",
    topic="figures",
    family="cpu",
    columns=("node_nm", "ewire_factor"),
    title="Energy of a wire over that at 28 nm",
)
def wire_node_scaling(dataset: Dataset) -> list[Outcome]:
    """Judge how the technology's wires follow the node."""
    tally = Tally()
    for row in dataset.rows:
        try:
            node, factor = positive(row, "node_nm"), positive(row, "ewire_factor")
        except SkipRow as skip:
            tally.skip(TECHNOLOGY, skip.reason, row.line)
            continue
        predicted = energy_at(node * NANO) / energy_at(REFERENCE * NANO)
        if node == REFERENCE or dataset.is_anchor(row):
            tally.anchor(TECHNOLOGY, Anchor(f"{node:g} nm", predicted, factor))
        else:
            tally.compare(TECHNOLOGY, predicted, factor)
    return tally.outcomes(dataset.name, dataset.split, lambda _: Target("mape", 10.0))
