"""The compiled twin gives the numbers of the plain kernel, for each family, whatever the environment."""

import os
import subprocess
import sys

import numpy as np
import pytest
import sample_laws
import sample_machine as machine
import sample_tables

from archsim import jit
from archsim.errors import InvariantError, UsageError


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHSIM_CACHE", str(tmp_path / "kernels"))
    monkeypatch.delenv("ARCHSIM_JIT", raising=False)


def plain_totals(bind, arrays=None):
    arrays = arrays or sample_tables.tables()
    jit.bound(machine.driver, bind)(*sample_tables.attributes(arrays))
    return arrays


def assert_same(arrays, others):
    for name in sample_tables.TOTALS.names:
        np.testing.assert_allclose(arrays[4][name], others[4][name], rtol=1e-12)
    for name in sample_tables.OUT.names:
        np.testing.assert_allclose(arrays[3][name], others[3][name], rtol=1e-12)


@pytest.mark.parametrize("parallel", [False, True])
def test_compiled_equals_plain(parallel):
    run = jit.compiled(machine.driver, bind=machine.DIGITAL, family="digital", parallel=parallel)
    arrays = sample_tables.tables()
    run(*arrays)
    assert run.py_func.__name__ == "driver_digital"
    assert arrays[4]["latency"].min() > 0.0 and arrays[3]["energy"].min() > 0.0
    assert_same(arrays, plain_totals(machine.DIGITAL))


def test_prange_is_spread_over_threads_only_when_asked_and_outermost():
    run = jit.compiled(machine.driver, bind=machine.DIGITAL, family="digital", parallel=True)
    run(*sample_tables.tables())
    signature = run.signatures[0]
    assert len(run.overloads[signature].metadata["parfors"]) == 1
    serial = jit.compiled(machine.driver, bind=machine.DIGITAL, family="digital")
    serial(*sample_tables.tables())
    assert not serial.overloads[signature].metadata["parfors"]
    assert serial is not run


def test_two_families_in_one_process_and_one_folder_keep_their_own_numbers():
    results = {}
    for _ in range(2):
        for family, bind in (("digital", machine.DIGITAL), ("analog", machine.ANALOG)):
            arrays = sample_tables.tables()
            jit.compiled(machine.driver, bind=bind, family=family)(*arrays)
            assert_same(arrays, plain_totals(bind))
            results[family] = arrays[4]["latency"].copy()
    assert not np.allclose(results["digital"], results["analog"])


def test_the_same_content_gives_the_same_twin_and_a_changed_constant_another(monkeypatch):
    before = jit.compiled(sample_laws.bound_time)
    assert jit.compiled(sample_laws.bound_time) is before
    assert before(1.0, 0.0) == 1.0 / 1e-30
    with monkeypatch.context() as patch:
        patch.setattr(sample_laws, "TINY", 0.5)
        after = jit.compiled(sample_laws.bound_time)
        assert after is not before and after(1.0, 0.0) == 2.0
    assert jit.compiled(sample_laws.bound_time) is before


def test_a_constant_read_through_a_module_deep_below_takes_effect_in_the_same_process(monkeypatch):
    arrays = sample_tables.tables()
    jit.compiled(machine.driver, bind=machine.DIGITAL, family="digital")(*arrays)
    monkeypatch.setattr(sample_laws, "TINY", 1e10)
    changed = sample_tables.tables()
    jit.compiled(machine.driver, bind=machine.DIGITAL, family="digital")(*changed)
    assert not np.allclose(arrays[4]["latency"], changed[4]["latency"])
    assert_same(changed, plain_totals(machine.DIGITAL))


def test_switched_off_it_is_the_plain_function_with_the_same_numbers(monkeypatch):
    arrays = sample_tables.tables()
    jit.compiled(machine.driver, bind=machine.DIGITAL, family="digital")(*arrays)
    monkeypatch.setenv("ARCHSIM_JIT", "0")
    assert not jit.enabled()
    run = jit.compiled(machine.driver, bind=machine.DIGITAL, family="digital")
    assert type(run) is type(machine.driver) and run.__name__ == "driver_digital"
    others = sample_tables.tables()
    run(*sample_tables.attributes(others))
    assert_same(arrays, others)


def test_division_by_zero_follows_numpy_in_compiled_code():
    assert jit.compiled(sample_laws.energy_scale)(1.0, 0.0) == np.inf


def test_numbas_own_setting_is_put_back():
    from numba.core import config

    before = config.CACHE_DIR
    jit.compiled(sample_laws.energy_scale)
    assert before == config.CACHE_DIR


def test_a_kernel_without_a_source_file_compiles_without_a_disk_cache(tmp_path):
    space = {"__name__": "typed_in"}
    exec(compile("def typed(x):\n    return x + 40.0\n", "<typed in>", "exec"), space)
    run = jit.compiled(jit.kernel(space["typed"]))
    assert run(2.0) == 42.0
    assert not list((tmp_path / "kernels").rglob("*.nbi"))


@pytest.mark.parametrize("name", ["", "9lives"])
def test_a_twin_needs_a_name_that_can_be_one(name):
    if name:
        with pytest.raises(InvariantError, match="does not name a kernel"):
            jit.compiled(sample_laws.bound_time, name=name)
    else:
        assert jit.compiled(sample_laws.bound_time, name=name).py_func.__name__ == "bound_time"


def test_importing_and_plain_use_load_neither_numba_nor_numpy():
    program = (
        "import sys\nfrom archsim import jit\nimport sample_laws\n"
        "jit.bound(sample_laws.bound_time)(1.0, 2.0)\njit.traced(sample_laws.bound_time, jit.Recorder())(1.0, 2.0)\n"
        "jit.threads(); jit.violations(sample_laws.bound_time)\n"
        "print([name for name in ('numba', 'numpy', 'llvmlite') if name in sys.modules])"
    )
    path = os.pathsep.join(p for p in sys.path if p)
    environment = {**os.environ, "PYTHONPATH": path}
    out = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_threads_follow_the_environment(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")
    assert jit.threads() == 3
    monkeypatch.setenv("NUMBA_NUM_THREADS", "many")
    with pytest.raises(UsageError, match="'many'"):
        jit.threads()
    monkeypatch.delenv("NUMBA_NUM_THREADS")
    assert 1 <= jit.threads() <= (os.cpu_count() or 1)
