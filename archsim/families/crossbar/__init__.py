"""Crossbar machines: arrays of cells that hold weights and sum products on wires, beside a digital unit."""

from __future__ import annotations

from archsim.arch.chip import Chip
from archsim.arch.family import Family, Zeros
from archsim.families.crossbar.area import areas
from archsim.families.crossbar.cost import cost
from archsim.families.crossbar.derive import SCRATCH, derive
from archsim.families.crossbar.parts import CAUSES, DETAILS, RESOURCES, VERDICTS
from archsim.families.crossbar.plan import plan
from archsim.families.crossbar.remarks import remarks
from archsim.families.crossbar.scaling import scaling
from archsim.families.crossbar.spec import CrossbarSpec
from archsim.graph.op import Op

HOST = frozenset({"chase", "fft", "collective", "neuron"})
"""Kinds of op that neither the arrays nor the digital unit run: pointers, butterflies, exchanges, spikes."""


def supports(op: Op, chip: Chip) -> bool:
    """Say whether the machine runs this kind of op; its host runs the others."""
    return op.kind not in HOST


FAMILY = Family(
    name="crossbar",
    title="analog crossbar with a digital unit",
    spec=CrossbarSpec,
    scaling=scaling,
    areas=areas,
    scratch=SCRATCH,
    derive=derive,
    plan=plan,
    cost=cost,
    causes=CAUSES,
    resources=RESOURCES,
    lanes={"weight writing": "arrays", "pipeline fill": "", "waiting": ""},
    apart=("arrays", "output converters", "network"),
    unless="weight writing",
    supports=supports,
    verdicts=VERDICTS,
    details=DETAILS,
    remarks=remarks,
    candidates=4,
    zeros=(
        Zeros("inputs", "uniform", "gated", "rows without input are not driven, and their cells take nothing"),
        Zeros("inputs", "n:m", "gated", "as uniform"),
        Zeros("inputs", "block", "gated", "as uniform"),
        Zeros("inputs", "mask", "gated", "as uniform"),
        Zeros("inputs", "temporal", "gated", "as uniform"),
    ),
)
