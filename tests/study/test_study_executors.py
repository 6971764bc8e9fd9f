"""Executors: the same results wherever they come from, and a worker that is killed loses nothing."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from executor_tasks import die, refuse, square

import archsim as a
from archsim.errors import MissingExtraError, UsageError
from archsim.study import jobs
from archsim.study.executors import Processes, cluster, completed

SPACE = {"policy.fusion": ["none", "full"], "clock": [1e9, 1.2e9, 1.4e9]}
HERE = Path(__file__).parent
MORTAL = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")


def squares(executor, folder):
    tasks = [(number, str(folder / f"{number}") if number in (2, 5) else "") for number in range(8)]
    return dict(completed(square, tasks, executor))


def same(one, other):
    assert np.array_equal(one["latency"], other["latency"])
    assert np.array_equal(one["energy"], other["energy"])
    assert one.points.bound.tolist() == other.points.bound.tolist()


@pytest.fixture(scope="module")
def here():
    return a.sweep("alexnet", "a100-sxm4-80gb", SPACE)


@pytest.fixture(scope="module")
def processes():
    with Processes(2) as pool:
        yield pool


def test_processes_and_threads_give_what_this_process_gives(here, processes, monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 2)  # four chunks
    same(here, a.sweep("alexnet", "a100-sxm4-80gb", SPACE, executor=processes))
    with ThreadPoolExecutor(2) as threads:
        same(here, a.sweep("alexnet", "a100-sxm4-80gb", SPACE, executor=threads))


@MORTAL
def test_a_killed_process_loses_nothing(processes, tmp_path):
    assert squares(processes, tmp_path) == {number: number**2 for number in range(8)}


@MORTAL
def test_what_a_broken_pool_of_somebody_else_leaves_is_done_by_others(tmp_path):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert squares(pool, tmp_path) == {number: number**2 for number in range(8)}


@MORTAL
def test_workers_that_die_every_time_are_given_up():
    with Processes(1) as processes, pytest.raises(UsageError, match="workers died 3 times and 1 of 1"):
        list(completed(die, [1], processes))


STARTED = """
import os, signal, sys
from executor_tasks import process
from archsim.study.executors import Processes, completed
if __name__ == "__main__":
    print(list(completed(process, [0], Processes(1)))[0][1], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@MORTAL
def test_processes_end_with_the_one_that_started_them(tmp_path):
    script = tmp_path / "started.py"
    script.write_text(STARTED)
    said = subprocess.run([sys.executable, script], capture_output=True, env={**os.environ, "PYTHONPATH": str(HERE)},
                          text=True, check=False)  # fmt: skip
    worker = int(said.stdout)
    for _ in range(100):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("a worker outlived the process that started it")


def test_an_error_of_a_task_is_raised_as_it_is(processes):
    with pytest.raises(ValueError, match="task 7"):
        list(completed(refuse, [7], processes))


def test_numbers_of_processes_that_make_no_sense():
    for count in (0, -1, 1.5, True, "2"):
        with pytest.raises(UsageError, match="jobs="):
            Processes(count)


def test_a_cluster_gives_what_this_process_gives_and_outlives_a_worker(here, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local,
        cluster(local.scheduler_address) as executor,
    ):
        same(here, a.sweep("alexnet", "a100-sxm4-80gb", SPACE, executor=executor))
        assert squares(executor, tmp_path) == {number: number**2 for number in range(8)}


def test_a_cluster_that_is_not_there(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("archsim.study.executors._CONNECTING", 0.2)
    with pytest.raises(UsageError, match="no scheduler answers"), cluster("tcp://127.0.0.1:1"):
        pass


def test_the_extra_is_named_when_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"archsim\[cluster\]"), cluster("tcp://127.0.0.1:1"):
        pass
