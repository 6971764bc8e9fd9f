"""The messages of one timestep, one by one, through queues of finite length.

A core takes its neurons in order and sends as it goes. A message waits for a place in the queue of each link on its
way, along the row first and then along the column, and in the queue of its core, which takes one after the other.
Whoever wants to put into a full queue is held up: a link passes nothing else meanwhile, a core that sends does nothing
else. Messages are taken in the order of their sending.
"""

from __future__ import annotations

from archsim.families.spiking.neurons import updated
from archsim.families.spiking.numbers import (
    ACCESS,
    ACROSS,
    ALONG,
    BUFFER,
    FIRE,
    HEIGHT,
    INPUTS,
    LINK,
    SENT,
    TILE,
    UPDATE,
)
from archsim.jit import Record, kernel


@kernel
def follow(
    step: int, made: int, fired: Record, biased: Record, times: Record, settings: Record, held: Record, bounds: Record,
    messages: Record, takes: Record, order: Record, first: Record, queues: Record, heads: Record, free: Record,
    clocks: Record, pointers: Record, heap: Record,
) -> float:  # fmt: skip
    """Return the time from the start of a timestep until the last core is done, s.

    Parameters
    ----------
    step : int
        Which timestep.
    made : int
        Its messages.
    fired, biased, times, settings, held, bounds
        As in `archsim.families.spiking.walk.walk`.
    messages : (room, 2) int64
        Neuron a message is from, core it goes to.
    takes : (room,) float64
        Time its core takes for it, s.
    order, first : (room,) int64, (neurons + 1,) int64
        Scratch: messages by neuron, and the first of each neuron.
    queues : (4 tiles + cores, places) float64
        Scratch: when the last messages left each queue, s.
    heads, free : (4 tiles + cores,) int64, float64
        Scratch: oldest place of each queue, and when its server is done, s.
    clocks : (cores,) float64
        Scratch: how far each core is, s.
    pointers : (cores, 3) int64
        Scratch: next neuron of a core, its next message, and the one behind its last.
    heap : (cores,) int64
        Scratch.
    """
    queues[:] = 0.0
    heads[:] = 0
    free[:] = 0.0
    sort_by_neuron(made, messages, order, first)
    links = len(queues) - len(clocks)
    for position in range(first[int(settings[INPUTS])]):  # from outside: they are there when the timestep begins
        arrive(0.0, 0.0, -1, messages[order[position], 1], takes[order[position]], links, queues, heads, free)
    end = 0.0
    for core in range(len(clocks)):
        clocks[core] = 0.0
        pointers[core, 0] = bounds[core, 0]
        pointers[core, 1] = 0
        pointers[core, 2] = 0
        advance(core, step, fired, biased, times, settings, held, bounds, first, clocks, pointers)
        end = max(end, clocks[core])
    waiting = 0  # cores with a message ready, the earliest first: a heap
    for core in range(len(clocks)):
        if pointers[core, 1] < pointers[core, 2]:
            heap[waiting] = core
            waiting += 1
    for place in range(waiting // 2 - 1, -1, -1):
        sink(place, waiting, heap, clocks)
    while waiting > 0:
        core = heap[0]
        message = order[pointers[core, 1]]
        clocks[core] += send(
            clocks[core], core, messages[message, 1], takes[message], times, settings, links, queues, heads, free
        )
        pointers[core, 1] += 1
        advance(core, step, fired, biased, times, settings, held, bounds, first, clocks, pointers)
        end = max(end, clocks[core])
        if pointers[core, 1] >= pointers[core, 2]:
            waiting -= 1
            heap[0] = heap[waiting]
        sink(0, waiting, heap, clocks)
    for core in range(len(clocks)):
        end = max(end, free[links + core])
    return end


@kernel
def sort_by_neuron(made: int, messages: Record, order: Record, first: Record) -> None:
    """Put messages in the order of the neurons they are from; fill the first of each neuron."""
    first[:] = 0
    for message in range(made):
        first[messages[message, 0]] += 1
    total = 0
    for neuron in range(len(first)):
        total += first[neuron]
        first[neuron] = total
    for back in range(made):
        message = made - 1 - back
        neuron = messages[message, 0]
        first[neuron] -= 1
        order[first[neuron]] = message


@kernel
def advance(
    core: int, step: int, fired: Record, biased: Record, times: Record, settings: Record, held: Record, bounds: Record,
    first: Record, clocks: Record, pointers: Record,
) -> None:  # fmt: skip
    """Move a core to the moment its next message is ready, or to its end."""
    while pointers[core, 1] >= pointers[core, 2] and pointers[core, 0] < bounds[core, 1]:
        neuron = pointers[core, 0]
        clocks[core] += times[ACCESS]
        if updated(step, neuron, fired, biased, held, settings):
            clocks[core] += times[UPDATE]
        if fired[step, neuron] == 1:
            clocks[core] += times[FIRE]
        pointers[core, 0] += 1
        pointers[core, 1] = first[neuron]
        pointers[core, 2] = first[neuron + 1]
    if pointers[core, 1] < pointers[core, 2]:
        clocks[core] += times[SENT]


@kernel
def sink(place: int, size: int, heap: Record, clocks: Record) -> None:
    """Move a core down a heap until no core below it is ready earlier."""
    while True:
        below = 2 * place + 1
        if below >= size:
            return
        if below + 1 < size and clocks[heap[below + 1]] < clocks[heap[below]]:
            below += 1
        if clocks[heap[place]] <= clocks[heap[below]]:
            return
        heap[place], heap[below] = heap[below], heap[place]
        place = below


@kernel
def send(
    ready: float, origin: int, core: int, take: float, times: Record, settings: Record, links: int, queues: Record,
    heads: Record, free: Record,
) -> float:  # fmt: skip
    """Pass a message through all links to its core; return how long its sender is held up, s."""
    height = int(settings[HEIGHT])
    here, there = origin // settings[TILE], core // settings[TILE]
    x, y, goal_x, goal_y = here // height, here % height, there // height, there % height
    time, held_up, last = ready, 0.0, -1
    while x != goal_x or y != goal_y:
        link = 4 * (x * height + y)
        hop = times[ACROSS] if x != goal_x else times[ALONG]
        if x != goal_x:
            link += 0 if goal_x > x else 1
            x += 1 if goal_x > x else -1
        else:
            link += 2 if goal_y > y else 3
            y += 1 if goal_y > y else -1
        enters = max(time, queues[link, heads[link]])
        if last < 0:
            held_up = enters - ready
        elif enters > time:
            free[last] = max(free[last], enters)
        starts = max(enters, free[link])
        free[link] = starts + times[LINK]
        time = starts + hop
        queues[link, heads[link]] = time
        heads[link] = (heads[link] + 1) % settings[BUFFER]
        last = link
    wait = arrive(time, ready, last, core, take, links, queues, heads, free)
    return wait if last < 0 else held_up


@kernel
def arrive(
    time: float, ready: float, last: int, core: int, take: float, links: int, queues: Record, heads: Record,
    free: Record,
) -> float:  # fmt: skip
    """Put a message into the queue of its core; return how long its sender would be held up, s."""
    place = links + core
    enters = max(time, queues[place, heads[place]])
    if last >= 0 and enters > time:
        free[last] = max(free[last], enters)
    free[place] = max(enters, free[place]) + take
    queues[place, heads[place]] = free[place]
    heads[place] = (heads[place] + 1) % len(queues[place])
    return enters - ready
