"""The described x86 CPUs against what their makers and their testers print."""

from __future__ import annotations

import pytest

import archsim
from archsim.io import catalogue

GIB, MIB, KIB = 2.0**30, 2.0**20, 2.0**10

CHIPS = (
    "core-i7-12700h", "core-i7-5930k", "core-i9-10940x", "epyc-7v13", "epyc-7v13-1-thread", "epyc-9654",
    "ryzen-threadripper-2970wx", "server-2012-16-cores", "x86-server-2-cores", "xeon-e5-2699-v3", "xeon-gold-6248",
    "xeon-phi-7250", "xeon-platinum-8380", "xeon-platinum-8480-plus",
)  # fmt: skip


def spec(name):
    return archsim.hardware(name).spec


def level(name, which):
    return {item.name: item for item in spec(name).memory}[which]


def peak(chip, rates, dtype, clock=None):
    return chip.cores * (clock or chip.clock * chip.licence.vector) * getattr(rates, dtype)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("XeonPhi-KNL7250", "xeon-phi-7250"),
        ("EPYC-7V13-1thread", "epyc-7v13-1-thread"),
        ("CPU i7-5930k", "core-i7-5930k"),
        ("CPU AMD 2970WX", "ryzen-threadripper-2970wx"),
        ("Haswell E5-2699 v3", "xeon-e5-2699-v3"),
        ("i9_10940x", "core-i9-10940x"),
        ("i7_12700h", "core-i7-12700h"),
        ("Xeon Platinum 8480+", "xeon-platinum-8480-plus"),
        ("Intel Xeon Gold 6248", "xeon-gold-6248"),
        ("Le 2012 node", "server-2012-16-cores"),
    ],
)
def test_labels_of_measured_tables_name_their_machine(label, name):
    assert catalogue.find("hardware", label).name == name


@pytest.mark.parametrize(
    ("name", "dtype", "clock", "published"),
    [
        ("xeon-e5-2699-v3", "fp32", None, 1.3e12),  # Jouppi et al. 2017, table 2
        ("xeon-e5-2699-v3", "int8", None, 2.6e12),
        ("xeon-phi-7250", "fp64", 1.4e9, 3.0464e12),  # peak of a node of Oakforest-PACS
        ("xeon-phi-7250", "fp32", 1.4e9, 6.1e12),
        ("xeon-gold-6248", "fp64", None, 20 * 2.5e9 * 32),  # two units of eight lanes, a multiply-add being two
        ("xeon-gold-6248", "int8", None, 20 * 2.5e9 * 256),
        ("core-i9-10940x", "fp32", None, 14 * 3.3e9 * 64),
        ("core-i7-5930k", "fp32", 3.5e9, 672e9),
        ("epyc-7v13", "fp64", 2.45e9, 2509e9),
        ("epyc-9654", "fp64", 2.4e9, 3686e9),
        ("xeon-platinum-8380", "fp64", 2.3e9, 2944e9),
        ("ryzen-threadripper-2970wx", "fp32", 3.0e9, 1152e9),
        ("server-2012-16-cores", "fp32", None, 16 * 18.4e9),
    ],
)
def test_peaks_are_the_published_ones(name, dtype, clock, published):
    chip = spec(name)
    assert peak(chip, chip.core.vector, dtype, clock) == pytest.approx(published, rel=0.02)


def test_tiles_of_sapphire_rapids():
    """3,482 GFLOPS a core at 1.7 GHz in bf16, twice as many operations in int8."""
    matrix = spec("xeon-platinum-8480-plus").core.matrix
    assert matrix.bf16 * 1.7e9 == pytest.approx(3482e9, rel=1e-3)
    assert matrix.int8 == 2 * matrix.bf16
    assert matrix.fp32 == 0.0


@pytest.mark.parametrize(
    ("name", "channels", "rate"),
    [
        ("core-i7-5930k", 4, 2133e6),
        ("core-i7-12700h", 2, 4800e6),
        ("core-i9-10940x", 4, 2933e6),
        ("xeon-gold-6248", 6, 2933e6),
        ("xeon-platinum-8380", 8, 3200e6),
        ("xeon-platinum-8480-plus", 8, 4800e6),
        ("epyc-7v13", 8, 3200e6),
        ("epyc-9654", 12, 4800e6),
        ("ryzen-threadripper-2970wx", 4, 2933e6),
        ("server-2012-16-cores", 8, 1333e6),
    ],
)
def test_the_memory_delivers_eight_bytes_a_transfer_and_channel(name, channels, rate):
    assert level(name, "dram").bandwidth == pytest.approx(channels * 8 * rate, rel=2e-3)


@pytest.mark.parametrize(
    ("name", "watts"),
    [("xeon-e5-2699-v3", 145), ("core-i7-5930k", 140), ("xeon-platinum-8380", 270), ("xeon-platinum-8480-plus", 350),
     ("ryzen-threadripper-2970wx", 250), ("core-i7-12700h", 45), ("epyc-9654", 360), ("xeon-phi-7250", 215)],
)  # fmt: skip
def test_power_limits_are_the_rated_ones(name, watts):
    assert spec(name).power.limit == watts


@pytest.mark.parametrize(
    ("name", "which", "total"),
    [
        ("core-i7-12700h", "l2", 11776 * KIB),  # as the operating system lists them
        ("core-i9-10940x", "l1", 448 * KIB),
        ("core-i9-10940x", "l2", 14 * MIB),
        ("xeon-e5-2699-v3", "l3", 45 * MIB),
        ("xeon-platinum-8480-plus", "l3", 56 * 1.875 * MIB),
        ("xeon-platinum-8480-plus", "l2", 112 * MIB),
        ("epyc-7v13", "l3", 256 * MIB),
        ("epyc-9654", "l3", 384 * MIB),
        ("ryzen-threadripper-2970wx", "l3", 64 * MIB),
        ("xeon-phi-7250", "l2", 34 * MIB),
        ("xeon-phi-7250", "mcdram", 16 * GIB),
    ],
)
def test_caches_add_up_to_what_is_listed(name, which, total):
    found = level(name, which)
    assert found.instances * found.capacity == pytest.approx(total, rel=1e-3)


