"""Quantities: exact, case-sensitive, and errors that say what to write."""

from __future__ import annotations

import math
import subprocess
import sys
import timeit
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

import archsim.units as u
from archsim.errors import UnitError
from archsim.units.dimensions import NAMED
from archsim.units.terms import TERMS

WIRE = u.Dimension("energy per bit and distance", "J/b/m", "120 pJ/b/m")
PER_CLOCK = u.Dimension("data per clock", "B/clk", "64 B/clk")


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("3.35 TB/s", u.BANDWIDTH, 3.35e12),
        ("2.039 TB/s", u.BANDWIDTH, 2.039e12),
        ("900 Gb/s", u.BANDWIDTH, 112.5e9),
        ("1 GiB/s", u.BANDWIDTH, 2.0**30),
        ("5B/ns", u.BANDWIDTH, 5e9),
        ("3.9 pJ/b", u.ENERGY_PER_BYTE, 31.2e-12),
        ("31.2 pJ/B", u.ENERGY_PER_BYTE, 31.2e-12),
        ("80 GiB", u.CAPACITY, 80 * 2.0**30),
        ("512 kb", u.CAPACITY, 64e3),
        ("1.41 GHz", u.FREQUENCY, 1.41e9),
        ("1.41e3 MHz", u.FREQUENCY, 1.41e9),
        ("+2 us", u.TIME, 2e-6),
        ("2 µs", u.TIME, 2e-6),
        ("2 μs", u.TIME, 2e-6),
        (" .5 V ", u.VOLTAGE, 0.5),
        ("-25 dBm", u.POWER, 10**-5.5),
        ("0 dBm", u.POWER, 1e-3),
        ("10 dBW", u.POWER, 10.0),
        ("826 mm2", u.AREA, 826e-6),
        ("826 mm²", u.AREA, 826e-6),
        ("4 um2", u.AREA, 4e-12),
        ("7 nm", u.LENGTH, 7e-9),
        ("1 W/mm2", u.POWER_DENSITY, 1e6),
        ("50 W/cm2", u.POWER_DENSITY, 5e5),
        ("312 TFLOP/s", u.FLOP_RATE, 312e12),
        ("624 TOP/s", u.OP_RATE, 624e12),
        ("50 zJ/MAC", u.ENERGY_PER_MAC, 50e-21),
        ("30 fJ/step", u.ENERGY_PER_STEP, 30e-15),
        ("2 dB/cm", u.DECIBEL_PER_LENGTH, 200.0),
        ("-155 dB/Hz", u.DECIBEL_PER_HERTZ, -155.0),
        ("50 kΩ", u.RESISTANCE, 50e3),
        ("25 %", u.FRACTION, 0.25),
        ("0.25", u.FRACTION, 0.25),
        ("3 x", u.RATIO, 3.0),
        ("150%", u.RATIO, 1.5),
        ("4096", u.COUNT, 4096.0),
        ("120 pJ/b/m", WIRE, 120e-12),
        ("0.12 pJ/b/mm", WIRE, 120e-12),
        ("8 pJ/B/m", WIRE, 1e-12),
        ("64 B/clk", PER_CLOCK, 64.0),
        ("512 b/clk", PER_CLOCK, 64.0),
        ("0", u.BANDWIDTH, 0.0),
        (0, u.BANDWIDTH, 0.0),
        (2.5e9, u.FREQUENCY, 2.5e9),
        (np.float32(2), u.FREQUENCY, 2.0),
    ],
)
def test_parse(text, dimension, value):
    assert u.parse(text, dimension) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("text", ["2.039 TB/s", "1.555 TB/s", "0.1 GB/s", "3.35 TB/s", "819.2 GB/s"])
def test_decimal_prefixes_round_once(text):
    number, unit = text.split()
    assert u.parse(text, u.BANDWIDTH) == float(f"{number}e{12 if unit[0] == 'T' else 9}")


