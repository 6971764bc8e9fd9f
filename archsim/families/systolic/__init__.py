"""Systolic arrays: MAC cells that hand operands to their neighbours, over scratchpads, beside a vector unit."""

from __future__ import annotations

from archsim.arch.chip import Chip
from archsim.arch.family import Family, Zeros
from archsim.arch.precision import formats_of
from archsim.families.systolic.cost import cost
from archsim.families.systolic.derive import SCRATCH, derive, plan
from archsim.families.systolic.parts import CAUSES, RESOURCES, VERDICTS
from archsim.families.systolic.scaling import SCALING
from archsim.families.systolic.spec import SystolicSpec
from archsim.graph.op import Op

HOST = frozenset({"chase", "fft", "collective", "neuron"})
"""Kinds of op that neither the arrays nor the vector unit run: pointers, butterflies, exchanges, spikes."""


def supports(op: Op, chip: Chip) -> bool:
    """Say whether the machine runs this kind of op; its host runs the others."""
    return op.kind not in HOST


FAMILY = Family(
    name="systolic",
    title="systolic array with a vector unit",
    spec=SystolicSpec,
    scaling=lambda chip: SCALING,
    scratch=SCRATCH,
    derive=derive,
    plan=plan,
    cost=cost,
    causes=CAUSES,
    resources=RESOURCES,
    lanes=dict.fromkeys(("idle cells", "weight loading", "fill and drain"), "arrays") | {"waiting": ""},
    supports=supports,
    formats=lambda spec: formats_of(spec.array.pace, spec.vector.rates),
    verdicts=VERDICTS,
    candidates=40,
    zeros=(Zeros("weights", "n:m", "skipped", "on arrays described as structured; no zeros are stored"),),
)
