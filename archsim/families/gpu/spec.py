"""Description of a GPU: multiprocessors with SIMT lanes and tensor cores over a memory hierarchy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from archsim.arch.chip import ChipSpec, Part
from archsim.arch.memory import MemoryLevel
from archsim.arch.precision import by_precision
from archsim.arch.quantities import FlopPerClock, OpPerClock
from archsim.arch.technology import Technology
from archsim.families.gpu.generation import Generation
from archsim.units import Capacity, Count, Frequency, Ratio

Rates = by_precision("Rates", FlopPerClock, "Arithmetic per clock of one multiprocessor by format, dense, FLOP/clk.")


class Issue(Part):
    """How much work one warp instruction starts; control energy is paid per instruction."""

    lanes: Count = Field(description="lanes of one warp")
    matrix_macs: Count = Field(description="MACs of one 16-bit tensor-core instruction")
    matrix_bytes: Capacity | None = Field(
        None, description="operands and sums that one such instruction moves between registers, shared memory and units"
    )
    energy_scale: Ratio = Field(description="control energy of one warp instruction over the technology's instruction")


class GpuSpec(ChipSpec):
    """A GPU."""

    AS_WRITTEN: ClassVar[Mapping[str, str]] = {"boost": "clock"}

    family: Literal["gpu"]
    clock: Frequency = Field(description="where no limit lowers it; in files the boost clock of the published peaks")
    boost: Frequency | None = Field(
        None, description="clock that energies and powers are stated at; left out of a file: the clock it describes"
    )
    multiprocessors: Count = Field(description="SMs or compute units enabled")
    matrix: Rates = Field(description="tensor cores of one multiprocessor, dense")  # type: ignore[valid-type]
    vector: Rates = Field(description="SIMT lanes of one multiprocessor, an FMA is two")  # type: ignore[valid-type]
    special: OpPerClock = Field(description="special-function units of one multiprocessor")
    threads: Count = Field(description="threads one multiprocessor keeps resident at most")
    registers: Capacity = Field(description="register file of one scheduler, what a tile of results is kept in")
    issue: Issue = Field(description="instructions")
    memory: tuple[MemoryLevel, ...] = Field(description="levels, outermost first", min_length=1, max_length=6)
    generation: Generation = Field(description="how kernels of this generation of GPUs behave")
    technology: Technology = Field(description="energies of logic, memory and wires")
