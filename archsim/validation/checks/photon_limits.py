"""Light as a limit: what a Netcast client's devices cost per product, and photons per product."""

from __future__ import annotations

from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.engine.evaluate import evaluate
from archsim.graph.builder import GraphBuilder
from archsim.laws import photons
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

CLIENT: Final = "netcast"
CAUSES: Final = {
    "modulator": "modulators",
    "DAC": "digital-to-analog conversion",
    "ADC": "analog-to-digital conversion",
    "integrator": "detectors",
    "nonlinearity": "detectors",
}
"""Cause of energy that a device of the table is part of."""
TOTAL: Final = "total_claim"
SIDES: Final = {"N": "columns", "M": "accumulate"}
"""What shares a device: the outputs at once, or the steps before a read."""
WIDE: Final = 10_000
"""Vectors and columns of a product that fills the client many times over."""
HOMODYNE: Final = "hamerly-homodyne"
GREEN: Final = 532e-9
"""Light of Wang et al., m."""
INFRARED: Final = 1.55e-6
PHOTONS: Final = "photons per multiplication at ~90% MNIST"
ENERGY: Final = "optical energy per multiplication at ~90% MNIST"
LIMIT: Final = "standard quantum limit, lowest"
COUNTED: Final = "optical energy with time-integrating receiver M=100"
COUNT: Final = 100.0
"""Photons that the last of these says its energy is."""
SUM: Final = 1000
"""Products that one detector of the homodyne machine adds up."""
PICO: Final = 1e-12
FEMTO: Final = 1e-15
ATTO: Final = 1e-18
ZEPTO: Final = 1e-21
FACTOR: Final = "sum over the claim, within a factor of four"
LIMITS: Final = {
    "devices": Target("mape", 1e-6),
    FACTOR: Target("max_difference", 3.0),
    "energy of photons": Target("mape", 2.1),
}
"""Of photons as far as two digits tell."""


@check(
    "netcast_table1.csv",
    topic="optical",
    family="optical",
    columns=("device", "amortised_over", "energy_per_device_pJ"),
    title="What the devices of a Netcast client cost, and how many products share each",
)
def netcast(dataset: Dataset) -> list[Outcome]:
    """Judge what devices cost per product of a full client, and their sum beside the paper's order of magnitude."""
    tally, chip = Tally(), Machines().find(CLIENT)
    spec: Any = chip.spec
    steps = spec.core.accumulate
    cost = _per_product(chip, WIDE, WIDE, steps)
    wanted: dict[str, float] = {}
    for row in dataset.rows:
        try:
            device = text(row, "device")
            if device.startswith(TOTAL):
                claimed = _leading(text(row, "energy_per_device_pJ")) * FEMTO
                ratio = sum(cost[cause] for cause in set(CAUSES.values())) / claimed
                tally.compare(FACTOR, max(ratio, 1.0 / ratio), 1.0)
            elif device in CAUSES:
                share = positive(row, "energy_per_device_pJ") * PICO / _sharing(row, chip)
                wanted[CAUSES[device]] = wanted.get(CAUSES[device], 0.0) + share
            else:
                tally.skip("devices", "no such device in a client", row.line)
        except SkipRow as skip:
            tally.skip("devices", skip.reason, row.line)
    for cause, share in wanted.items():
        tally.compare("devices", cost[cause], share)
    return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)


@check(
    "quantum_limits.csv",
    topic="optical",
    family="optical",
    columns=("paper", "quantity", "value", "unit"),
    title="Light and photons per product, as measured and as theory has them",
)
def quantum_limits(dataset: Dataset) -> list[Outcome]:
    """Judge the energy of counted photons; show what a machine at the limit of photon noise comes to."""
    tally = Tally()
    counted = {row.cells.get("quantity", ""): row for row in dataset.rows}
    for row in dataset.rows:
        try:
            quantity = text(row, "quantity")
            if quantity == ENERGY and PHOTONS in counted:
                number = positive(counted[PHOTONS], "value")
                tally.compare("energy of photons", photons.product_energy(number, 1.0, GREEN), positive(row, "value"))
            elif quantity == COUNTED:
                energy = photons.product_energy(COUNT, 1.0, INFRARED)
                tally.anchor("energy of photons", Anchor(quantity, energy / ATTO, positive(row, "value")))
            elif quantity == LIMIT:
                tally.anchor("energy of photons", Anchor(quantity, _homodyne_light() / ZEPTO, positive(row, "value")))
            else:
                tally.skip(
                    "energy of photons", "measured on a network, or a bound on another measure of bits", row.line
                )
        except SkipRow as skip:
            tally.skip("energy of photons", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)


def _per_product(chip: Chip, m: int, n: int, k: int) -> dict[str, float]:
    """Return the energy of one product of a large matrix product by cause, J."""
    builder = GraphBuilder("product", dtype="int8")
    builder.linear(builder.input("x", (m, k)), n, bias=False)
    (op,) = evaluate(builder.build(), chip, capacity="ignore").ops
    return {cause: energy / op.macs for cause, energy in op.energy_by_cause.items()}


def _homodyne_light() -> float:
    """Return the light detected per product on the homodyne machine, J: what its lasers draw, less what is lost."""
    chip = Machines().find(HOMODYNE)
    spec: Any = chip.spec
    side = spec.core.columns
    drawn = _per_product(chip, side, side, SUM)["laser"]
    return float(drawn * spec.laser.efficiency / 10.0 ** (spec.path.fixed / 10.0))


def _sharing(row: Row, chip: Chip) -> float:
    """Return the products that share one use of a device."""
    side = text(row, "amortised_over")
    if side not in SIDES:
        raise SkipRow("amortised_over is neither N nor M")
    spec: Any = chip.spec
    return float(getattr(spec.core, SIDES[side]))


def _leading(label: str) -> float:
    """Return the number that a claim such as "10 fJ (order of magnitude claim)" starts with."""
    try:
        return float(label.split(maxsplit=1)[0])
    except ValueError:
        raise SkipRow("energy_per_device_pJ is not a number") from None
