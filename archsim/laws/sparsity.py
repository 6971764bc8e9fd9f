"""Sparsity: what zeros save in work, and what it costs to find them.

The density d is the share of elements that are not zero. Gating keeps a unit still for the cycle of a zero; skipping
goes on to the next useful cycle, and pays for finding it, for lanes that finish at different times, and for pieces of
memory lines. What a format of `archsim.laws.sparse_format` stores is the other half of the balance.

Quantity                      Symbol   Unit   Source
density, expected share       d        -      Wu 2022, Sparseloop, arXiv:2205.05826
lanes side by side            P        -
"""

from __future__ import annotations

import math

from archsim.jit import kernel
from archsim.laws.sparse_tiles import tile_occupied


@kernel
def effective_macs(macs: float, first: float, second: float) -> float:
    """Return the MACs whose operands are both not zero: u = macs d_A d_W, for zeros that know nothing of each other.

    Parameters
    ----------
    macs : float
        Dense MACs.
    first, second : float
        Densities of the operands at the multiplier, 0 to 1.

    Returns
    -------
    float
        Useful MACs, MAC.

    References
    ----------
    Wu 2022, Sparseloop, arXiv:2205.05826.
    """
    return macs * first * second


@kernel
def output_density(first: float, second: float, depth: float) -> float:
    """Return the density of a sum of K products: d = 1 - (1 - d_A d_W)^K, so that deep sums are dense again.

    Returns
    -------
    float
        Density, -; 0 to 1.

    References
    ----------
    Wu 2022, Sparseloop, arXiv:2205.05826 (uniform density model).
    """
    return tile_occupied(depth, first * second)


@kernel
def gated_energy(useful: float, idle_energy: float) -> float:
    """Return the energy of gated MACs as a share of the dense one: E = u + (1 - u) e; the cycles stay dense.

    Parameters
    ----------
    useful : float
        Share of MACs that are done, u: the density looked at, or the product of both.
    idle_energy : float
        What a gated MAC still takes, e, as a share of a MAC.

    Returns
    -------
    float
        Share of the dense energy, -; e to 1.

    References
    ----------
    Wu 2022, Sparseloop, arXiv:2205.05826 (gating).
    """
    return useful + (1.0 - useful) * idle_energy


@kernel
def skipped_macs(macs: float, leader: float, follower: float, follows: float) -> float:
    """Return the MACs that take a cycle when zeros are skipped: n = macs d (1 - s (1 - d')).

    One-sided, macs d_leader: the zeros of one operand are never visited, those of the other still are. Two-sided,
    macs d_leader d_follower: only pairs that meet are.

    Parameters
    ----------
    macs : float
        Dense MACs.
    leader, follower : float
        Densities of the operand that is walked and of the other.
    follows : float
        Share of the follower's zeros that are skipped too: 0 one-sided, 1 two-sided.

    Returns
    -------
    float
        MACs that take a cycle, MAC.

    References
    ----------
    Wu 2022, Sparseloop, arXiv:2205.05826 (skipping, leader and follower).
    """
    return macs * leader * (1.0 - follows * (1.0 - follower))


@kernel
def merge_steps(length: float, first: float, second: float) -> float:
    """Return the steps that find the common positions of two sorted lists: n = K (d_A + d_W - d_A d_W).

    Each step compares the two heads and drops the smaller, or both if they meet: one step per position that either
    list holds. The last positions of the longer list need none, so this is at most a few steps too many.

    Parameters
    ----------
    length : float
        Positions, K.
    first, second : float
        Densities of the lists.

    Returns
    -------
    float
        Steps, -.

    References
    ----------
    Hegde 2019, ExTensor, doi:10.1145/3352460.3358275.
    """
    return length * (first + second - first * second)


@kernel
def normal_quantile(upper: float) -> float:
    """Return the x with P(X > x) = `upper`, at most 0.5, for a standard normal variable X; error below 4.5e-4.

    Returns
    -------
    float
        Deviations above the mean, -.

    References
    ----------
    Abramowitz, Stegun, Handbook of Mathematical Functions, 1964, equation 26.2.23.
    """
    t = math.sqrt(-2.0 * math.log(upper))
    above = 2.515517 + t * (0.802853 + t * 0.010328)
    below = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    return t - above / below


@kernel
def slowest_lane(work: float, density: float, lanes: float) -> float:
    """Return the expected work of the busiest of P lanes: w = min(n, mu + s x + (x^2 - 1) (1 - 2 d) / 6).

    Each lane holds a binomial number of values of its n positions, of mean mu = n d and deviation s = sqrt(mu (1 - d)).
    x is the normal quantile at the rank of the largest of P, (P - 0.375) / (P + 0.25) (Blom), and the last term the
    skewness of the binomial (Cornish, Fisher). With a mean above 5 this meets the mean of the maximum within a tenth of
    a deviation. The usual mu + s sqrt(2 ln P) is an upper bound for normal lanes, twice too far out for P = 2.

    Parameters
    ----------
    work : float
        Positions of one lane, n.
    density : float
        d, 0 to 1.
    lanes : float
        P, which wait for one another.

    Returns
    -------
    float
        Values of the busiest lane, -; mu to n.

    References
    ----------
    Blom, Statistical Estimates and Transformed Beta-Variables, 1958; Abramowitz, Stegun, Handbook of Mathematical
    Functions, 1964, equation 26.2.49; the bound: Boucheron, Lugosi, Massart, Concentration Inequalities, 2013,
    section 2.5.
    """
    mean = work * density
    if lanes <= 1.0 or mean <= 0.0:
        return mean
    if density >= 1.0:
        return work
    x = normal_quantile(0.625 / (lanes + 0.25))
    excess = math.sqrt(mean * (1.0 - density)) * x
    # With few zeros the series ends too early: it may not take back more than half.
    skewed = max((x * x - 1.0) * (1.0 - 2.0 * density) / 6.0, -excess / 2.0)
    return min(work, mean + excess + skewed)


