"""How fast layers of networks are evaluated on a crossbar machine, beside counts of the same layers in plain numpy.

Rates are printed, never judged: run with ``-s`` to see them. The reference counts arrays, conversions, time and energy
of converters of every product in ten array operations; the engine also finds copies, what stays, traffic, causes and
what binds.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

import archsim
from archsim.arch import registry
from archsim.engine.evaluate import evaluate_points, prepare
from archsim.engine.lower import chip_table, lower
from archsim.engine.run import run
from archsim.graph.kinds import CONV, MATMUL

pytestmark = pytest.mark.perf

POINTS = 2_000
REPEATS = 3


def best(work, clock=time.process_time):
    """Least time of a few runs, s; of the processor unless told otherwise."""
    times = []
    for _ in range(REPEATS):
        start = clock()
        work()
        times.append(clock() - start)
    return min(times)


def table_of(graph, chip):
    return lower(prepare(graph, chip, archsim.Policy()).chip, graph.tensors).table


def counted_in_numpy(table, energies):
    """Energy of output converters of every point, (n_points,): 128 x 128 cells of 2 bits, 16 pulses of 1 bit."""
    kept = table[np.isin(table["kind"], (MATMUL, CONV)) & (table["dynamic"] == 0)]
    folds = np.ceil(kept["k"] / 128)
    wide = np.ceil(kept["n"] * 8 / 128)
    beside = np.minimum(kept["batch"], np.maximum(1, np.minimum(128 // kept["k"], 128 // (8 * kept["n"]))))
    products = kept["batch"] * kept["m"] * kept["steps"]
    conversions = products * (kept["n"] * 8 + wide / beside) * folds * 16
    return (conversions * kept["count"]).sum() * energies


@pytest.mark.parametrize("workload", ["resnet50", "mobilenet-v2", "bert-base"])
def test_rate(workload):
    chip, graph = archsim.hardware("isaac"), archsim.workload(workload)
    table = table_of(graph, chip)
    energies = np.geomspace(0.1e-12, 10e-12, POINTS)

    def evaluated():
        return evaluate_points(graph, chip, {"adc.energy": energies}, jit="always", capacity="ignore")

    totals = evaluated()
    assert len(totals) == POINTS and not totals["status"].any()
    where = [cause.name for cause in registry.get("crossbar").causes].index("output conversion")
    sampling = counted_in_numpy(table, 1.0) * chip.spec.array.sample
    np.testing.assert_allclose(totals["energy"][:, where] - sampling, counted_in_numpy(table, energies), rtol=1e-6)

    mine, plain = best(evaluated), best(lambda: [counted_in_numpy(table, one) for one in energies])
    rate, reference = len(table) * POINTS / mine, len(table) * POINTS / plain
    print(
        f"\n{workload} on isaac: {mine / POINTS * 1e3:.3g} ms a network, {rate:.3g} layers/s of processor time, "
        f"each with its copies and pipeline; counts of "
        f"converters in numpy, point after point: {reference:.3g}/s, ratio {rate / reference:.2f}"
    )


def test_a_network_at_once():
    """One network, compiled and warm: wall time, printed beside what plain Python takes."""
    family, chip = registry.get("crossbar"), archsim.hardware("isaac")
    table, chips = table_of(archsim.workload("resnet50"), chip), chip_table(chip)
    compiled, plain = (run(family, table, chips, mode=mode)[1] for mode in ("always", "never"))
    assert compiled["latency"] == pytest.approx(plain["latency"], rel=1e-12)
    quick = best(lambda: run(family, table, chips, mode="always"), time.perf_counter)
    slow = best(lambda: run(family, table, chips, mode="never"), time.perf_counter)
    print(f"\nresnet50 on isaac, {len(table)} rows: {quick * 1e3:.3g} ms compiled, {slow * 1e3:.3g} ms in plain Python")
