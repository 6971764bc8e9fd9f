"""How the supply of a chip follows its clock."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from archsim.arch.chip import Part
from archsim.units import Fraction, Ratio


class VoltageCurve(Part):
    """The supply over the clock, and what follows both; relative to the nominal clock and its voltage."""

    floor: Fraction = Field(description="lowest voltage the regulator gives, over the nominal one")
    slope: Ratio = Field(description="relative rise of the voltage per relative rise of the clock, above the floor")
    clocking: Fraction = Field(description="share of the power at rest that the clock draws, at the nominal clock")
    leakage: Fraction = Field(description="share of the power at rest that leaks, at the nominal voltage")
    exponent: Ratio = Field(description="power of the voltage that leakage follows")

    @model_validator(mode="after")
    def _parts_of_one(self) -> Self:
        if self.clocking + self.leakage > 1.0:
            raise ValueError(
                f"clocking {self.clocking:g} and leakage {self.leakage:g} are shares of one power: together at most 1"
            )
        return self
