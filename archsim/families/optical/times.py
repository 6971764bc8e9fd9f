"""From the time each part of an optical machine works to the latency of an op, and what answers for it."""

from __future__ import annotations

from archsim.families.optical.parts import FILLING, LIGHT, MEMORY, WRITING
from archsim.jit import Record, kernel
from archsim.mapping.digital import PRODUCTS, START, WAITING


@kernel
def finish(chip: Record, out: Record) -> None:
    """Fill latency, exposed times and bound: t = start + waiting + pipeline + max(light + setting, all others)."""
    lit = out.busy[LIGHT] + out.busy[WRITING]
    limit, slowest = LIGHT, lit
    for resource in range(PRODUCTS, MEMORY + int(chip.memory_count)):
        alone = resource not in (WAITING, LIGHT, WRITING, FILLING)
        if alone and out.busy[resource] > slowest:
            limit, slowest = resource, out.busy[resource]
    for resource in (START, WAITING, FILLING):
        out.exposed[resource] = out.busy[resource]
    if limit == LIGHT:
        out.exposed[LIGHT] = out.busy[LIGHT]
        out.exposed[WRITING] = out.busy[WRITING]
    else:
        out.exposed[limit] = slowest
    out.latency = out.busy[START] + out.busy[WAITING] + out.busy[FILLING] + slowest
    out.bound = limit
    for resource in (START, WAITING, FILLING, WRITING):
        if out.exposed[resource] > out.exposed[out.bound]:
            out.bound = resource
