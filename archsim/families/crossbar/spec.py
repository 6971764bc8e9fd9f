"""Description of a crossbar machine: arrays of cells that hold weights and sum products, between converters."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from archsim.arch.chip import ChipSpec, Part
from archsim.arch.converter import Adc, Dac
from archsim.arch.digital import Digital
from archsim.arch.memory import MemoryLevel
from archsim.arch.technology import Technology
from archsim.units import (
    Area,
    Bandwidth,
    Capacitance,
    Conductance,
    Count,
    Energy,
    EnergyPerByte,
    Fraction,
    Ratio,
    Resistance,
    Tally,
    Time,
    Voltage,
)

SLACK: Final = 1e-3
"""Share by which figures of few digits may miss a bound."""


class Cell(Part):
    """One cell, what it costs to read, and how true it is."""

    device: Literal["sram", "rram", "pcm", "flash", "ecram", "digital"] = Field(
        description="what holds the weight; digital: logic beside each cell multiplies, and no converter is needed"
    )
    bits: Count = Field(description="of a weight in one cell, b_c")
    signs: Literal["differential", "offset", "none"] = Field(
        description="how a weight gets its sign: cells on two columns; a reference column beside the others of an "
        "array; or none is needed, as in two's complement or in cells of either sign"
    )
    subtract: Literal["digital", "analog"] = Field(
        "digital", description="where the columns of differential cells meet: after their conversions, or before one"
    )
    mode: Literal["current", "charge", "given"] = Field(
        "given",
        description="what one cell takes per read: E[x^2] E[g] V^2 t, C V^2 x activity, or `energy` x E[x] x E[g]",
    )
    energy: Energy = Field(0.0, description="of one cell and read at full input and largest weight, mode given")
    on: Conductance | None = Field(None, description="largest conductance")
    off: Conductance | None = Field(None, description="smallest conductance")
    read_voltage: Voltage | None = Field(None, description="of a full input, mode current and charge")
    capacitance: Capacitance | None = Field(None, description="switched per cell, mode charge")
    wire: Resistance = Field(0.0, description="of the wire from one cell to the next")
    programming_noise: Fraction = Field(0.0, description="standard deviation of a written weight over the largest")
    read_noise: Fraction = Field(0.0, description="standard deviation of one read over the largest")
    drift: Fraction = Field(0.0, description="exponent with which conductance falls over time")
    age: Time = Field(0.0, description="since writing; 0: none")
    area: Area | None = Field(None, description="of one cell; left out: none is charged")


class Writing(Part):
    """How weights get into the cells."""

    energy: Energy = Field(description="of one pulse into one cell")
    pulse: Time = Field(description="length of one pulse")
    pulses: Ratio = Field(1.0, description="mean number of pulses into one cell")
    verify: Fraction = Field(0.0, description="energy of reading back over that of the pulse")
    verify_time: Time = Field(0.0, description="of reading back, after each pulse")
    rows_at_once: Count = Field(1, description="rows of one array that are written together")
    arrays_at_once: Count | None = Field(None, description="arrays written at the same time; left out: all")
    endurance: Ratio | None = Field(None, description="writes a cell survives; left out: without limit")


class Array(Part):
    """Arrays of cells and what stands at their edges."""

    rows: Count = Field(description="rows of one array, R")
    columns: Count = Field(description="columns of one array, cells, C")
    count: Count = Field(description="arrays of the chip")
    active_rows: Count | None = Field(
        None, description="rows read together; left out: all, or as many as the sum may have"
    )
    read: Time = Field(description="settling and reading one pulse of the least length")
    adcs: Ratio = Field(description="output converters per array; below 1: shared between arrays")
    sampled: bool = Field(True, description="whether outputs are held while the next pulse goes in")
    pipeline: Time = Field(0.0, description="from the last input of a vector to its last output, beyond reading")
    sample: Energy = Field(0.0, description="sampling and holding one output")
    shift_add: Energy = Field(0.0, description="adding one conversion to its sum")
    periphery: Energy = Field(0.0, description="decoders, drivers and control of one array, per pulse of inputs")
    row_periphery: Energy = Field(0.0, description="the same of one row, per pulse, beside its converter")
    phase_periphery: Energy = Field(0.0, description="the same of one array, each time its outputs are converted")
    phase_time: Time = Field(0.0, description="each time outputs are converted, beside reading and converting")
    integrate: Energy = Field(0.0, description="adding one more sample of one output; coding places")
    area: Area | None = Field(None, description="of what stands at the edges of one array beside its converters")


class Inputs(Part):
    """How activations reach the rows."""

    bits: Count = Field(description="of an activation the machine takes, at most")
    pulse_bits: Count = Field(1, description="bits of one pulse, b_x")
    coding: Literal["amplitude", "width", "count", "places"] = Field(
        "amplitude",
        description="how a pulse of several bits differs: its height; its width, 2^b - 1 reads long; 2^(b-1) pulses; "
        "or places: its bits go one after the other, and the outputs of place k are sampled 2^k times before they are "
        "converted",
    )
    signed: bool = Field(False, description="whether one bit is a sign that takes no pulse of its own")
    phases: Count = Field(
        1, description="times each pulse is read, such as once for every pair of signs of input and weight"
    )


class Weights(Part):
    """How weights are held."""

    bits: Count = Field(description="of a weight the machine takes, at most")
    extra_columns: Tally = Field(
        0, description="columns a weight takes beside those of its bits, such as for carries of its sums"
    )


class Precision(Part):
    """How much of the exact sum is asked for."""

    lossy: bool = Field(description="whether converters may have fewer bits than the sum")
    result_bits: Count | None = Field(
        None, description="bits that are asked of a result; left out: all the converters resolve"
    )
    saved: int = Field(0, ge=0, le=4, description="bits saved by encoding columns, such as flipping those above half")
    range: Ratio | None = Field(
        None, description="range of the converter in standard deviations of the sum, each way; left out: the whole"
    )


class Values(Part):
    """Statistics of the data, which energy and noise follow."""

    input_density: Fraction = Field(0.5, description="share of input bits, or of full pulses, that are one")
    weight_mean: Fraction = Field(0.5, description="mean level of a cell over the largest")
    weight_square: Fraction = Field(0.333, description="mean square of the level of a cell over the largest squared")

    @model_validator(mode="after")
    def _square_of_some_weights(self) -> Self:
        least = self.weight_mean**2
        if self.weight_square < least * (1.0 - SLACK):
            raise ValueError(
                f"values.weight_square {self.weight_square:g} is below the square of values.weight_mean, {least:g}: no "
                f"weights are like this; write from {least:g} to {self.weight_mean:g}"
            )
        return self


class Logic(Part):
    """Gates that multiply beside the cells and add behind them, from which their energy, delay and area follow."""

    capacitance: Capacitance = Field(description="that switches in a two-input NAND gate")
    delay: Time = Field(description="of a two-input NAND gate")
    area: Area = Field(description="of a two-input NAND gate")
    voltage: Voltage = Field(description="supply")
    activity: Fraction = Field(
        1.0, description="share of multiplying gates and of adders before the accumulators that switches"
    )
    booth: bool = Field(False, description="whether two bits of a pulse are recoded into one digit, -2 to 2")
    accumulates: Literal["sums", "products"] = Field(
        "sums",
        description="what is added up over the pulses of an input: sums of a column behind its tree, or products "
        "before it",
    )
    accumulator_bits: Count | None = Field(
        None, description="of an accumulator; left out: those of input, weight and depth of the sum"
    )
    pipelined: bool = Field(False, description="whether registers stand between accumulators and the tree")


class Mapping(Part):
    """What the compiler does."""

    duplicate: bool = Field(False, description="whether arrays left over hold slow layers again")
    pipelined: bool = Field(False, description="whether a layer starts as soon as outputs of the one before arrive")
    dynamic: Literal["digital", "arrays"] = Field(
        "digital", description="who multiplies two computed operands: the digital unit, or arrays written for it"
    )


class Tiles(Part):
    """How arrays are grouped, and what carries activations between the groups."""

    arrays: Count = Field(1, description="arrays of one tile, which share inputs and buffers")
    hop: EnergyPerByte = Field(0.0, description="one byte from tile to tile, per hop")
    bandwidth: Bandwidth | None = Field(None, description="into one tile; left out: never in the way")
    hops: Ratio | None = Field(None, description="mean hops; left out: two thirds of the side of the mesh of tiles")
    area: Area | None = Field(None, description="of one tile beside its arrays")
    shared_area: Area | None = Field(None, description="of what all tiles share, such as links off the chip")


class Point(Part):
    """One measured point of a supply."""

    voltage: Voltage = Field(description="supply")
    energy: Ratio = Field(description="energy over that at the nominal voltage")
    rate: Ratio = Field(description="rate over that at the nominal voltage")


class Supply(Part):
    """The supply voltage of the arrays and their converters, where it can be chosen."""

    voltage: Voltage | None = Field(None, description="chosen; left out: the nominal one")
    nominal: Voltage | None = Field(None, description="at which energies and rates are described")
    threshold: Voltage = Field(0.0, description="of the transistors: rate follows (V - Vt)^a / V, energy V^2")
    exponent: Ratio = Field(1.3, description="a of that law")
    points: tuple[Point, ...] = Field(
        (), description="measured points, by rising voltage, which replace both laws", max_length=6
    )
    direct: Fraction = Field(
        0.0,
        description="share of the energy of input converters that flows as a direct current, as through ladders of "
        "resistors: V^2 over the rate",
    )

    @model_validator(mode="after")
    def _within_reach(self) -> Self:
        rising = [point.voltage for point in self.points]
        if rising != sorted(set(rising)):
            raise ValueError("supply.points must have rising voltages")
        if len(rising) == 1:
            raise ValueError("supply.points has one point: nothing lies between fewer than two")
        if self.voltage is None:
            return self
        if self.nominal is None:
            raise ValueError("supply.voltage needs supply.nominal, the voltage that energies and rates belong to")
        if min(self.voltage, self.nominal) <= self.threshold:
            raise ValueError(
                f"supply.voltage {self.voltage:g} V switches nothing: the threshold is {self.threshold:g} V"
            )
        return self


class CrossbarSpec(ChipSpec):
    """A crossbar machine."""

    family: Literal["crossbar"]
    cell: Cell = Field(description="one cell")
    array: Array = Field(description="arrays and their edges")
    adc: Adc | None = Field(None, description="output converters; none: digital cells")
    dac: Dac = Field(description="input converters, one per row")
    inputs: Inputs = Field(description="activations")
    weights: Weights = Field(description="weights")
    writing: Writing = Field(description="weight writing")
    precision: Precision = Field(description="what may be lost")
    values: Values = Field(Values(), description="statistics of the data")
    mapping: Mapping = Field(Mapping(), description="what the compiler does")
    logic: Logic | None = Field(None, description="gates, where energies are worked out from them")
    tiles: Tiles = Field(Tiles(), description="groups of arrays and the network between them")
    supply: Supply = Field(Supply(), description="supply voltage, where it can be chosen")
    digital: Digital = Field(description="unit for everything that is no product with stored weights")
    memory: tuple[MemoryLevel, ...] = Field(
        description="levels for activations, outermost first", min_length=1, max_length=6
    )
    technology: Technology = Field(description="energies of logic, memory and wires")

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        """Refuse machines that cannot be: no converters where they are needed, cells without what their mode takes."""
        cell, active = self.cell, self.array.active_rows
        if self.adc is None and cell.device != "digital":
            raise ValueError(f"cells of {cell.device!r} give analog sums: describe adc, or set cell.device to digital")
        if cell.mode == "current" and (cell.on is None or cell.read_voltage is None):
            raise ValueError("cell.mode current needs cell.on and cell.read_voltage")
        if cell.mode == "charge" and (cell.capacitance is None or cell.read_voltage is None):
            raise ValueError("cell.mode charge needs cell.capacitance and cell.read_voltage")
        if cell.on is not None and cell.off is not None and cell.off >= cell.on:
            raise ValueError(f"cell.off {cell.off:g} S is not below cell.on {cell.on:g} S")
        if self.adc is not None and self.array.adcs <= 0.0:
            raise ValueError(f"array.adcs is {self.array.adcs:g}: outputs need a converter, or a share of one")
        if active is not None and active > self.array.rows:
            raise ValueError(f"array.active_rows {active:g} is more than the {self.array.rows:g} rows there are")
        if self.inputs.pulse_bits > self.inputs.bits:
            raise ValueError(
                f"inputs.pulse_bits {self.inputs.pulse_bits:g} is more than inputs.bits {self.inputs.bits:g}"
            )
        if self.cell.bits > self.weights.bits:
            raise ValueError(f"cell.bits {self.cell.bits:g} is more than weights.bits {self.weights.bits:g}")
        return self
