"""Fused attention on GPUs: blocks, tiles and parts by hand, limits, and what may never make it slower."""

from __future__ import annotations

import math

import pytest
from family_samples import machine, one
from hypothesis import given, settings
from hypothesis import strategies as st

import archsim

A100, H200, L40S, V100 = "a100-sxm4-80gb", "h200-sxm", "l40s", "v100-sxm2-16gb"
EXACT = {"rel": 1e-9, "abs": 0.0}


def boundless(name, **sets):
    """A machine whose memories never limit."""
    outermost = "hbm" if name != L40S else "gddr6"
    return machine(name, **{f"memory__{outermost}__bandwidth": 1e18, "memory__l2__width": 1e9,
                            "memory__shared__width": 1e9} | sets)  # fmt: skip


def only(graph, chip):
    """The attention of a graph, kept whole."""
    (op,) = archsim.evaluate(graph, chip, fusion="attention").ops
    return op


def attention(batch, heads, kv_heads, queries, keys, size=128, dtype="bf16", *, causal=False):
    """Attention of inputs from outside, in no cache."""

    def add(b):
        q = b.input("q", (batch, queries, heads * size))
        k, v = (b.input(name, (batch, keys, kv_heads * size)) for name in ("k", "v"))
        b.attention(q, k, v, heads=heads, kv_heads=kv_heads, causal=causal)

    return one(add, dtype)


def prefill(batch, heads, kv_heads, length, size=128):
    return attention(batch, heads, kv_heads, length, length, size, causal=True)


def decode(batch, heads, kv_heads, keys, size=128):
    return attention(batch, heads, kv_heads, 1, keys, size)


def step(chip, rows, keys, size):
    """One tile of keys for one block, from the description alone."""
    spec, kernels = chip.spec, chip.spec.generation.attention
    products = 4 * rows * keys * size / (spec.matrix.bf16 * spec.clock * kernels.efficiency)
    softmax = rows * keys / (spec.special * spec.clock)
    return max(products, softmax) + kernels.exposed * min(products, softmax)


def start(chip):
    return chip.spec.generation.attention.accesses * chip.spec.memory[0].latency


def fixed(chip):
    return chip.spec.generation.launch.latency + chip.spec.generation.attention.setup


def tile(chip, size):
    return chip.spec.generation.attention.keys / (2 * size)


def test_one_block_by_hand():
    """128 queries of one head over 256 keys: one block, whole tiles of keys, one after the other."""
    chip = machine(A100)
    op = only(attention(1, 1, 1, 128, 256), chip)
    steps = 256 / tile(chip, 128)
    assert op.latency == pytest.approx(
        fixed(chip) + steps * step(chip, 128, tile(chip, 128), 128) + start(chip), **EXACT
    )
    assert op.bound == "latency", "one multiprocessor of many works"


def test_equal_blocks_come_in_waves_of_as_many_as_there_are_multiprocessors():
    chip = boundless(A100)
    block = 2 * step(chip, 128, tile(chip, 128), 128) + start(chip)
    count = chip.spec.multiprocessors
    for heads, waves in ((1, 1), (count, 1), (count + 1, 2), (2 * count, 2)):
        op = only(attention(1, heads, heads, 128, 128), chip)
        assert op.latency == pytest.approx(fixed(chip) + waves * block, **EXACT)


def test_blocks_beyond_the_diagonal_are_not_computed():
    """A causal mask saves half of the tiles, less half a block for every one."""
    chip = machine(A100)
    length, heads = 8192, 108
    op = only(prefill(1, heads, heads, length), chip)
    blocks = heads * length / 128
    tiles = (length / 128 + 1) / 2 * 128 / tile(chip, 128)
    one_block = tiles * step(chip, 128, tile(chip, 128), 128) + start(chip)
    waves = blocks / 108 + 1 - 1 / 108
    assert op.latency == pytest.approx(fixed(chip) + waves * one_block, rel=1e-3)
    assert op.bound == "tensor cores"
    useful = 4 * heads * 128 * length * (length + 1) / 2 / (2048 * 108 * 1.41e9)
    assert op.utilisation == pytest.approx(useful / op.latency, **EXACT)
    assert 0.5 < op.utilisation < chip.spec.generation.attention.efficiency


def test_a_softmax_that_does_not_hide_takes_its_time():
    """Hopper's products of narrow heads take no longer than their exponentials."""
    hidden, shown = (
        boundless(H200, generation__attention__exposed=share, generation__attention__accesses=1e-6)
        for share in (1e-6, 1.0)
    )
    graph = prefill(4, 32, 32, 8192, 64)
    spec = hidden.spec
    products = 4 * 64 / (spec.matrix.bf16 * spec.generation.attention.efficiency)
    softmax = 1 / spec.special
    ratio = (products + softmax) / max(products, softmax)
    assert only(graph, shown).latency == pytest.approx(ratio * only(graph, hidden).latency, rel=0.02)


def test_few_blocks_have_their_keys_split():
    """One query, one head, 32768 keys: as many parts as fill the machine, of whole tiles."""
    chip = machine(A100)
    kernels, spec = chip.spec.generation.attention, chip.spec
    op = only(decode(1, 1, 1, 32768), chip)
    tiles = 32768 / tile(chip, 128)
    each = math.ceil(tiles / spec.multiprocessors)
    parts = math.ceil(tiles / each)
    blocks = each * step(chip, 128, tile(chip, 128), 128) + start(chip)
    memory = op.bytes_by_level["hbm"] / (kernels.memory_share * spec.memory[0].bandwidth)
    exchange = 2 * 4 * parts * 128 / (kernels.cache_share * spec.memory[1].width * spec.clock)
    assert op.latency == pytest.approx(fixed(chip) + max(blocks, memory) + kernels.combine + exchange, **EXACT)


