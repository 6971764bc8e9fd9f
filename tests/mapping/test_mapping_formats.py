"""Which format and which units an op runs on, against all values each format can hold."""

from __future__ import annotations

import itertools
import random
from types import SimpleNamespace

import numpy as np
import pytest

import archsim
from archsim.arch import registry
from archsim.arch.tables import record
from archsim.engine.lower import chip_table, lower
from archsim.engine.rows import to_rows
from archsim.engine.run import run
from archsim.graph.dtypes import CODES, DTYPES, NAMES
from archsim.mapping import formats, units

SIGNIFICAND = {"fp64": 53, "fp32": 24, "tf32": 11, "fp16": 11, "bf16": 8, "fp8": 4, "fp4": 2, "nvfp4": 6}
"""Significand with its hidden bit, b; fp8 is E4M3, fp4 is E2M1."""
EXPONENT = {"fp64": 11, "fp32": 8, "tf32": 8, "fp16": 5, "bf16": 8, "fp8": 4, "fp4": 2, "nvfp4": 5}
LARGEST = {"int64": 2**63, "int32": 2**31, "int16": 2**15, "int8": 2**7, "int4": 2**3, "ternary": 1, "binary": 1}
"""Largest magnitude of the integer formats."""


def holds(wide, narrow):
    """Whether every value of `narrow` is one of `wide`."""
    if wide in SIGNIFICAND and narrow in SIGNIFICAND:
        return SIGNIFICAND[wide] >= SIGNIFICAND[narrow] and EXPONENT[wide] >= EXPONENT[narrow]
    if wide in LARGEST and narrow in LARGEST:
        return LARGEST[wide] >= LARGEST[narrow]
    if wide in SIGNIFICAND:
        return 2 ** SIGNIFICAND[wide] >= LARGEST[narrow] and 2 ** (EXPONENT[wide] - 1) > np.log2(LARGEST[narrow])
    return False