@pytest.mark.parametrize(
    ("text", "dimension", "said"),
    [
        ("80 GHz", u.BANDWIDTH, ['"80 GHz" is a frequency, not a bandwidth', 'write e.g. "80 GB/s"']),
        ("80 gb/s", u.BANDWIDTH, ['did you mean "80 GB/s" (bytes) or "80 Gb/s" (bits)?']),
        ("1.41 ghz", u.FREQUENCY, ['did you mean "1.41 GHz"?']),
        ("64 KB", u.CAPACITY, ["write kB (1000) or KiB (1024)"]),
        ("64 KB/s", u.BANDWIDTH, ["write kB/s (1000) or KiB/s (1024)"]),
        ("3 Kohm", u.RESISTANCE, ['write "3 kohm"']),
        ("1.41e9", u.FREQUENCY, ['"1.41e9" has no unit', 'write "1.41e9 Hz" or "1.41 GHz"']),
        ("1410 mHz", u.FREQUENCY, ['did you mean "1410 MHz"?']),
        ("5 mj", u.ENERGY, ['"5 mJ" or "5 MJ"']),
        ("312 TFLOPS", u.FLOP_RATE, ['"312 TFLOP/s"']),
        ("312 tflops", u.FLOP_RATE, ['"312 TFLOP/s"']),
        ("624 TOPS", u.OP_RATE, ['"624 TOP/s"']),
        ("900 Gbps", u.BANDWIDTH, ['"900 Gb/s"']),
        ("900 GBps", u.BANDWIDTH, ['"900 GB/s"']),
        ("2 pJ/bit", u.ENERGY_PER_BYTE, ['"2 pJ/b"']),
        ("2 pJ/byte", u.ENERGY_PER_BYTE, ['"2 pJ/B"']),
        ("80 GB/sec", u.BANDWIDTH, ['"80 GB/s"']),
        ("64 bytes/cycle", PER_CLOCK, ['"64 B/clk"']),
        ("1 pJ/op", u.ENERGY_PER_OP, ['"1 pJ/OP"']),
        ("1 pJ/MAC", u.ENERGY_PER_FLOP, ["an energy per MAC, not an energy per FLOP"]),
        ("312 TFLOP/s", u.OP_RATE, ["a FLOP rate, not an OP rate"]),
        ("64 B", PER_CLOCK, ["is a capacity, not a data per clock"]),
        ("10 ghz", u.BANDWIDTH, ['("GHz" is a unit of a frequency)']),
        ("85 C", u.TEMPERATURE, ['write "358.15 K"']),
        ("1,000 GB/s", u.BANDWIDTH, ["thousands separators", '"1000 GB/s"']),
        ("nan GB/s", u.BANDWIDTH, ["not a finite number"]),
        ("1e400 W", u.POWER, ["1e400 W", "not a finite number"]),
        ("9000 dBm", u.POWER, ["not a finite number"]),
        ("fast", u.BANDWIDTH, ['"fast" is not a bandwidth', "80 GB/s"]),
        ("", u.BANDWIDTH, ["80 GB/s"]),
        ("3 widgets", u.POWER, ['"3 widgets" is not a power', "400 W"]),
        ("5 W W", u.POWER, ['"5 W W"']),
        ("5 B//s", u.BANDWIDTH, ['"5 B//s"']),
        (True, u.POWER, ["True is not a power"]),
        (None, u.POWER, ["None is not a power"]),
        (math.nan, u.POWER, ["nan", "not a finite number"]),
        (math.inf, u.POWER, ["inf", "not a finite number"]),
    ],
)
def test_errors_quote_the_text_and_say_what_to_write(text, dimension, said):
    with pytest.raises(UnitError) as caught:
        u.parse(text, dimension)
    for part in said:
        assert part in str(caught.value)


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_a_unit_error(text):
    for dimension in (u.BANDWIDTH, u.POWER, u.FRACTION):
        try:
            assert math.isfinite(u.parse(text, dimension))
        except UnitError as error:
            assert str(error)


@pytest.mark.parametrize("dimension", NAMED, ids=lambda dimension: dimension.name)
def test_every_dimension_reads_its_own_example(dimension):
    assert math.isfinite(u.parse(dimension.example, dimension))


def test_no_two_dimensions_share_a_unit_but_a_memory_and_what_it_holds():
    bases = [dimension.base for dimension in NAMED if dimension.base and dimension is not u.DATA]
    assert len(set(bases)) == len(bases)


def test_symbols_that_differ_by_the_shift_key_alone():
    """Where both exist they are a bit and a byte, milli and mega, pico and peta, or unlike things altogether."""
    folded: dict[str, list[str]] = {}
    for symbol in TERMS:
        folded.setdefault(symbol.casefold(), []).append(symbol)
    for same in folded.values():
        for kind in ("time", "frequency", "length", "FLOP", "OP", "MAC"):
            assert sum(TERMS[symbol].kind == kind for symbol in same) <= 1, same


@pytest.mark.parametrize(
    ("value", "dimension", "text"),
    [
        (2.039e12, u.BANDWIDTH, "2.039 TB/s"),
        (999.96e9, u.BANDWIDTH, "1 TB/s"),
        (80 * 2**30, u.CAPACITY, "80 GiB"),
        (80e9, u.CAPACITY, "80 GB"),
        (80 * 2**30, u.DATA, "85.9 GB"),
        (192 * 1024, u.CAPACITY, "192 KiB"),
        (1000, u.CAPACITY, "1 kB"),
        (512, u.CAPACITY, "512 B"),
        (0, u.POWER, "0 W"),
        (0.5, u.FREQUENCY, "0.5 Hz"),
        (-3e-6, u.CURRENT, "-3 uA"),
        (8.26e-4, u.AREA, "826 mm2"),
        (0.25, u.FRACTION, "25 %"),
        (16, u.COUNT, "16"),
        (120e-12, WIRE, "120 pJ/b/m"),
        (3e23, u.FLOPS, "300 ZFLOP"),
    ],
)
def test_format(value, dimension, text):
    assert u.format_quantity(value, dimension) == text