@kernel
def queued_slowdown(work: float, density: float, lanes: float, places: float) -> float:
    """Return the time of lanes behind queues over that of even ones: t = 1 + x^2 (1 - d) / (2 q mu).

    Every step hands each of P lanes its share, a binomial number of values of mean mu = n d and variance mu (1 - d); a
    queue takes q shares, and no lane is handed the next before all queues have room. Over w steps the slowest lane
    falls behind by x deviations, x sqrt(w mu (1 - d)), with x the quantile of `slowest_lane`. When that is what a queue
    holds, q mu, all wait for it, which sets w, and the time lost is half of x^2 (1 - d) / (q mu): the slowest lane of
    one stretch begins the next with a queue that is not empty. Within a tenth of the time for queues of 2 to 32 shares
    and 64 or more lanes.

    Parameters
    ----------
    work : float
        Positions of one lane in a step, n.
    density : float
        d, 0 to 1.
    lanes : float
        P.
    places : float
        Shares a queue holds, q, -.

    Returns
    -------
    float
        Ratio, -; at least 1, at most that of lanes that wait for one another in every step.

    References
    ----------
    Derived here; the queues are those of Han 2016, EIE, arXiv:1602.01528, section IV.
    """
    mean = work * density
    if lanes <= 1.0 or mean <= 0.0 or density >= 1.0:
        return 1.0
    x = normal_quantile(0.625 / (lanes + 0.25))
    together = slowest_lane(work, density, lanes) / mean
    return max(1.0, min(together, 1.0 + x * x * (1.0 - density) / (2.0 * places * mean)))


@kernel
def lane_utilisation(work: float, density: float, lanes: float) -> float:
    """Return the share of lane cycles that are useful: u = mu / E[max], with `slowest_lane`; 1 when there is no work.

    Returns
    -------
    float
        Share, -; 0 to 1.

    References
    ----------
    Blom, Statistical Estimates and Transformed Beta-Variables, 1958.
    """
    mean = work * density
    if mean <= 0.0:
        return 1.0
    return mean / slowest_lane(work, density, lanes)


@kernel
def gather_efficiency(item: float, line: float, alignment: float) -> float:
    """Return the share of fetched bytes that are useful: g = s / (s + L - a).

    An item of s bytes that begins at any multiple of a, a divisor of s and of L, touches (s + L - a) / L lines of L
    bytes on average.

    Parameters
    ----------
    item : float
        Useful bytes in one piece, s, byte.
    line : float
        What memory returns at once, L, byte.
    alignment : float
        Where items begin, a, byte: the item's own size if it lies on its own boundary, 1 if anywhere.

    Returns
    -------
    float
        Share of the bytes, -; 0 to 1.

    References
    ----------
    Hennessy, Patterson: Computer Architecture, 6th ed. 2017, appendix B (block size).
    """
    return item / (item + line - min(alignment, line))


@kernel
def crossover_density(dense_time: float, overhead: float, full_time: float) -> float:
    """Return the density below which the sparse way is faster: d* = (t_dense - t_0) / t_1, between 0 and 1.

    The sparse way takes t_0 + d t_1. When both ways are limited by arithmetic at utilisations u_s and u_d of one peak,
    t_1 = t_dense u_d / u_s and d* = u_s / u_d; when both stream a matrix from memory, see `crossover_traffic`.

    Parameters
    ----------
    dense_time : float
        t_dense, s.
    overhead : float
        What the sparse way takes however few values there are, t_0, s.
    full_time : float
        What it would take more for all values, t_1, s.

    Returns
    -------
    float
        Density, -; 0 to 1.

    References
    ----------
    Definition.
    """
    if full_time <= 0.0:
        return 1.0 if dense_time > overhead else 0.0
    return min(max((dense_time - overhead) / full_time, 0.0), 1.0)


@kernel
def crossover_traffic(value_bits: float, metadata_bits: float, efficiency: float) -> float:
    """Return the density below which a compressed matrix streams faster than the dense one: d* = g w / (w + i).

    Parameters
    ----------
    value_bits : float
        w, bit.
    metadata_bits : float
        Metadata of each stored value, i, bit; 32-bit indices of 32-bit values give one half.
    efficiency : float
        g, useful share of the bytes fetched, see `gather_efficiency`.

    Returns
    -------
    float
        Density, -; 0 to 1.

    References
    ----------
    Definition.
    """
    return min(efficiency * value_bits / (value_bits + metadata_bits), 1.0)
