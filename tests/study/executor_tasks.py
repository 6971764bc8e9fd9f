"""Tasks for workers: small, so that a new process has little to load."""

import os
import signal
from pathlib import Path


def square(task):
    """Die at the first attempt where the task names a file, and leave it for the second."""
    number, mark = task
    if mark and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def die(task):
    os.kill(os.getpid(), signal.SIGKILL)


def process(task):
    return os.getpid()


def refuse(task):
    raise ValueError(f"task {task}")
