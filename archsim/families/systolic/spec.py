"""Description of a systolic machine: arrays of MACs fed from scratchpads, beside a vector unit."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from archsim.arch.chip import ChipSpec, Part
from archsim.arch.memory import MemoryLevel
from archsim.arch.precision import by_precision
from archsim.arch.quantities import FlopPerClock, OpPerClock
from archsim.arch.technology import Technology
from archsim.units import Capacity, Count, EnergyPerByte, Fraction, Frequency, Ratio, Time

LEAST: Final = 100.0
"""SCALE-Sim divides a buffer into so many sets of at least a word, B."""

Pace = by_precision("Pace", Ratio, "MACs of one cell per clock by format of the operands; formats left out it has not.")
Rates = by_precision("Rates", FlopPerClock, "Arithmetic per clock of the vector unit by format, FLOP/clk.")


class Array(Part):
    """Arrays of MAC cells, all alike."""

    rows: Count = Field(description="rows of one array, R")
    columns: Count = Field(description="columns of one array, C")
    count: Count = Field(1, description="arrays that may divide an op")
    pace: Pace = Field(description="MACs of one cell per clock")  # type: ignore[valid-type]
    dataflow: Literal["ws", "os", "is", "auto"] = Field(
        description="what stays in the cells: weights, outputs or inputs; or the fastest of the three, op by op"
    )
    folds: Literal["serial", "overlap_drain", "pipelined"] = Field(
        description="how folds follow one another: one after the other, filled while the last drains, or with what "
        "stays loaded behind what works"
    )
    accumulators: Count = Field(description="partial sums each column keeps beside the array")
    accumulator_buffers: Literal[1, 2] = Field(description="2: half of them drain while the others fill")
    ragged: bool = Field(
        True,
        description="whether a fold smaller than the array loads, fills and drains only what it uses; otherwise it is "
        "padded with zeros to the whole array",
    )
    whole_tiles: bool = Field(False, description="whether weights lie in memory as whole tiles, padded with zeros")
    unroll: Literal["implicit", "explicit", "taps"] = Field(
        "implicit",
        description="convolutions: addresses repeat what windows share; windows are written out first; or the "
        "rows hold channels of one tap of the kernel at a time",
    )
    structured: bool = Field(False, description="whether zeros of N:M weights are skipped, and not stored")
    efficiency: Fraction = Field(
        1.0, description="share of the cycles that compiled programs keep the arrays streaming"
    )
    hop: EnergyPerByte = Field(description="moving one byte from a cell into the next")


class Buffers(Part):
    """Scratchpads by operand."""

    shared: bool = Field(description="whether the operands share one memory and take what they need of it")
    input: Capacity = Field(description="inputs, of one array; shared: the whole memory")
    weight: Capacity = Field(description="weights")
    output: Capacity = Field(description="outputs")
    banks: Count = Field(1, description="banks of each")
    keep: Fraction = Field(
        0.0, description="share of the outermost memory on the chip in which results stay for the op that reads them"
    )
    keep_weights: Fraction = Field(0.0, description="share of it in which weights stay from run to run")


class Vector(Part):
    """The unit that runs whatever is no product."""

    rates: Rates = Field(description="additions, multiplications, comparisons")  # type: ignore[valid-type]
    special: OpPerClock = Field(description="special functions")
    lanes: Count = Field(description="elements of the last axis are padded to a multiple of these")
    sublanes: Count = Field(1, description="elements of the axis before it are padded to a multiple of these")
    start: Time = Field(0.0, description="from the first elements in to the last out, of an op of its own")
    row_pass: Time = Field(
        0.0, description="the same of each pass over the rows of a normalisation, sums across included"
    )
    row: Time = Field(0.0, description="summing one row across the lanes")
    addresses: OpPerClock = Field(1.0, description="addresses of gathered and scattered rows that it works out")
    blocks: bool = Field(
        False,
        description="whether sums of gathered rows are made block by block: as many as the outermost memory on the "
        "chip holds, while the rows they are made of stream past",
    )


class Overhead(Part):
    """What starting an op costs, and what does not overlap."""

    launch: Time = Field(description="of one op")
    exposed: Fraction = Field(
        description="share of the time of the main memory that hides behind nothing: of what is fetched before the "
        "first product and written after the last"
    )
    prologue: Capacity = Field(
        float(2**20), description="what is fetched before the first product and written after the last, at most"
    )
    product_bandwidth: Fraction = Field(1.0, description="share of the main memory's bandwidth that products reach")
    vector_bandwidth: Fraction = Field(1.0, description="share of it that ops of the vector unit reach")


class SystolicSpec(ChipSpec):
    """A systolic machine."""

    family: Literal["systolic"]
    clock: Frequency = Field(description="clock of the arrays")
    array: Array = Field(description="arrays of MACs")
    buffers: Buffers = Field(description="scratchpads")
    vector: Vector = Field(description="vector unit")
    memory: tuple[MemoryLevel, ...] = Field(description="levels, outermost first", min_length=1, max_length=6)
    overhead: Overhead = Field(description="per op")
    compatible: Literal["native", "scalesim-3.0.0", "scalesim-paper"] = Field(
        "native", description="count as a machine does, or as that simulator reports"
    )
    technology: Technology = Field(description="energies of logic, memory and wires")

    @model_validator(mode="after")
    def _buffers_hold_their_sets(self) -> Self:
        """Refuse buffers that SCALE-Sim cannot divide."""
        if self.compatible != "native":
            for name in ("input", "weight", "output"):
                size = getattr(self.buffers, name)
                if size < LEAST:
                    raise ValueError(
                        f"buffers.{name} is {size:g} B; SCALE-Sim divides a buffer into {LEAST:g} sets of at least "
                        f"a byte, so give it {LEAST:g} B or more"
                    )
        return self
