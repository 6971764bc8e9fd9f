"""What may stand in for what, against every value a format can hold."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest

from archsim.graph.dtypes import DTYPES

FLOATS = {
    "fp64": (11, 52),
    "fp32": (8, 23),
    "tf32": (8, 10),
    "fp16": (5, 10),
    "bf16": (8, 7),
    "fp8": (4, 3),
    "fp4": (2, 1),
}
"""Bits of exponent and of fraction; fp8 is E4M3 and fp4 E2M1, which have no infinities."""
INTEGERS = {"int64": 64, "int32": 32, "int16": 16, "int8": 8, "int4": 4}
LISTED = [name for name in DTYPES if DTYPES[name].bits <= 16]
"""Formats whose values can all be listed."""


def finite(exponent_bits, fraction_bits):
    """All values of a small floating-point format that are at least zero."""
    bias = 2 ** (exponent_bits - 1) - 1
    reserved = 1 if exponent_bits >= 5 else 0
    for exponent, fraction in itertools.product(range(2**exponent_bits - reserved), range(2**fraction_bits)):
        if exponent == 0:
            yield Fraction(fraction, 2**fraction_bits) * Fraction(2) ** (1 - bias)
        elif exponent_bits != 4 or (exponent, fraction) != (15, 7):  # of E4M3 one pattern is no number
            yield (1 + Fraction(fraction, 2**fraction_bits)) * Fraction(2) ** (exponent - bias)


def values(name):
    """All values, with one sign where both occur."""
    if name in FLOATS:
        return set(finite(*FLOATS[name]))
    if name == "nvfp4":  # a value in fp4 times a scale in fp8
        return {value * scale for value in finite(*FLOATS["fp4"]) for scale in finite(*FLOATS["fp8"])}
    if name in INTEGERS:
        return set(range(2 ** (INTEGERS[name] - 1) + 1))  # the largest magnitude is that of the least value
    return {0, 1}


def holds(name, value):
    """Whether a format holds a magnitude exactly; of integers the negative one."""
    if name in INTEGERS:
        return value.denominator == 1 and value <= 2 ** (INTEGERS[name] - 1)
    if name == "nvfp4":
        return value in values(name)
    if name not in FLOATS:
        return value in (0, 1)
    if value == 0:
        return True
    exponent_bits, fraction_bits = FLOATS[name]
    bias = 2 ** (exponent_bits - 1) - 1
    exponent = max(value.numerator.bit_length() - value.denominator.bit_length(), -2000)
    while Fraction(2) ** exponent > value:
        exponent -= 1
    while Fraction(2) ** (exponent + 1) <= value:
        exponent += 1
    step = Fraction(2) ** (max(exponent, 1 - bias) - fraction_bits)
    largest = bias if exponent_bits >= 5 else bias + 1
    return exponent <= largest and (value / step).denominator == 1


@pytest.mark.parametrize("name", [name for name in LISTED if name in FLOATS or name in INTEGERS])
def test_the_listing_and_the_membership_agree(name):
    assert all(holds(name, Fraction(value)) for value in itertools.islice(values(name), 3000))


@pytest.mark.parametrize("name", LISTED)
def test_a_format_that_stands_in_holds_every_value(name):
    all_values = [Fraction(value) for value in sorted(values(name))]
    some = all_values[:64] + all_values[-64:] + all_values[:: max(1, len(all_values) // 500)]
    for wider in DTYPES[name].wider:
        assert all(holds(wider, value) for value in some), wider


@pytest.mark.parametrize("name", [name for name in LISTED if name in FLOATS])
def test_a_float_that_is_wider_and_may_not_stand_in_loses_a_value(name):
    for other in FLOATS:
        if DTYPES[other].bits > DTYPES[name].bits and other not in DTYPES[name].wider:
            assert not all(holds(other, Fraction(value)) for value in values(name)), other


@pytest.mark.parametrize(("wide", "narrow"), [("bf16", "fp16"), ("fp16", "bf16"), ("fp16", "int16"), ("bf16", "int16")])
def test_formats_of_one_width_that_lose_values_of_one_another(wide, narrow):
    assert not all(holds(wide, Fraction(value)) for value in values(narrow))
    assert wide not in DTYPES[narrow].wider