@given(st.floats(1e-24, 1e27), st.sampled_from([d for d in NAMED if d.base]))
def test_format_then_parse_gives_the_value_back(value, dimension):
    text = u.format_quantity(value, dimension, digits=17)
    assert u.parse(text, dimension) == pytest.approx(value, rel=1e-14)


class Spec(BaseModel):
    bandwidth: u.Bandwidth
    clock: u.Frequency | None = Field(None, description="clock")
    instances: u.Count = 1
    spare: u.Tally = 0
    energies: list[u.Energy] = []
    utilisation: u.Fraction = Field(1.0, json_schema_extra={"group": "compute"})
    plain: int = 3


def test_fields_take_text_and_python_numbers():
    spec = Spec(bandwidth="3 TB/s", clock=1.4e9, instances="16", energies=["1 pJ", 0], utilisation="90 %")
    assert (spec.bandwidth, spec.clock, spec.energies, spec.utilisation) == (3e12, 1.4e9, [1e-12, 0.0], 0.9)
    assert spec.instances == 16
    assert type(spec.instances) is int
    assert Spec.model_validate(spec.model_dump()) == spec


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("bandwidth", "-5 GB/s", '"-5 GB/s" is negative; a bandwidth must be > 0'),
        ("bandwidth", "0 GB/s", "a bandwidth must be > 0"),
        ("bandwidth", 0, "a bandwidth must be > 0"),
        ("bandwidth", True, "True is not a bandwidth"),
        ("bandwidth", float("nan"), "not a finite number"),
        ("energies", ["-1 pJ"], "an energy must be >= 0"),
        ("instances", "2.5", "not a whole number"),
        ("instances", 0, "a count must be a whole number > 0"),
        ("instances", 2**53 + 2, "2**53"),
        ("spare", -1, "is negative"),
        ("utilisation", "150 %", "a fraction must be >= 0 and <= 1"),
    ],
)
def test_bounds(field, value, said):
    with pytest.raises(ValidationError) as caught:
        Spec(**{"bandwidth": "1 GB/s", field: value})
    assert said in str(caught.value)


def test_files_must_write_units():
    strict = {"require_units": True}
    for key, value in (("bandwidth", 3e12), ("bandwidth", "3e12"), ("clock", 1.41e9)):
        with pytest.raises(ValidationError, match="has no unit"):
            Spec.model_validate({"bandwidth": "1 GB/s", key: value}, context=strict)
    spec = Spec.model_validate({"bandwidth": "1 GB/s", "instances": 4, "energies": [0], "utilisation": 0.5},
                               context=strict)  # fmt: skip
    assert spec.instances == 4


def test_quantity_of_finds_the_annotation_everywhere():
    fields = Spec.model_fields
    assert u.quantity_of(fields["bandwidth"]).dimension is u.BANDWIDTH
    assert u.quantity_of(fields["clock"]).dimension is u.FREQUENCY
    assert u.quantity_of(fields["energies"]).dimension is u.ENERGY
    assert u.quantity_of(u.Power | None).dimension is u.POWER
    assert u.quantity_of(Annotated[u.Power | None, "note"]).dimension is u.POWER
    assert u.quantity_of(fields["plain"]) is None
    assert u.quantity_of(int) is None
    assert u.quantity_of(Spec) is None


def test_check_is_vectorised_and_names_the_leaf():
    bandwidth = u.quantity_of(u.Bandwidth)
    bandwidth.check(np.geomspace(1e9, 1e13, 100), "memory.hbm.bandwidth")
    bandwidth.check(5.0)
    for wrong in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(UnitError, match="clock = "):
            bandwidth.check(np.array([1.0, wrong]), "clock")
    with pytest.raises(UnitError, match="whole number"):
        u.quantity_of(u.Count).check(np.array([[1.0, 2.5]]))
    with pytest.raises(UnitError, match="<= 1"):
        u.quantity_of(u.Fraction).check(1.5)


def test_json_schema_offers_number_text_and_citation():
    number, text, cited = Spec.model_json_schema()["properties"]["bandwidth"]["anyOf"]
    assert number == {"type": "number", "exclusiveMinimum": 0.0}
    assert text["examples"] == ["80 GB/s"]
    assert "value" in cited["required"]
    assert Spec.model_json_schema()["properties"]["instances"]["anyOf"][0]["type"] == "integer"


@pytest.mark.perf
def test_parsing_is_no_slower_than_a_few_float_conversions():
    parse = min(timeit.repeat(lambda: u.parse("3.35 TB/s", u.BANDWIDTH), number=2000, repeat=5))
    plain = min(timeit.repeat(lambda: float("3.35e12"), number=2000, repeat=5))
    print(f"parse: {parse / 2000 * 1e6:.2f} us, {parse / plain:.0f} x float()")
    assert u.parse("3.35 TB/s", u.BANDWIDTH) == 3.35e12


def test_import_needs_neither_pydantic_nor_numpy():
    code = "import sys, archsim.units; print([m for m in ('pydantic', 'numpy', 'numba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
