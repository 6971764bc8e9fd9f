"""How much of its latencies a core hides: the instructions and the misses it keeps in flight, and branches.

An out-of-order core looks ahead by as many instructions as its reorder buffer holds. Whatever is independent within
that window runs side by side; what depends on what came before waits. An in-order core is one with a small window.

Quantity                                Symbol   Unit   Source
instructions in flight                  W        -      Karkhanis & Smith 2004
instructions of one iteration           I        -
latency of one iteration from its start L        clk
clocks by which iterations follow one
another, through a result they need     R        clk
"""

from __future__ import annotations

from archsim.jit import kernel


@kernel
def body_clocks(
    loads: float, load_rate: float, operations: float, slots: float, instructions: float, issue: float
) -> float:
    """Return the clocks one iteration keeps the busiest part of a core: c = max(l / r_l, o / r_o, I / r_i).

    Parameters
    ----------
    loads, load_rate : float
        Loads of one iteration, and how many start per clock.
    operations, slots : float
        Arithmetic instructions of one iteration, and how many start per clock.
    instructions, issue : float
        Instructions of any kind in one iteration, and how many start per clock.

    Returns
    -------
    float
        Clocks per iteration, clk.

    References
    ----------
    Laukemann et al. 2018, OSACA (throughput of a loop by its most loaded port), doi:10.1109/PMBS.2018.8641578.
    """
    return max(loads / load_rate, operations / slots, instructions / issue)


@kernel
def loop_clocks(body: float, recurrence: float, latency: float, instructions: float, window: float) -> float:
    """Return the clocks between iterations of a long loop: c = max(body, R, L I / W).

    W / I iterations are in flight, and each stays for L at least (Little's law); none begins before what it needs of
    the last one is there, and none faster than the parts of the core allow.

    Parameters
    ----------
    body : float
        Clocks the busiest part works for one iteration, see `body_clocks`, clk.
    recurrence : float
        From one iteration's result to that of the next one, R, clk; 0 when they are independent.
    latency : float
        From the first instruction of an iteration to its last result, L, clk.
    instructions : float
        Of one iteration, I.
    window : float
        In flight, W.

    Returns
    -------
    float
        Clocks per iteration, clk.

    References
    ----------
    Karkhanis, Smith: A first-order superscalar processor model, ISCA 2004, doi:10.1109/ISCA.2004.1310786.
    """
    return max(body, recurrence, latency * instructions / window)


@kernel
def chains_in_window(held: float, length: float) -> float:
    """Return the dependent sums in a row that run side by side, in a window over several: c = 1 + max(0, h - 1) / n.

    The sum of a row of n values is a chain; the one of the next row waits for nothing, and begins as soon as the window
    reaches it. A lower estimate: within two fifths of a window simulated value by value.

    Parameters
    ----------
    held : float
        Values the window holds, h.
    length : float
        Values of one row, n, above 0.

    Returns
    -------
    float
        Chains, -; at least 1.

    References
    ----------
    Karkhanis, Smith: A first-order superscalar processor model, ISCA 2004, doi:10.1109/ISCA.2004.1310786.
    """
    return 1.0 + max(0.0, held - 1.0) / length


@kernel
def misses_in_flight(chains: float, misses: float, window: float, instructions: float) -> float:
    """Return how many cache misses of one core overlap: c = min(chains, misses, max(1, W / I)).

    Parameters
    ----------
    chains : float
        Accesses that do not wait for one another, side by side.
    misses : float
        Misses the core keeps track of.
    window : float
        Instructions in flight, W.
    instructions : float
        From one miss to the next, I.

    Returns
    -------
    float
        Misses, -; at least 1 if there are chains.

    References
    ----------
    Chou, Fahs, Abraham: Microarchitecture optimizations for exploiting memory-level parallelism, ISCA 2004,
    doi:10.1109/ISCA.2004.1310765.
    """
    return min(chains, misses, max(1.0, window / instructions))


@kernel
def mispredicted_share(taken: float) -> float:
    """Return the share of branches that a two-bit counter predicts wrongly: s = p q / (1 - 2 p q), q = 1 - p.

    For outcomes that know nothing of each other, as those that depend on loaded data; the counter's four states are
    then a walk with steps of p up and q down. Near p for rare outcomes, a half for even ones.

    Parameters
    ----------
    taken : float
        Share of branches that are taken, p, 0 to 1.

    Returns
    -------
    float
        Share, -; 0 to 0.5.

    References
    ----------
    Smith: A study of branch prediction strategies, ISCA 1981 (the counter); Green, Dukhan, Vuduc: Branch-avoiding graph
    algorithms, SPAA 2015, arXiv:1411.1460 (searches); the closed form is the stationary state of the walk.
    """
    either = taken * (1.0 - taken)
    return either / (1.0 - 2.0 * either)
