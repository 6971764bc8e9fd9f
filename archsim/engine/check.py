"""Invariants every outcome obeys; one that does not is a defect of archsim and never becomes a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archsim.errors import InvariantError

if TYPE_CHECKING:
    import numpy as np

SLACK: Final = 1e-9
"""Relative slack for sums of floats."""


def check_outcomes(ops: np.ndarray, outs: np.ndarray, names: tuple[str, ...], machine: str) -> None:
    """Check the outcome of every op.

    Parameters
    ----------
    ops, outs : ndarray of records, (n_ops,)
        The op table, and its outcomes.
    names : tuple of str
        Name of each row, for messages.
    machine : str
        Likewise.

    Raises
    ------
    InvariantError
        A value that is not finite or negative, parts that do not add up, more than the peak, or fewer bytes than the
        operands have.
    """
    import numpy as np

    for field in ("latency", "busy", "exposed", "energy", "bytes", "utilisation"):
        _each(np.isfinite(outs[field]) & (outs[field] >= 0.0), names, f"{field} is not a finite number >= 0", machine)
    parts = outs["exposed"].sum(axis=1)
    _each(
        np.isclose(parts, outs["latency"], rtol=SLACK, atol=0.0), names, "parts do not add up to the latency", machine
    )
    _each(outs["utilisation"] <= 1.0 + SLACK, names, "runs faster than the peak of its units", machine)
    needed = ops["weight_bytes"] / ops["steps"] + ops["input_bytes"] + ops["extra_bytes"] + ops["output_bytes"]
    _each(
        outs["bytes"][:, 0] + outs["resident"] >= needed * (1.0 - SLACK),
        names,
        "moves fewer bytes than its operands have",
        machine,
    )


def check_totals(totals: np.ndarray, machine: str) -> None:
    """Check the totals of every design point.

    Raises
    ------
    InvariantError
        A value that is not finite or negative, or times that do not add up.
    """
    import numpy as np

    for field in ("latency", "interval", "exposed", "energy", "bytes"):
        amounts = totals[field]
        if len(totals) and not (amounts.min() >= 0.0 and amounts.max() < np.inf):  # NaN is neither
            legal = np.isfinite(amounts) & (amounts >= 0.0)
            _each(legal, _points(totals), f"{field} is not a finite number >= 0", machine)
    latency = totals["latency"]
    legal = (totals["status"] != 0) | (np.abs(np.einsum("ij->i", totals["exposed"]) - latency) <= SLACK * latency)
    if not legal.all():
        _each(legal, _points(totals), "parts do not add up to the latency", machine)


def _points(totals: np.ndarray) -> tuple[str, ...]:
    return tuple(f"point {index}" for index in range(len(totals)))


def _each(legal: np.ndarray, names: tuple[str, ...], problem: str, machine: str) -> None:
    rows = legal.reshape(len(names), -1).all(axis=1) if len(names) else legal
    if not rows.all():
        first = names[int((~rows).argmax())]
        raise InvariantError(f"{first} on {machine}: {problem}", hint="this is a defect of archsim, please report it")
