"""Description of an optical machine: cores that multiply by modulating light and add by detecting it."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from archsim.arch.chip import ChipSpec, Part
from archsim.arch.converter import Adc, Dac
from archsim.arch.digital import Digital
from archsim.arch.memory import MemoryLevel
from archsim.arch.technology import Technology
from archsim.families.optical.light import Laser, Path, Receiver
from archsim.laws import photons
from archsim.units import (
    RATIO,
    RESPONSIVITY,
    Area,
    Count,
    Decibel,
    Energy,
    EnergyPerByte,
    Frequency,
    Power,
    Quantity,
    Ratio,
    Time,
    format_quantity,
)

SIMULATED: Final = 4
"""Levels of memory that dataflow dota counts."""
Windows = Annotated[float, Quantity(RATIO, minimum=1.0)]


class Core(Part):
    """Cores of R inputs and C outputs, all alike."""

    structure: Literal["crossbar", "mesh", "rings", "integrating", "fourier", "broadcast"] = Field(
        description="crossbar: two streamed operands meet, coherent; mesh: interferometers set to a matrix; rings: one "
        "ring per weight and wavelength; integrating: products add up over time on the detector; fourier: a lens "
        "transforms, a mask in its focus multiplies, rows x columns are its pixels; broadcast: inputs fan out to "
        "groups of rings"
    )
    rows: Count = Field(description="inputs of one core that are summed on its detectors, R")
    columns: Count = Field(description="outputs of one core for one input vector, C")
    vectors: Count = Field(1, description="input vectors at once, by wavelength or space")
    count: Count = Field(1, description="cores")
    clock: Frequency = Field(description="symbols per second; fourier: frames per second")
    accumulate: Count = Field(1, description="symbols summed in analog over time before a conversion, at most")
    broadcast: Count = Field(1, description="cores, or blocks of outputs, that share one encoding of the inputs")
    summed: Count = Field(1, description="cores whose outputs are summed in analog before a conversion")
    tile: Count = Field(1, description="cores that share buffers and adders; dataflow dota only")
    windows: Windows = Field(
        1.0, description="overlapping windows of a convolution that share one encoding of an input, on the mean"
    )
    signs: Literal[1, 2, 4] = Field(1, description="passes for numbers of both signs: 1 coherent, 2 or 4 by intensity")
    weights: Literal["in_place", "reload", "streamed"] = Field(
        description="in_place: set once, each layer in cores of its own; reload: set anew for each block of the "
        "matrix; streamed: encoded like inputs"
    )
    supplied: bool = Field(
        False, description="whether streamed weights come as light from elsewhere, which pays for them"
    )
    held: Count | None = Field(
        None,
        description="input vectors that one encoding of a weight serves; left out: all of a product, streamed: "
        "those at once",
    )
    dynamic: Literal["auto", "digital", "core"] = Field(
        "auto",
        description="who multiplies two computed operands: the digital unit, or the cores, with both encoded; auto: "
        "the cores where weights are streamed",
    )
    pipeline: Time = Field(0.0, description="from a symbol at the input converters to its bits behind the output ones")


class Modulator(Part):
    """What puts a number onto light."""

    energy: Energy = Field(description="of one symbol")
    power: Power = Field(0.0, description="of one, to hold it at its wavelength while the core works")
    count: Ratio | None = Field(
        None,
        description="of one core; left out: rows x vectors over broadcast and windows, streamed: and rows x columns",
    )


class Tuning(Part):
    """What holds a weight."""

    power: Power = Field(0.0, description="of one element, on the mean")
    count: Ratio | None = Field(
        None, description="elements of one core; left out: rows x columns, mesh: two meshes and a row of attenuators"
    )
    time: Time = Field(0.0, description="of setting all elements of a core")
    energy: Energy = Field(0.0, description="of setting one weight, beside its conversion")


class Nonlinearity(Part):
    """What applies a function to one element between two layers."""

    kind: Literal["digital", "electronic", "optical"] = Field(
        "digital",
        description="digital: after conversion; electronic: analog, between detector and next modulator; optical: on "
        "the light itself",
    )
    energy: Energy = Field(0.0, description="of one element, electronic and optical")
    threshold: Power | None = Field(None, description="optical: light it needs in one channel")
    loss: Decibel | None = Field(None, description="optical: what it takes off the light")
    bandwidth: Frequency | None = Field(None, description="optical: fastest symbols")

    @model_validator(mode="after")
    def _known_physics(self) -> Self:
        """Optical nonlinearities differ by six orders of magnitude: none is assumed."""
        if self.kind == "optical":
            missing = [name for name in ("threshold", "loss", "bandwidth") if getattr(self, name) is None]
            if missing:
                raise ValueError(f"kind 'optical' has no defaults: write {', '.join(missing)}")
        return self


class Areas(Part):
    """Area of the parts that are not described elsewhere; converters have theirs beside their energy."""

    core: Area | None = Field(None, description="waveguides and couplers of one core")
    modulator: Area | None = Field(None, description="one modulator")
    element: Area | None = Field(None, description="one element that holds a weight")
    detector: Area | None = Field(None, description="detectors of one output")
    amplifier: Area | None = Field(None, description="amplifier of one output converter")
    laser: Area | None = Field(None, description="all lasers")
    comb: Area | None = Field(None, description="all combs that make wavelengths of one laser")
    adder: Area | None = Field(None, description="all adders of partial sums")
    memory: Area | None = Field(None, description="all memories of the chip")
    other: Area | None = Field(None, description="everything else")


class Store(MemoryLevel):
    """A level of memory, with what it takes to be there."""

    power: Power | None = Field(
        None, description="of one instance at full speed; its energy per byte holds it in a run"
    )
    area: Area | None = Field(None, description="of one instance; left out: in `areas.memory`, or not charged")


class Functions(Part):
    """What ops without products cost in the simulator of dataflow dota; no other dataflow charges it."""

    operation: Energy = Field(description="of one operation")
    activation: Count = Field(8, description="operations of an activation, for one element")
    norm: Count = Field(5, description="operations of a norm, for one element")
    softmax: EnergyPerByte = Field(description="of a softmax, for each byte")
    bits: Count = Field(4, description="of an element, whatever the machine computes in")


class OpticalSpec(ChipSpec):
    """An optical machine."""

    family: Literal["optical"]
    core: Core = Field(description="cores")
    bits: Count = Field(description="of operands, at most")
    output_bits: Literal["converter", "needed"] = Field(
        "converter",
        description="bits of an output conversion: the converter's, or as few as a sum has, b_in + b_w + log2 K",
    )
    path: Path = Field(description="losses")
    laser: Laser = Field(description="light")
    receiver: Receiver = Field(description="detectors")
    modulator: Modulator = Field(description="modulators")
    tuning: Tuning | None = Field(None, description="elements that hold weights")
    adc: Adc = Field(description="output converters")
    adcs: Ratio | None = Field(
        None, description="output converters of one core; left out: columns x vectors over the cores summed"
    )
    dac: Dac = Field(description="input converters")
    dacs: Ratio | None = Field(
        None, description="input converters of one core; left out: as many as modulators, left out there"
    )
    nonlinearity: Nonlinearity = Field(Nonlinearity(), description="between layers")
    adder: Energy = Field(0.0, description="adding one output to a partial sum")
    network: EnergyPerByte = Field(0.0, description="one byte of partial sums from core to core")
    areas: Areas = Field(Areas(), description="areas of parts")
    digital: Digital = Field(description="unit for everything that is no product")
    memory: tuple[Store, ...] = Field(description="levels, outermost first", min_length=1, max_length=6)
    functions: Functions | None = Field(None, description="ops without products; dataflow dota only")
    dataflow: Literal["native", "dota"] = Field("native", description="count as any core does, or as its own simulator")
    technology: Technology = Field(description="energies of logic, memory and wires")

    @model_validator(mode="after")
    def _weights_have_a_place(self) -> Self:
        if self.core.structure == "mesh" and self.core.weights == "streamed":
            raise ValueError("core.structure 'mesh' is set, not streamed through: write weights 'in_place' or 'reload'")
        return self

    @model_validator(mode="after")
    def _inputs_fit(self) -> Self:
        if self.bits > self.dac.bits:
            raise ValueError(
                f"operands of {self.bits} bits do not pass input converters of {self.dac.bits}: lower bits, or "
                "describe a converter with more by dac.bits and dac.energy"
            )
        return self

    @model_validator(mode="after")
    def _light_adds_up(self) -> Self:
        """Refuse detectors that find more electrons than photons, and functions on light that no law sizes."""
        most = photons.most_responsivity(self.laser.wavelength)
        if self.receiver.responsivity > most:
            raise ValueError(
                f"receiver.responsivity {format_quantity(self.receiver.responsivity, RESPONSIVITY, 3)} is more than "
                f"one electron for each photon of laser.wavelength, {format_quantity(most, RESPONSIVITY, 3)}; gain has "
                "noise of its own, which no law here has"
            )
        if self.nonlinearity.kind == "optical" and self.laser.law == "given":
            raise ValueError(
                "nonlinearity.kind 'optical' needs light sized for its threshold: write another laser.law than 'given'"
            )
        return self

    @model_validator(mode="after")
    def _levels_of_its_simulator(self) -> Self:
        """Refuse what the simulator behind dataflow dota cannot count."""
        if self.dataflow != "dota":
            return self
        if self.functions is None:
            raise ValueError("dataflow 'dota' charges ops without products by the part 'functions', which is missing")
        if len(self.memory) != SIMULATED:
            raise ValueError(
                f"dataflow 'dota' needs {SIMULATED} levels of memory (main, global, local, registers), not "
                f"{len(self.memory)}"
            )
        if self.core.count % self.core.tile:
            raise ValueError(f"core.count {self.core.count} does not divide into tiles of core.tile {self.core.tile}")
        return self
