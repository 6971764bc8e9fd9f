"""Functions between products as the simulator of Lightening-Transformer charges them: for one layer of the network.

The simulator counts each function in 4 bits whatever the machine's width, one of the two norms of a layer, and one
layer whatever their number. All of that is repeated here, and leaves a fraction of a percent of the energy.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.families.optical.parts import MEMORY
from archsim.graph.kinds import ELEMENTWISE, NORMALISE
from archsim.jit import Record, kernel
from archsim.mapping.digital import LANE_ENERGY, ON_CHIP_ENERGY

GLOBAL: Final = 1
"""Level of memory that functions read and write."""
NORMS: Final = 2.0
"""Norms of a layer, of which one is counted."""


@kernel
def is_function(op: Record) -> bool:
    """Say whether an op is a pointwise function, a sum of two tensors, a norm or a softmax."""
    return op.kind == ELEMENTWISE or op.kind == NORMALISE  # noqa: PLR1714


@kernel
def cost_function(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost an op that is no product: t = elements x 4 bits / bandwidth, over the layers of the network."""
    share = op.steps / work.layers
    elements = op.elements
    if op.kind == NORMALISE and op.special >= elements:
        charge(chip, work, out, elements, 0.0, elements, share)
    elif op.kind == NORMALISE:
        charge(chip, work, out, elements, chip.functions_norm * elements, 0.0, share / NORMS)
    elif op.special >= elements:
        charge(chip, work, out, elements, chip.functions_activation * elements, 0.0, share)
    else:
        charge(chip, work, out, elements, elements, 0.0, share)
    needed = op.weight_bytes + op.input_bytes + op.extra_bytes + op.state_bytes + op.output_bytes
    out.resident = needed * op.steps
    out.latency = out.bytes[GLOBAL] / work.bandwidth[GLOBAL]
    out.busy[MEMORY + GLOBAL] = out.latency
    out.exposed[MEMORY + GLOBAL] = out.latency
    out.bytes[GLOBAL] *= 2.0  # read and written, in the time of one of the two
    out.energy[ON_CHIP_ENERGY] = out.bytes[GLOBAL] * work.level_energy[GLOBAL]
    out.bound = MEMORY + GLOBAL


@kernel
def fill_functions(op: Record, chip: Record, work: Record, out: Record, scores: bool) -> None:
    """Add the energy of what is fused into a product: an activation, the sum with a residual, a softmax of `scores`.

    Its time hides behind the cores.
    """
    before = out.bytes[GLOBAL]
    share = op.steps / work.layers
    results = op.batch * op.m * op.n
    if scores:
        charge(chip, work, out, results, 0.0, results, share)
    elif op.special >= results:
        charge(chip, work, out, results, chip.functions_activation * results, 0.0, share)
    if op.extra_bytes > 0.0 and not scores:
        charge(chip, work, out, results, results, 0.0, share)
    moved = out.bytes[GLOBAL] - before
    out.bytes[GLOBAL] += moved
    out.energy[ON_CHIP_ENERGY] += 2.0 * moved * work.level_energy[GLOBAL]


@kernel
def charge(
    chip: Record, work: Record, out: Record, elements: float, operations: float, scores: float, share: float
) -> None:
    """Add the energy of operations and of a softmax of `scores`, and bytes read once, of a share of the executions."""
    width = chip.functions_bits / 8.0
    softmax = 0.0 if math.isnan(chip.functions_softmax) else chip.functions_softmax
    out.energy[LANE_ENERGY] += share * (operations * chip.functions_operation + scores * width * softmax)
    out.bytes[GLOBAL] += share * elements * width
