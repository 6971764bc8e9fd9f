"""Products with compressed weights on CPUs: by hand, by library, and where they begin to pay."""

from __future__ import annotations

from dataclasses import replace

import pytest
from family_samples import machine, one, only
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.graph.work import MatMul
from archsim.io.hardware import with_, with_all
from archsim.validation import ops
from archsim.validation.alone import run_alone
from archsim.validation.formats import formats

CORE, VENDOR = "core-i7-5930k", "cpu-vendor"
LIBRARIES = ("cpu-mkl-11", "cpu-torch-csr", "cpu-torch-coo", "cpu-scipy", "cpu-eigen")
EXACT = {"rel": 1e-9, "abs": 0.0}


def pruned(columns, rows, depth, density, dtype="fp32"):
    """A product of `columns` activation vectors by sparse weights."""
    structure = "dense" if density == 1.0 else "uniform"

    def add(b):
        x = b.input("x", (columns, depth))
        w = b.weight("w", (depth, rows), density=density, structure=structure)
        b.op("product", MatMul(1, columns, rows, depth), [x, w], (columns, rows))

    return one(add, dtype)


def time(chip, columns, rows, depth, density, dtype="fp32"):
    """Time of a product that runs again and again."""
    timed = ops.product(MatMul(1, columns, rows, depth), formats(dtype), density=density)
    return float(run_alone(chip, timed.ops, {t.name: t for t in timed.tensors}, mode="never").latency[0])


def near(chip):
    """The same machine with nothing to wait for: no call, no memory but the nearest."""
    changed = {"overhead.call": 1e-15, "overhead.fork_join": 1e-15}
    for level in chip.spec.memory:
        changed[f"memory.{level.name}.latency"] = 1e-15
        wide = ("width", 1e11) if level.bandwidth is None else ("bandwidth", 1e18)
        changed[f"memory.{level.name}.{wide[0]}"] = wide[1]
    return with_all(chip, changed)


def library(chip, name, **sets):
    return with_all(with_(chip, "library", name), {f"library.sparse.{leaf}": value for leaf, value in sets.items()})


def test_a_vector_takes_three_loads_a_value():
    """Hand calculation: index, value and element, 2 loads a clock, on one core; additions do not limit."""
    chip = library(near(machine(CORE)), "cpu-mkl-11", sums=8, efficiency=1.0)
    spec = chip.spec
    values = 0.1 * 4096 * 1000
    clocks = values * max(3 / 2, 1 / spec.core.slots, 6 / spec.core.issue)
    assert time(chip, 1, 1000, 4096, 0.1) == pytest.approx(clocks / (spec.clock * spec.licence.single), rel=1e-6)


def test_one_sum_waits_for_every_addition_but_for_rows_the_window_reaches():
    chip = library(near(machine(CORE)), "cpu-mkl-11", sums=1, efficiency=1.0)
    core, clock = chip.spec.core, chip.spec.clock * chip.spec.licence.single
    values, row = 0.1 * 4096 * 1000, 0.1 * 4096
    chained = core.depth / (1 + (core.window / 6 - 1) / row)
    assert chained > 3 / 2
    assert time(chip, 1, 1000, 4096, 0.1) == pytest.approx(values * chained / clock, rel=1e-6)
    apart = with_(chip, "library.sparse.fused", value=False)
    chained *= core.addition / core.depth
    assert time(apart, 1, 1000, 4096, 0.1) == pytest.approx(values * max(3 / 2, chained) / clock, rel=1e-6)


def test_columns_that_lie_together_are_read_one_or_a_few_at_a_time():
    chip = library(near(machine(CORE)), "cpu-mkl-11", sums=8, efficiency=1.0, together=1)
    alone, batch = time(chip, 1, 1000, 4096, 0.1), time(chip, 64, 1000, 4096, 0.1)
    assert batch == pytest.approx(64 * alone, rel=1e-6)
    pairs = time(with_(chip, "library.sparse.together", 2), 64, 1000, 4096, 0.1)
    assert pairs == pytest.approx(32 * alone * 4 / 3, rel=1e-6), "4 loads for two columns instead of 3 for one"


def test_a_row_of_the_dense_operand_is_taken_register_by_register():
    """Hand calculation: 64 columns are 8 registers: 18 loads, 36 instructions and 8 multiply-adds a value."""
    chip = library(near(machine(CORE)), "cpu-torch-csr", threads="one", efficiency=1.0)
    core = chip.spec.core
    clock = chip.spec.clock * chip.spec.licence.single * chip.spec.licence.vector
    clocks = 0.1 * 4096 * 1000 * max(18 / core.loads, 8 / core.slots, 36 / core.issue)
    assert time(chip, 64, 1000, 4096, 0.1) == pytest.approx(clocks / clock, rel=1e-6)
    narrow = with_(chip, "library.sparse.width", 16.0)
    assert time(narrow, 64, 1000, 4096, 0.1) > 1.8 * clocks / clock


