"""What a product does on the arrays, against a walk over arrays, groups of rows, pulses and columns."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import pytest

import archsim
from archsim.errors import InvalidDescriptionError, UnsupportedError
from archsim.families.crossbar.derive import scale_supply
from archsim.graph import GraphBuilder
from archsim.io.hardware import with_all

ISAAC = archsim.hardware("isaac")
BARE = {"mapping.duplicate": "false", "mapping.pipelined": "false"}


def small(**leaves):
    """A little machine: arrays of 16 x 16, weights of 4 bits in cells of 2, inputs of 3 bits, one at a time."""
    chosen = {
        "array.rows": 16, "array.columns": 16, "array.count": 4096, "array.adcs": 2, "weights.bits": 4, "cell.bits": 2,
        "inputs.bits": 3, "cell.signs": "none", "precision.lossy": "true", "tiles.bandwidth": "1 EB/s",
        "array.pipeline": "0 s", **BARE,
    }  # fmt: skip
    return with_all(ISAAC, chosen | {path.replace("__", "."): value for path, value in leaves.items()})


def product(m, k, n):
    b = GraphBuilder("product")
    b.linear(b.input("x", (m, k)), n, bias=False)
    return b.build()


def convolution(channels, groups, size=8):
    b = GraphBuilder("convolution")
    b.conv(b.input("x", (1, channels, size, size)), channels, 3, padding=1, groups=groups)
    return b.build()


def walk(m, k, n, rows, columns, active, cells, pulses):
    """Count conversions, driven rows, arrays and cells in use by visiting each."""
    conversions = driven = arrays = used = 0
    width = n * cells
    for top in range(0, k, rows):
        for left in range(0, width, columns):
            arrays += 1
            high, wide = min(rows, k - top), min(columns, width - left)
            used += high * wide
            for _vector, _pulse in itertools.product(range(m), range(pulses)):
                for first in range(0, high, active):
                    driven += min(active, high - first)
                    conversions += wide
    return conversions, driven, arrays, used


def only(graph, chip):
    (op,) = (op for op in archsim.evaluate(graph, chip, capacity="ignore", jit="never").ops if op.details)
    return op


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 9, 2), (2, 16, 8), (5, 40, 7), (2, 33, 17)])
@pytest.mark.parametrize("active", [16, 5])
def test_events_are_those_of_a_walk(shape, active):
    m, k, n = shape
    chip = small(array__active_rows=active)
    op = only(product(m, k, n), chip)
    conversions, driven, arrays, used = walk(m, k, n, 16, 16, active, cells=2, pulses=3)
    assert op.details["arrays"] == arrays
    assert op.details["array_utilisation"] == pytest.approx(used / (arrays * 256))
    assert op.details["conversions_per_output"] == pytest.approx(conversions / (m * n))
    spec = chip.spec
    each = spec.adc.energy + spec.array.sample
    assert op.energy_by_cause["output conversion"] == pytest.approx(conversions * each)
    assert op.energy_by_cause["input conversion"] == pytest.approx(driven * spec.dac.energy)
    products = m * k * n * 2 * 3
    assert op.energy_by_cause["cells"] == pytest.approx(products * spec.cell.energy)


@pytest.mark.parametrize("shape", [(3, 9, 2), (5, 40, 7)])
def test_time_is_that_of_a_walk(shape):
    m, k, n = shape
    chip = small(array__active_rows=5, array__sampled="false")
    op = only(product(m, k, n), chip)
    time = 0.0
    for _vector, _pulse in itertools.product(range(m), range(3)):
        for _first in range(0, min(k, 16), 5):  # arrays beside each other work at once
            time += chip.spec.array.read + math.ceil(16 / 2) / chip.spec.adc.rate
    assert op.exposed["arrays"] + op.exposed["output converters"] == pytest.approx(time)


def test_a_differential_pair_is_converted_twice_or_once():
    twice = only(product(2, 9, 3), small(cell__signs="differential"))
    once = only(product(2, 9, 3), small(cell__signs="differential", cell__subtract="analog"))
    plain = only(product(2, 9, 3), small())
    assert twice.details["conversions_per_output"] == 2 * plain.details["conversions_per_output"]
    assert once.details["conversions_per_output"] == plain.details["conversions_per_output"]
    assert once.energy_by_cause["cells"] == twice.energy_by_cause["cells"] == 2 * plain.energy_by_cause["cells"]


def test_a_reference_column_is_converted_for_each_array():
    with_reference = only(product(2, 9, 24), small(cell__signs="offset"))
    assert with_reference.details["conversions_per_output"] * 2 * 24 == 2 * 3 * (48 + 3)  # three arrays


def test_pulses_of_several_bits():
    wide = {"inputs__bits": 4, "inputs__pulse_bits": 2}
    tall = only(product(2, 9, 3), small(**wide))
    long = only(product(2, 9, 3), small(inputs__coding="width", **wide))
    many = only(product(2, 9, 3), small(inputs__coding="count", **wide))
    assert tall.details["conversions_per_output"] == 2 * 2
    assert long.energy_by_cause["cells"] == pytest.approx(3 * tall.energy_by_cause["cells"])
    assert many.energy_by_cause["input conversion"] == pytest.approx(2 * tall.energy_by_cause["input conversion"])
    assert long.energy_by_cause["output conversion"] == tall.energy_by_cause["output conversion"]


def test_groups_of_a_convolution_share_neither_rows_nor_columns():
    """Depthwise: nine rows and eight columns a channel on the diagonal; a conversion sums nine products, not 128."""
    chip = with_all(ISAAC, BARE)
    whole, depthwise = only(convolution(128, 1), chip), only(convolution(128, 128), chip)
    assert depthwise.details["arrays"] == math.ceil(128 / min(128 // 9, 128 // 8))
    assert depthwise.details["array_utilisation"] < 0.06 < 0.9 < whole.details["array_utilisation"]

    def conversion_per_mac(op):
        return op.energy_by_cause["output conversion"] / op.macs

    assert conversion_per_mac(depthwise) > 128 / 9 * 0.9 * conversion_per_mac(whole)


def test_heads_of_64_pay_twice_for_their_conversions():
    """Scores with a depth of 64 fill half of 128 rows: two times the conversions of a full column."""
    chip = with_all(ISAAC, BARE | {"mapping.dynamic": "arrays"})

    def per_mac(depth):
        b = GraphBuilder("scores")
        b.matmul(b.input("q", (4, 256, depth)), b.input("k", (4, 256, depth)), transpose_b=True)
        op = only(b.build(), chip)
        assert op.details["cells_written"] == 4 * 256 * depth * 8
        return op.energy_by_cause["output conversion"] / op.macs

    assert per_mac(64) == pytest.approx(2 * per_mac(128), rel=0.05)


def test_converters_with_too_few_bits_take_fewer_rows_or_are_refused():
    plain = {"precision__lossy": "false", "precision__saved": 0, "adc__bits": 4}
    few = only(product(1, 16, 4), small(**plain))
    assert few.details["conversions_per_output"] == 3 * 2 * math.ceil(16 / 5)  # 15 levels: five rows of cells of 2 bits
    with pytest.raises(UnsupportedError, match="resolve fewer bits"):
        only(product(1, 16, 4), small(array__active_rows=16, **plain))


@pytest.mark.parametrize(
    ("voltage", "energy", "rate"), [(0.6, 0.4, 0.5), (0.7, 0.55, 0.65), (0.9, 0.85, 0.9), (1.0, 1, 1)]
)
def test_measured_points_replace_both_laws(voltage, energy, rate):
    """Straight lines between 0.6 V, 0.8 V and 1 V."""
    chip = archsim.hardware("colonnade")
    points = [{"voltage": v, "energy": e, "rate": r} for v, e, r in ((0.6, 0.4, 0.5), (0.8, 0.7, 0.8), (1.0, 1.0, 1.0))]
    spec = chip.spec.supply.model_copy(update={"nominal": 1.0, "voltage": voltage, "threshold": 0.3})
    spec = type(spec).model_validate(spec.model_dump() | {"points": points})
    row = SimpleNamespace(
        supply_voltage=spec.voltage, supply_nominal=spec.nominal, supply_threshold=spec.threshold,
        supply_exponent=spec.exponent, supply_points_count=len(spec.points),
        supply_points_voltage=[point.voltage for point in spec.points],
        supply_points_energy=[point.energy for point in spec.points],
        supply_points_rate=[point.rate for point in spec.points],
    )  # fmt: skip
    work = SimpleNamespace()
    scale_supply(row, work)
    assert (work.energy_scale, work.rate_scale) == pytest.approx((energy, rate))


def test_a_supply_below_the_threshold_is_no_point():
    chip = small(supply__nominal="1 V", supply__voltage="0.8 V", supply__threshold="0.3 V")
    swept = {"supply.voltage": [0.2, 0.3, 0.6, 1.0]}
    totals = archsim.evaluate_points(product(4, 16, 8), chip, swept, capacity="ignore", jit="never")
    assert [bool(status) for status in totals["status"]] == [True, True, False, False]
    assert totals["latency"][2] > totals["latency"][3]
    with pytest.raises(InvalidDescriptionError, match=r"0\.2 V switches nothing"):
        small(supply__nominal="1 V", supply__voltage="0.2 V", supply__threshold="0.3 V")


def test_supply_scales_what_is_analog():
    nominal = only(product(4, 16, 8), small())
    low = only(product(4, 16, 8), small(supply__nominal="1 V", supply__voltage="0.8 V", supply__threshold="0.3 V"))
    assert low.energy_by_cause["cells"] == pytest.approx(0.64 * nominal.energy_by_cause["cells"])
    assert sum(low.exposed.values()) > sum(nominal.exposed.values())


def test_slow_input_converters_stretch_the_read():
    free = only(product(5, 16, 8), small(array__adcs=16))
    slow = only(product(5, 16, 8), small(array__adcs=16, dac__rate="1 MHz"))
    assert slow.exposed["arrays"] == pytest.approx(5 * 3 * 1e-6)  # three pulses of one bit
    assert only(product(5, 16, 8), small(array__adcs=16, dac__rate="1 GHz")).exposed == free.exposed


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_current_follows_the_square_of_heights(bits):
    """Levels of so many independent bits, half of them one, against a walk over all of them."""
    cell = {"cell__mode": "current", "cell__on": "10 uS", "cell__read_voltage": "0.2 V", "values__input_density": 0.5}
    chip = small(inputs__pulse_bits=bits, dac__bits=bits, inputs__bits=bits, **cell)
    levels = [level / (2**bits - 1) for level in range(2**bits)]
    square = sum(level**2 for level in levels) / len(levels)
    events = 5 * 16 * 8 * 2
    expected = events * square * 10e-6 * 0.2**2 * chip.spec.array.read
    assert only(product(5, 16, 8), chip).energy_by_cause["cells"] == pytest.approx(expected)
