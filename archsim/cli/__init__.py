"""The command line: ``archsim run WORKLOAD HARDWARE`` and its sisters.

Modules of commands import what they need when they are called, so that ``--help`` and listings answer at once.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words behind the program's name; those of this process if left out.

    Returns
    -------
    int
        0 done, 2 wrong call, 3 invalid description, 4 does not fit or is not supported, 5 a defect of archsim,
        130 interrupted, 141 the reader of the output went away.
    """
    from archsim.cli.process import run_process

    return run_process(arguments)
