"""Converters between analog and digital, as any machine that computes in analog describes them."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from archsim.arch.chip import Part
from archsim.units import (
    Area,
    Capacitance,
    Count,
    Dimension,
    Energy,
    EnergyPerStep,
    Fraction,
    Frequency,
    Length,
    Quantity,
)

FIGURE: Final = Dimension("figure of merit", "dB", "175 dB", 0.0, 400.0)
Figure = Annotated[float, Quantity(FIGURE)]


MOST_BITS: Final = 24


class Adc(Part):
    """An analog-to-digital converter, and how its energy follows its bits."""

    bits: Count = Field(description="bits that the energy and area below belong to, and the most it resolves")
    rate: Frequency = Field(description="conversions per second of one")
    law: Literal["fixed", "linear", "sar", "flash", "counting", "survey", "walden", "schreier"] = Field(
        "fixed",
        description="energy of a conversion with b bits. fixed: `energy` whatever b; linear: in proportion to b; "
        "sar: capacitors, (c b + d 4^b) V^2; flash: in proportion to 2^b - 1; counting: base + step 2^(b-1); "
        "survey: regression over published converters; walden: figure x 2^b; schreier: from a figure of merit in dB",
    )
    energy: Energy | None = Field(None, description="of one conversion at `bits`: laws fixed, linear, flash, counting")
    step: Energy = Field(
        0.0, description="law counting: part of the energy at `bits` paid for each of 2^(bits-1) steps"
    )
    capacitance: Capacitance | None = Field(None, description="law sar: switched for each bit, c")
    noise_capacitance: Capacitance = Field(0.0, description="law sar: that grows fourfold per bit, d")
    walden: EnergyPerStep | None = Field(None, description="law walden: energy per conversion step")
    schreier: Figure | None = Field(None, description="law schreier: figure of merit")
    quantile: Fraction | None = Field(
        None,
        description="law survey: share of published converters that take less; left out: a published regression, which "
        "27 % of them undercut",
    )
    node: Length | None = Field(None, description="law survey: feature size; left out: the chip's")
    area: Area | None = Field(None, description="of one; left out: none is charged, or law survey gives it")

    @model_validator(mode="after")
    def _enough_for_the_law(self) -> Self:
        needs = {"fixed": "energy", "linear": "energy", "flash": "energy", "counting": "energy", "sar": "capacitance",
                 "walden": "walden", "schreier": "schreier"}  # fmt: skip
        missing = needs.get(self.law)
        if missing and getattr(self, missing) is None:
            raise ValueError(f"law {self.law!r} needs {missing!r}")
        if self.bits > MOST_BITS:
            raise ValueError(f"a converter of {self.bits} bits: no law reaches beyond {MOST_BITS}")
        if self.law == "counting" and self.energy is not None:
            base = self.energy - self.step * (2.0 ** (self.bits - 1) - 1.0)
            if base < 0.0:
                raise ValueError(
                    f"step {self.step:g} J: {2 ** (self.bits - 1)} steps take more than the energy {self.energy:g} J "
                    f"at {self.bits} bits"
                )
        if self.quantile is not None and self.law != "survey":
            raise ValueError(f"quantile is for law 'survey'; law {self.law!r} takes none")
        if self.quantile is not None and not 0.0 < self.quantile < 1.0:
            raise ValueError(f"quantile {self.quantile:g}: write a share above 0 and below 1, such as 0.5")
        return self


class Dac(Part):
    """A digital-to-analog converter, and how its energy follows its bits."""

    bits: Count = Field(description="bits that the energy below belongs to, and the most it takes at once")
    rate: Frequency | None = Field(None, description="conversions per second of one; left out: never in the way")
    law: Literal["fixed", "linear", "weighted", "binary"] = Field(
        "fixed",
        description="energy of a conversion with b bits. fixed: whatever b; linear: in proportion to b; weighted: to "
        "2^b / b; binary: to 2^b / (b + 1)",
    )
    energy: Energy = Field(description="of one conversion at `bits`")
    area: Area | None = Field(None, description="of one; left out: none is charged")

    @model_validator(mode="after")
    def _bits_a_law_reaches(self) -> Self:
        if self.bits > MOST_BITS:
            raise ValueError(f"a converter of {self.bits} bits: no law reaches beyond {MOST_BITS}")
        return self