def test_short_keys_and_many_blocks_are_not_split():
    never = machine(A100, generation__attention__combine=1.0)
    assert only(decode(1, 1, 1, 256), never).latency < 1e-3
    assert only(decode(1, 1, 1, 1024), never).latency > 1.0
    assert only(decode(128, 8, 8, 65536), never).latency < 1.0


def test_query_heads_that_share_keys_share_a_block():
    """In decoding, eight queries of a group cost what one does; a head of its own each costs a block."""
    chip = boundless(A100)
    count = chip.spec.multiprocessors
    group, single, alone = (only(decode(1, *heads, 128), chip) for heads in ((8 * count, count), (count, count),
                                                                            (8 * count, 8 * count)))  # fmt: skip
    assert group.latency == pytest.approx(single.latency, **EXACT)
    waves = [op.latency - fixed(chip) for op in (single, alone)]
    assert waves[1] == pytest.approx(8 * waves[0], **EXACT)


def test_ada_packs_heads_only_in_decoding():
    always, never = (boundless(L40S, generation__attention__packed=when) for when in ("always", "decode"))
    assert only(decode(64, 32, 4, 512), always).latency == only(decode(64, 32, 4, 512), never).latency
    narrow = attention(256, 32, 4, 8, 512)
    assert only(narrow, always).latency < 0.5 * only(narrow, never).latency


def test_decoding_a_large_cache_is_bound_by_the_memory():
    for name in (A100, H200, L40S):
        chip = machine(name)
        op = only(decode(64, 32, 8, 16384), chip)
        moved = 2 * (2 * 64 * 8 * 16384 * 128 + 64 * 32 * 128)
        outermost = chip.spec.memory[0]
        assert op.bytes_by_level[outermost.name] == pytest.approx(moved, rel=1e-3)
        reached = chip.spec.generation.attention.memory_share * outermost.bandwidth
        assert op.latency == pytest.approx(moved / reached, rel=0.1)
        assert op.bound in (outermost.name, "latency")


def test_a_cache_of_keys_that_fits_is_found_again():
    """96 MiB of Ada's last cache hold what Ampere reads from its memory, and the L40S is the faster one."""

    def state(b):
        q = b.input("q", (64, 1, 32 * 128))
        k, v = (b.state(name, (64, 1024, 8 * 128)) for name in ("k", "v"))
        b.attention(q, k, v, heads=32, kv_heads=8)

    graph = one(state, "bf16")
    warm, cold = (archsim.evaluate(graph, machine(L40S), cache=cache) for cache in ("warm", "cold"))
    assert warm.bytes_by_level["gddr6"] <= cold.bytes_by_level["gddr6"]


def test_single_precision_attention_runs_on_the_lanes_without_padding():
    one_row, many = (only(attention(108, 1, 1, rows, 256, dtype="fp32"), boundless(A100)) for rows in (1, 128))
    assert one_row.latency < 0.2 * many.latency
    assert many.bound == "lanes"


def written(value):
    """The name of a machine, or the lengths of an attention."""
    if isinstance(value, str):
        return value
    work = value.ops[0].work
    return f"{work.query_length}x{work.key_length}"


@pytest.mark.parametrize("name", [A100, H200, L40S, V100])
@pytest.mark.parametrize(
    "graph", [decode(1, 32, 8, 1), decode(7, 5, 5, 1000, 64), prefill(1, 1, 1, 1), prefill(3, 6, 2, 777, 96),
              attention(2, 8, 8, 100, 5000), attention(2, 8, 8, 5000, 100)], ids=written
)  # fmt: skip
def test_every_shape_takes_a_plausible_time(name, graph):
    op = only(graph, machine(name))
    assert 1e-6 < op.latency < 1.0
    assert 0.0 <= op.utilisation <= 1.0
    assert sum(op.exposed.values()) == pytest.approx(op.latency, **EXACT)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 64), st.sampled_from([1, 2, 8]), st.sampled_from([1, 4]), st.integers(1, 20000))
def test_more_keys_or_a_larger_batch_never_take_less(batch, kv_heads, group, keys):
    """But for keys that are split, whose parts are whole tiles: there within the time of combining."""
    chip = machine(A100)
    slack = chip.spec.generation.attention.combine
    base = only(decode(batch, group * kv_heads, kv_heads, keys), chip).latency
    assert only(decode(2 * batch, group * kv_heads, kv_heads, keys), chip).latency >= base - slack
    assert only(decode(batch, group * kv_heads, kv_heads, 2 * keys), chip).latency >= base * (1 - 1e-9) - slack


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8), st.integers(1, 16), st.integers(1, 6000), st.sampled_from([64, 128, 256]))
def test_a_faster_machine_is_never_slower(batch, heads, length, size):
    graph = prefill(batch, heads, heads, length, size)
    base = only(graph, machine(A100)).latency
    for better in ({"clock": 1.6e9}, {"memory__hbm__bandwidth": 4e12}, {"memory__l2__width": 4096}, {"special": 32}):
        assert only(graph, machine(A100, **better)).latency <= base * (1 + 1e-9)
