"""A spiking network beside the quantised network it can stand for: how few spikes it must get by with.

Rate codes of T timesteps tell T + 1 values apart, which a quantised network writes as a binary number. Every spike
costs an addition and its way; every number of the twin a multiplication and the way of its bits.

Quantity                                             Symbol     Unit
timesteps                                            T          -
spikes per neuron and timestep                       r          -
share of the twin's activations that are zero        g          -
energy of an addition, of a multiply-accumulate      E_a, E_m   J
energy of moving a bit as an event, in a block       e_s, e_d   J/b
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def twin_bits(steps: float) -> float:
    """Return the bits of a number that a rate code can stand for: b = ceil(log2(T + 1)).

    Parameters
    ----------
    steps : float
        Timesteps, T, -.

    Returns
    -------
    float
        Width of the quantised twin's activations, b.

    References
    ----------
    Yan, Bai, Wong: Reconsidering the energy efficiency of spiking neural networks, 2024, arXiv:2409.08290.
    """
    return math.ceil(math.log2(steps + 1.0) - 1e-12)


@kernel
def fewest_spikes(steps: float, zeros: float) -> float:
    """Return the least rate that carries the twin's activations: r = (1 - g) / T, one spike for each that is not zero.

    Parameters
    ----------
    steps : float
        Timesteps, T, -.
    zeros : float
        Share of the twin's activations that are zero, g, -.

    Returns
    -------
    float
        Spikes per neuron and timestep, -; the most is 1 - g.

    References
    ----------
    Yan, Bai, Wong: Reconsidering the energy efficiency of spiking neural networks, 2024, arXiv:2409.08290.
    """
    return (1.0 - zeros) / steps


@kernel
def breakeven_rate(steps: float, zeros: float, add: float, multiply_add: float) -> float:
    """Return the rate at which arithmetic alone costs as much as the twin's: r = E_m (1 - g) / (E_a T).

    Parameters
    ----------
    steps : float
        Timesteps, T, -.
    zeros : float
        Share of the twin's activations that are zero, and skipped, g, -.
    add, multiply_add : float
        E_a and E_m, J.

    Returns
    -------
    float
        Spikes per neuron and timestep, -; above 1 spikes always win.

    References
    ----------
    Yan, Bai, Wong: Reconsidering the energy efficiency of spiking neural networks, 2024, arXiv:2409.08290, without
    data movement; with energies of Horowitz (ISSCC 2014) the break-even of most papers on spiking networks.
    """
    return multiply_add * (1.0 - zeros) / (add * steps)


@kernel
def dense_ratio(steps: float) -> float:
    """Return the energy of moving spikes over that of moving the twin's numbers, both dense: q = T / ceil(log2(T + 1)).

    Parameters
    ----------
    steps : float
        Timesteps, T, -.

    Returns
    -------
    float
        Ratio, -; a spike each step against a number of so many bits.

    References
    ----------
    Yan, Bai, Wong: Reconsidering the energy efficiency of spiking neural networks, 2024, arXiv:2409.08290.
    """
    return steps / twin_bits(steps)


@kernel
def moves_ratio(steps: float, rate: float, event: float, block: float) -> float:
    """Return energy of moving spikes over that of moving the twin's numbers: q = T r e_s / (b e_d).

    Parameters
    ----------
    steps, rate : float
        T and r, -.
    event, block : float
        Energy of one bit on its way by itself, and in a block, e_s and e_d, J/b.

    Returns
    -------
    float
        Ratio, -.

    References
    ----------
    Yan, Bai, Wong: Reconsidering the energy efficiency of spiking neural networks, 2024, arXiv:2409.08290.
    """
    return steps * rate * event / (twin_bits(steps) * block)


@kernel
def breakeven_spikes(dense: float, spike: float) -> float:
    """Return the spikes per synapse and inference at which both cost the same: n = E_dense / E_spike.

    Parameters
    ----------
    dense : float
        Energy of one synapse of the dense network: operands read, multiply-accumulate, J.
    spike : float
        Energy of one spike at one synapse: weight read, addition, potential written, J.

    Returns
    -------
    float
        Spikes, -.

    References
    ----------
    Davidson, Furber: Comparison of artificial and spiking neural networks on digital hardware, Frontiers in
    Neuroscience 15, 2021, doi:10.3389/fnins.2021.651141.
    """
    return dense / spike
