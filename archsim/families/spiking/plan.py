"""Where all layers lie, and how long one timestep of all of them together takes."""

from __future__ import annotations

import math

from archsim.families.spiking.layer import describe_layer, place_layer, synapse_code, synapse_time
from archsim.families.spiking.parts import BARRIER, LINKS, ONE_AFTER_ANOTHER, RECEIVING, ROWS, SENDING
from archsim.graph.kinds import NEURON, REDUCE
from archsim.jit import Record, kernel
from archsim.laws import mesh, sparse_format, sparsity, spikes, voltage


@kernel
def derive(chip: Record, work: Record) -> None:
    """Fill what follows from the description alone: P = P_idle v^k + E_clk f v^2, and energies by v^2."""
    work.scale, leakage = 1.0, 1.0
    if not math.isnan(chip.supply_voltage):
        relative = chip.supply_voltage / chip.supply_nominal
        work.scale = voltage.energy_scale(relative)
        leakage = voltage.leakage_scale(relative, chip.supply_leakage)
    work.static_power = chip.power_idle * leakage
    if not math.isnan(chip.clocking_rate):
        work.static_power += chip.clocking_energy * chip.clocking_rate * work.scale
    work.power_cap = chip.power_limit


@kernel
def plan(ops: Record, chip: Record, work: Record) -> None:
    """Give every layer its cores, then time one timestep of all layers at once, and share it out by their work."""
    place(ops, chip, work)
    work.position = 0.0
    if chip.layers == ONE_AFTER_ANOTHER:
        follow_one_another(work)
        return
    tiles = min(work.cores, chip.cores) / chip.mesh_cores
    height = min(chip.mesh_height, math.ceil(tiles))
    work.along = mesh.mean_distance(height)
    work.across = mesh.mean_distance(math.ceil(math.ceil(tiles) / height))
    work.barrier = barrier_time(chip, math.ceil(tiles))
    sending, receiving, hops, total, steps, longest = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for index in range(len(ops)):
        op = ops[index]
        if op.kind == REDUCE:
            continue
        row = min(index, ROWS - 1)
        runs = op.steps if op.kind == NEURON else op.steps * work.row_runs[row]
        if op.kind == NEURON:
            runs = op.length * work.row_runs[row]
            busy = neuron_time(op, chip, work, row)
            sending = max(sending, busy)
        else:
            busy = receive_time(op, chip, work, row)
            sent = work.rate * work.sources * work.row_sent_to[row]
            origin = origin_of(ops, work, index)
            if origin >= 0:  # inputs from outside lie on no core
                each = sent / work.row_cores[origin]
                if not math.isnan(chip.limits_axons_out):
                    each = min(each, work.rate * chip.limits_axons_out)
                each *= chip.message_sent_time
                sending = max(sending, neuron_time(ops[origin], chip, work, origin) + each)
            hops += sent * op.count * (work.along + work.across)
            receiving = max(receiving, busy)
        total += op.count * busy * runs
        steps += op.count * runs
        longest = max(longest, runs)
    links = link_time(chip, work, hops)
    work.slowest = max(sending, receiving, links)
    work.limiting = SENDING
    if receiving > sending:
        work.limiting = RECEIVING
    if links > max(sending, receiving):
        work.limiting = LINKS
    work.step = spikes.step_time(sending, receiving, links, work.barrier, chip.timestep_tick)
    if work.slowest <= 0.0:
        work.limiting = BARRIER
    work.whole = longest * work.step
    work.idle = work.step - work.slowest
    total += work.idle * steps
    work.stretch = work.whole / total if total > 0.0 else 0.0
    work.static_power *= work.chips


@kernel
def follow_one_another(work: Record) -> None:
    """Let every op take its own time on all cores, and wait for nothing."""
    work.along, work.across, work.barrier, work.idle = 0.0, 0.0, 0.0, 0.0
    work.limiting, work.slowest, work.step, work.stretch, work.whole = RECEIVING, 1.0, 1.0, 1.0, 0.0


