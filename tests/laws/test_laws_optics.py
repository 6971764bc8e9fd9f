"""Losses, meshes and conversions counted by walking them one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from archsim.laws import optical_core, optics


def rectangular_mesh(ports):
    """Interferometers of a rectangular mesh, by column: neighbours meet from the first port and the second in turn."""
    return [[(top, top + 1) for top in range(column % 2, ports - 1, 2)] for column in range(ports)]


@pytest.mark.parametrize("ports", [2, 3, 4, 7, 16])
def test_a_mesh_walked(ports):
    columns = rectangular_mesh(ports)
    assert optics.mesh_depth(ports) == len(columns)
    assert optics.mesh_elements(ports) == sum(len(column) for column in columns)
    assert optics.mesh_elements(ports) == len({(i, j) for i in range(ports) for j in range(i)}), "angles of U(R)"


def test_a_matrix_takes_as_many_elements_as_it_has_numbers():
    for rows, columns in ((4, 4), (8, 8)):
        assert optics.matrix_elements(rows, columns) == rows * columns
    assert optics.matrix_elements(3, 5) == 3 + 10 + 3


def test_decibels():
    assert optics.ratio(3.0) == pytest.approx(1.99526231, rel=1e-8)
    assert optics.level(optics.ratio(-7.3)) == pytest.approx(-7.3, rel=1e-12)


def test_a_tree_walked():
    for ends in range(1, 40):
        depth, width = 0, 1
        while width < ends:
            width, depth = 2 * width, depth + 1
        assert optics.tree_depth(ends) == depth


def test_the_light_of_a_published_core():
    """Lightening-Transformer, 12 x 12 outputs of 12 wavelengths: 770.1 mW for eight cores at 4 bits."""
    loss = optics.link_loss(1.2 + 2 * 0.93 + 0.1 + 0.33 + 0.33, 0.0, 0.0, optics.tree_depth(12), 0.1, 0.0)
    assert loss == pytest.approx(4.22, rel=1e-12)
    light = optics.source_power(1e-3 * optics.ratio(-25.0) * 2.0**4, loss, 144.0)
    assert 8 * optics.wall_power(light, 0.2) == pytest.approx(0.7700917416, rel=1e-9)


def test_stages_that_a_budget_allows():
    for stage in (0.1, 0.5, 2.0):
        depth = optics.deepest_mesh(33.0, 5.0, stage)
        assert optics.link_loss(5.0, depth, stage, 0.0, 0.0, 0.0) <= 33.0 + 1e-9
        assert optics.link_loss(5.0, depth + 1, stage, 0.0, 0.0, 0.0) > 33.0
    assert optics.deepest_mesh(3.0, 5.0, 0.1) == 0.0


def walked(m, n, k, rows, columns, vectors, held, accumulate, summed):
    """Encodings, reads and symbols of one core after another, tile by tile.

    Returns inputs, weights, reads and (vectors at once x blocks).
    """
    down, across = range(0, k, rows), range(0, n, columns)
    inputs = sum(min(rows, k - i) * m for _ in across for i in down)
    weights = sum(n * k for first in range(0, m, held) if first < m)
    blocks = [(i, j) for i in down for j in across]
    sums = list(range(0, len(down), accumulate))
    reads = m * n * len(range(0, len(sums), summed))
    steps = sum(1 for _ in blocks for first in range(0, m, vectors) if first < m)
    return inputs, weights, reads, steps


@pytest.mark.parametrize("shape", [(7, 5, 9), (32, 16, 64), (1, 100, 37), (50, 3, 130)])
@pytest.mark.parametrize("core", [(4, 4, 1, 3, 1, 1), (16, 8, 4, 4, 3, 2), (64, 64, 12, 50, 2, 2)])
def test_conversions_walked(shape, core):
    m, n, k = shape
    rows, columns, vectors, held, accumulate, summed = core
    inputs, weights, reads, steps = walked(m, n, k, rows, columns, vectors, held, accumulate, summed)
    for signs in (1.0, 2.0, 4.0):
        assert optical_core.input_encodings(m, n, k, columns, 1.0, signs) == signs * inputs
        assert optical_core.weight_encodings(m, n, k, held, signs) == signs * weights
        assert optical_core.output_reads(m, n, k, rows, accumulate, summed, signs) == signs * reads
        blocks = optical_core.blocks(n, k, rows, columns)
        assert optical_core.symbols(m, blocks, vectors, 1.0, signs) == signs * steps
        assert optical_core.symbols(m, blocks, vectors, 3.0, signs) == math.ceil(signs * steps / 3)
        longest = max(len(range(core, int(blocks), 3)) for core in range(3))
        assert optical_core.held_symbols(m, blocks, vectors, 3.0, signs) == signs * math.ceil(m / vectors) * longest


def test_broadcast_never_encodes_less_than_once():
    assert optical_core.input_encodings(10, 16, 8, 4, 2.0, 1.0) == 10 * 8 * 2
    assert optical_core.input_encodings(10, 16, 8, 4, 100.0, 1.0) == 10 * 8


@pytest.mark.parametrize(("planes", "plane", "resolution", "engines"), [(7, 10, 64, 1), (7, 100, 64, 1), (40, 9, 9, 3)])
def test_frames_walked(planes, plane, resolution, engines):
    """Places of a plane, or pieces of planes, filled one after the other."""
    places = resolution // plane
    pieces = [0] * planes if places else [0] * planes * -(-plane // resolution)
    room = engines * max(1, places)
    shots = 0
    while pieces:
        pieces = pieces[room:]
        shots += 1
    assert optical_core.frames(planes, plane, resolution, engines) == shots


def test_bits_of_a_sum():
    largest = 64 * (2**4 - 1) * (2**4 - 1)
    assert optical_core.needed_bits(4, 4, 64, 99) == 14.0 and largest < 2**14
    assert optical_core.needed_bits(4, 4, 64, 8) == 8.0


@pytest.mark.parametrize("side", [3, 5, 11])
def test_a_mask_in_the_focus_filters_a_plane_of_its_size_and_the_filters(side):
    """Transform, multiply, transform back: exact on a plane of H + F - 1 pixels each way, and wrong on one fewer."""
    dice = np.random.default_rng(7)
    image, taps = dice.normal(size=(16, 16)), dice.normal(size=(side, side))
    direct = np.zeros((16 + side - 1,) * 2)
    for (i, j), tap in np.ndenumerate(taps):
        direct[i : i + 16, j : j + 16] += tap * image

    def filtered(plane):
        shape = (plane, plane)
        return np.fft.ifft2(np.fft.fft2(image, shape) * np.fft.fft2(taps, shape)).real

    assert np.allclose(filtered(16 + side - 1), direct)
    fewer = filtered(16 + side - 2)
    assert not np.allclose(fewer, direct[: 16 + side - 2, : 16 + side - 2])
