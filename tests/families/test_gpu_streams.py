"""Streaming kernels on GPUs: bytes over the bandwidth they reach, rows that stay between passes, limits."""

from __future__ import annotations

from itertools import pairwise

import pytest
from family_samples import chase, machine, one, only, pointwise
from hypothesis import given, settings
from hypothesis import strategies as st

import archsim

A100, H200, L40S, V100 = "a100-sxm4-80gb", "h200-sxm", "l40s", "v100-sxm2-16gb"
EXACT = {"rel": 1e-9, "abs": 0.0}


def normalised(function, rows, length, dtype="fp32"):
    return one(lambda b: b.normalise(function, b.input("x", (rows, length))), dtype)


def reach(chip):
    return chip.spec.generation.streams.memory_share * chip.spec.memory[0].bandwidth


def fixed(chip):
    """Launch, and the accesses while the kernel fills and drains."""
    generation = chip.spec.generation
    return generation.launch.latency + generation.streams.accesses * chip.spec.memory[0].latency


@pytest.mark.parametrize("name", [A100, H200, L40S, V100])
@pytest.mark.parametrize("function", ["relu", "add", "multiply"])
def test_a_large_pointwise_function_takes_its_bytes_over_the_bandwidth_it_reaches(name, function):
    chip = machine(name)
    elements = 2**27
    count = 1 if function == "relu" else 2
    op = only(one(lambda b: b.elementwise(function, *(b.input(f"x{i}", (elements,)) for i in range(count)))), chip)
    moved = 2 * (count + 1) * elements
    outermost = chip.spec.memory[0].name
    assert (op.bound, op.bytes_by_level[outermost]) == (outermost, moved)
    assert op.latency == pytest.approx(fixed(chip) + moved / reach(chip), **EXACT)


def test_moves_and_sums_stream_alike():
    chip = machine(A100)
    elements = (4096, 16384)
    moved = only(one(lambda b: b.move("transpose", b.input("x", elements))), chip)
    summed = only(one(lambda b: b.reduce("sum", b.input("x", elements), (1,))), chip)
    assert moved.latency == pytest.approx(fixed(chip) + 2 * 2 * 2**26 / reach(chip), **EXACT)
    assert summed.latency == pytest.approx(fixed(chip) + 2 * (2**26 + 4096) / reach(chip), **EXACT)


def test_the_smallest_kernel_fills_and_drains():
    chip = machine(A100)
    op = only(pointwise(64), chip)
    assert op.latency == pytest.approx(fixed(chip) + chip.spec.memory[0].latency, **EXACT)


def test_what_an_earlier_op_left_in_the_cache_is_not_fetched():
    """The second of two functions finds what the first one wrote, if it fits."""

    def add(b):
        b.elementwise("relu", b.elementwise("relu", b.input("x", (elements,)), name="first"), name="second")

    for elements, found in ((2**20, True), (2**28, False)):
        result = archsim.evaluate(one(add), machine(A100), fusion="none")
        second = next(op for op in result.ops if op.name == "second") if len(result.ops) > 1 else result.ops[0]
        assert (second.bytes_by_level["hbm"] < 2 * elements) == found


def test_functions_bound_by_their_arithmetic():
    chip = machine(A100, memory__hbm__bandwidth=1e15, memory__hbm__latency=1e-12, memory__l2__width=1e9,
                   memory__shared__width=1e9)  # fmt: skip
    op = only(pointwise(2**26, "exp"), chip)
    assert op.bound == "special functions"
    assert op.latency == pytest.approx(fixed(chip) + 2**26 / (16 * 108 * 1.41e9), **EXACT)


def test_short_rows_of_a_softmax_stay_in_registers():
    chip = machine(A100)
    rows = 2**18
    op = only(normalised("softmax", rows, 1024), chip)
    assert op.bytes_by_level["hbm"] == 2 * 4 * rows * 1024
    assert op.latency == pytest.approx(fixed(chip) + 2 * 4 * rows * 1024 / reach(chip), **EXACT)


