"""What one op costs on a spiking machine: synaptic operations and messages, or neurons."""

from __future__ import annotations

import math

from archsim.families.spiking.layer import describe_layer, synapse_code, synapse_energy, weight_bits
from archsim.families.spiking.parts import (
    BARRIER,
    CORES,
    HOP_ENERGY,
    LEARNING_ENERGY,
    LIMIT,
    MEMORY,
    MESSAGE_ENERGY,
    MESSAGES,
    NEURON_ENERGY,
    OUTSIDE_ENERGY,
    RECEIVING,
    ROWS,
    SENDING,
    SYNAPSE_ENERGY,
    SYNAPTIC_OPERATIONS,
    TICK,
    UPDATES,
)
from archsim.families.spiking.plan import neuron_time, receive_time, stored_share, updated_share
from archsim.graph.kinds import NEURON, REDUCE
from archsim.jit import Record, kernel
from archsim.laws import roofline, spikes


@kernel
def cost(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one op, the next of the plan."""
    row = min(int(work.position), ROWS - 1)
    work.position += 1.0
    out.mapping[CORES], out.mapping[LIMIT] = work.row_cores[row], work.row_limit[row]
    if op.kind == NEURON:
        cost_neurons(op, chip, work, out, row)
    elif op.kind == REDUCE:
        cost_pool(op, out)
    else:
        cost_synapses(op, chip, work, out, row)
    for cause in range(SYNAPSE_ENERGY, LEARNING_ENERGY + 1):
        if cause != OUTSIDE_ENERGY:  # links between chips have a supply of their own
            out.energy[cause] *= work.scale


@kernel
def cost_neurons(op: Record, chip: Record, work: Record, out: Record, row: int) -> None:
    """Cost the neurons of a layer: E = T (N E_access + U E_update + F E_fire)."""
    updates = op.rows * op.length
    updated = updates * updated_share(op, chip, work, row)
    out.energy[NEURON_ENERGY] = (
        updates * chip.neuron_access_energy
        + updated * chip.neuron_update_energy
        + updates * op.rate * chip.neuron_fire_energy
    )
    out.mapping[UPDATES] = updated
    out.mapping[SYNAPTIC_OPERATIONS], out.mapping[MESSAGES] = math.nan, math.nan
    out.bytes[0] = op.input_bytes + op.state_bytes + op.output_bytes + op.weight_bytes + op.extra_bytes
    share_time(work, out, SENDING, neuron_time(op, chip, work, row), op.length * work.row_runs[row])


@kernel
def cost_pool(op: Record, out: Record) -> None:
    """Cost a pool of spikes: nothing, they are sent under the address of their window."""
    for position in range(UPDATES + 1):
        out.mapping[position] = math.nan
    out.bytes[0] = op.input_bytes + op.output_bytes + op.extra_bytes + op.weight_bytes


@kernel
def cost_synapses(op: Record, chip: Record, work: Record, out: Record, row: int) -> None:
    """Cost the synapses of a layer: E = S E_syn + m (E_out + E_in + hops) + what leaves the chip."""
    describe_layer(op, chip, work)
    fired = work.rate * work.sources * op.steps * work.runs
    added = spikes.synaptic_operations(work.rate, op.steps * work.runs, work.sources * work.fan_out)
    sent = spikes.messages(fired, work.row_sent_to[row])
    read = added * stored_share(op, chip, work, work.row_cores[row])
    out.energy[SYNAPSE_ENERGY] = read * synapse_energy(chip, synapse_code(op, chip))
    if not math.isnan(chip.learning_energy):
        out.energy[LEARNING_ENERGY] = added * chip.learning_share * chip.learning_energy
    out.energy[MESSAGE_ENERGY] = sent * (chip.message_sent_energy + chip.message_received_energy)
    out.energy[HOP_ENERGY] = sent * (work.across * chip.mesh_across_energy + work.along * chip.mesh_along_energy)
    leaving = sent * (1.0 - 1.0 / work.chips)
    out.energy[OUTSIDE_ENERGY] = leaving * chip.message_bits / 8.0 * chip.outside_energy
    out.mapping[SYNAPTIC_OPERATIONS], out.mapping[MESSAGES], out.mapping[UPDATES] = added, sent, math.nan
    needed = op.weight_bytes + op.input_bytes + op.extra_bytes + op.output_bytes
    read = read * weight_bits(op, chip) / 8.0 + op.input_bytes * op.steps + op.extra_bytes + op.output_bytes
    out.bytes[0] = read
    out.resident = max(0.0, needed - read)  # weights that no spike asks for
    out.left_out = max(0.0, 1.0 - roofline.busy_share(added, op.macs * op.steps)) if op.macs > 0.0 else 0.0
    share_time(work, out, RECEIVING, receive_time(op, chip, work, row), op.steps * work.runs)


@kernel
def share_time(work: Record, out: Record, where: int, each: float, steps: float) -> None:
    """Fill the time of an op: its share of timesteps that all layers take together.

    Layers work at the same time. The run takes as many timesteps as its longest layer, each as long as its slowest
    core, and is shared out by how long each layer is busy or waits for all, so that the times of all ops add up to that
    of the run.

    Parameters
    ----------
    work, out : record
        As in a family's cost.
    where : int
        Resource that is busy.
    each, steps : float
        Time it is busy in a timestep, s, and timesteps, -.
    """
    busy = each * steps
    out.busy[where] = busy
    out.latency = (busy + work.idle * steps) * work.stretch
    step = work.step
    if step > 0.0:
        out.exposed[int(work.limiting)] = out.latency * work.slowest / step
        out.exposed[BARRIER] += out.latency * work.barrier / step
        out.exposed[TICK] = out.latency * max(0.0, step - work.slowest - work.barrier) / step
    out.bound = SENDING
    for resource in range(MEMORY):
        if out.exposed[resource] > out.exposed[out.bound]:
            out.bound = resource
    out.utilisation = roofline.busy_share(busy, work.whole if work.whole > 0.0 else out.latency)
