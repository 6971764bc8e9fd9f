"""Draws and bands: the distribution by hand, correlation by source, and bands of a machine of one division."""

import math

import numpy as np
import pytest

import archsim
from archsim.cited import Cited, Kind
from archsim.errors import UnsupportedError, UsageError
from archsim.graph import GraphBuilder
from archsim.io.hardware import with_all
from archsim.study.uncertainty import monte_carlo
from archsim.study.uncertainty.leaves import Leaf, draw, leaves
from archsim.study.uncertainty.model_error import NUMBERS, OTHER, ModelError, model_error, model_errors
from archsim.study.uncertainty.monte_carlo import uncertainty
from archsim.study.uncertainty.spreads import spread, spreads
from archsim.study.uncertainty.varied import varied

SAMPLES = 2000


def about(value, low, high, why="a test"):
    return {"value": value, "low": low, "high": high, "kind": "assumed", "why": why}


def machine(**sets):
    return with_all(archsim.hardware("null"), {"rate": about("1 GOP/s", "0.5 GOP/s", "2 GOP/s"), **sets})


def work(size=16):
    b = GraphBuilder("square", dtype="fp16")
    b.linear(b.input("x", (size, size)), size, bias=False)
    return b.build()


def leaf(low, value, high, cause="somewhere"):
    return Leaf(0, "m", "rate", value, low, high, Cited(value, "s", kind=Kind.MEASURED), cause)


def test_half_of_the_draws_lie_on_either_side_of_the_value():
    one = leaf(1.0, 2.0, 8.0)
    share = np.array([0.0, 0.125, 0.5, 0.875, 1.0])
    # On either side half a triangle over the logarithm: sqrt(2 s) of the way up, at s = 1/8 half of it.
    assert one.at(share) == pytest.approx([1.0, math.sqrt(2.0), 2.0, 4.0, 8.0])


def test_a_bound_at_the_value_leaves_the_other_side():
    assert leaf(1.0, 4.0, 4.0).at(np.array([0.0, 0.25, 1.0])) == pytest.approx([1.0, 2.0, 4.0])
    assert leaf(1.0, 1.0, 4.0).at(np.array([0.0, 0.75, 1.0])) == pytest.approx([1.0, 2.0, 4.0])
    assert leaf(0.0, 1.0, 2.0).at(np.array([0.0, 0.125, 0.5])) == pytest.approx([0.0, 0.5, 1.0])


def test_one_source_and_dimension_move_together():
    chip = machine(energy=about("1 pJ/OP", "0.5 pJ/OP", "2 pJ/OP"))
    a, b = leaf(1.0, 2.0, 4.0), leaf(10.0, 20.0, 40.0)
    drawn = draw([a, b, leaf(1.0, 2.0, 4.0, "elsewhere")], 500, 3)
    first, second, other = drawn.values()
    assert first * 10.0 == pytest.approx(second)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.15
    found = {each.path: each for each in leaves(chip)}
    assert found["rate"].cause == "because a test, OP rate"
    assert found["energy"].cause == "because a test, energy per OP"
    assert draw([a], 500, 3)[a].tolist() == first.tolist() != draw([a], 500, 4)[a].tolist()


def test_numbers_without_bounds_spread_by_kind():
    found = {each.path: each for each in leaves(archsim.hardware("null"))}
    assert (found["rate"].low, found["rate"].high) == (0.5e9, 2e9)
    assert "memory.memory.bandwidth" in found
    assert not {"memory.memory.capacity", "process.node", "power.idle"} & set(found)
    assert all(spread(kind) >= 1.0 for kind in Kind)
    assert spread(Kind.DATASHEET) < spread(Kind.MEASURED) < spread(Kind.ESTIMATED) < spread(Kind.ASSUMED)
    assert all(each.kind is Kind.ASSUMED and each.why for each in spreads().values())


@pytest.mark.parametrize("name", ["a100-sxm4-80gb", "dota-b", "isaac", "tpu-v1", "loihi2", "xeon-gold-6248"])
def test_every_drawn_number_is_legal(name):
    chip = archsim.hardware(name)
    for each, values in draw(leaves(chip), 64, 0).items():
        assert each.low <= values.min() <= values.max() <= each.high
        if each.quantity is not None:
            each.quantity.check(values, each.path)


def test_bands_of_one_division():
    found = uncertainty(work(), machine(), samples=SAMPLES, seed=1)
    nominal = archsim.evaluate(work(), machine())
    # Nine tenths of the times lie below the value at which a tenth of the rates does: 0.5 x 2 ** sqrt(0.2) GOP/s.
    assert found.band.nominal("latency") == nominal.latency
    assert found.quantile("latency", 0.9) / nominal.latency == pytest.approx(2.0 / 2.0 ** math.sqrt(0.2), rel=0.03)
    assert found.quantile("latency", 0.5) / nominal.latency == pytest.approx(1.0, rel=0.03)
    low, high = found.interval("latency")
    assert np.mean((found.band.latency >= low) & (found.band.latency <= high)) == pytest.approx(0.8, abs=0.005)
    assert found.band.refused == 0 and len(found.warnings) == 2 and "null machines" in found.warnings[0]
    again = uncertainty(work(), machine(), samples=SAMPLES, seed=1)
    assert again.to_dict() == found.to_dict()


