"""Measuring the machine archsim runs on: what the system tells, what is refused, what the description then says."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from machine_samples import CLOCK, CROWDED, HOST, LATENCIES, QUIET, RATES, PaperBench, files

from archsim.cited import is_citation
from archsim.engine.evaluate import evaluate
from archsim.errors import UnsupportedError, UsageError
from archsim.io import yaml
from archsim.io.hardware import load_hardware
from archsim.io.sources import sources
from archsim.study import this_machine as tm
from archsim.study.this_machine import cores, fit, host, levels, load, samples
from archsim.study.this_machine import measurements as measuring
from archsim.study.this_machine.timing import take_all


def measured(bench=None, **options):
    options = {"load": QUIET, "samples": [], **options}
    return tm.measure(HOST, bench=bench or PaperBench(), **options)


# What the system tells


def test_the_processor_is_read(tmp_path):
    found = tm.read_host(files(tmp_path), frozenset(range(8)))
    assert (found.model, found.identity, found.cores, found.logical) == ("Paper CPU", ("GenuineIntel", 6, 63), 4, 8)
    assert found.cpus == (0, 1, 2, 3)
    assert found.caches == HOST.caches
    assert found.flags == {"fpu", "avx2", "fma"}
    assert (found.memory, found.available, found.quota) == (16 * 2**30, 8 * 2**30, math.inf)


def test_arm_says_other_things(tmp_path):
    found = tm.read_host(files(tmp_path, threads=1, arm=True), frozenset(range(4)))
    assert (found.model, found.identity) == ("Paper Pi 5", ("0x41", 0xD0B, 4))
    assert cores.nearest(found).name == "core-cortex-a76"


def test_affinity_leaves_fewer_cores_and_caches(tmp_path):
    found = tm.read_host(files(tmp_path), frozenset({1, 5, 6}))
    assert (found.cpus, found.cores, found.logical) == ((1, 6), 2, 3)
    assert [cache.instances for cache in found.caches] == [2, 2, 1]


@pytest.mark.parametrize(("quota", "left"), [("250000 100000", 2), ("50000 100000", 1), ("900000 100000", 4)])
def test_a_container_may_keep_fewer_cores_busy(tmp_path, quota, left):
    found = tm.read_host(files(tmp_path, quota=quota), frozenset(range(8)))
    assert found.cores == left
    assert found.caches[0].instances == left


def test_the_innermost_control_group_counts(tmp_path):
    root = files(tmp_path)
    (root / "sys/fs/cgroup/a/box").mkdir(parents=True)
    (root / "sys/fs/cgroup/a/box/cpu.max").write_text("300000 100000\n")
    assert tm.read_host(root, frozenset(range(8))).quota == 3.0


def test_hidden_caches_are_asked_of_the_c_library(tmp_path, monkeypatch):
    root = files(tmp_path, caches=False)
    told = {"SC_LEVEL1_DCACHE_SIZE": 32768, "SC_LEVEL2_CACHE_SIZE": 262144, "SC_LEVEL3_CACHE_SIZE": 8388608}
    monkeypatch.setattr(host.os, "sysconf", lambda name: told.get(name, 0))
    assert tm.read_host(root, frozenset(range(8))).caches == HOST.caches
    monkeypatch.setattr(host.os, "sysconf", lambda name: 0)
    with pytest.raises(UnsupportedError, match="which caches"):
        tm.read_host(root, frozenset(range(8)))


def test_other_systems_are_refused(monkeypatch):
    monkeypatch.setattr(host.sys, "platform", "darwin")
    with pytest.raises(UnsupportedError, match="under Linux only, and this is darwin"):
        tm.read_host()


# What is refused


def test_load_is_read_while_nothing_is_done(tmp_path):
    root = files(tmp_path)
    stat = root / "proc/stat"
    stat.write_text("cpu 1 1 1 1\ncpu0 100 0 0 900 0 0 0 0 0 0\ncpu1 0 0 0 1000 0 0 0 0 0 0\ncpu9 0 0 0 1\n")

    def sleep(seconds):
        stat.write_text("cpu0 150 0 0 950 0 0 0 0 0 0\ncpu1 0 0 0 1060 20 0 0 20 0 0\n")

    found = tm.read_load((0, 1), root, sleep)
    assert found.average == pytest.approx(0.4)
    assert found.busy == pytest.approx(70 / 200)


@pytest.mark.parametrize(
    ("average", "busy", "crowded"), [(0.1, 0.05, False), (1.2, 0.9, True), (0.9, 0.05, False), (0.1, 0.7, True)]
)
def test_a_crowd_is_not_what_this_process_did_before(average, busy, crowded):
    assert load.Load(average, busy).crowded is crowded


def test_a_crowded_machine_is_refused():
    bench = PaperBench()
    with pytest.raises(UnsupportedError, match=r"load average 1.40 per core, 90 % busy.*--force"):
        measured(bench, load=CROWDED)
    assert bench.asked == []
    assert measured(bench, load=CROWDED, force=True).load is CROWDED


def test_a_crowd_that_came_meanwhile_is_refused_too(monkeypatch):
    loads = iter([QUIET, CROWDED, QUIET, CROWDED])
    monkeypatch.setattr(measuring, "read_load", lambda cpus: next(loads))
    with pytest.raises(UnsupportedError, match="other programs"):
        measured(load=None)
    assert measured(load=None, force=True).load is CROWDED


def test_repeats_that_differ_are_refused():
    with pytest.raises(UnsupportedError, match=r"differ by 30 %.*--force"):
        measured(PaperBench(variation=0.3))
    assert measured(PaperBench(variation=0.3), force=True)


def test_the_least_repeat_counts_and_short_calls_are_counted_together():
    durations = iter([5e-6] * 2 + [1.0, 1.1, 1.2, 1.0, 1.3, 0.9, 1.0] * 9)
    now = [0.0]

    def clock():
        return now[0]

    calls = []

    class Watch(tm.Stopwatch):
        def _run(self, call, count):
            calls.append(count)
            taken = next(durations) * (1.0 if count == 1 else count * 1e-5)
            now[0] += taken
            return taken

    timing = Watch(clock, budget=0.0).time(lambda: None)
    assert set(calls[2:]) == {200}
    assert timing.repeats == 7
    assert timing.seconds == pytest.approx(0.9e-5)
    assert timing.variation == pytest.approx(0.1193, rel=0.01)


def test_what_varied_is_taken_again_while_there_is_time():
    answers = {"calm": [tm.Timing(1.0, 0.01, 7)], "wild": [tm.Timing(3.0, 0.5, 7), tm.Timing(2.0, 0.05, 7)],
               "wilder": [tm.Timing(3.0, 0.5, 7), tm.Timing(4.0, 0.4, 7), tm.Timing(2.5, 0.9, 7)]}  # fmt: skip
    said = []
    left = {name: list(each) for name, each in answers.items()}
    plan = [(name, lambda name=name: left[name].pop(0)) for name in answers]
    taken = take_all(plan, lambda done, total, what: said.append(what), patience=1e9)
    assert taken == [tm.Timing(1.0, 0.01, 7), tm.Timing(2.0, 0.05, 14), tm.Timing(2.5, 0.4, 21)]
    assert said == ["calm", "wild", "wilder", "wild, again", "wilder, again", "wilder, again", "done"]
    left = {name: list(each) for name, each in answers.items()}
    assert [each.seconds for each in take_all(plan)] == [1.0, 3.0, 3.0]


# From curves to levels


def test_levels_are_those_of_the_paper_machine():
    found = {each.name: each for each in levels.levels(measured())}
    assert list(found) == ["dram", "l3", "l2", "l1"]
    for name, each in found.items():
        assert each.one == pytest.approx(RATES[name], rel=0.02), name
        assert each.all == pytest.approx(RATES[name] * (2 if name == "dram" else 4), rel=0.02), name
        assert each.latency == pytest.approx(LATENCIES[name]), name
        assert each.capacity == each.nominal
    assert found["l1"].instances == 4


def test_a_cache_shared_with_others_is_as_large_as_it_seems():
    found = {each.name: each for each in levels.levels(measured(PaperBench(usable=2 * 2**20)))}
    assert found["l3"].nominal == 8 * 2**20
    assert 1.2 * 2**20 < found["l3"].capacity < 3 * 2**20
    assert found["dram"].one == pytest.approx(RATES["dram"], rel=0.02)


def test_working_sets_reach_beyond_the_last_cache_but_not_beyond_memory():
    reach = measuring.sizes(HOST)
    assert (reach[0], reach[-1]) == (16 * 2**10, 32 * 2**20)
    small = tm.Host(**{name: getattr(HOST, name) for name in HOST.__slots__} | {"available": 32 * 2**20})
    assert measuring.sizes(small)[-1] == 8 * 2**20


# Which core


@pytest.mark.parametrize(
    ("identity", "flags", "name"),
    [
        (("GenuineIntel", 6, 63), {"avx2"}, "core-haswell"),
        (("GenuineIntel", 6, 85), {"avx512f", "avx2"}, "core-cascade-lake"),
        (("GenuineIntel", 6, 9999), {"avx512f", "avx2"}, "core-cascade-lake"),
        (("SomebodyElse", 1, 1), {"avx2"}, "core-haswell"),
    ],
)
def test_the_nearest_core(identity, flags, name):
    slots = {slot: getattr(HOST, slot) for slot in HOST.__slots__}
    found = cores.nearest(tm.Host(**slots | {"identity": identity, "flags": frozenset(flags)}))
    assert found.name == name
    assert found.why


def test_a_core_like_none_is_refused():
    slots = {slot: getattr(HOST, slot) for slot in HOST.__slots__}
    with pytest.raises(UnsupportedError, match="'Paper CPU'"):
        cores.nearest(tm.Host(**slots | {"identity": ("x", 1, 1), "flags": frozenset({"sse2"})}))


# The description


def bare(tree, path=()):
    """List the numbers that are neither cited nor say how many there are."""
    if is_citation(tree):
        return []
    if isinstance(tree, dict):
        return [found for key, child in tree.items() for found in bare(child, (*path, key))]
    if isinstance(tree, list):
        return [found for child in tree for found in bare(child, path)]
    return [path] if isinstance(tree, int | float) and path[-1] not in ("schema", "instances") else []


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    file = tmp_path_factory.mktemp("described") / "mine.yaml"
    return tm.write(measured(), file)


def test_the_description_loads_and_is_of_that_machine(described):
    chip = load_hardware(described)
    spec = chip.spec
    assert (chip.name, chip.family, spec.cores) == ("this-machine", "cpu", 4)
    assert spec.clock == pytest.approx(CLOCK / 1.2, rel=1e-3)
    assert spec.licence.single == pytest.approx(1.2, rel=1e-3)
    assert [level.name for level in spec.memory] == ["dram", "l3", "l2", "l1"]
    assert spec.memory[0].bandwidth == pytest.approx(2 * RATES["dram"], rel=0.02)
    assert spec.memory[2].width * spec.clock == pytest.approx(RATES["l2"], rel=0.02)
    assert spec.memory[1].latency == pytest.approx(LATENCIES["l3"])
    assert (spec.overhead.call, spec.overhead.fork_join) == (pytest.approx(1e-6), pytest.approx(5e-6))


def test_every_number_of_it_is_cited(described):
    tree = yaml.load(described).tree
    assert bare(tree) == []
    chip = load_hardware(described)
    named = {cited.source for cited in chip.cited.values() if cited.source}
    assert "local-measurement" in named
    assert named <= set(sources())


def test_a_description_is_not_replaced_unasked(described):
    with pytest.raises(UsageError, match="there already"):
        tm.write(measured(), described)
    assert tm.write(measured(), described, replace=True) == described


def test_no_file_where_there_is_no_folder(tmp_path):
    with pytest.raises(UsageError, match="cannot write"):
        tm.write(measured(), tmp_path / "none" / "x.yaml")


def test_machines_of_one_core_neither_fork_nor_join(tmp_path):
    slots = {slot: getattr(HOST, slot) for slot in HOST.__slots__}
    one = tuple(tm.Cache(each.level, each.capacity, 1, each.line) for each in HOST.caches)
    single = tm.Host(**slots | {"cpus": (3,), "logical": 1, "caches": one})
    found = tm.measure(single, bench=PaperBench(), load=QUIET, samples=[])
    chip = load_hardware(tm.write(found, tmp_path / "one.yaml"))
    assert chip.spec.cores == 1
    assert fit.alone(chip) is chip


def test_the_shares_that_made_the_times_are_found_again(tmp_path):
    """A machine that is exactly the model: what was measured leads back to it, and unseen work is predicted."""
    start = tm.write(measured(), tmp_path / "start.yaml")
    from archsim.io.hardware import with_all

    truth = with_all(load_hardware(start), {fit.PRODUCTS: 0.6, fit.SPARSE: 0.25})
    seen, unseen = samples.sweep(), samples.unseen()
    times = fit.predict(truth, [each.graph for each in (*seen, *unseen)])
    bench = PaperBench(times={(s.op, s.shape): t for s, t in zip((*seen, *unseen), times, strict=True)})
    found = tm.measure(HOST, bench=bench, load=QUIET)
    file = tm.write(found, tmp_path / "mine.yaml")
    shares = load_hardware(file).spec.library
    assert shares.products.efficiency == pytest.approx(0.6, rel=0.03)
    judged = tm.judge(file, bench=bench, load=QUIET, host=HOST)
    assert judged.ok
    assert judged.mape < 10.0
    assert judged.to_dict()["rows"][0]["op"] == "gemm fp32"


# Work


def widths(sample):
    return {(op.work.n, op.work.k) for op in sample.graph.ops if hasattr(op.work, "n")}


def test_what_is_judged_was_not_in_the_sweep():
    seen = {pair for each in samples.sweep() for pair in widths(each)}
    assert all(not (widths(each) & seen) for each in samples.unseen())
    assert len({each.op for each in samples.unseen()}) >= 6


@pytest.mark.parametrize(
    "sample",
    [samples.product(5, 6, 7), samples.product(1, 6, 7, "fp64"), samples.softmax(4, 9), samples.layer_norm(4, 9),
     samples.convolution(2, 6, 3, 4, 3), samples.sparse_product(20, 30, 4, 0.1), samples.pointwise("add", 3, 5)],
    ids=lambda sample: sample.op,
)  # fmt: skip
def test_samples_run_and_compute_what_their_graph_says(sample):
    result = sample.prepare()()
    assert result.size == sample.graph.tensors[sample.graph.ops[-1].outputs[0]].elements
    latency = evaluate(sample.graph, "xeon-e5-2699-v3").latency
    assert latency > 0.0


def test_softmax_and_norm_are_what_they_say():
    import numpy as np

    rows = samples.softmax(4, 9).prepare()()
    assert np.allclose(rows.sum(axis=-1), 1.0, atol=1e-5)
    x = np.random.default_rng(samples.SEED).random((2, 5, 5, 2), dtype="float32")
    w = np.random.default_rng(samples.SEED).random((18, 3), dtype="float32")
    made = samples.convolution(2, 5, 2, 3, 3).prepare()()
    assert np.allclose(made[0], x[0, :3, :3, :].reshape(-1) @ w, rtol=1e-4)


def test_libraries_thread_products_only():
    graph = samples.convolution(1, 8, 4, 4, 3).graph
    assert [samples.threaded(graph, op) for op in graph.ops] == [False, True]
    graph = samples.sparse_product(20, 30, 4, 0.1).graph
    assert not samples.threaded(graph, graph.ops[0])


# This machine


def test_importing_it_imports_no_numba():
    code = "import sys, archsim.study.this_machine; print([m for m in ('numba', 'scipy') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="measures under Linux only")
def test_this_very_machine_answers():
    from archsim.study.this_machine.bench import RealBench

    here = tm.read_host()
    assert here.cores >= 1
    assert here.caches[0].level == 1
    bench = RealBench(here.cpus[:1], 2**16, tm.Stopwatch(repeats=3, least=1e-4, budget=0.0))
    try:
        assert 1e8 < 1.0 / bench.clock(1).seconds < 1e10
        assert 1e8 < 1.0 / bench.stream("sum", 2**14, 1).seconds < 1e13
        assert 1e-10 < bench.chase(2**14, 64).seconds < 1e-6
        assert bench.sample(samples.product(8, 8, 8)).seconds > 0.0
    finally:
        bench.close()