@pytest.mark.parametrize("name", CHIPS)
def test_every_core_has_a_cache_of_its_own_or_shares_one(name):
    chip = spec(name)
    assert chip.memory[-1].instances == chip.cores
    for outer, inner in zip(chip.memory[1:], chip.memory[2:], strict=False):
        assert outer.instances <= inner.instances


@pytest.mark.parametrize(
    ("name", "which", "clocks"),
    [
        ("xeon-gold-6248", "l1", 4),
        ("xeon-gold-6248", "l2", 14),
        ("core-i9-10940x", "l2", 14),
        ("core-i7-5930k", "l1", 4),
        ("core-i7-5930k", "l2", 11),
        ("xeon-platinum-8380", "l2", 14),
        ("xeon-platinum-8480-plus", "l2", 16),
        ("epyc-7v13", "l1", 4),
        ("epyc-7v13", "l2", 12),
        ("epyc-7v13", "l3", 47),
        ("epyc-9654", "l2", 14),
        ("epyc-9654", "l3", 49),
        ("ryzen-threadripper-2970wx", "l2", 12),
        ("xeon-phi-7250", "l1", 4),
        ("xeon-phi-7250", "l2", 17),
    ],
)
def test_latencies_inside_a_core_are_published_in_clocks(name, which, clocks):
    assert level(name, which).latency * spec(name).clock == pytest.approx(clocks, rel=0.05)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("core-i7-5930k", 11e9, 18e9),  # products of a vector read their weights with 10.8 to 14.4 GB/s in EIE
        ("xeon-gold-6248", 11e9, 14e9),  # 12 GB/s of one thread of Skylake-SP
        ("xeon-platinum-8480-plus", 12e9, 19e9),  # a half to a third of Genoa-X
        ("epyc-7v13", 28e9, 37e9),  # 31 GB/s, close to Genoa-X
        ("epyc-9654", 35e9, 39e9),  # 37 GB/s
        ("xeon-phi-7250", 450e9 / 68, 13e9),  # a share of the whole, and one core with all its threads
    ],
)
def test_one_core_draws_from_the_memory_what_was_measured(name, low, high):
    """Little's law: lines in flight x line / latency."""
    chip = spec(name)
    memory = chip.memory[0]
    assert low <= chip.core.misses * memory.line / memory.latency <= high


@pytest.mark.parametrize(
    ("core", "width", "registers", "issue", "window"),
    [
        ("xeon-e5-2699-v3", 32, 16, 4, 192),
        ("xeon-gold-6248", 64, 32, 4, 224),
        ("xeon-platinum-8380", 64, 32, 5, 352),
        ("xeon-platinum-8480-plus", 64, 32, 6, 512),
        ("epyc-7v13", 32, 16, 6, 256),
        ("epyc-9654", 64, 32, 6, 320),
        ("ryzen-threadripper-2970wx", 32, 16, 5, 192),
        ("xeon-phi-7250", 64, 32, 2, 72),
    ],
)
def test_the_widths_of_the_cores(core, width, registers, issue, window):
    found = spec(core).core
    assert (found.register_width, found.registers, found.issue, found.window) == (width, registers, issue, window)


@pytest.mark.parametrize("name", CHIPS)
def test_the_peak_is_issued_and_loaded(name):
    """A multiply-add of every lane in the slots there are, and no more SIMD instructions than instructions."""
    core = spec(name).core
    lanes = core.register_width / 4
    assert core.vector.fp32 <= 2 * lanes * core.slots + 1e-9
    assert core.slots <= core.issue
    assert core.loads <= core.issue
    innermost = spec(name).memory[-1]
    assert core.loads * core.register_width <= innermost.width * 1.0001


@pytest.mark.parametrize("name", CHIPS)
def test_transfers_overlap_on_cores_of_amd_only(name):
    found = spec(name)
    amd = found.vendor == "amd" or found.name.startswith("server-2012")
    assert found.core.transfers == ("overlapping" if amd else "serial")


@pytest.mark.parametrize("name", CHIPS)
def test_clocks_fall_as_more_and_wider_work_runs(name):
    chip = spec(name)
    assert chip.licence.single >= 1.0 >= chip.licence.vector
    if chip.core.matrix.bf16:
        assert chip.licence.vector >= chip.licence.matrix


def test_one_thread_is_a_core_of_the_same_socket():
    whole, alone = spec("epyc-7v13"), spec("epyc-7v13-1-thread")
    assert (alone.cores, alone.core, alone.clock, alone.power) == (1, whole.core, whole.clock, whole.power)
    for outer, inner in zip(whole.memory[1:], alone.memory[1:], strict=True):
        assert (inner.capacity, inner.latency, inner.instances) == (outer.capacity, outer.latency, 1)
    assert alone.memory[0].bandwidth == pytest.approx(51.2e9), "two channels of DDR4-3200, the link of one die"


@pytest.mark.parametrize("name", CHIPS)
def test_what_is_assumed_says_why(name):
    chip = archsim.hardware(name)
    own = {path: cited for path, cited in chip.cited.items() if path[0] != "library"}
    assert not [path for path, cited in own.items() if cited.why and "to be sourced" in cited.why]
