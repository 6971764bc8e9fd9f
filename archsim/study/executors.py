"""Where chunks of work are done: here, in other processes, or on other machines.

Every study takes an executor with the interface of `concurrent.futures`. Two are offered: `Processes` on this machine,
and `cluster` for a scheduler of dask.distributed. A worker that is killed loses its chunk, and the chunk is done again.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from importlib import import_module
from multiprocessing import get_context, parent_process
from typing import Any, Final

from archsim.errors import MissingExtraError, UsageError
from archsim.jit import threads

PATIENCE: Final = 3
"""Rounds in which workers die and nothing is done, until it is given up."""
_CONNECTING: Final = 10.0
"""How long a scheduler may take to answer, s."""


class Processes(Executor):
    """Processes of this machine, started afresh, and again when one is killed.

    A script that uses it keeps its own work behind ``if __name__ == "__main__":``, because every process imports the
    script once more.

    Parameters
    ----------
    jobs : int, optional
        How many; as many as there are processors when left out. They share the processors between them.
    """

    def __init__(self, jobs: int | None = None) -> None:
        if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
            raise UsageError(f"jobs={jobs!r}", hint="write a whole number of at least 1")
        self.jobs = jobs
        self._pool: ProcessPoolExecutor | None = None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a process call a function."""
        if self._pool is None:
            jobs = self.jobs or threads()
            self._pool = ProcessPoolExecutor(
                jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(max(1, threads() // jobs),)
            )
        return self._pool.submit(fn, *args, **kwargs)

    def renew(self) -> None:
        """Leave processes that cannot be used any more; the next call starts others."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)
            self._pool = None


def _begin(share: int) -> None:
    """Prepare a new process: its share of the processors, and Ctrl-C left to the process that started it."""
    os.environ["NUMBA_NUM_THREADS"] = str(share)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    """End this process when the one that started it is killed, which would leave it waiting for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """Connect to a scheduler of dask.distributed, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    MissingExtraError
        dask.distributed is not installed.
    UsageError
        Nothing answers there.
    """
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise MissingExtraError("distributed", "cluster") from None
    try:
        client = distributed.Client(address, timeout=_CONNECTING)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"no scheduler answers at {address!r}: {_brief(error)}",
                         hint="start one with: dask scheduler") from error  # fmt: skip
    try:
        yield client.get_executor(pure=False)
    finally:
        client.close()


def _brief(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def completed(
    function: Callable[[Any], Any], tasks: Sequence[Any], executor: Executor | None
) -> Iterator[tuple[int, Any]]:
    """Yield the index and the result of each task as it is done, in any order.

    A task whose worker was killed is given to another one.

    Raises
    ------
    UsageError
        Workers die over and over without finishing anything.
    """
    if executor is None:
        for index, task in enumerate(tasks):
            yield index, function(task)
        return
    with ExitStack() as stack:
        waiting = dict(enumerate(tasks))
        futile = 0
        while waiting:
            before = len(waiting)
            for index, result in _round(function, waiting, executor):
                del waiting[index]
                yield index, result
            if not waiting:
                return
            futile = futile + 1 if len(waiting) == before else 0
            if futile == PATIENCE:
                raise UsageError(
                    f"workers died {PATIENCE} times and {len(waiting)} of {len(tasks)} tasks are not done",
                    hint='in a script, start the study behind if __name__ == "__main__": ; or give workers more memory',
                )
            if isinstance(executor, Processes):
                executor.renew()
            elif isinstance(executor, ProcessPoolExecutor):  # it stays broken
                executor = stack.enter_context(Processes(getattr(executor, "_max_workers", None)))


def _round(function: Callable[[Any], Any], waiting: dict[int, Any], executor: Executor) -> Iterator[tuple[int, Any]]:
    """Yield what one round of submitting everything gives; what a killed worker had is left out."""
    futures: dict[Future[Any], int] = {}
    try:
        for index, task in list(waiting.items()):
            futures[executor.submit(function, task)] = index
    except BrokenExecutor:
        pass
    try:
        for future in as_completed(futures):
            try:
                result = future.result()
            except BrokenExecutor:
                continue
            except Exception as error:
                if type(error).__name__ == "KilledWorker":  # dask's, after it tried several workers itself
                    continue
                raise
            yield futures[future], result
    finally:
        for future in futures:
            future.cancel()
