"""What one op costs on an optical machine, by who runs it."""

from __future__ import annotations

import math
from typing import Final

from archsim.arch.tables import MAPPING
from archsim.families.optical.attention import cost_attention
from archsim.families.optical.dota import cost_dota
from archsim.families.optical.fourier import cost_fourier
from archsim.families.optical.parts import IDLE_ENERGY, MEMORY, NO_UNIT
from archsim.families.optical.place import FOURIER, on_cores
from archsim.families.optical.product import cost_product
from archsim.graph.kinds import ATTENTION
from archsim.jit import Record, kernel
from archsim.mapping.digital import cost_digital, kept

DOTA: Final = 1
"""Code of the dataflow that its own simulator counts."""
NUMBERS: Final = MAPPING
"""How many numbers an outcome keeps."""
IN_PLACE: Final = 0
"""Code of weights that stay in cores of their own."""


@kernel
def wait_lit(chip: Record, work: Record, out: Record) -> None:
    """Charge what burns while the cores wait: light that is not gated, and what holds weights in their place."""
    if chip.laser_gated == 0.0:
        out.energy[IDLE_ENERGY] += work.laser * chip.core_count * out.latency
    if chip.core_weights == IN_PLACE:
        out.energy[IDLE_ENERGY] += work.tuned * chip.core_count * out.latency


@kernel
def cost(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one op: on the cores, or on the digital unit."""
    for number in range(NUMBERS):
        out.mapping[number] = math.nan
    if work.lane_code[op.precision] < 0:
        out.status = NO_UNIT
    elif chip.dataflow == DOTA:
        cost_dota(op, chip, work, out)
    elif not on_cores(op, chip):
        cost_digital(op, chip, work, out, MEMORY, kept(chip))
        wait_lit(chip, work, out)
    elif op.kind == ATTENTION:
        cost_attention(op, chip, work, out)
    elif chip.core_structure == FOURIER:
        cost_fourier(op, chip, work, out)
    else:
        cost_product(op, chip, work, out)