def test_a_call_for_every_value_is_paid_for_every_value():
    chip = library(near(machine(CORE)), "cpu-torch-coo", efficiency=1.0)
    more = with_(chip, "library.sparse.visit", chip.spec.library.sparse.visit + 100.0)
    extra = 0.1 * 4096 * 1000 * 100 / (chip.spec.clock * chip.spec.licence.single * chip.spec.licence.vector)
    assert time(more, 32, 1000, 4096, 0.1) - time(chip, 32, 1000, 4096, 0.1) == pytest.approx(extra, rel=1e-6)


def test_values_and_their_indices_cross_the_memory():
    chip = library(machine(CORE), "cpu-mkl-11")
    op = only(pruned(1, 4096, 25088, 0.04), chip)
    values = 0.04 * 4096 * 25088
    stored = values * (4 + 4) + 4097 * 4
    assert op.bytes_by_level["dram"] == pytest.approx(stored + 4 * (4096 + 25088), rel=0.02)
    coordinates = only(pruned(1, 4096, 25088, 0.04), library(chip, "cpu-torch-coo"))
    assert coordinates.bytes_by_level["dram"] == pytest.approx(values * (4 + 16) + 4 * (4096 + 25088), rel=0.02)


def test_weights_that_stay_dense_cost_what_dense_ones_do():
    for density in (0.01, 0.5):
        chip = library(machine(CORE), VENDOR, method="dense")
        assert time(chip, 16, 1000, 4096, density) == time(chip, 16, 1000, 4096, 1.0)


@pytest.mark.parametrize("density", [0.001, 0.05, 0.3, 0.9])
@pytest.mark.parametrize("columns", [1, 32])
def test_the_best_way_is_the_faster_of_both(columns, density):
    chip = machine(CORE)
    both = [time(library(chip, VENDOR, method=how), columns, 2048, 2048, density) for how in ("compressed", "dense")]
    assert time(library(chip, VENDOR, method="best"), columns, 2048, 2048, density) == min(both)


@given(st.sampled_from(LIBRARIES), st.sampled_from((1, 7, 64)), st.floats(0.002, 0.5))
@settings(max_examples=30, deadline=None)
def test_fewer_values_never_take_longer(name, columns, density):
    chip = library(machine(CORE), name)
    assert time(chip, columns, 500, 1000, density / 2) <= time(chip, columns, 500, 1000, density) * (1 + 1e-9)


@pytest.mark.parametrize("name", LIBRARIES)
def test_zeros_take_no_energy_but_instructions_are_not_shared_by_a_register(name):
    chip = library(machine(CORE), name)
    sparse, dense = only(pruned(64, 1000, 4096, 0.05), chip), only(pruned(64, 1000, 4096, 1.0), chip)
    assert sparse.energy_by_cause["arithmetic"] == pytest.approx(0.05 * dense.energy_by_cause["arithmetic"], rel=1e-6)
    each = [op.energy_by_cause["instructions"] / op.energy_by_cause["arithmetic"] for op in (sparse, dense)]
    assert each[0] > each[1]
    assert sum(sparse.exposed.values()) == pytest.approx(sparse.latency, **EXACT)


def test_one_vector_can_be_left_to_one_core():
    chip = machine(CORE)
    shared, left = (time(with_(chip, "library.threads", how), 1, 4096, 9216, 1.0) for how in ("all", "matrices"))
    assert left > 2 * shared
    assert time(with_(chip, "library.threads", "matrices"), 64, 4096, 9216, 1.0) == time(chip, 64, 4096, 9216, 1.0)
    nothing = with_(chip, "library.threads", "one")
    assert time(nothing, 64, 4096, 9216, 1.0) > 3 * time(chip, 64, 4096, 9216, 1.0)


def test_sparsity_pays_earlier_for_one_vector_than_for_a_batch():
    """One vector is bound by the bytes of the weights, a batch by arithmetic that dense kernels do far faster."""
    chip = library(machine(CORE), "cpu-mkl-11")
    for density, columns, faster in ((0.25, 1, True), (0.25, 64, False), (0.001, 64, True)):
        assert (time(chip, columns, 4096, 4096, density) < time(chip, columns, 4096, 4096, 1.0)) is faster


def test_two_compressed_operands_meet_where_both_have_values():
    chip = library(near(machine(CORE)), "cpu-scipy", efficiency=1.0)
    timed = ops.product(MatMul(1, 512, 512, 2048), formats("fp32"), density=0.1)
    tensors = {t.name: t for t in timed.tensors}
    thin = {**tensors, "gemm.left": replace(tensors["gemm.left"], density=0.1, structure="uniform")}
    both = float(run_alone(chip, timed.ops, thin, mode="never").latency[0])
    core, clock = chip.spec.core, chip.spec.clock * chip.spec.licence.single
    products = 0.1 * 0.1 * 512 * 512 * 2048
    least = products * max(4 / core.loads, 10 / core.issue) / clock
    assert least < both < 2 * least
