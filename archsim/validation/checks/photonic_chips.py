"""Published figures of photonic processors: peaks that follow from structure, and efficiencies from their parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.engine.evaluate import evaluate
from archsim.engine.result import Result
from archsim.graph.builder import GraphBuilder
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.tally import Tally, Target

FAMILY: Final = "optical"
BLOCKS: Final = 1 << 20
"""Input vectors that fill a machine, over those it sees at once."""
TERA: Final = 1e12
FEMTO: Final = 1e-15
ATTO: Final = 1e-18
NANO: Final = 1e-9
PEAK: Final = "peak"
EFFICIENCY: Final = "efficiency without lasers"
LIMITS: Final = {PEAK: Target("mape", 2.0), EFFICIENCY: Target("mape", 50.0)}
SCORED: Final = {
    ("pace", "throughput"): PEAK,
    ("xu-2021", "throughput"): PEAK,
    ("luan-2026", "MACs per shot at 2 GS/s"): PEAK,
    ("pace", "efficiency excl. lasers"): EFFICIENCY,
}
"""Figures that no constant was set from. All others are shown only: a description was set from them, they are an order
of magnitude, or it is not known what they include."""


@check(
    "published_chips.csv",
    topic="optical",
    family=FAMILY,
    columns=("system", "quantity", "value", "unit"),
    title="Peaks, efficiencies and latencies published of photonic processors",
)
def published_chips(dataset: Dataset) -> list[Outcome]:
    """Judge what structure and parts imply; show what a description was set from."""
    tally, machines = Tally(), Machines()
    found: dict[str, _Photonic] = {}
    for row in dataset.rows:
        try:
            system, quantity = text(row, "system"), text(row, "quantity")
            if quantity not in FIGURES:
                tally.skip("not compared", "compares machines, or describes one", row.line)
                continue
            chip, published = _optical(machines.find(system)), positive(row, "value")
            if chip.name not in found:
                found[chip.name] = _Photonic(chip)
        except SkipRow as skip:
            tally.skip("not compared", skip.reason, row.line)
            continue
        predicted = FIGURES[quantity](found[chip.name])
        group = SCORED.get((chip.name, quantity))
        if group and not dataset.is_anchor(row):
            tally.compare(group, predicted, published)
        else:
            tally.anchor("shown", Anchor(f"{system}, {quantity}", predicted, published))
    return tally.outcomes(dataset.name, dataset.split, lambda group: LIMITS.get(group, Target("mape", 50.0)))


def _optical(chip: Chip) -> Chip:
    """Return a machine whose figures these are."""
    if chip.family != FAMILY:
        raise SkipRow("not an optical machine")
    return chip


class _Photonic:
    """One machine, with the run that keeps it busy done once."""

    spec: Any
    chip: Chip

    def __init__(self, chip: Chip) -> None:
        self.spec, self.chip = chip.spec, chip
        core: Any = self.spec.core
        self.busy = self._product(core.vectors * BLOCKS)

    def _product(self, vectors: int) -> Result:
        """Run a product whose matrix fills one core."""
        builder = GraphBuilder("product", dtype="int8")
        builder.linear(builder.input("x", (vectors, self.spec.core.rows)), self.spec.core.columns, bias=False)
        return evaluate(builder.build(), self.chip, capacity="ignore")

    def peak(self) -> float:
        """Return the rate of a product that leaves nothing idle, OP/s."""
        (op,) = self.busy.ops
        return 2.0 * op.macs / op.latency / op.utilisation

    def energy(self, without: str = "") -> float:
        """Return the energy of one operation, J/OP, without the main memory and one of the family's causes."""
        left_out = self.busy.energy_by_cause.get("off_chip_memory", 0.0)
        left_out += self.busy.energy_by_detail.get(without, 0.0)
        return (self.busy.energy - left_out) / (2.0 * self.busy.macs)

    def bare(self) -> float:
        """Return the energy of one operation in light and conversions alone, J/OP."""
        parts = sum(self.busy.energy_by_cause.get(group, 0.0) for group in ("light", "conversion"))
        return parts / (2.0 * self.busy.macs)

    def light(self) -> float:
        """Return the light detected for one product, J/MAC: what lasers draw, less what is lost on the way."""
        (op,) = self.busy.ops
        lit = op.energy_by_cause["laser"] * self.spec.laser.efficiency / 10.0 ** (self.spec.path.fixed / 10.0)
        return float(lit / op.macs)

    def latency(self) -> float:
        """Return the time of one input vector, s, without starting the op."""
        result = self._product(1)
        return result.latency - result.exposed.get("launch", 0.0)


FIGURES: Final[dict[str, Callable[[_Photonic], float]]] = {
    "throughput": lambda machine: machine.peak() / TERA,
    "MACs per shot at 2 GS/s": lambda machine: machine.peak() / (2.0 * machine.spec.core.clock),
    "efficiency excl. lasers": lambda machine: 1.0 / machine.energy("laser") / TERA,
    "efficiency incl. lasers": lambda machine: 1.0 / machine.energy() / TERA,
    "energy per op": lambda machine: machine.bare() / FEMTO,
    "optical energy per MAC": lambda machine: machine.light() / ATTO,
    "latency": lambda machine: machine.latency() / NANO,
}
"""Figure to its value in the unit of the table."""
