"""Ops and memory hierarchies as kernels see them, with a few numbers set and the rest at rest."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np

import archsim
from archsim.arch.tables import LEVELS, OP, record
from archsim.engine.lower import chip_table
from archsim.engine.rows import to_rows
from archsim.graph import kinds
from archsim.graph.dtypes import CODES
from archsim.mapping import hierarchy, reuse

ONES = ("count", "weight_sets", "steps", "batch", "m", "n", "k", "groups", "stride", "mask")
FIRST = 2
"""Position of the outermost level among the resources of these tests."""


def op(kind, **columns):
    """A row of the op table; what is not given is zero, or one where it multiplies."""
    row = dict.fromkeys((attribute.name for attribute in OP), 0.0) | dict.fromkeys(ONES, 1.0)
    bits = columns.get("input_bits", 16.0)
    row |= {"kind": kinds.CODES[kind], "precision": CODES["fp16"], "input_bits": bits, "weight_bits": bits}
    row |= {"output_bits": bits}
    assert set(columns) <= set(row)
    return SimpleNamespace(**row | columns)


def product(m, n, k, *, kind="matmul", width=2, batch=1, **columns):
    """A product with static weights, dense in memory."""
    sizes = {"batch": batch, "m": m, "n": n, "k": k, "macs": batch * m * n * k, "input_bits": 8.0 * width}
    traffic = {"input_bytes": batch * m * k * width, "weight_bytes": batch * k * n * width}
    return op(kind, **{**sizes, **traffic, "output_bytes": batch * m * n * width, **columns})


def memories(capacities, *, lines=64.0, latencies=None, widths=None, bandwidths=None, instances=None):
    """Chip columns of levels from the outermost in."""
    count = len(capacities)

    def padded(values, default):
        values = default if values is None else values
        values = list(values) if isinstance(values, list | tuple) else [values] * count
        return [float(value) for value in values] + [math.nan] * (LEVELS - count)

    return SimpleNamespace(
        memory_count=float(count),
        memory_capacity=padded(capacities, 0.0),
        memory_bandwidth=padded(bandwidths, 1e9 if widths is None else math.nan),
        memory_width=padded(widths, math.nan),
        memory_instances=padded(instances, 1.0),
        memory_latency=padded(latencies, 0.0),
        memory_line=padded(lines, 64.0),
    )


def derived(chip, *, clock=1e9, registers=512.0):
    """Scratch of the hierarchy."""
    work = to_rows(np.zeros(1, dtype=record(hierarchy.HIERARCHY)))[0]
    hierarchy.derive_hierarchy(chip, work, clock, registers)
    return work


def outcome():
    return SimpleNamespace(bytes=[0.0] * LEVELS, busy=[0.0] * (FIRST + LEVELS))


def moved(row, inner, *, widen=1.0, line=64.0):
    """Bytes an op moves between an endless memory and one of `inner` bytes."""
    return moved_by_level(row, memories([1e30], lines=line), inner, widen=widen)[0]


def moved_by_level(row, chip, registers, *, widen=1.0):
    """Bytes an op moves across every level."""
    out = outcome()
    reuse.move_bytes(row, chip, derived(chip, registers=registers), out, FIRST, widen)
    return out.bytes[: int(chip.memory_count)]


def operands(row):
    """Every operand once, B; weights once for all steps."""
    each = row.input_bytes + row.extra_bytes + row.state_bytes + row.output_bytes
    return each * row.steps + row.weight_bytes


def technology_row(name, **changes):
    """The chip columns of a shipped machine, some leaves changed; keywords have ``__`` for a point."""
    chip = archsim.hardware(name)
    for path, value in changes.items():
        chip = archsim.with_(chip, path.replace("__", "."), value)
    return to_rows(chip_table(chip))[0]
