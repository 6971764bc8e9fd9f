"""Signal over noise of products on crossbar machines, against samples and what must follow."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from archsim.families.crossbar.area import row_of
from archsim.families.crossbar.parts import DETAILS_COUNT, ENOB, SNR
from archsim.families.crossbar.precision import fill_precision, output_snr
from archsim.families.crossbar.shape import lay_out
from archsim.io import catalogue
from archsim.io.hardware import load_hardware, with_
from archsim.jit import is_kernel, reachable, violations

SAMPLES = 3000


def machine(name="neurosim-22nm", **changes):
    chip = load_hardware(catalogue.find("hardware", name).path)
    for path, value in changes.items():
        chip = with_(chip, path.replace("__", "."), value)
    return row_of(chip)


def laid_out(chip, depth, bits=8.0):
    op, work = SimpleNamespace(input_bits=bits, weight_bits=bits), SimpleNamespace(rate_scale=1.0)
    lay_out(op, chip, work, 1.0, 1.0, 16.0, depth)
    return work


def ratio(chip, depth):
    return output_snr(chip, laid_out(chip, depth))


def test_every_part_compiles():
    parts = [each for each in reachable(output_snr) if is_kernel(each)]
    assert all(violations(each) == [] for each in (output_snr, fill_precision, *parts))


def test_a_machine_that_loses_nothing_has_no_ratio():
    assert math.isnan(ratio(machine("isaac"), 128.0))
    assert math.isnan(ratio(machine("colonnade"), 128.0))


@pytest.mark.parametrize(("depth", "adc", "read"), [(128, 4, 0.0), (128, 5, 0.05), (256, 6, 0.02)])
def test_a_product_has_the_noise_of_its_samples(depth, adc, read):
    """Weights of eight bits in one-bit cells less their middle; arrays of 128 rows, folds added afterwards."""
    chip = machine(adc__bits=adc, cell__read_noise=read, values__input_density=0.5)
    random = np.random.default_rng(depth + adc)
    inputs = random.integers(0, 256, (SAMPLES, depth))
    weights = random.integers(0, 256, (SAMPLES, depth))
    exact = (inputs * (weights - 127.5)).sum(1)
    step, found = 128 / (2.0**adc - 1.0), np.zeros(SAMPLES)
    truth = (inputs * weights).sum(1)
    for first in range(0, depth, 128):
        part = slice(first, first + 128)
        for place in range(8):
            bits = (inputs[:, part] >> place) & 1
            for low in range(8):
                total = (bits * ((weights[:, part] >> low) & 1)).sum(1)
                noisy = total + random.normal(0.0, 1.0, SAMPLES) * np.sqrt(bits.sum(1)) * read
                found += 2.0 ** (place + low) * np.clip(np.rint(noisy / step), 0, 2**adc - 1) * step
    expected = 10.0 * math.log10(exact.var() / (found - truth).var())
    assert ratio(chip, float(depth)) == pytest.approx(expected, abs=1.0)


def test_programming_noise_is_the_same_in_every_pulse():
    """Cells of fixed error: their part of an output is their error times the whole input."""
    chip = machine(adc__bits=8, cell__programming_noise=0.05, values__input_density=0.5)
    random = np.random.default_rng(5)
    inputs = random.integers(0, 256, (SAMPLES, 128))
    weights = random.integers(0, 256, (SAMPLES, 128)) - 127.5
    errors = (random.normal(0.0, 0.05, (SAMPLES, 128, 8)) * 2.0 ** np.arange(8)).sum(2)
    expected = 10.0 * math.log10((inputs * weights).sum(1).var() / (inputs * errors).sum(1).var())
    assert ratio(chip, 128.0) == pytest.approx(expected, abs=1.0)


def test_a_bit_more_and_a_narrower_range_help():
    few, more = ratio(machine(adc__bits=4), 128.0), ratio(machine(adc__bits=5), 128.0)
    assert more - few == pytest.approx(6.0, abs=1.5)
    assert ratio(machine(adc__bits=4, precision__range=4), 128.0) > few + 2.0


def test_drift_and_wires_take_gain():
    new = machine(adc__bits=5)
    old = machine(adc__bits=5, cell__drift=0.06, cell__age="86400 s")
    assert ratio(old, 128.0) < ratio(new, 128.0) - 1.0
    wired = machine(adc__bits=5, cell__on="100 uS", cell__wire="1 ohm")
    assert ratio(wired, 128.0) < ratio(new, 128.0) - 1.0


def test_both_details_are_told():
    chip, out = machine(adc__bits=5), SimpleNamespace(mapping=[math.nan] * DETAILS_COUNT)
    fill_precision(chip, laid_out(chip, 128.0), out)
    assert out.mapping[ENOB] == pytest.approx((out.mapping[SNR] - 1.76) / 6.02)
