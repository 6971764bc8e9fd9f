"""The null machine by hand: operations over a rate, an energy each, and every byte once."""

from __future__ import annotations

import pytest
from family_samples import gemm, machine, one, only, pointwise

import archsim


def test_time_and_energy_follow_the_operations():
    op = only(gemm(8, 16, 32), machine("null"))
    operations = 2 * 8 * 16 * 32
    assert op.latency == pytest.approx(operations / 1e9, rel=1e-12)
    assert op.energy == pytest.approx(operations * 1e-12, rel=1e-12)
    assert op.bytes_by_level == {"memory": 2 * (8 * 32 + 32 * 16 + 8 * 16)}
    assert (op.bound, op.utilisation) == ("operations", 1.0)


def test_special_functions_and_arithmetic_count_alike():
    op = only(pointwise(1000, "gelu"), machine("null"))
    assert op.latency == pytest.approx(1000 * (4 + 1) / 1e9, rel=1e-12)


def test_masked_attention_costs_its_unmasked_share():
    def attention(causal):
        def add(b):
            q, k, v = (b.input(name, (1, 128, 64)) for name in "qkv")
            b.attention(q, k, v, heads=4, causal=causal)

        return archsim.evaluate(one(add), machine("null"), fusion="attention").ops[0]

    full, causal = attention(False), attention(True)
    assert full.macs == causal.macs, "published counts are those of the full rectangle"
    for op, mask in ((full, 1.0), (causal, 129 / 256)):
        besides = op.flops - 2 * op.macs + op.special
        assert op.latency == pytest.approx((2 * op.macs * mask + besides) / 1e9, rel=1e-12)


def test_it_is_left_out_of_listings():
    from archsim.arch import registry

    assert registry.get("null").internal and not registry.get("gpu").internal
