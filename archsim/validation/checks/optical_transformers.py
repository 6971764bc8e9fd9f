"""Transformers on light: counts that follow from their shapes, and what the paper on Optical Transformers claims."""

from __future__ import annotations

import math
from typing import Final

from archsim.errors import UsageError
from archsim.io.hardware import with_
from archsim.validation.cells import SkipRow, positive, size, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target
from archsim.validation.transformer_light import INWARD, OUTWARD, Products, part_of, products

TODAY: Final = "optical-transformer-calibrated"
FUTURE: Final = "optical-transformer-future"
COMPARATOR: Final = 300e-15
"""Energy of one multiply-accumulate of the digital machine that the claims compare with, J."""
FEMTO: Final = 1e-15
PICO: Final = 1e-12
EXACT: Final = 1e-7
"""Percent."""
PARTS: Final = {"frac_qkv": "qkv", "frac_proj": "proj", "frac_ffn": "ffn", "frac_attention": "attention"}
COUNTS: Final = {
    "products": Target("mape", EXACT),
    "conversions": Target("mape", EXACT),
    "shares of products": Target("max_difference", 6e-6),
    "products per conversion": Target("max_difference", 0.051),
    "energy per product without light": Target("max_difference", 6e-5),
    "advantage without light": Target("max_difference", 0.051),
}
"""Whole numbers exactly, the others as far as the table prints them."""
LARGEST: Final = (20480, 128, 2048)
"""Width, heads and tokens of a model of 530 billion parameters."""
QUADRILLION: Final = (1_600_000, 10_000, 2048)
"""The same of one of 4 x 10^15 parameters in 128 layers."""
WIDTHS: Final = (4096, 65536)
ADVANTAGES: Final = {
    "advantage, some of the largest current models": (TODAY, LARGEST),
    "advantage, quadrillion-parameter models with scaled optics": (TODAY, QUADRILLION),
    "advantage with 5x cheaper memory access + 2x conversion efficiency + 4-bit": (FUTURE, QUADRILLION),
}
IMPLIED: Final = {
    "implied mean cost per conversion event at 100x": LARGEST,
    "implied mean cost per event at 8000x": QUADRILLION,
}
SCALING: Final = "optical energy per MAC scaling with width d"
COUNT_COLUMNS: Final = ("model", "d", "heads", "n", "macs_per_token_layer", "in_events", "out_events")
CLAIM_COLUMNS: Final = ("quantity", "value", "unit", "status")


@check(
    "transformer_optical_counts.csv",
    topic="optical",
    family="optical",
    columns=COUNT_COLUMNS,
    title="Products and conversions of transformers on an optical machine, counted by hand",
)
def transformer_counts(dataset: Dataset) -> list[Outcome]:
    """Judge what the graphs of transformers come to on a machine with a core for every matrix."""
    tally, chip = Tally(), Machines().find(TODAY)
    for row in dataset.rows:
        try:
            width, heads, tokens = (size(row.cells, name) for name in ("d", "heads", "n"))
            _count(row, products(width, heads, tokens, chip), tally)
        except SkipRow as skip:
            tally.skip("products", skip.reason, row.line)
        except UsageError:
            tally.skip("products", "sizes that do not fit together", row.line)
    return tally.outcomes(dataset.name, dataset.split, COUNTS.__getitem__)


def _count(row: Row, found: Products, tally: Tally) -> None:
    tally.compare("products", found.macs, positive(row, "macs_per_token_layer"))
    inward, outward = found.conversions(INWARD), found.conversions(OUTWARD)
    tally.compare("conversions", inward, positive(row, "in_events"))
    tally.compare("conversions", outward, positive(row, "out_events"))
    for column, part in PARTS.items():
        if column in row.cells:
            tally.compare("shares of products", found.share(part), positive(row, column))
    dark = found.energy(light=False) / found.macs
    for group, column, predicted in (
        ("products per conversion", "macs_per_event", found.macs / (inward + outward)),
        ("energy per product without light", "preset_fJ_per_MAC", dark / FEMTO),
        ("advantage without light", "preset_advantage_x", COMPARATOR / dark),
    ):
        if column in row.cells:
            tally.compare(group, predicted, positive(row, column))


@check(
    "optical_transformers_claims.csv",
    topic="optical",
    family="optical",
    columns=CLAIM_COLUMNS,
    title="What the paper on Optical Transformers claims, beside the machine calibrated on one of its claims",
)
def transformer_claims(dataset: Dataset) -> list[Outcome]:
    """Judge how light falls with the width; show the advantages, one of which the machine's memory was set from."""
    tally, claims = Tally(), _Claims()
    for row in dataset.rows:
        try:
            claims.judge(row, tally)
        except SkipRow as skip:
            tally.skip("advantages", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda _: Target("max_difference", 0.02))


class _Claims:
    """Evaluates each shape on each machine once."""

    def __init__(self) -> None:
        self.machines = Machines()
        self.found: dict[tuple[str, tuple[int, int, int]], Products] = {}

    def judge(self, row: Row, tally: Tally) -> None:
        quantity = text(row, "quantity")
        if quantity == SCALING:
            tally.compare("power of the width by which light per product falls", -self._slope(), _power(row))
        elif quantity in ADVANTAGES:
            found = self._products(*ADVANTAGES[quantity])
            claimed = _above(row)
            tally.anchor("advantages", Anchor(quantity, COMPARATOR * found.macs / found.energy(), claimed))
        elif any(quantity.startswith(start) for start in IMPLIED):
            shape = next(each for start, each in IMPLIED.items() if quantity.startswith(start))
            found = self._products(TODAY, shape)
            each = found.energy() / (found.conversions(INWARD) + found.conversions(OUTWARD))
            tally.anchor("advantages", Anchor(quantity, each / PICO, positive(row, "value")))
        else:
            raise SkipRow("describes a machine, which is as described")

    def _products(self, machine: str, shape: tuple[int, int, int]) -> Products:
        if (machine, shape) not in self.found:
            self.found[machine, shape] = products(*shape, self.machines.find(machine))
        return self.found[machine, shape]

    def _slope(self) -> float:
        """Return the slope of light per product over the width, both in logarithms, in cores as large as the matrices.

        Attention is left out: its sums are as long as a head, whatever the width.
        """
        lit = [self._linear_light(width) for width in WIDTHS]
        return math.log(lit[1] / lit[0]) / math.log(WIDTHS[1] / WIDTHS[0])

    def _linear_light(self, width: int) -> float:
        chip = self.machines.find(TODAY)
        for side in ("rows", "columns"):
            chip = with_(chip, f"core.{side}", 4 * width)
        found = products(width, width // 128, 2048, chip)
        linear = [op for op in found.ops if part_of(op) != "attention"]
        kept = Products(tuple(linear), found.tokens, found.light)
        return kept.lit() / kept.macs


def _power(row: Row) -> float:
    """Return p of a claim written d^-p."""
    base, caret, power = text(row, "value").partition("^-")
    if base != "d" or not caret:
        raise SkipRow("value is not d^-p")
    try:
        return float(power)
    except ValueError:
        raise SkipRow("value is not d^-p") from None


def _above(row: Row) -> float:
    """Return the number of a claim such as >8000."""
    try:
        return float(text(row, "value").lstrip(">"))
    except ValueError:
        raise SkipRow("value is not a number") from None