@kernel
def place(ops: Record, chip: Record, work: Record) -> None:
    """Fill the cores of every row: those of synapses hold the neurons behind them, which the next row updates."""
    work.cores = 0.0
    cores, limit, reached, runs, neurons = 0.0, 0.0, 0.0, 1.0, 0.0
    for index in range(len(ops)):
        op = ops[index]
        if op.kind == REDUCE:
            continue
        row = min(index, ROWS - 1)
        if op.kind != NEURON:
            describe_layer(op, chip, work)
            place_layer(op, chip, work)
            if chip.layers == ONE_AFTER_ANOTHER:
                work.placed, work.sent_to, work.cores = chip.cores, chip.cores, chip.cores
            here = spikes.reached_share(op.input_density, work.fan_in)
            if work.neurons != neurons:
                cores, limit, reached = 0.0, 0.0, 0.0
            if work.placed > cores:  # branches that add up lead to the same neurons
                cores, limit = work.placed, work.limit
            reached, runs, neurons = 1.0 - (1.0 - reached) * (1.0 - here), work.runs, work.neurons
            work.row_sent_to[row] = work.sent_to
            last = origin_of(ops, work, index)
            if last >= 0 and chip.layers != ONE_AFTER_ANOTHER and not math.isnan(chip.limits_axons_out):
                needed = math.ceil(work.sources * work.sent_to / chip.limits_axons_out)
                if needed > work.row_cores[last]:  # of as many as this row stands for; the row has their mean
                    share = min(1.0, op.count / ops[last].count)
                    more = math.ceil(share * (needed - work.row_cores[last]))
                    work.cores += ops[last].count * more
                    work.row_cores[last] += more
                    work.row_limit[last] = 3.0
        else:
            if cores <= 0.0:  # neurons that nothing reaches
                cores, limit = math.ceil(op.rows / chip.limits_neurons), 0.0
            work.cores += op.count * cores
        work.row_cores[row], work.row_limit[row] = cores, limit
        work.row_reached[row], work.row_runs[row] = reached, runs
        if op.kind == NEURON:
            cores, reached, runs, neurons = 0.0, 0.0, 1.0, 0.0
    work.cores = max(1.0, work.cores)
    work.chips = math.ceil(work.cores / chip.cores)


@kernel
def origin_of(ops: Record, work: Record, index: int) -> int:
    """Return the row of the neurons that a layer just described hears, the nearest before it of their number, or -1."""
    for back in range(min(index, ROWS - 1)):
        row = min(index, ROWS - 1) - 1 - back
        if ops[row].kind == NEURON and abs(ops[row].rows / work.row_runs[row] - work.sources) < 0.5:
            return row
    return -1


@kernel
def neuron_time(op: Record, chip: Record, work: Record, row: int) -> float:
    """Return the time a core takes to update its neurons in one timestep, messages not counted, s."""
    each = math.ceil(op.rows / work.row_runs[row] / work.row_cores[row])
    updated = updated_share(op, chip, work, row)
    return each * (chip.neuron_access_time + updated * chip.neuron_update_time + op.rate * chip.neuron_fire_time)


@kernel
def updated_share(op: Record, chip: Record, work: Record, row: int) -> float:
    """Return the share of neurons that a timestep updates: those reached or firing, or all of a clocked core, -."""
    if chip.neuron_driven == 1:
        return 1.0
    return max(op.rate, work.row_reached[row])


@kernel
def receive_time(op: Record, chip: Record, work: Record, row: int) -> float:
    """Return the time a core of a layer takes to receive and add up one timestep's spikes, s; fills the layer."""
    describe_layer(op, chip, work)
    cores = work.row_cores[row]
    fired = work.rate * work.sources
    arriving = fired * work.row_sent_to[row] / cores
    added = fired * work.fan_out * stored_share(op, chip, work, cores) / cores
    if not math.isnan(chip.message_queue):
        rows = math.ceil(work.neurons / cores)
        added *= sparsity.queued_slowdown(rows, op.weight_density, cores, chip.message_queue)
    each = synapse_time(chip, synapse_code(op, chip))
    if not math.isnan(chip.learning_time):
        each += chip.learning_share * chip.learning_time
    return arriving * chip.message_received_time + added * each


@kernel
def stored_share(op: Record, chip: Record, work: Record, cores: float) -> float:
    """Return weights read over weights that are not zero, -: runs of zeros too long for their index store zeros."""
    if math.isnan(chip.synapse_index_bits) or op.weight_density <= 0.0:
        return 1.0
    rows = math.ceil(work.neurons / cores)
    values = sparse_format.sliced_run_length_values(cores, rows, op.weight_density, chip.synapse_index_bits)
    return values / (op.weight_density * work.neurons)


@kernel
def link_time(chip: Record, work: Record, hops: float) -> float:
    """Return the time of a link in one timestep, hops spread evenly over all links in use, s."""
    if math.isnan(chip.mesh_rate) or hops <= 0.0:
        return 0.0
    tiles = max(2.0, math.ceil(min(work.cores, chip.cores) / chip.mesh_cores))
    return hops / (2.0 * tiles * chip.mesh_rate)


@kernel
def barrier_time(chip: Record, tiles: float) -> float:
    """Return the time until all tiles in use know that all are done: the last point with no more tiles, s."""
    time = 0.0
    for point in range(int(chip.timestep_barrier_count)):
        if point == 0 or chip.timestep_barrier_tiles[point] <= tiles:
            time = chip.timestep_barrier_time[point]
    return time