@pytest.mark.parametrize(("function", "passes"), [("softmax", 3), ("layer_norm", 2)])
def test_rows_that_no_cache_keeps_are_read_in_every_pass(function, passes):
    chip = machine(V100)
    rows, length = 8192, 32768
    op = only(normalised(function, rows, length), chip)
    moved = (passes + 1) * 4 * rows * length
    assert op.bytes_by_level[chip.spec.memory[0].name] == pytest.approx(moved, rel=1e-3), "and the weights"
    assert op.latency == pytest.approx(fixed(chip) + moved / reach(chip), rel=1e-3)


@pytest.mark.parametrize("function", ["softmax", "layer_norm", "rms_norm"])
def test_longer_rows_stay_less_and_less(function):
    """Time per element rises from rows that stay near to rows that are read again from the memory."""
    elements = 2**28
    lengths = [2**k for k in range(8, 17)]
    per = [only(normalised(function, elements // length, length), machine(A100)).latency for length in lengths]
    assert all(later >= earlier * (1 - 1e-9) for earlier, later in pairwise(per))
    assert per[-1] > 1.3 * per[0]


def test_a_pass_over_rows_that_stayed_still_takes_time():
    chip = machine(A100, generation__streams__row_share=0.9)
    rows, length = 2**16, 1024
    op = only(normalised("layer_norm", rows, length), chip)
    once = 2 * 4 * rows * length
    assert op.bytes_by_level["hbm"] == pytest.approx(once, rel=1e-4), "and the weights"
    shared = chip.spec.memory[2]
    again = 4 * rows * length / (shared.width * chip.spec.clock * shared.instances)
    assert op.latency == pytest.approx(fixed(chip) + once / reach(chip) + again, rel=0.02)


def test_few_rows_are_bound_by_what_their_threads_have_in_flight():
    """One row of 64 Ki elements: 1024 threads, 16 B each at a time, wait for the memory again and again."""
    chip = machine(A100)
    one_row, many = (only(normalised("softmax", rows, 65536), chip).latency for rows in (1, 108))
    assert one_row > 4 * 65536 / (1024 * 16) * chip.spec.memory[0].latency
    assert many < 5 * one_row


def test_scattered_reads_take_whole_lines():
    def lookup(width):
        return one(lambda b: b.gather(b.weight("table", (2**24, width)), b.input("rows", (2**23,), dtype="int64")))

    chip = machine(A100)
    narrow, line = (only(lookup(width), chip) for width in (4, 16))
    assert narrow.bytes_by_level["hbm"] == 2**23 * (32 + 8 + 8), "a line of 32 B for 8 wanted, the index, the result"
    assert line.bytes_by_level["hbm"] == 2**23 * (32 + 8 + 32)
    for op in (narrow, line):
        assert op.latency == pytest.approx(fixed(chip) + op.bytes_by_level["hbm"] / reach(chip), rel=0.05)


def test_pointers_wait_as_before():
    """A chain has no bandwidth to reach and nothing to fill."""
    chip = machine(A100)
    op = only(chase(10_000, 2**30), chip)
    assert op.latency == pytest.approx(chip.spec.generation.launch.latency + 10_000 * 331e-9, **EXACT)


def test_a_framework_that_dispatches_every_kernel_sets_the_pace_of_small_ones():
    chip = machine(A100, generation__launch__mode="eager")
    assert only(pointwise(64), chip).latency == pytest.approx(chip.spec.generation.launch.eager, **EXACT)
    assert only(pointwise(2**27), chip).latency == only(pointwise(2**27), machine(A100)).latency


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 2**22), st.sampled_from(["relu", "exp", "gelu", "sigmoid"]))
def test_more_elements_never_take_less(elements, function):
    chip = machine(A100)
    assert only(pointwise(elements, function), chip).latency <= only(pointwise(2 * elements, function), chip).latency


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4096), st.integers(1, 40000), st.sampled_from(["softmax", "layer_norm", "batch_norm"]))
def test_a_faster_memory_is_never_slower(rows, length, function):
    graph = normalised(function, rows, length)
    base = only(graph, machine(A100)).latency
    for better in ({"memory__hbm__bandwidth": 4e12}, {"memory__l2__width": 8000}, {"memory__hbm__latency": 200e-9},
                   {"clock": 1.7e9}):  # fmt: skip
        assert only(graph, machine(A100, **better)).latency <= base * (1 + 1e-9)
