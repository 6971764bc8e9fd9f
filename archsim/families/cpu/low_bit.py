"""Products with weights of four bits or fewer: counted in the instructions of the library's loop."""

from __future__ import annotations

from typing import Final

from archsim.families.cpu.ecm import begin, clock_share, finish
from archsim.families.cpu.gemm import cached
from archsim.graph.dtypes import CODES
from archsim.graph.kinds import CONV, MATMUL
from archsim.jit import Record, kernel
from archsim.laws import low_bit, residency, roofline
from archsim.mapping.energies import add_energy, mac_energy
from archsim.mapping.processor import ARITHMETIC_ENERGY, INSTRUCTION_ENERGY, LANES, MATRIX, MEMORY
from archsim.mapping.reuse import move_contraction

DEQUANTISE: Final = 1
LOOKUP: Final = 2
"""Codes of the methods; 0 widens, 3 counts."""
INT4: Final = CODES["int4"]
TERNARY: Final = CODES["ternary"]
BINARY: Final = CODES["binary"]
INT8: Final = CODES["int8"]
INT32: Final = CODES["int32"]
OFFSET: Final = 2
"""Position among the numbers of the mapping: instructions of one execution, arithmetic first and then loads."""


@kernel
def few_bits(op: Record) -> bool:
    """Return whether an op is a product with stored weights of four bits or fewer."""
    if op.kind not in (MATMUL, CONV) or op.dynamic == 1 or op.weight_bytes <= 0.0:
        return False
    return op.weight_precision in (INT4, TERNARY, BINARY)


@kernel
def counts(op: Record) -> bool:
    """Return whether both operands are of one bit: then no library unpacks them."""
    return op.weight_precision == BINARY and op.precision == BINARY


@kernel
def cost_low_bit(op: Record, chip: Record, work: Record, out: Record, threads: float) -> float:
    """Cost one product with weights of few bits on some of the cores; return its latency, s."""
    begin(op, chip, work, out, threads)
    move_stored(op, chip, work, out)
    share = chip.cores / (threads * clock_share(chip, threads, chip.licence_vector))
    others = roofline.bound_time(op.flops * op.steps, work.lane_peak[op.precision]) * share
    clock = work.core_clock * clock_share(chip, threads, chip.licence_vector)
    shared, alone = clocks(op, chip, out)
    out.busy[LANES] = others + op.steps * (shared / threads + alone) / (clock * chip.library_low_bit_efficiency)
    out.busy[MATRIX] = 0.0
    finish(op, chip, work, out)
    charge(op, chip, work, out)
    return out.latency


@kernel
def clocks(op: Record, chip: Record, out: Record) -> tuple[float, float]:
    """Return the clocks of one step on one core: those that cores divide, and those of one thread before.

    Every group of results that the loop works on side by side ends with sums across registers, and with a branch that
    was predicted wrongly. Tables are made by one thread, once for every activation vector.
    """
    width, slots, ports, issue = chip.core_register_width, chip.core_slots, chip.core_loads, chip.core_issue
    bits, method = op.weight_bits, chip.library_low_bit_method
    columns, rows = min(chip.library_low_bit_columns, op.m), min(chip.library_low_bit_rows, op.n)
    registers = low_bit.planes(bits)
    multiply = max(chip.library_low_bit_multiply, chip.core_products)
    results = op.batch * op.m * op.n
    ends = results * (low_bit.reduction(width) / slots + chip.core_mispredict / (rows * columns))
    alone, overlap = 0.0, chip.library_low_bit_overlap
    if counts(op):
        arithmetic, loads = low_bit.counted(width, chip.core_counting), 2.0 / (8.0 * width)
        overlap = 1.0
    elif method == DEQUANTISE:
        arithmetic = low_bit.dequantised(registers, width, multiply)
        loads = low_bit.dequantised_loads(registers, width)
    elif method == LOOKUP:
        arithmetic = low_bit.looked_up(bits, width, chip.library_low_bit_adds)
        loads = low_bit.looked_up_loads(bits, width)
        made = op.batch * op.m * op.k
        alone = low_bit.tabulated(made) / slots + low_bit.tabulated_stores(made) / ports
        ends = 0.0
    else:
        arithmetic = low_bit.widened(registers, width, multiply, columns)
        loads = low_bit.widened_loads(registers, width, rows, columns)
    each = low_bit.started(arithmetic, loads, slots, ports, issue, overlap)
    if counts(op):
        each = min(each, low_bit.word_clocks(issue))
        ends = results / slots
    out.mapping[OFFSET] = op.macs * arithmetic * op.steps
    out.mapping[OFFSET + 1] = op.macs * loads * op.steps
    return op.macs * each + ends, alone


@kernel
def move_stored(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Fill the bytes of every level: operands as stored, the weights with their scales; none is widened in memory."""
    move_contraction(op, chip, work, out, MEMORY, 1.0)
    scales = 1.0 + chip.library_low_bit_scales[op.weight_precision]
    weights = op.weight_bytes * scales
    operands = op.weight_bytes + op.input_bytes + op.extra_bytes + op.state_bytes + op.output_bytes
    larger = 1.0 + (weights - op.weight_bytes) / operands
    for level in range(int(chip.memory_count)):
        out.bytes[level] *= larger
    if chip.memory_count > 1.0:
        capacity, share = cached(chip, out.mapping[0]), chip.library_resident
        again = residency.hit(operands * larger, capacity, share)
        kept = residency.hit(op.weight_distance * scales, capacity, share)
        inputs = residency.hit(op.input_distance, capacity, share)
        kept = (kept + (op.steps - 1.0) * again) / op.steps
        found = kept * weights + inputs * (op.input_bytes + op.state_bytes) + again * op.output_bytes
        out.resident = min(found * op.steps, out.bytes[0])
        out.bytes[0] -= out.resident


@kernel
def charge(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Fill the energy of the arithmetic that is really done, and of the instructions counted.

    Unpacked weights are multiplied as bytes. A look-up adds one byte for four weights of one bit, and bits that are
    counted are compared and added up.
    """
    told = mac_energy(chip, work.mac_code[op.precision], work.progress)
    supply = work.mac_energy[op.precision] / told  # follows the voltage
    if counts(op):
        each = mac_energy(chip, BINARY, work.progress) - add_energy(chip, INT32, work.progress)
        each += add_energy(chip, BINARY, work.progress)
    elif chip.library_low_bit_method == LOOKUP:
        each = op.weight_bits / low_bit.TABLE * chip.library_low_bit_adds * add_energy(chip, INT8, work.progress)
    else:
        each = mac_energy(chip, INT8, work.progress)
    out.energy[ARITHMETIC_ENERGY] = op.steps * (op.macs * each * supply + op.flops * work.lane_energy[op.precision])
    instruction = work.byte_control * chip.core_register_width
    started = out.mapping[OFFSET] + out.mapping[OFFSET + 1]
    out.energy[INSTRUCTION_ENERGY] = started * instruction + op.steps * (
        (op.flops + op.special) * work.lane_control[op.precision]
    )
