"""Where the synapses of one source lead, by a rule with a few whole numbers: synapses are never stored.

Neurons of all populations are numbered one after the other; inputs from outside come first and lie on no core.

Dense        every source reaches every neuron of its target
Conv         windows of a convolution, pixel by pixel with all channels, or parts of them one after the other
Strided      synapse k of neuron i on core c reaches neuron (a i + b k) mod n of core (c + 1 + k // run) mod C
"""

from __future__ import annotations

from archsim.families.spiking.numbers import (
    CORES,
    DENSE,
    DILATION_X,
    DILATION_Y,
    FAN_OUT,
    FIRST_CORE,
    GROUPS,
    IN_CHANNELS,
    IN_HEIGHT,
    IN_PART,
    IN_WIDTH,
    KERNEL_HEIGHT,
    KERNEL_WIDTH,
    KIND,
    OUT_CHANNELS,
    OUT_HEIGHT,
    OUT_WIDTH,
    PAD_X,
    PAD_Y,
    PART,
    PER_CORE,
    POOL_X,
    POOL_Y,
    RUN,
    STRIDE_I,
    STRIDE_K,
    STRIDE_X,
    STRIDE_Y,
    STRIDED,
    TARGET,
    TARGETS,
)
from archsim.jit import Record, kernel


@kernel
def targets(rule: Record, source: int, counts: Record, touched: Record, reached: Record) -> int:
    """Count the synapses of one source by core; return how many cores it reaches.

    Parameters
    ----------
    rule : (NUMBERS,) int64
        The connection.
    source : int
        Which of its sources.
    counts : (cores,) int64
        Filled at the cores reached; zeros when given, except that the caller clears what is listed in `touched`.
    touched : (cores,) int64
        Filled with the cores reached.
    reached : (neurons,) uint8
        Set to 1 for every neuron reached.
    """
    if rule[KIND] == DENSE:
        return dense_targets(rule, counts, touched, reached)
    if rule[KIND] == STRIDED:
        return strided_targets(rule, source, counts, touched, reached)
    return window_targets(rule, source, counts, touched, reached)


@kernel
def dense_targets(rule: Record, counts: Record, touched: Record, reached: Record) -> int:
    """Do what `targets` does where every source reaches all neurons."""
    found, left, core = 0, rule[TARGETS], rule[FIRST_CORE]
    while left > 0:
        here = min(left, rule[PER_CORE])
        counts[core] = here
        touched[found] = core
        found += 1
        left -= here
        core += 1
    base, last = rule[TARGET], rule[TARGET] + rule[TARGETS]
    if reached[base] == 0 or reached[last - 1] == 0:
        for neuron in range(base, last):
            reached[neuron] = 1
    return found


@kernel
def strided_targets(rule: Record, source: int, counts: Record, touched: Record, reached: Record) -> int:
    """Do what `targets` does for synapses at fixed distances from core to core and from neuron to neuron."""
    found, inside = 0, rule[PER_CORE]
    home, index = source // inside, source % inside
    for synapse in range(rule[FAN_OUT]):
        there = (home + 1 + synapse // rule[RUN]) % rule[CORES]
        neuron = (rule[STRIDE_I] * index + rule[STRIDE_K] * synapse) % inside
        core = rule[FIRST_CORE] + there
        if counts[core] == 0:
            touched[found] = core
            found += 1
        counts[core] += 1
        reached[rule[TARGET] + there * inside + neuron] = 1
    return found


@kernel
def window_targets(rule: Record, source: int, counts: Record, touched: Record, reached: Record) -> int:
    """Do what `targets` does for a pixel: all channels of every window it lies in, its place that of its pool."""
    found = 0
    inputs = rule[IN_HEIGHT] * rule[IN_WIDTH]
    ahead = source // (rule[IN_PART] * inputs) * rule[IN_PART]  # channels of one part lie side by side, here as below
    width = min(rule[IN_PART], rule[IN_CHANNELS] - ahead)
    pixel, channel = (source - ahead * inputs) // width, ahead + (source - ahead * inputs) % width
    share = rule[OUT_CHANNELS] // rule[GROUPS]
    group = channel // (rule[IN_CHANNELS] // rule[GROUPS])
    part = rule[PART]
    outputs = rule[OUT_HEIGHT] * rule[OUT_WIDTH]
    row = pixel // rule[IN_WIDTH] // rule[POOL_Y] + rule[PAD_Y]
    column = pixel % rule[IN_WIDTH] // rule[POOL_X] + rule[PAD_X]
    left = first_window(column, rule[KERNEL_WIDTH], rule[DILATION_X], rule[STRIDE_X])
    right = min(rule[OUT_WIDTH] - 1, column // rule[STRIDE_X])
    top = first_window(row, rule[KERNEL_HEIGHT], rule[DILATION_Y], rule[STRIDE_Y])
    for y in range(top, min(rule[OUT_HEIGHT] - 1, row // rule[STRIDE_Y]) + 1):
        if rule[DILATION_Y] > 1 and (row - y * rule[STRIDE_Y]) % rule[DILATION_Y] != 0:
            continue
        for x in range(left, right + 1):
            if rule[DILATION_X] > 1 and (column - x * rule[STRIDE_X]) % rule[DILATION_X] != 0:
                continue
            output, last = group * share, (group + 1) * share
            while output < last:  # channels of one part lie side by side
                begin = output // part * part
                wide = min(part, rule[OUT_CHANNELS] - begin)
                end = min(last, begin + wide)
                neuron = begin * outputs + (y * rule[OUT_WIDTH] + x) * wide + output - begin
                found = reach(rule, neuron, end - output, found, counts, touched, reached)
                output = end
    return found


@kernel
def reach(rule: Record, neuron: int, size: int, found: int, counts: Record, touched: Record, reached: Record) -> int:
    """Count `size` neurons side by side, and mark them reached; return how many cores are reached so far."""
    base = rule[TARGET] + neuron
    for each in range(base, base + size):
        reached[each] = 1
    left = size
    while left > 0:
        core = neuron // rule[PER_CORE]
        here = min(left, (core + 1) * rule[PER_CORE] - neuron)
        place = rule[FIRST_CORE] + core
        if counts[place] == 0:
            touched[found] = place
            found += 1
        counts[place] += here
        neuron += here
        left -= here
    return found


@kernel
def first_window(place: int, size: int, dilation: int, stride: int) -> int:
    """Return the first window along one axis that reads a place of the padded input."""
    return max(0, -((dilation * (size - 1) - place) // stride))
