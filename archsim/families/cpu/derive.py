"""What follows from a CPU's description alone: peaks, bandwidths, energies."""

from __future__ import annotations

from typing import Final

from archsim.arch.tables import Attribute
from archsim.graph.dtypes import PRECISIONS
from archsim.jit import Record, kernel
from archsim.laws import latency
from archsim.mapping.energies import ENERGIES, derive_energies
from archsim.mapping.formats import FORMATS, executed
from archsim.mapping.hierarchy import HIERARCHY, derive_hierarchy

SCRATCH: Final = (
    *HIERARCHY,
    *ENERGIES,
    Attribute("matrix_peak", "f8", (PRECISIONS,), "FLOP/s", "matrix tiles, by format"),
    Attribute("vector_peak", "f8", (PRECISIONS,), "FLOP/s", "SIMD units, by format"),
    Attribute("matrix_code", "i8", (PRECISIONS,), "", "format each one runs in on matrix units, or -1"),
    Attribute("vector_code", "i8", (PRECISIONS,), "", "format each one runs in on vector units, or -1"),
    Attribute("special_peak", "f8", (), "OP/s", "vectorised special functions"),
    Attribute("start", "f8", (), "s", "call and thread fork-join of one op"),
)


@kernel
def derive(chip: Record, work: Record) -> None:
    """Fill the scratch record."""
    work.static_power = chip.power_idle
    work.power_cap = chip.power_limit
    for code in range(FORMATS):
        work.matrix_peak[code] = chip.core_matrix[code] * chip.cores * chip.clock
        work.vector_peak[code] = chip.core_vector[code] * chip.cores * chip.clock
    work.special_peak = chip.core_special * chip.cores * chip.clock
    work.start = chip.overhead_call + (chip.overhead_fork_join if chip.cores > 1.0 else 0.0)
    derive_hierarchy(chip, work, chip.clock, chip.core_registers)
    in_flight = chip.cores * chip.core_misses
    reachable = latency.concurrent_rate(in_flight, chip.memory_line[0], chip.memory_latency[0])
    work.bandwidth[0] = min(work.bandwidth[0], reachable)
    derive_energies(chip, work)
    for code in range(FORMATS):
        work.matrix_code[code] = executed(code, chip.core_matrix)
        work.vector_code[code] = executed(code, chip.core_vector)
