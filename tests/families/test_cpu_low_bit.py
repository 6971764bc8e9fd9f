"""Weights of few bits on a CPU: what each method gains, and where it stops gaining."""

from __future__ import annotations

import pytest
from family_samples import machine, one, only

import archsim

SIDE = 4096
M2 = "m2-ultra"
ONE = {"cores": 1, "overhead__call": 1e-9}


def product(weights, m=1, n=SIDE, k=SIDE, dtype="fp16"):
    """Activations by weights of a format of their own."""
    return one(lambda b: b.linear(b.input("x", (m, k)), n, bias=False, weight_dtype=weights), dtype)


def core(library, **sets):
    """One core of an M2 Ultra with a library, whose call takes no time."""
    return machine(M2, library=library, **{**ONE, **sets})


def busy(weights, chip, **sizes):
    """Time of the arithmetic, which bounds."""
    op = only(product(weights, **sizes), chip)
    assert op.bound == "SIMD units"
    return op.latency


def test_tables_gain_with_every_bit_saved_and_unpacking_does_not():
    """T-MAC takes a pass per bit, llama.cpp the same instructions a weight however few bits it has."""
    tables = [busy(weights, core("cpu-t-mac")) for weights in ("int4", "ternary", "binary")]
    assert tables[0] / tables[1] == pytest.approx(2.0, rel=0.05)
    assert tables[1] / tables[2] == pytest.approx(2.0, rel=0.08)
    four, two = (busy(weights, core("cpu-llama-cpp")) for weights in ("int4", "ternary"))
    assert two > four


def test_tables_by_hand():
    """M2: 16 bytes a register, four slots; 3.5 slots a register of 64 one-bit products and 1/8 more to close it."""
    chip = core("cpu-t-mac")
    macs, bits = SIDE * SIDE, 2
    slots = bits * (2 + 1 + (8 + 2 / bits) / 16) / 64 * macs / 4
    tables = 2.5 * SIDE / 4 + 4 * SIDE / chip.spec.core.loads
    clock = chip.spec.clock * chip.spec.licence.single
    expected = (slots + tables) / clock / chip.spec.library.low_bit.efficiency
    assert busy("ternary", chip) == pytest.approx(expected, rel=1e-3)


def test_many_cores_end_at_the_memory():
    """Tables gain from cores until the weights, with their scales, come no faster."""
    op = only(product("ternary", n=16 * SIDE, k=4 * SIDE), machine(M2, library="cpu-t-mac"))
    assert op.bound == "dram"
    stored = 64 * SIDE * SIDE / 4 * 1.125
    assert op.bytes_by_level["dram"] == pytest.approx(stored, rel=0.01)


def test_dot_products_of_bytes_are_what_unpacking_waits_for():
    plain, dots = (busy("int4", core(f"cpu-llama-cpp{name}")) for name in ("-armv8", ""))
    assert plain / dots == pytest.approx((1 + 1 + 5 + 2.5) / (1 + 1 + 1 + 2.5), rel=0.03)  # less the ends of rows


def test_rows_and_columns_side_by_side_share_loads_and_unpacking():
    def time(m, rows, columns):
        sets = {"library__low_bit__rows": rows, "library__low_bit__columns": columns}
        return busy("ternary", machine("epyc-7v13-1-thread", library="cpu-bitnet-cpp", **sets), m=m, dtype="int8")

    assert time(64, 1, 1) > time(64, 4, 1) > time(64, 4, 4)
    assert time(64, 1, 1) > time(64, 1, 4)
    assert time(1, 1, 4) == time(1, 1, 1)  # one vector has nobody to share with


def test_counting_bits_is_faster_by_what_a_register_holds():
    """Both operands of one bit: an exclusive or and a count for 128 products, against 8 products an FMA in fp16."""
    chip = core("cpu-vendor", library__low_bit__efficiency=1.0)
    bits = busy("binary", chip, m=64, dtype="binary")
    spec = chip.spec.core
    macs, clock = 64 * SIDE * SIDE, chip.spec.clock * chip.spec.licence.single
    simd = (1 + spec.counting) / 128 / spec.slots
    words = max(1.0, 3.0 / spec.issue) / 64
    expected = (macs * min(simd, words) + 64 * SIDE / spec.slots) / clock
    assert bits == pytest.approx(expected, rel=1e-3)


def test_sixty_four_lanes_against_scalar_arithmetic():
    """XNOR-Net's 58 on one core: 64 bits a clock against one multiply-add a clock, less what calls and ends take."""
    scalar = {f"core__vector__{dtype}": 2.0 for dtype in ("fp32", "fp16", "fp64", "int8", "int16", "int32")}
    slow = {"core__register_width": 8.0, "core__slots": 1.0, "core__counting": 12.0, **scalar}
    chip = machine("xeon-e5-2699-v3", cores=1, library__low_bit__efficiency=1.0, **slow)

    def layer(dtype):
        return one(lambda b: b.conv(b.input("x", (1, 256, 14, 14)), 256, 3, padding=1, bias=False), dtype)

    def seconds(dtype):
        return only(layer(dtype), chip).latency - chip.spec.overhead.call

    macs = 256 * 256 * 9 * 14 * 14
    clock = chip.spec.clock * chip.spec.licence.single
    assert macs / clock / seconds("binary") == pytest.approx(62.27, rel=0.01)
    assert seconds("fp32") / seconds("binary") > 58


def test_energy_is_of_narrow_additions_and_of_the_instructions_counted():
    unpacked, tables = (only(product("ternary"), core(library)) for library in ("cpu-llama-cpp", "cpu-t-mac"))
    for cause in ("arithmetic", "instructions"):
        assert tables.energy_by_cause[cause] < 0.4 * unpacked.energy_by_cause[cause]
    chip = core("cpu-t-mac", technology="logic-45-7")
    instructions = SIDE * SIDE * 2 * (3 + 9 / 16 + 0.75) / 64
    each = tables.energy_by_cause["instructions"] / instructions
    assert each == pytest.approx(
        only(product("binary"), chip).energy_by_cause["instructions"] / (SIDE * SIDE * (3 + 10 / 16 + 0.75) / 64)
    )


@pytest.mark.parametrize(
    "library", ["cpu-vendor", "cpu-bitnet-cpp", "cpu-llama-cpp", "cpu-llama-cpp-armv8", "cpu-t-mac"]
)
def test_compiled_and_plain_python_agree(library):
    graph = archsim.workload("llama-2-7b", phase="decode", sequence=64, layers=2, weight_dtype="ternary")
    chip = machine(M2, library=library)
    plain, compiled = (archsim.evaluate(graph, chip, fusion="full", jit=mode) for mode in ("never", "always"))
    assert compiled.latency == pytest.approx(plain.latency, rel=1e-12)
    assert compiled.energy == pytest.approx(plain.energy, rel=1e-12)