def rates_of(names):
    return [1.0 if name in names else 0.0 for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_a_wider_format_holds_every_value(name):
    for wider in DTYPES[name].wider:
        assert holds(wider, name), wider
        assert DTYPES[wider].bits >= DTYPES[name].bits


@pytest.mark.parametrize("name", NAMES)
def test_the_narrowest_format_that_loses_nothing_is_executed(name):
    """Against all machines with up to three formats."""
    for count in range(4):
        for have in itertools.combinations(NAMES, count):
            code = formats.executed(CODES[name], rates_of(have))
            fit = [other for other in have if other == name or other in DTYPES[name].wider]
            if not fit:
                assert code == -1
                continue
            chosen = NAMES[code]
            assert chosen in fit
            assert DTYPES[chosen].bits == min(DTYPES[other].bits for other in fit)
            if name in have:
                assert chosen == name


def test_every_float_that_can_stand_in_for_another_is_listed():
    for wide, narrow in itertools.permutations(SIGNIFICAND, 2):
        if holds(wide, narrow) and DTYPES[wide].bits > DTYPES[narrow].bits:
            assert wide in DTYPES[narrow].wider, (wide, narrow)


def test_widening_is_the_ratio_of_widths_and_never_less_than_one():
    for stored, code in itertools.product(NAMES, NAMES):
        expected = max(1.0, DTYPES[code].bits / DTYPES[stored].bits)
        assert formats.widening(CODES[stored], CODES[code]) == expected


def test_products_are_summed_in_a_format_no_narrower():
    for name in NAMES:
        assert DTYPES[NAMES[formats.ACCUMULATE[CODES[name]]]].bits >= min(32, DTYPES[name].bits)


def resolved(stored, matrix, lanes, chip="a100-sxm4-80gb"):
    """The units columns after one format was resolved, on rates given by name."""
    family, row = registry.get("gpu"), to_rows(chip_table(archsim.hardware(chip)))[0]
    work = to_rows(np.zeros(1, dtype=record(family.work_table)))[0]
    family.derive(row, work)
    by_code = [[table.get(name, 0.0) for name in NAMES] for table in (matrix, lanes)]
    units.resolve_formats([SimpleNamespace(precision=CODES[stored])], row, work, *by_code)
    return work


@pytest.mark.parametrize(
    ("stored", "matrix", "lanes", "on_matrix", "computed"),
    [
        ("fp16", {"fp16": 8.0}, {"fp32": 1.0}, 1, "fp16"),
        ("fp16", {}, {"fp32": 1.0}, 0, "fp32"),
        ("fp32", {"tf32": 8.0}, {"fp32": 1.0}, 0, "fp32"),
        ("fp8", {"fp16": 8.0}, {"fp32": 1.0}, 1, "fp16"),
        ("int8", {"fp16": 8.0}, {"int8": 4.0}, 1, "fp16"),
        ("int8", {"fp16": 2.0}, {"int8": 4.0}, 0, "int8"),
        ("bf16", {"bf16": 1.0}, {"bf16": 4.0}, 1, "bf16"),
    ],
)
def test_macs_run_on_matrix_units_that_are_no_wider_or_faster(stored, matrix, lanes, on_matrix, computed):
    work = resolved(stored, matrix, lanes)
    code = CODES[stored]
    assert work.on_matrix[code] == on_matrix
    assert NAMES[work.mac_code[code]] == computed
    assert work.mac_widening[code] == max(1.0, DTYPES[computed].bits / DTYPES[stored].bits)
    assert work.mac_energy[code] > work.lane_energy[code] > 0.0


def test_a_format_no_lane_has_is_marked():
    assert resolved("fp64", {"fp64": 4.0}, {"fp32": 1.0}).lane_code[CODES["fp64"]] == -1


def test_only_the_formats_ops_are_stored_in_are_resolved():
    work = resolved("fp16", {"fp16": 8.0}, {"fp32": 1.0})
    assert [NAMES[code] for code, stored in enumerate(work.stored) if stored] == ["fp16"]
    assert sum(energy > 0.0 for energy in work.mac_energy) == 1


def test_nothing_is_carried_from_one_design_point_to_the_next():
    """Scratch is one record per thread: points in any order, with formats coming and going, give the same totals."""
    chip = archsim.hardware("a100-sxm4-80gb")
    graph = archsim.workload("resnet18", batch=2)
    matrix = [0.0, 2048.0, 0.0, 512.0, 4096.0, 0.0] * 3
    lanes = [512.0, 512.0, 256.0, 0.0, 1024.0, 128.0] * 3
    order = list(range(len(matrix)))
    random.Random(1).shuffle(order)
    for jit in ("never", "always"):
        sweep = {"matrix.fp16": matrix, "vector.fp16": lanes}
        straight = archsim.evaluate_points(graph, chip, sweep, jit=jit)
        mixed = archsim.evaluate_points(
            graph, chip, {path: [values[i] for i in order] for path, values in sweep.items()}, jit=jit
        )
        assert len({float(latency) for latency in straight["latency"]}) > 3
        assert np.array_equal(straight[order], mixed)


def test_rows_of_one_machine_share_what_was_resolved():
    """Ops of two formats in one run cost what each costs in a run of its own, but for the power limit."""
    chip = archsim.with_(archsim.hardware("a100-sxm4-80gb"), "power.limit", 1e9)
    b = archsim.GraphBuilder("both", dtype="fp16")
    b.linear(b.input("x", (256, 512)), 256, bias=False)
    half = b.build()
    c = archsim.GraphBuilder("single", dtype="fp32")
    c.linear(c.input("x", (256, 512)), 256, bias=False)
    single = c.build()
    family = registry.get("gpu")
    tables = [lower(graph.ops, graph.tensors).table for graph in (half, single)]
    both, _ = run(family, np.concatenate(tables).astype(tables[0].dtype), chip_table(chip), mode="never", keep=True)
    for table, outcome in zip(tables, both, strict=True):
        alone, _ = run(family, table, chip_table(chip), mode="never", keep=True)
        assert outcome["latency"] == alone["latency"][0]
        assert outcome["energy"].tolist() == alone["energy"][0].tolist()