def test_what_two_machines_share_does_not_decide_between_them():
    slow = with_all(machine(), {"name": "slow", "energy": "1.01 pJ/OP"})
    found = uncertainty(work(), machine(), samples=SAMPLES, against=slow, seed=1)
    assert found.probability("latency") == 0.5  # the rates are assumed for one reason, so they are off together
    apart = with_all(machine(), {"name": "apart", "rate": about("1 GOP/s", "0.5 GOP/s", "2 GOP/s", "another reason")})
    even = uncertainty(work(), machine(), samples=SAMPLES, against=apart, seed=1)
    assert even.probability("latency") == pytest.approx(0.5, abs=0.03)
    never = with_all(machine(), {"name": "never", "rate": about("9 GOP/s", "8 GOP/s", "10 GOP/s", "another reason")})
    assert uncertainty(work(), machine(), samples=SAMPLES, against=never).probability("edp") == 0.0
    assert (
        uncertainty(work(), never, samples=SAMPLES, against=machine()).to_dict()["first_below_second"]["latency"] == 1.0
    )


def test_the_error_of_the_model_multiplies(monkeypatch):
    error = ModelError("null", "matmul", "latency", math.log(2.0), 0.0, 0.0, 1.0, (), Cited(0.0))
    monkeypatch.setattr(monte_carlo, "model_error", lambda family, kind, quantity: error)
    with_error, without = (uncertainty(work(), machine(), samples=200, model=model) for model in (True, False))
    assert with_error.band.latency == pytest.approx(2.0 * without.band.latency)
    narrow = ModelError("null", "matmul", "latency", 0.0, 0.0, 0.0, 0.5, ("null",), Cited(0.0))
    monkeypatch.setattr(monte_carlo, "model_error", lambda family, kind, quantity: narrow)
    base = without.band.nominal("latency")
    half = uncertainty(work(), machine(), samples=200).band.latency
    assert half / base == pytest.approx(np.sqrt(without.band.latency / base))


def test_a_two_piece_error_has_its_median_and_sides():
    error = ModelError("gpu", "conv", "latency", 0.3, 0.1, 0.4, 1.0, (), Cited(0.3))
    assert error.at(np.array([-1.0, 0.0, 1.0])) == pytest.approx([0.2, 0.3, 0.7])
    drawn = error.logarithms("x", 20_000, 0)
    assert np.quantile(drawn, [0.1587, 0.5, 0.8413]) == pytest.approx([0.2, 0.3, 0.7], abs=0.02)


def test_written_errors_are_whole():
    known = model_errors()
    assert {family for family, _, _ in known} == {"cpu", "gpu", "systolic"}
    for (family, kind, quantity), each in known.items():
        assert (family, OTHER, quantity) in known
        assert each.below >= 0.0 and each.above >= 0.0 and 0.0 < each.bounds <= 1.0 and abs(each.bias) < 1.0
        assert each.machines or kind == "collective"  # between the chips of systems
        assert each.cited.kind is Kind.ESTIMATED and "rows for fitting" in each.cited.where
    assert model_error("gpu", "scan", "latency") is known["gpu", OTHER, "latency"]
    assert model_error("optical", "matmul", "latency") is None
    assert NUMBERS == ("bias", "below", "above", "bounds")


def test_points_are_what_evaluating_one_by_one_gives():
    link = {"latency": about("10 us", "5 us", "20 us"), "bandwidth": about("1 GB/s", "0.5 GB/s", "2 GB/s"),
            "energy": about("10 pJ/B", "5 pJ/B", "20 pJ/B")}  # fmt: skip
    idle = about("1 mW", "0.5 mW", "2 mW")
    chip = machine(**{"kinds": ["matmul"], "host": "xeon-gold-6248", "host_link": link, "power.idle": idle})
    b = GraphBuilder("scores", dtype="fp32")
    b.normalise("softmax", b.linear(b.input("x", (64, 64)), 64, bias=False))
    graph = b.build()
    base = varied(graph, chip)
    assert [part.place for part in base.parts] == ["chip", "host"] and base.run.moves
    chosen = [
        each for each in base.leaves if each.part == 0 and each.path.startswith(("host_link", "rate", "power.idle"))
    ]
    assert len(chosen) == 5
    columns = {(each.part, each.path): np.array([each.low, each.value, each.high]) for each in chosen}
    points = base.points(columns, 3)
    for index in range(3):
        one = archsim.evaluate(graph, with_all(chip, {path: float(v[index]) for (_, path), v in columns.items()}))
        assert points.latency[index] == pytest.approx(one.latency, rel=1e-9)
        assert points.energy[index] == pytest.approx(one.energy, rel=1e-9)


@pytest.mark.parametrize(
    ("choices", "says"),
    [
        ({"samples": 3}, "samples=3"), ({"samples": 1e4}, "samples=10000.0"), ({"seed": -1}, "seed=-1"),
        ({"samples": 10**9}, "from 100 to 200000"), ({"against": "nul"}, "did you mean"),
    ],
)  # fmt: skip
def test_absurd_requests_are_refused(choices, says):
    with pytest.raises(UsageError) as refused:
        uncertainty(work(), machine(), **choices)
    assert says in str(refused.value)


def test_other_ways_to_ask_wrongly():
    found = uncertainty(work(), machine(), samples=100)
    with pytest.raises(UsageError, match="did you mean 'latency'"):
        found.quantile("latncy", 0.5)
    with pytest.raises(UsageError, match="share"):
        found.quantile("latency", 1.5)
    with pytest.raises(UsageError, match="beats nobody"):
        found.probability("latency")
    with pytest.raises(UnsupportedError, match="one point at a time"):
        varied(work(), machine(), fidelity="events")


def test_draws_that_make_no_machine_are_counted():
    chip = machine(**{"memory.memory.capacity": about("1600 B", "1 B", "1 TB")})
    found = uncertainty(work(), chip, samples=400)
    assert 100 < found.band.refused < 300 and np.isnan(found.band.latency).sum() == found.band.refused
    assert f"{found.band.refused} of 400 draws" in found.warnings[0]
