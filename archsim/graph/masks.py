"""How much of a score rectangle a causal or windowed mask leaves: exact counts in closed form."""

from __future__ import annotations


def kept(queries: int, keys: int, *, causal: bool, window: int) -> int:
    """Count the scores that are not masked.

    Query i (from 0) stands at key position ``p = i + keys - queries``: the last query sees the last key. It sees

    * causal: keys ``max(0, p - window + 1) .. p``, itself among them; ``window`` 0 means from the first key;
    * not causal: keys within ``window`` of p on either side; ``window`` 0 means all.

    Parameters
    ----------
    queries, keys : int
        Sides of the rectangle.
    causal : bool
        Whether later keys are masked.
    window : int
        Reach; 0 for no limit.

    Returns
    -------
    int
        Between 0 and ``queries x keys``.
    """
    if not causal and not window:
        return queries * keys
    offset = keys - queries
    if causal:
        return _clamped(queries, offset + 1, min(window or keys, keys))
    return _clamped(queries, offset + window + 1, keys) - _clamped(queries, offset - window, keys)


def _clamped(terms: int, start: int, top: int) -> int:
    """Sum ``min(max(start + i, 0), top)`` over i from 0 to ``terms - 1``."""
    return _ramp(start + terms - 1, top) - _ramp(start - 1, top)


def _ramp(last: int, top: int) -> int:
    """Sum ``min(s, top)`` over s from 1 to `last`; nothing when `last` is not positive."""
    if last <= 0:
        return 0
    rising = min(last, top)
    return rising * (rising + 1) // 2 + (last - rising) * top
