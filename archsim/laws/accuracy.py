"""Accuracy of a network over the noise of its products: a curve through measured points, not physics.

Quantity                                    Symbol   Unit   Source
signal over noise of the products           s        dB
accuracy by guessing, and without noise     a0, a1   -      the network
ratio at half way, and width of the slope   m, w     dB     two measured points of the network
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def accuracy(decibels: float, guess: float, best: float, middle: float, width: float) -> float:
    """Return the share of right answers, an empirical curve: a = a0 + (a1 - a0) / (1 + exp(-(s - m) / w)).

    Parameters
    ----------
    decibels : float
        s, dB; not a number where nothing is lost.
    guess, best : float
        a0 and a1, -.
    middle, width : float
        m and w, dB.

    Returns
    -------
    float
        Accuracy, -.

    References
    ----------
    Definition; empirical: no network is known to follow it beyond the points it is drawn through.
    """
    if math.isnan(decibels):
        return best
    return guess + (best - guess) / (1.0 + math.exp(-(decibels - middle) / width))
