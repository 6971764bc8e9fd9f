"""Bytes across a memory level by kind of op: by hand, at the edges, and properties all kinds share."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_samples import FIRST, derived, memories, moved, moved_by_level, op, operands, outcome, product

import archsim
from archsim.mapping import reuse

KIB, MIB = 1024.0, 1024.0**2
SLACK = 1 + 1e-9


def test_a_pointwise_op_moves_every_operand_once_whatever_fits():
    row = op("elementwise", input_bytes=3000.0, extra_bytes=500.0, state_bytes=70.0, output_bytes=1000.0)
    for inner in (1.0, 1e3, 1e9):
        assert moved(row, inner) == 4570.0


@pytest.mark.parametrize("kind", ["reduce", "move", "fft", "scan", "neuron", "opaque", "collective"])
def test_other_streams_do_too(kind):
    row = op(kind, input_bytes=3000.0, weight_bytes=40.0, output_bytes=1000.0, steps=1.0, passes=3.0, length=1e9)
    assert moved(row, 1e12) == 4040.0


@pytest.mark.parametrize(("inner", "passes"), [(2047.0, 3), (2048.0, 1), (1e9, 1)])
def test_a_normalisation_reads_a_row_again_where_it_does_not_fit(inner, passes):
    """Rows of 1024 in fp16, three passes."""
    row = op("normalise", rows=10.0, length=1024.0, passes=3.0, input_bytes=20480.0, output_bytes=20480.0)
    assert moved(row, inner) == (passes + 1) * 20480.0


def test_a_row_may_fit_one_level_and_not_the_one_inside():
    row = op("normalise", rows=10.0, length=1024.0, passes=3.0, input_bytes=20480.0, output_bytes=20480.0)
    chip = memories([1e12, 1 * MIB, 1 * KIB])
    assert moved_by_level(row, chip, 512.0) == [2 * 20480.0, 4 * 20480.0, 4 * 20480.0]


def test_a_product_with_tiles_by_hand():
    """1024^3 in fp16 with 16384 elements inside: tiles of 128 by 128, and 8 + 8 + 1 Mi elements."""
    assert moved(product(1024, 1024, 1024), 32 * KIB) == pytest.approx(17 * MIB * 2)


def test_a_product_with_an_operand_that_fits_moves_all_three_once():
    row = product(4096, 64, 64)
    assert moved(row, 2 * 64 * 64) == operands(row)
    assert moved(row, 2 * 64 * 64 / 2) > operands(row)


def test_a_batch_of_products_is_many_products():
    one, many = product(512, 256, 384), product(512, 256, 384, batch=12)
    for inner in (1 * KIB, 64 * KIB, 1 * MIB):
        assert moved(many, inner) == pytest.approx(12 * moved(one, inner))


def test_operands_of_the_epilogue_and_states_cross_once():
    bare, more = product(1024, 1024, 1024), product(1024, 1024, 1024, extra_bytes=1e6, state_bytes=1e5)
    assert moved(more, 32 * KIB) == pytest.approx(moved(bare, 32 * KIB) + 1.1e6)


def test_both_operands_of_a_dynamic_product_are_inputs():
    static = product(512, 2048, 128)
    both = static.input_bytes + static.weight_bytes
    dynamic = product(512, 2048, 128, dynamic=1, input_bytes=both, weight_bytes=0.0)
    for inner in (1 * KIB, 64 * KIB, 1 * MIB):
        assert moved(dynamic, inner) == pytest.approx(moved(static, inner))


def test_narrow_weights_take_less_room_and_less_traffic():
    """Weights of four bits beside inputs of sixteen: 512 x 512 of them fit 128 KiB, and not 64 KiB."""
    row = product(4096, 512, 512, weight_bytes=512 * 512 / 2, weight_bits=4.0)
    assert moved(row, 128 * KIB) == operands(row)
    assert operands(row) < moved(row, 64 * KIB) < moved(product(4096, 512, 512), 64 * KIB)


@pytest.mark.parametrize(("inner", "fetches"), [(2.0 * 64 * 64, 1), (2.0 * 64 * 64 - 1, 35)])
def test_weights_that_fit_are_fetched_once_for_all_dependent_steps(inner, fetches):
    row = product(1, 64, 64, steps=35.0)
    each = row.input_bytes + row.output_bytes
    assert moved(row, inner) == pytest.approx(35 * each + fetches * row.weight_bytes)


@pytest.mark.parametrize(("inner", "fetches"), [(1000.0, 1), (999.0, 20)])
def test_so_are_those_of_a_pointwise_op(inner, fetches):
    row = op("elementwise", input_bytes=100.0, output_bytes=100.0, weight_bytes=1000.0, steps=20.0)
    assert moved(row, inner) == pytest.approx(20 * 200.0 + fetches * 1000.0)


def convolution(size, channels, filters, taps, **columns):
    """A 'same' convolution in fp16 over a square map: its input is stored once, not once per tap."""
    pixels = size * size
    row = product(pixels, filters, channels * taps**2, kind="conv", **columns)
    row.input_bytes = 2.0 * pixels * channels
    return row


def test_a_convolution_moves_its_tensors_and_not_the_unrolled_ones():
    """3 x 3 over 56 x 56 x 64: weights of 72 KiB fit 128 KiB."""
    row = convolution(56, 64, 64, 3)
    assert moved(row, 128 * KIB) == 2.0 * (56 * 56 * 64 + 9 * 64 * 64 + 56 * 56 * 64) == operands(row)


@pytest.mark.parametrize("inner", [2 * KIB, 8 * KIB, 32 * KIB])
def test_taps_share_what_they_read(inner):
    """Streams of a ninth make tiles taller: the traffic falls to about a third, the root of a ninth."""
    unrolled = moved(product(56 * 56, 64, 9 * 64), inner)
    assert unrolled / 4 < moved(convolution(56, 64, 64, 3), inner) < unrolled


def test_a_strided_convolution_is_cut_by_the_pixels_it_uses():
    """1 x 1 with stride 2 reads its whole input once; tiles hold the quarter it uses."""
    row = product(28 * 28, 256, 128, kind="conv")
    used, strided = moved(row, 2.0 * 28 * 28 * 128), product(28 * 28, 256, 128, kind="conv")
    strided.input_bytes = 4 * row.input_bytes
    assert moved(strided, 2.0 * 28 * 28 * 128) == used + 3 * row.input_bytes


def test_the_second_operand_of_a_weight_gradient_is_not_unrolled():
    """A kernel as large as the map: k n elements of one operand, and the map itself as the other."""
    m, n, k, width = 9 * 64, 64, 56 * 56, 2.0
    first, second = width * 64 * 56 * 56, width * k * n
    row = op("conv", m=m, n=n, k=k, dynamic=1, input_bytes=first + second, output_bytes=width * m * n)
    static = op("conv", m=m, n=n, k=k, input_bytes=first, weight_bytes=second, output_bytes=width * m * n)
    for inner in (4 * KIB, 16 * KIB, 1 * MIB):
        assert moved(row, inner) == pytest.approx(moved(static, inner))


def attention(queries, keys, *, head=64, heads=8, groups=1, mask=1.0, steps=1.0):
    """Fused attention in fp16; `groups` queries heads share one of keys."""
    kv = heads // groups
    read = 2.0 * head * (heads * queries + 2 * kv * keys)
    return op("attention", batch=kv, m=queries * groups, n=keys, k=head, value_size=head, mask=mask, steps=steps,
              input_bytes=read, output_bytes=2.0 * head * heads * queries)  # fmt: skip


def test_attention_reads_keys_once_where_a_head_fits():
    row = attention(1024, 1024)
    assert moved(row, 256 * KIB) == operands(row)


def test_attention_reads_keys_once_per_tile_of_queries_elsewhere():
    """64 KiB hold 128 queries beside their results: 1024 queries read the keys of every head eight times."""
    row = attention(1024, 1024)
    keys = 8 * 1024 * 2 * 64 * 2.0
    assert moved(row, 64 * KIB) == operands(row) + 7 * keys


def test_a_causal_mask_halves_the_passes():
    full, causal = attention(1024, 1024), attention(1024, 1024, mask=0.5)
    keys = 8 * 1024 * 2 * 64 * 2.0
    assert moved(causal, 64 * KIB) == operands(full) + 3 * keys
    assert moved(causal, 256 * KIB) == moved(full, 256 * KIB)


def test_queries_that_share_a_head_share_its_passes():
    """Four query heads to a head of keys: as many tiles of queries, but a quarter of the keys."""
    row = attention(1024, 1024, groups=4)
    keys = 2 * 1024 * 2 * 64 * 2.0
    assert moved(row, 64 * KIB) == operands(row) + (4 * 8 - 1) * keys


def test_one_query_reads_its_keys_once():
    row = attention(1, 10**6)
    assert moved(row, 1 * KIB) == operands(row)


def gather(accesses, width, table, *, kind="gather", bits=16.0, steps=1.0):
    """Rows of `width` bytes from a table; the table counts as far as rows are read, and not beyond its size."""
    wanted = accesses * width
    return op(kind, accesses=accesses, access_bytes=width, footprint=table, input_bits=bits, steps=steps,
              weight_bytes=min(wanted, table), input_bytes=8.0 * accesses, output_bytes=wanted)  # fmt: skip


def test_a_gather_moves_whole_lines():
    """1000 rows of 4 B out of 1 GB: 64 B each, and indices and results once."""
    assert moved(gather(1000.0, 4.0, 1e9), 1 * MIB) == 1000 * 64 + 8000 + 4000
    assert moved(gather(1000.0, 100.0, 1e9), 1 * MIB) == 1000 * 128 + 8000 + 100_000
    assert moved(gather(1000.0, 128.0, 1e9), 1 * MIB) == 1000 * 128 + 8000 + 128_000


def test_a_gather_from_a_table_that_fits_moves_the_table_once_at_most():
    table = gather(1e6, 4.0, 64 * KIB)
    assert moved(table, 64 * KIB) == 64 * KIB + 8e6 + 4e6
    assert moved(gather(10.0, 4.0, 64 * KIB), 64 * KIB) == 10 * 64 + 80 + 40, "ten rows do not touch all of it"


def test_a_gather_that_reads_a_large_table_many_times_moves_every_access():
    """Neighbours of a graph: 100 000 rows of 256 B, a hundred times each, with a cache of 1 MiB."""
    row = gather(1e7, 256.0, 25.6e6)
    assert moved(row, 1 * MIB) == 1e7 * 256 + 8e7 + 1e7 * 256


def test_lines_may_differ_from_level_to_level():
    chip = memories([1e12, 1 * MIB], lines=[32.0, 128.0])
    assert moved_by_level(gather(1000.0, 4.0, 1e9), chip, 512.0) == [1000 * 32 + 12_000, 1000 * 128 + 12_000]


@pytest.mark.parametrize("kind", ["gather", "scatter"])
def test_irregular_bytes_widen_too(kind):
    """Rows of 64 B in fp16 are rows of 128 B in fp32, and a table of 48 KiB no longer fits 64 KiB."""
    row = gather(1000.0, 64.0, 1e9, kind=kind)
    assert moved(row, 1 * MIB, widen=2.0) == 2 * moved(row, 1 * MIB) == 1000 * 128 + 2 * (8000 + 64_000)
    often = gather(1e5, 64.0, 48 * KIB, kind=kind)
    regular = 8e5 + 64e5
    assert moved(often, 64 * KIB) == 48 * KIB + regular
    assert moved(often, 64 * KIB, widen=2.0) == 1e5 * 128 + 2 * regular


def test_a_chain_of_pointers_moves_a_line_for_each_and_no_format_widens_them():
    row = op("chase", accesses=1000.0, access_bytes=8.0, footprint=1e9, input_bytes=8000.0, output_bytes=8.0)
    for widen in (1.0, 2.0):
        assert moved(row, 1 * MIB, widen=widen) == 1000 * 64 + 8
    assert moved(row, 1e9) == 1000 * 64 + 8, "lines of so few loads are less than all of the memory"


def test_a_cpu_without_fp16_gathers_rows_of_fp32():
    """600 rows of 32 elements of fp16 are 128 B each in fp32; the indices count as wide as the rest."""
    b = archsim.GraphBuilder("lookup", dtype="fp16")
    b.gather(b.weight("table", (10**8, 32)), b.input("indices", (600,), dtype="int64"))
    op = archsim.evaluate(b.build(), archsim.hardware("xeon-gold-6248")).ops[0]
    rows, indices = 600 * 128, 600 * 8
    assert op.bytes_by_level["l1"] == rows + 2 * indices + rows


REGULAR = ("matmul", "conv", "attention", "elementwise", "normalise")
SIDES = st.integers(1, 3000)


@st.composite
def rows(draw, kinds=(*REGULAR, "gather", "scatter")):
    kind, steps = draw(st.sampled_from(kinds)), float(draw(st.integers(1, 4)))
    if kind in ("matmul", "conv"):
        return product(draw(SIDES), draw(SIDES), draw(SIDES), kind=kind, batch=draw(st.integers(1, 4)), steps=steps)
    if kind == "attention":
        return attention(draw(SIDES), draw(SIDES), mask=draw(st.floats(0.1, 1.0)), steps=steps)
    if kind in ("gather", "scatter"):
        return gather(
            float(draw(SIDES)), float(draw(st.sampled_from((4, 64, 200)))), draw(SIDES) * 512.0, kind=kind, steps=steps
        )
    length, passes = draw(SIDES), float(draw(st.integers(1, 3)))
    size = 2.0 * length * draw(SIDES)
    return op(
        kind, length=length, passes=passes, input_bytes=size, output_bytes=size, weight_bytes=4.0 * length, steps=steps
    )


CAPACITIES = st.floats(64.0, 1e8)


@given(rows(), CAPACITIES, st.sampled_from((1.0, 2.0, 4.0)))
def test_no_op_moves_less_than_its_operands_once(row, inner, widen):
    assert operands(row) * widen <= moved(row, inner, widen=widen) * SLACK


@given(rows(), CAPACITIES, st.floats(1.0, 100.0))
def test_a_larger_memory_inside_never_costs_more(row, inner, factor):
    assert moved(row, inner * factor) <= moved(row, inner) * SLACK


@given(rows(), CAPACITIES, st.sampled_from((2.0, 4.0)))
def test_tensors_stored_wider_are_larger_tensors(row, inner, widen):
    """Twice as wide, in a memory and lines of twice the size, is the same traffic twice."""
    assert moved(row, inner * widen, widen=widen, line=64.0 * widen) == pytest.approx(widen * moved(row, inner))
    assert moved(row, inner, widen=widen) * SLACK >= moved(row, inner)


@given(rows(), CAPACITIES)
def test_steps_repeat_all_but_weights_that_stay(row, inner):
    once = type(row)(**vars(row) | {"steps": 1.0})
    assert moved(row, inner) <= row.steps * moved(once, inner) * SLACK
    assert row.steps * (moved(once, inner) - once.weight_bytes) <= moved(row, inner) * SLACK


@given(rows(), st.lists(st.floats(64.0, 1e8), min_size=2, max_size=5))
def test_levels_inside_move_no_less_and_each_takes_its_time(row, capacities):
    """Every level is smaller than the one outside, with one line size."""
    chip = memories(sorted(capacities, reverse=True), bandwidths=[1e9 * 2**level for level in range(len(capacities))])
    out, work = outcome(), derived(chip, registers=64.0)
    reuse.move_bytes(row, chip, work, out, FIRST, 1.0)
    across = out.bytes[: len(capacities)]
    assert all(outer <= inner * SLACK for outer, inner in itertools.pairwise(across))
    times = [amount / (1e9 * 2**level) for level, amount in enumerate(across)]
    assert out.busy[FIRST : FIRST + len(capacities)] == pytest.approx(times)
    assert not any(out.busy[:FIRST]) and not any(out.bytes[len(capacities) :])
