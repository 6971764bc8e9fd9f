"""Description of the light of an optical machine: its source, what it loses on its way, and who receives it."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from archsim.arch.chip import Part
from archsim.arch.converter import MOST_BITS
from archsim.units import (
    DECIBEL,
    DECIBEL_PER_HERTZ,
    Count,
    Current,
    Decibel,
    DecibelPerLength,
    Energy,
    Fraction,
    Length,
    NoiseCurrent,
    Power,
    Quantity,
    Ratio,
    Responsivity,
)

MOST: Final = 200.0
"""Loss beyond which not one photon a second is left of a megawatt, dB."""
Budget = Annotated[float, Quantity(DECIBEL, maximum=MOST)]
IntensityNoise = Annotated[float, Quantity(DECIBEL_PER_HERTZ, minimum=None, maximum=0.0)]


class Path(Part):
    """What light loses from the laser to one detector."""

    fixed: Decibel = Field(description="couplers, modulators and whatever else it passes once")
    stage: Decibel = Field(0.0, description="of one stage; of two meshes for any matrix, of an interferometer of each")
    stages: Literal["none", "rows", "log2", "columns"] = Field(
        "none", description="number of stages that it passes: rows of a mesh, log2 of the rows, or columns"
    )
    excess: Decibel = Field(
        0.0,
        description="of one branch of a splitting tree; it passes log2 of the larger of columns and vectors of them",
    )
    length: Length | None = Field(None, description="of waveguide")
    waveguide: DecibelPerLength = Field(0.0, description="loss of it")
    split: Literal["none", "columns", "outputs", "broadcast"] = Field(
        "none",
        description="who shares the light of one source: one detector has it alone; the columns of a core; its "
        "outputs, columns x vectors; or the outputs of all cores that share an encoding",
    )
    budget: Budget = Field(40.0, description="most that may be lost, splitting among detectors not counted")


class Laser(Part):
    """Light, and what it takes to make it."""

    law: Literal["receiver", "photons", "levels", "shot", "cubed", "given"] = Field(
        "receiver",
        description="light at a detector. receiver: solved from its noise for the bits wanted; photons: so many per "
        "output; levels: `sensitivity` x 2^b; shot: `sensitivity` x 4^b; cubed: `sensitivity` x 8^b; given: `power` as "
        "a whole",
    )
    efficiency: Fraction = Field(description="light out over electricity in")
    wavelength: Length = Field(1.55e-6, description="of the light")
    channels: Ratio = Field(1.0, description="sources, or wavelengths of one, for one core")
    sensitivity: Power | None = Field(None, description="laws levels, shot, cubed: at the detector, for 0 bits")
    photons: Ratio | None = Field(None, description="law photons: detected per output")
    power: Power | None = Field(None, description="law given: electricity of all sources of the machine")
    bits: Count | None = Field(None, description="bits its power is for; left out: of the output converters")
    limit: Power | None = Field(None, description="most light of one source; left out: no limit")
    gated: bool = Field(False, description="whether cores, and outputs of them, that have nothing to do get no light")

    @model_validator(mode="after")
    def _enough_for_the_law(self) -> Self:
        needs = {"photons": "photons", "levels": "sensitivity", "shot": "sensitivity", "cubed": "sensitivity",
                 "given": "power"}  # fmt: skip
        missing = needs.get(self.law)
        if missing and getattr(self, missing) is None:
            raise ValueError(f"law {self.law!r} needs {missing!r}")
        if self.efficiency <= 0.0:
            raise ValueError("a laser of efficiency 0 gives no light: write a share above 0")
        if self.bits is not None and self.bits > MOST_BITS:
            raise ValueError(f"light for {self.bits} bits: no converter reaches beyond {MOST_BITS}")
        return self


class Receiver(Part):
    """Detector and amplifier."""

    responsivity: Responsivity = Field(description="current over light")
    noise: NoiseCurrent = Field(description="of the amplifier")
    dark: Current = Field(description="dark current")
    intensity_noise: IntensityNoise | None = Field(None, description="of the laser, relative; left out: none")
    detector: Power = Field(0.0, description="of one detector, whenever light falls on it")
    detectors: Count = Field(1, description="of one output")
    amplifier: Energy = Field(0.0, description="of one output read")
