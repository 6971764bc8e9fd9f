"""Words fetched into a scratchpad that forgets everything once it is full: SCALE-Sim's model of DRAM reads.

Half of a read buffer is one window of 50 sets. A word that is not in it is fetched; as soon as as many distinct words
as the window holds have come, all of them are dropped. A word is a byte.

Quantity                                Symbol   Unit
buffer                                  B        B
words the window holds                  W        -
distinct words asked for                U        -
times they are all asked for in turn    P        -

Exact where each pass asks for the words in the same order and once each; windows of a convolution overlap.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.jit import kernel
from archsim.laws.fold import folds

SETS: Final = 100.0
"""Sets a buffer is divided into."""
ACTIVE: Final = 50.0
"""Sets of the half that is read from; the other half is being filled."""


@kernel
def set_words(capacity: float) -> float:
    """Return the words of one set of a buffer: w = floor(B / 100).

    Parameters
    ----------
    capacity : float
        Buffer, B, B.

    Returns
    -------
    float
        Words, -.

    References
    ----------
    SCALE-Sim 3.0.0, 2025, scalesim/memory/read_buffer_estimate_bw.py, set_params.
    """
    return math.floor(capacity / SETS)


@kernel
def window(capacity: float) -> float:
    """Return the words the window of a buffer holds: W = 50 floor(B / 100).

    Parameters
    ----------
    capacity : float
        Buffer, B, B.

    Returns
    -------
    float
        Words, -.

    References
    ----------
    SCALE-Sim 3.0.0, 2025, scalesim/memory/read_buffer_estimate_bw.py, set_params.
    """
    return ACTIVE * set_words(capacity)


@kernel
def repeated(words: float, passes: float, window: float) -> float:
    """Return the words fetched when all are asked for in turn, again and again: n = U if U < W, else U P.

    As many words as the window holds lie between two uses of a word, so it has been dropped; fewer are all still there.

    Parameters
    ----------
    words, passes : float
        Distinct words, U, and times they are asked for, P, -.
    window : float
        W, -.

    Returns
    -------
    float
        Words, -.

    References
    ----------
    SCALE-Sim 3.0.0, 2025, scalesim/memory/read_buffer_estimate_bw.py, manage_prefetches and check_hit.
    """
    return words if words < window else words * passes


@kernel
def groups(size: float, side: float, others: float, passes: float, window: float) -> float:
    """Return the words fetched when groups of words come one after another: n = sum of U + W - h, U or U P.

    A group has `side` x `others` words, U, the last one what is left of `size` x `others`; each comes P times over.
    Of a group smaller than the window, what had come before the drop in its first pass is fetched a second time, W - h
    words where the window held h before; nothing where it is not dropped, h + U < W. A larger one never finds a word.

    Parameters
    ----------
    size, side : float
        Length of the axis that is divided, and of one part, -.
    others : float
        Words per step of it, -.
    passes : float
        Times each group is asked for, P, -.
    window : float
        W, -.

    Returns
    -------
    float
        Words, -.

    References
    ----------
    SCALE-Sim 3.0.0, 2025, scalesim/memory/read_buffer_estimate_bw.py, manage_prefetches and check_hit.
    """
    fetched = 0.0
    held = 0.0
    for part in range(int(folds(size, side))):
        words = min(side, size - part * side) * others
        if passes == 1.0 or words >= window:
            fetched += words * passes
            held = (held + words * passes) % window
        elif held + words < window:
            fetched += words
            held += words
        else:
            fetched += words + window - held
            held = words
    return fetched


@kernel
def shared(words: float, needed: float, window: float) -> float:
    """Return the words fetched where neighbours share words, about: n = U W / (W - V / 2), infinite if V >= W.

    Each of n / W drops loses half of the words still needed: of those two neighbours share, about as many have been
    used for the last time.

    Parameters
    ----------
    words : float
        Distinct words, U, -.
    needed : float
        Words held for another use, V, -.
    window : float
        W, -.

    Returns
    -------
    float
        Words, -.

    References
    ----------
    Estimate, 2026: within 3 % on average of a walk of 278 layers of four networks, where it applies.
    """
    return words * window / (window - 0.5 * needed) if needed < window else math.inf
