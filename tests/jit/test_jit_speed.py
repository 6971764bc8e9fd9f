"""Many small kernels cost no more than one long function written by hand."""

import math
import time

import numpy as np
import pytest
import sample_machine as machine
import sample_tables

from archsim import jit


def by_hand(ops, chips, works, outs, totals):
    for p in range(chips.shape[0]):
        chip, work, out, total = chips[p], works[0], outs[0], totals[p]
        work.peak = chip.lanes * chip.clock
        work.scale = (chip.voltage / 0.8) ** 2
        total.latency = 0.0
        total.energy = 0.0
        for o in range(ops.shape[0]):
            op = ops[o]
            for c in range(6):
                out.energy[c] = 0.0
            spent = op.macs / max(work.peak, 1e-30)
            out.bound = 0
            for level in range(4):
                moved = op.footprint * max(1.0, math.ceil(op.footprint / max(chip.capacity[level], 1e-30)))
                t = moved / max(chip.bandwidth[level], 1e-30)
                out.energy[1 + level] += moved * chip.access[level] * work.scale
                if t > spent:
                    spent = t
                    out.bound = level + 1
            out.energy[0] += op.macs * chip.mac * work.scale
            out.energy[5] += chip.leakage * spent
            out.latency = spent
            total.latency += op.count * out.latency
            for c in range(6):
                total.energy += op.count * out.energy[c]


@pytest.mark.perf
def test_kernels_are_inlined(tmp_path, monkeypatch, capsys):
    import numba

    monkeypatch.setenv("ARCHSIM_CACHE", str(tmp_path))
    monkeypatch.delenv("ARCHSIM_JIT", raising=False)
    twins = {
        "by hand": numba.njit(error_model="numpy")(by_hand),
        "kernels": jit.compiled(machine.driver, bind=machine.DIGITAL, family="digital"),
    }
    results, best = {}, dict.fromkeys(twins, math.inf)
    arrays = sample_tables.tables(points=1000, operations=200, threads=1)
    for _ in range(6):
        for name, run in twins.items():
            began = time.perf_counter()
            run(*arrays)
            best[name] = min(best[name], time.perf_counter() - began)
            results[name] = arrays[4].copy()
    np.testing.assert_array_equal(results["kernels"], results["by hand"])
    assembly = next(iter(twins["kernels"].inspect_llvm().values()))
    called = [line for line in assembly.splitlines() if " call " in line and "sample_laws" in line]
    assert called == [], "every law is inlined where it is used"
    with capsys.disabled():
        rates = {name: f"{200e3 / seconds / 1e6:.0f} M op evaluations/s" for name, seconds in best.items()}
        print(f"\n{rates}, ratio {best['kernels'] / best['by hand']:.2f}")
