"""Every spike of a run, from its neuron to the cores its synapses lie on: counted per core, or followed."""

from __future__ import annotations

from archsim.families.spiking.follow import follow
from archsim.families.spiking.numbers import (
    ACCESS,
    ADDED,
    BARRIER,
    DENSE_TIME,
    DRIVEN,
    FIRE,
    FOLLOW,
    FORMAT,
    HEIGHT,
    HOPS_ACROSS,
    HOPS_ALONG,
    MESSAGES,
    RECEIVED,
    SENT,
    SOURCE,
    SOURCES,
    TICK,
    TILE,
    UPDATE,
)
from archsim.families.spiking.targets import targets
from archsim.jit import Record, kernel


@kernel
def walk(
    rules: Record, densities: Record, fired: Record, biased: Record, core_of: Record, times: Record, settings: Record,
    bounds: Record, counts: Record, worked: Record, steps: Record, scratch: Record, touched: Record, reached: Record,
    held: Record, busy: Record, messages: Record, takes: Record, order: Record, first: Record, queues: Record,
    heads: Record, free: Record, clocks: Record, pointers: Record,
) -> int:  # fmt: skip
    """Run all timesteps; return 0, or the messages of the first timestep that has more than there is room for.

    Parameters
    ----------
    rules : (connections, NUMBERS) int64
        Connections.
    densities : (connections,) float64
        Share of the synapses of each that are not zero, on every core alike.
    fired : (timesteps, neurons) uint8
        1 where a neuron fires.
    biased : (neurons,) uint8
        1 for neurons that are updated in every timestep.
    core_of : (neurons,) int64
        Core of each; -1 outside.
    times : (TIMES,) float64
        Of one event each, s.
    settings : (SETTINGS,) int64
        Of the machine.
    bounds : (cores, 2) int64
        First neuron of each core, and the one behind its last.
    counts : (connections, COUNTS) float64
        Filled.
    worked : (cores, WORKED) float64
        Filled.
    steps : (timesteps, 3) float64
        Filled: the core that takes longest to send, that takes longest to receive, and the timestep, s.
    scratch, touched : (cores,) int64
        Scratch; zeros in the first.
    reached, held : (neurons,) uint8
        Reached in this timestep and in the one before; zeros when given.
    busy : (cores, 2) float64
        Scratch: time to update and send, to receive and add, s.
    messages, takes, order, first, queues, heads, free, clocks, pointers
        Scratch of `archsim.families.spiking.follow.follow`.
    """
    for step in range(len(fired)):
        for core in range(len(busy)):
            busy[core, 0] = 0.0
            busy[core, 1] = 0.0
        held[:] = reached
        reached[:] = 0
        made = 0
        for index in range(len(rules)):
            rule = rules[index]
            for source in range(rule[SOURCES]):
                neuron = rule[SOURCE] + source
                if fired[step, neuron] == 0:
                    continue
                found = targets(rule, source, scratch, touched, reached)
                for entry in range(found):
                    core = touched[entry]
                    synapses = scratch[core] * densities[index]
                    scratch[core] = 0
                    take = times[RECEIVED] + synapses * times[DENSE_TIME + rule[FORMAT]]
                    count(index, core_of[neuron], core, synapses, take, times, settings, counts, worked, busy)
                    if settings[FOLLOW] == 1 and made < len(messages):
                        messages[made, 0], messages[made, 1] = neuron, core
                        takes[made] = take
                    made += 1
        if settings[FOLLOW] == 1 and made > len(messages):
            return made
        update(step, fired, biased, times, settings, bounds, worked, held, busy)
        longest_send, longest_receive = 0.0, 0.0
        for core in range(len(busy)):
            longest_send = max(longest_send, busy[core, 0])
            longest_receive = max(longest_receive, busy[core, 1])
            worked[core, 5] += max(busy[core, 0], busy[core, 1])
        end = max(longest_send, longest_receive)
        if settings[FOLLOW] == 1:
            end = follow(
                step, made, fired, biased, times, settings, held, bounds, messages, takes, order, first, queues, heads,
                free, clocks, pointers, touched,
            )  # fmt: skip
        steps[step, 0], steps[step, 1] = longest_send, longest_receive
        steps[step, 2] = max(end + times[BARRIER], times[TICK])
    return 0


@kernel
def count(
    index: int, origin: int, core: int, synapses: float, take: float, times: Record, settings: Record, counts: Record,
    worked: Record, busy: Record,
) -> None:  # fmt: skip
    """Count one message from a core, -1 outside, to another; arguments as in `walk`, and the time it takes there."""
    counts[index, ADDED] += synapses
    counts[index, MESSAGES] += 1.0
    worked[core, 2] += 1.0
    worked[core, 3] += synapses
    busy[core, 1] += take
    if origin < 0:
        return
    busy[origin, 0] += times[SENT]
    worked[origin, 4] += 1.0
    here, there = origin // settings[TILE], core // settings[TILE]
    counts[index, HOPS_ACROSS] += abs(there // settings[HEIGHT] - here // settings[HEIGHT])
    counts[index, HOPS_ALONG] += abs(there % settings[HEIGHT] - here % settings[HEIGHT])


@kernel
def update(
    step: int, fired: Record, biased: Record, times: Record, settings: Record, bounds: Record, worked: Record,
    held: Record, busy: Record,
) -> None:  # fmt: skip
    """Add the time and count of all neurons of one timestep; arguments as in `walk`."""
    row = fired[step]
    for core in range(len(bounds)):
        updates, fires = 0, 0
        for neuron in range(bounds[core, 0], bounds[core, 1]):
            fires += row[neuron]
            updates += row[neuron] | held[neuron] | biased[neuron]
        neurons = bounds[core, 1] - bounds[core, 0]
        if settings[DRIVEN] == 1:
            updates = neurons
        worked[core, 0] += updates
        worked[core, 1] += fires
        busy[core, 0] += neurons * times[ACCESS] + updates * times[UPDATE] + fires * times[FIRE]
