"""Counting spikes: synaptic operations, messages between cores, and neurons that are updated.

Neurons fire independently of one another, each with the same chance in every timestep; their synapses lead to neurons
that lie evenly over the cores.

Quantity                            Symbol   Unit
neurons                             N        -
spikes per neuron and timestep      r        -
timesteps                           T        -
synapses of one neuron, outward     f        -
synapses of one neuron, inward      g        -
cores                               C        -
neurons of a pool's window          n        -
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def synaptic_operations(rate: float, steps: float, synapses: float) -> float:
    """Return the synaptic operations of a run: S = r T N f, one per spike and synapse.

    Parameters
    ----------
    rate : float
        Spikes per neuron and timestep, r, -.
    steps : float
        Timesteps, T, -.
    synapses : float
        All synapses, N f, -.

    Returns
    -------
    float
        Synaptic operations, -.

    References
    ----------
    Merolla et al.: A million spiking-neuron integrated circuit with a scalable communication network and interface,
    Science 345(6197), 2014 (synaptic operations per second: rate times active synapses).
    """
    return rate * steps * synapses


@kernel
def distinct_cores(synapses: float, cores: float) -> float:
    """Return the cores that synapses of one neuron lead to, on the mean: D = C (1 - (1 - 1/C)^f).

    Parameters
    ----------
    synapses : float
        Of one neuron, f, -.
    cores : float
        Over which they lie evenly, C, -.

    Returns
    -------
    float
        Cores, -; one message goes to each.

    References
    ----------
    Feller: An Introduction to Probability Theory and Its Applications, vol. 1, 3rd ed. 1968, section IV.2 (occupancy:
    f balls leave (1 - 1/C)^f of C cells empty).
    """
    return cores * (1.0 - (1.0 - 1.0 / cores) ** synapses)


@kernel
def messages(spikes: float, cores: float) -> float:
    """Return the messages of a run: m = s D, one per spike and core that it leads to.

    Parameters
    ----------
    spikes : float
        Spikes, s, -.
    cores : float
        Cores that one of them leads to, D, -.

    Returns
    -------
    float
        Messages, -.

    References
    ----------
    Davies et al.: Loihi: a neuromorphic manycore processor with on-chip learning, IEEE Micro 38(1), 2018 (a spike is
    sent once to each core, where a list fans it out).
    """
    return spikes * cores


@kernel
def reached_share(rate: float, synapses: float) -> float:
    """Return the share of neurons that a timestep reaches with at least one spike: u = 1 - (1 - r)^g.

    Parameters
    ----------
    rate : float
        Spikes per neuron and timestep of those in front, r, -.
    synapses : float
        Inward, of one neuron, g, -.

    Returns
    -------
    float
        Share, -; an event-driven core updates these only.

    References
    ----------
    Definition: the chance that not all of g independent neurons stay silent.
    """
    return 1.0 - (1.0 - rate) ** synapses


@kernel
def source_rate(share: float, sources: float) -> float:
    """Return the rate of the neurons behind a pool: r = 1 - (1 - u)^(1 / n).

    Parameters
    ----------
    share : float
        Share of the pool's windows that a timestep reaches with at least one spike, u, -.
    sources : float
        Neurons of a window, n, -.

    Returns
    -------
    float
        Spikes per neuron and timestep, -.

    References
    ----------
    Definition: `reached_share` the other way round.
    """
    if sources <= 1.0 or share >= 1.0:
        return share
    return -math.expm1(math.log1p(-share) / sources)


@kernel
def step_time(sending: float, receiving: float, link: float, barrier: float, tick: float) -> float:
    """Return the time of one timestep: t = max(max(t_send, t_receive, t_link) + t_barrier, t_tick).

    Parameters
    ----------
    sending, receiving : float
        Of the core that takes longest to update its neurons and send, and to receive and add up, s.
    link : float
        Of the link with most messages, s.
    barrier : float
        Until all cores know that all are done, s.
    tick : float
        Shortest timestep of a machine that keeps to real time, s; 0: none.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Boyle, Plagge, Cardwell, Chance, Gerstlauer: SANA-FE: simulating advanced neuromorphic architectures for fast
    exploration, IEEE TCAD 2025 (the simple timing model); Merolla et al. 2014 (a tick of 1 ms).
    """
    return max(max(sending, receiving, link) + barrier, tick)
