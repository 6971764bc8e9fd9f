"""Oracles of products with few bits: loops on simulated registers compute the product and count instructions."""

from __future__ import annotations

import numpy as np
import pytest

from archsim.laws import low_bit

WIDTH = 16
"""Bytes of a simulated register."""
GENERATOR = np.random.default_rng(7)


class Core:
    """Registers as numpy arrays; every method that a core would run as one instruction is counted."""

    def __init__(self) -> None:
        self.arithmetic = 0
        self.loads = 0

    def load(self, values: np.ndarray) -> np.ndarray:
        """Load one register."""
        self.loads += 1
        return values

    def do(self, value: np.ndarray) -> np.ndarray:
        """Take what one instruction computed."""
        self.arithmetic += 1
        return value


def packed(planes: list[np.ndarray], bits: int) -> np.ndarray:
    """Put one value of each plane into a byte."""
    return sum(plane.astype(np.uint8) << (bits * place) for place, plane in enumerate(planes))


@pytest.mark.parametrize("columns", [1, 4])
def test_unpacked_weights_give_the_product(columns):
    """bitnet.cpp: two bits to bytes, multiplied in pairs, added in 16 bits; unpacked once for all columns."""
    rounds = 8
    depth = rounds * 4 * WIDTH
    weights = GENERATOR.integers(-1, 2, depth)
    activations = GENERATOR.integers(-100, 100, (columns, depth))
    core, sums = Core(), np.zeros((columns, WIDTH // 2), dtype=np.int64)
    for start in range(0, depth, 4 * WIDTH):
        piece = slice(start, start + 4 * WIDTH)
        planes = list((weights[piece] + 1).reshape(4, WIDTH))
        register = core.load(packed(planes, 2))
        shifted = [register, *(core.do(register >> (2 * place)) for place in range(1, 4))]
        bytes_ = [core.do(each & 3) for each in shifted]
        for column in range(columns):
            for place, each in enumerate(bytes_):
                other = core.load(activations[column, piece].reshape(4, WIDTH)[place])
                pairs = core.do((each.astype(np.int64) * other).reshape(-1, 2).sum(axis=1))
                sums[column] = core.do(sums[column] + pairs)
    found = sums.sum(axis=1) - activations.sum(axis=1)  # weights are stored with 1 added
    assert (found == activations @ weights).all()
    macs = depth * columns
    assert core.arithmetic / macs == pytest.approx(low_bit.widened(4.0, WIDTH, 2.0, columns))
    assert core.loads / macs == pytest.approx(low_bit.widened_loads(4.0, WIDTH, 1.0, columns))


def test_blocks_of_four_bits_give_the_product():
    """llama.cpp Q4_0: a scale for 32 weights and one for 32 activations."""
    blocks = 6
    weights = GENERATOR.integers(-8, 8, (blocks, 32))
    activations = GENERATOR.integers(-100, 100, (blocks, 32))
    scales, others = GENERATOR.random(blocks), GENERATOR.random(blocks)
    core, total = Core(), np.zeros(4)
    for block in range(blocks):
        register = core.load(packed(list((weights[block] + 8).reshape(2, WIDTH)), 4))
        halves = [core.do(register & 15), core.do(register >> 4)]
        sums = np.zeros(4, dtype=np.int64)
        for half, each in enumerate(halves):
            centred = core.do(each.astype(np.int64) - 8)
            other = core.load(activations[block].reshape(2, WIDTH)[half])
            sums = core.do(sums + (centred * other).reshape(4, 4).sum(axis=1))  # one dot product instruction
        core.loads += 2  # both scales
        scale = core.do(np.float64(core.do(scales[block]))) * core.do(others[block])  # two conversions, one product
        total = core.do(total + core.do(sums.astype(np.float64)) * scale)
    expected = (weights * activations * (scales * others)[:, None]).sum()
    assert total.sum() == pytest.approx(expected)
    assert core.arithmetic / (blocks * 32) == pytest.approx(low_bit.dequantised(2.0, WIDTH, 1.0))
    assert core.loads / (blocks * 32) == pytest.approx(low_bit.dequantised_loads(2.0, WIDTH))


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_tables_give_the_product_bit_by_bit(bits):
    """T-MAC: four one-bit weights choose one of 16 sums; two registers of rows per register of weights."""
    rows, depth = 2 * WIDTH, 64
    weights = GENERATOR.integers(0, 2**bits, (rows, depth))
    activations = GENERATOR.integers(-7, 8, depth)
    signs = np.array([[1 if index >> place & 1 else -1 for place in range(4)] for index in range(16)])
    tables = activations.reshape(-1, 4) @ signs.T  # (16 groups, 16 sums), as bytes
    assert abs(tables).max() <= np.iinfo(np.int8).max
    core, result = Core(), np.zeros(rows)
    for bit in range(bits):
        ones = weights >> bit & 1
        indices = (ones.reshape(rows, -1, 4) << np.arange(4)).sum(axis=2)  # (rows, groups)
        sums = [np.zeros(WIDTH, dtype=np.int64) for _ in range(2)]
        for group in range(depth // 4):
            register = core.load(packed(list(indices[:, group].reshape(2, WIDTH)), 4))
            for half, each in enumerate((core.do(register & 15), core.do(register >> 4))):
                looked = core.do(tables[group][each])
                sums[half] = core.do(core.do(sums[half] + looked))  # widened: both halves of the register are added
        plus = np.concatenate(sums)  # of weights -1 and 1
        result += 2.0**bit * (plus + activations.sum()) / 2.0
    assert result == pytest.approx(weights @ activations)
    loop = core.arithmetic / (rows * depth)
    closing = bits * (6.0 + 2.0 / bits) / 16.0 / (4.0 * WIDTH)
    assert loop + closing == pytest.approx(low_bit.looked_up(bits, WIDTH, 2.0))
    results = bits * 4.0 / 16.0 / (4.0 * WIDTH)
    assert core.loads / (rows * depth) + results == pytest.approx(low_bit.looked_up_loads(bits, WIDTH))


def test_counted_bits_give_the_product():
    """XNOR: the sum of K products of signs is K - 2 popcount(x xor w)."""
    depth, counting = 4 * 8 * WIDTH, 4
    weights, inputs = GENERATOR.choice([-1, 1], depth), GENERATOR.choice([-1, 1], depth)
    first, second = np.packbits(weights > 0), np.packbits(inputs > 0)
    core, ones = Core(), 0
    for start in range(0, depth // 8, WIDTH):
        differ = core.do(core.load(first[start : start + WIDTH]) ^ core.load(second[start : start + WIDTH]))
        core.arithmetic += counting  # count by byte and add up: what a core takes for it
        ones += int(np.unpackbits(differ).sum())
    assert depth - 2 * ones == weights @ inputs
    assert core.arithmetic / depth == pytest.approx(low_bit.counted(WIDTH, counting))


def test_sum_across_a_register():
    """Halves are moved and added until one is left: twice log2 of the elements, with what stands before and after."""
    register = GENERATOR.integers(-9, 9, 8)
    instructions, left = 2, register  # widened, added to the last ones
    while len(left) > 1:
        left = left[: len(left) // 2] + left[len(left) // 2 :]
        instructions += 2
    instructions += 2  # moved out, stored
    assert left[0] == register.sum()
    assert instructions == low_bit.reduction(32.0)


def test_two_bit_blocks_by_hand():
    """llama.cpp Q2_K with dot products, 16-byte registers: 8 slots for 16 weights."""
    unpacked, product, across, least = 7.0 / 4.0, 1.0, 2.0 * 2.0, 20.0 / 16.0
    assert low_bit.dequantised(4.0, WIDTH, 1.0) == pytest.approx((unpacked + product + across + least) / 16.0)


def test_convolution_of_signs_is_as_much_faster_as_published():
    """XNOR-Net, equation 11: 62.27 for 256 channels and 3 x 3 taps, of which they measured 58.

    64 bits in one clock against one multiply-add in one clock, and one product with a scale for each result.
    """
    depth = 256 * 9
    clocks = depth * low_bit.word_clocks(issue=4.0) + 1.0
    assert depth / clocks == pytest.approx(62.27, abs=0.01)


def test_tables_are_made_in_the_time_published():
    """T-MAC's data for the M2 Ultra: 2.41 us for 4096 activations, 5.79 us for 11008, on one core of 3.68 GHz."""
    for activations, measured in ((4096, 2.41e-6), (11008, 5.79e-6)):
        clocks = low_bit.tabulated(activations) / 4.0 + low_bit.tabulated_stores(activations) / 3.0
        assert clocks / 3.68e9 == pytest.approx(measured, rel=0.15)


def test_slots_loads_and_issue_limit():
    """The slowest of three; loads that do not overlap come on top of the arithmetic."""
    assert low_bit.started(8.0, 2.0, 4.0, 2.0, 6.0, 1.0) == 2.0
    assert low_bit.started(8.0, 2.0, 4.0, 2.0, 6.0, 0.0) == 3.0
    assert low_bit.started(2.0, 6.0, 4.0, 2.0, 6.0, 1.0) == 3.0
    assert low_bit.started(8.0, 4.0, 4.0, 4.0, 4.0, 1.0) == 3.0
