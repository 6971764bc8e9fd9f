"""The layer behind an op: its neurons, their synapses, and the cores that hold them."""

from __future__ import annotations

import math

from archsim.graph.kinds import CONV
from archsim.jit import Record, kernel
from archsim.laws import spikes, strips


@kernel
def describe_layer(op: Record, chip: Record, work: Record) -> None:
    """Fill neurons, sources, synapses and stored bits of the layer that a contraction leads to.

    Rows of a product are samples one after the other; pixels of a convolution are neurons side by side.
    """
    density = op.weight_density
    work.map, work.runs, work.inputs = 1.0, max(1.0, op.m), op.k * op.batch
    if op.kind == CONV:
        work.map = max(1.0, op.out_height * op.out_width)
        work.runs = max(1.0, op.m / work.map)
        work.inputs = op.in_channels * op.in_height * op.in_width
    work.channels = op.n * op.batch
    work.neurons = work.channels * work.map
    work.fan_in = op.k * density
    work.fan_out = op.macs * density / (work.runs * work.inputs)
    work.sources = work.inputs * op.input_sources  # behind a pool several neurons share the address of their window
    work.rate = spikes.source_rate(op.input_density, op.input_sources)
    work.stored = op.k * op.n * op.batch * density * weight_bits(op, chip)


@kernel
def weight_bits(op: Record, chip: Record) -> float:
    """Return the bits of a weight as the machine stores it, b."""
    return min(max(op.weight_bits, chip.limits_least_bits), chip.limits_most_bits)


@kernel
def place_layer(op: Record, chip: Record, work: Record) -> None:
    """Fill the cores of the layer, the limit that decides them, and the cores that one source sends to."""
    if op.kind == CONV:
        place_map(op, chip, work)
    else:
        place_dense(op, chip, work)


@kernel
def place_dense(op: Record, chip: Record, work: Record) -> None:
    """Place neurons that all hear all sources: with too many of those, cores take a share each, and pass sums on."""
    by_neurons = max(1.0, math.ceil(work.neurons / chip.limits_neurons))
    by_memory = max(1.0, math.ceil(work.stored / (8.0 * chip.memory_capacity[0])))
    heard = work.inputs / op.batch
    shares = 1.0 if math.isnan(chip.limits_axons_in) else max(1.0, math.ceil(heard / chip.limits_axons_in))
    work.placed = max(by_neurons * shares, by_memory)
    work.limit = 0.0
    if by_memory > by_neurons * shares:
        work.limit = 1.0
    elif shares > 1.0:
        work.limit = 2.0
    work.sent_to = spikes.distinct_cores(max(1.0, work.fan_out), max(1.0, work.placed / shares))


@kernel
def place_map(op: Record, chip: Record, work: Record) -> None:
    """Place a map in strips of pixels with all their channels; kernels too large for a core are split by channel.

    Where a core cannot even tell the inputs of one pixel apart, cores take a share each, and pass sums on.
    """
    by_memory = max(1.0, math.ceil(work.stored / (8.0 * chip.memory_capacity[0])))
    parts = max(by_memory, math.ceil(work.channels / chip.limits_neurons))
    pixels = min(work.map, max(1.0, math.floor(chip.limits_neurons / math.ceil(work.channels / parts))))
    work.limit = 1.0 if by_memory > 1.0 and by_memory == parts else 0.0
    shares = 1.0
    if not math.isnan(chip.limits_axons_in):
        fitting = strip_heard(op, chip, pixels)
        if fitting < pixels:
            pixels, work.limit = fitting, 2.0
        if pixels <= 1.0:
            shares = max(1.0, math.ceil(op.k * op.groups / min(parts, op.groups) / chip.limits_axons_in))
        if shares > 1.0:
            work.limit = 2.0
    work.strip, work.parts = pixels, parts
    work.placed = parts * math.ceil(work.map / pixels)
    touched = strips.strips_reached(pixels, op.out_width, op.kernel_width, op.stride)
    work.sent_to = min(work.placed, max(1.0, parts / op.groups) * min(touched, work.placed / parts))
    work.placed *= shares


@kernel
def strip_heard(op: Record, chip: Record, pixels: float) -> float:
    """Return the longest strip, at most `pixels`, whose inputs one core can tell apart, -; at least one pixel."""
    while pixels > 1.0:
        read = strips.inputs_read(pixels, op.out_width, op.in_width, op.in_channels, op.kernel_width, op.stride)
        if read <= chip.limits_axons_in:
            break
        pixels = math.floor(pixels * max(0.5, min(0.95, chip.limits_axons_in / read)))
    return max(1.0, pixels)


@kernel
def synapse_code(op: Record, chip: Record) -> int:
    """Return how the weights of a contraction are stored: 0 dense, 1 sparse, 2 as kernels that windows share."""
    if op.kind == CONV:
        return 2
    return 0 if op.weight_density >= chip.synapse_dense_from else 1


@kernel
def synapse_energy(chip: Record, code: int) -> float:
    """Return the energy of one synaptic operation, J."""
    if code == 0:
        return chip.synapse_dense_energy
    return chip.synapse_sparse_energy if code == 1 else chip.synapse_conv_energy


@kernel
def synapse_time(chip: Record, code: int) -> float:
    """Return the time of one synaptic operation, s."""
    if code == 0:
        return chip.synapse_dense_time
    return chip.synapse_sparse_time if code == 1 else chip.synapse_conv_time
