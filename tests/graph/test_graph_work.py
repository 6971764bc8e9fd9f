"""Counts of every kind of work, against hand calculation and brute force."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.graph import kinds
from archsim.graph.exact import real, times, written
from archsim.graph.masks import kept
from archsim.graph.op import Op
from archsim.graph.shapes import transposed_size, window_size
from archsim.graph.work import (
    Attention,
    AttentionGradient,
    Chase,
    Collective,
    Conv,
    Elementwise,
    Fft,
    Gather,
    MatMul,
    Move,
    Neuron,
    Normalise,
    Opaque,
    Reduce,
    Scan,
    Scatter,
)

HUGE = 10**400


def mask_by_hand(queries, keys, causal, window):
    """Set every entry of the score rectangle that a query sees."""
    position = np.arange(queries)[:, None] + keys - queries
    key = np.arange(keys)[None, :]
    seen = np.ones((queries, keys), dtype=bool)
    if causal:
        seen &= key <= position
        if window:
            seen &= key > position - window
    elif window:
        seen &= abs(key - position) <= window
    return int(seen.sum())


@pytest.mark.parametrize("causal", [False, True])
def test_mask_equals_an_explicit_mask(causal):
    for queries, keys, window in itertools.product(range(1, 8), range(1, 8), range(10)):
        assert kept(queries, keys, causal=causal, window=window) == mask_by_hand(queries, keys, causal, window)


def test_mask_share():
    work = Attention(2, 4, 2, 5, 7, 8, 8, causal=True, window=3)
    assert work.mask == pytest.approx(mask_by_hand(5, 7, True, 3) / 35, rel=1e-15)
    assert Attention(1, 1, 1, 5, 7, 8, 8).mask == 1.0
    assert Attention(1, 1, 1, 1000, 1000, 8, 8, causal=True).mask == pytest.approx(1001 / 2000)
    assert Attention(1, 1, 1, 1, 1000, 8, 8, causal=True).mask == 1.0  # decoding sees the whole cache


def test_contractions():
    assert MatMul(3, 5, 7, 11).macs == 3 * 5 * 7 * 11
    assert MatMul(3, 5, 7, 11).flops == 0
    assert MatMul(3, 5, 7, 11, bias=True).flops == 3 * 5 * 7
    # ResNet-50 stem: 224 x 224 x 3 to 112 x 112 x 64 with 7 x 7 taps.
    stem = Conv(1, 3, 64, 224, 224, 112, 112, 7, 7, (2, 2), padding=(3, 3, 3, 3))
    assert stem.macs == 118_013_952
    depthwise = Conv(2, 32, 32, 9, 9, 9, 9, 3, 3, padding=(1, 1, 1, 1), groups=32, bias=True)
    assert depthwise.macs == 2 * 32 * 81 * 9
    assert depthwise.flops == 2 * 32 * 81
    attention = Attention(2, 8, 2, 10, 20, 16, 32)
    assert attention.scores == 2 * 8 * 10 * 20
    assert attention.macs == attention.scores * (16 + 32)
    assert attention.flops == 5 * attention.scores
    assert attention.special == attention.scores + 2 * 8 * 10


def test_attention_gradient_is_five_matmuls_to_two():
    sizes = (2, 8, 8, 128, 128, 64, 64)
    assert AttentionGradient(*sizes).macs * 2 == Attention(*sizes).macs * 5
    unequal = AttentionGradient(1, 1, 1, 3, 5, 7, 11)
    assert unequal.macs == 3 * 5 * (3 * 7 + 2 * 11)
    assert unequal.flops == 5 * 15 + 2 * 3 * 11
    assert unequal.special == 15


def test_everything_else():
    assert Fft(3, 1024).flops == 5 * 3 * 1024 * 10
    assert Fft(3, 1).flops == 0
    assert (Elementwise("gelu", 10, 4, 1).flops, Elementwise("gelu", 10, 4, 1).special) == (40, 10)
    norm = Normalise("softmax", 6, 10, 3, 4.0, 1.0, 1.0)
    assert (norm.flops, norm.special) == (240, 6 * 11)
    assert Reduce("max_pool", 50, 9).flops == 450
    assert Gather(4, 8).flops == 0
    assert Scatter(4, 8, 1.0).flops == 32
    assert Move("transpose", 99).flops == Move("transpose", 99).special == 0
    assert (Scan("ssm", 7, 5, 3.0, 2.0).flops, Scan("ssm", 7, 5, 3.0, 2.0).special) == (105, 70)
    assert Chase(100, 3, 4096, 2.0).flops == 600
    neuron = Neuron(100, 10, 0.05, 20)
    assert neuron.synaptic_events == pytest.approx(1000)
    assert neuron.flops == 100 * 10 * 4
    assert Collective("all_reduce", 8, 1024).flops == Opaque("mystery", 5).flops == 0


def test_every_kind_has_its_own_code():
    works = [Attention, Chase, Collective, Conv, Elementwise, Fft, Gather, MatMul, Move, Neuron]
    works += [Normalise, Opaque, Reduce, Scan, Scatter]
    assert {work.kind for work in works} == set(kinds.NAMES)
    assert sorted(kinds.CODES.values()) == list(range(len(kinds.NAMES)))
    assert MatMul(1, 1, 1, 1).code == kinds.MATMUL
    assert AttentionGradient(1, 1, 1, 1, 1, 1, 1).code == kinds.ATTENTION


@pytest.mark.parametrize(
    "work",
    [
        MatMul(HUGE, HUGE, 1, 1, bias=True),
        Conv(HUGE, 1, 1, 1, 1, 1, 1, 1, 1, bias=True),
        Attention(HUGE, 1, 1, 10**200, 10**200, 1, 1, causal=True),
        Attention(1, 1, 1, 10**200, 10**200, 1, 1, window=HUGE),
        Fft(1, HUGE),
        Elementwise("relu", HUGE),
        Normalise("softmax", HUGE, HUGE, 1, 4.0, 1.0, 1.0),
        Reduce("sum", HUGE, 1),
        Gather(HUGE, 1, 1.0),
        Scan("scan", HUGE, 1, 2.0, 1.0),
        Chase(HUGE, 1, 1, 1.0),
        Neuron(HUGE, 1, 0.1, 1),
    ],
    ids=lambda work: work.kind,
)
def test_sizes_beyond_float64_become_infinite_and_never_overflow(work):
    op = Op("op", work, (), (), steps=HUGE)
    assert work.macs >= 0
    assert not math.isnan(op.flops)
    assert not math.isnan(op.special)
    assert math.isinf(op.flops + op.special)


def test_exact():
    assert real(10**400) == math.inf
    assert real(-(10**400)) == -math.inf
    assert times(10**400, 0) == 0
    assert times(3, 0.5) == 1.5
    assert written(10**400) == "1e400"
    assert written((10**400, -3)) == "(1e400, -3)"
    assert written((2,)) == "(2,)"
    assert written(10**5000) == "1e5000"  # Python refuses to print it


windows = {
    "length": st.integers(1, 12),
    "kernel": st.integers(1, 4),
    "stride": st.integers(1, 3),
    "dilation": st.integers(1, 3),
    "before": st.integers(0, 3),
    "after": st.integers(0, 3),
}


@settings(max_examples=300, deadline=None)
@given(**windows)
def test_window_size_equals_a_window_walk(length, kernel, stride, dilation, before, after):
    total = length + before + after
    walked = sum(1 for start in range(0, total, stride) if start + dilation * (kernel - 1) < total)
    if not walked:
        return
    assert window_size(length, kernel, stride, dilation, before + after) == walked


@settings(max_examples=300, deadline=None)
@given(length=st.integers(1, 12), kernel=st.integers(1, 4), stride=st.integers(1, 3), padding=st.integers(0, 2))
def test_ceil_windows_start_inside_the_input(length, kernel, stride, padding):
    padding = min(padding, kernel // 2)  # what frameworks allow
    if length + 2 * padding < kernel:
        return
    floor = window_size(length, kernel, stride, 1, 2 * padding)
    ceil = window_size(length, kernel, stride, 1, 2 * padding, ceil=True)
    assert floor <= ceil <= floor + 1
    assert (ceil - 1) * stride < length + padding
    covered = (ceil - 1) * stride + kernel >= length + 2 * padding
    next_would_be_outside = ceil * stride >= length + padding
    assert covered or next_would_be_outside


@settings(max_examples=200, deadline=None)
@given(length=st.integers(1, 8), kernel=st.integers(1, 4), stride=st.integers(1, 3), dilation=st.integers(1, 3))
def test_transposed_size_equals_a_scatter(length, kernel, stride, dilation):
    touched = [pixel * stride + tap * dilation for pixel in range(length) for tap in range(kernel)]
    assert transposed_size(length, kernel, stride, dilation, 0) == max(touched) + 1


def conv_macs_by_hand(work):
    """Count multiplications of a convolution over its padded input, tap by tap."""
    total = 0
    outs = (work.out_height, work.out_width) if not work.transposed else (work.in_height, work.in_width)
    channels = work.in_channels // work.groups if not work.transposed else work.out_channels // work.groups
    maps = work.out_channels if not work.transposed else work.in_channels
    for _ in itertools.product(range(work.batch), range(maps), *(range(size) for size in outs)):
        total += channels * work.kernel_height * work.kernel_width
    return total


@settings(max_examples=100, deadline=None)
@given(
    batch=st.integers(1, 2),
    groups=st.integers(1, 3),
    wide=st.integers(1, 3),
    narrow=st.integers(1, 3),
    height=st.integers(1, 4),
    width=st.integers(1, 4),
    taps=st.integers(1, 3),
    transposed=st.booleans(),
)
def test_conv_macs_equal_a_loop_nest(batch, groups, wide, narrow, height, width, taps, transposed):
    work = Conv(
        batch,
        wide * groups,
        narrow * groups,
        height + taps - 1,
        width + taps - 1,
        height,
        width,
        taps,
        taps,
        groups=groups,
        transposed=transposed,
    )
    assert work.macs == conv_macs_by_hand(work)
