"""The machine archsim runs on: measured, described as a CPU, and predicted on work that was not measured for that.

>>> from archsim.study import this_machine
>>> host = this_machine.read_host()                          # doctest: +SKIP
>>> found = this_machine.measure(host)                       # doctest: +SKIP
>>> this_machine.write(found, "this-machine.yaml")           # doctest: +SKIP
>>> judged = this_machine.judge("this-machine.yaml")         # doctest: +SKIP
"""

from __future__ import annotations

from archsim.study.this_machine.description import describe, write
from archsim.study.this_machine.host import Cache, Host, read_host
from archsim.study.this_machine.judgement import Comparison, Judgement, judge
from archsim.study.this_machine.load import Load, read_load
from archsim.study.this_machine.measurements import Measurements, measure
from archsim.study.this_machine.timing import Stopwatch, Timing

__all__ = [
    "Cache",
    "Comparison",
    "Host",
    "Judgement",
    "Load",
    "Measurements",
    "Stopwatch",
    "Timing",
    "describe",
    "judge",
    "measure",
    "read_host",
    "read_load",
    "write",
]
