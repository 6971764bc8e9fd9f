"""Convolutions on GPUs: products of unrolled patches, Winograd's patches, and a few channels on the lanes."""

from __future__ import annotations

import numpy as np
import pytest
from family_samples import machine, one, only

from archsim.laws import winograd

V100 = "v100-sxm2-16gb"


def conv(channels, size, out, kernel=3, dtype="fp32", batch=16, **more):
    def add(b):
        b.conv(b.input("x", (batch, channels, size, size)), out, kernel, padding=kernel // 2, bias=False, **more)

    return one(add, dtype)


def test_three_by_three_on_lanes_is_faster_than_its_arithmetic():
    """Winograd's products: less time than all multiplications at the peak would take, more than 4/9 of it."""
    op = only(conv(256, 56, 256), machine(V100))
    every = 2 * op.macs / (80 * 1.53e9 * 128)
    assert 16 / 36 / 2 * every < op.latency < every
    assert op.utilisation <= 1


@pytest.mark.parametrize("change", [{"kernel": 1}, {"kernel": 5}, {"stride": 2}])
def test_other_kernels_do_all_their_multiplications(change):
    op = only(conv(256, 56, 256, **change), machine(V100))
    assert op.latency > 2 * op.macs / (80 * 1.53e9 * 128)


def test_tensor_cores_pad_the_channels_of_a_picture():
    three, eight = (only(conv(channels, 224, 64, 7, "fp16", stride=2), machine(V100)) for channels in (3, 8))
    assert three.latency == pytest.approx(eight.latency, rel=0.1)


def test_a_depthwise_convolution_waits_for_memory():
    op = only(conv(256, 56, 256, dtype="fp16", groups=256), machine("a100-sxm4-80gb"))
    assert op.bound in ("hbm", "l2", "launch", "latency")
    dense = only(conv(256, 56, 256, dtype="fp16"), machine("a100-sxm4-80gb"))
    assert op.latency < dense.latency


def test_winograd_counts_the_multiplications_of_its_transforms():
    """F(2 x 2, 3 x 3): transform a patch of 4 x 4 and a kernel, multiply 16 points, and find the four results."""
    inputs = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]], float)
    taps = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
    results = np.array([[1, 1, 1, 0], [0, 1, -1, -1]], float)
    generator = np.random.default_rng(1)
    patch, kernel = generator.normal(size=(4, 4)), generator.normal(size=(3, 3))
    points = (inputs @ patch @ inputs.T) * (taps @ kernel @ taps.T)
    expected = [[(patch[i : i + 3, j : j + 3] * kernel).sum() for j in range(2)] for i in range(2)]
    assert results @ points @ results.T == pytest.approx(np.array(expected))
    assert winograd.multiplications(2.0, 3.0) == points.size
    assert winograd.multiplications(4.0, 3.0) == 36


def test_patches_cover_an_image():
    assert winograd.patches(7.0, 7.0, 2.0) == 16
    assert winograd.patches(8.0, 6.0, 4.0) == 4
