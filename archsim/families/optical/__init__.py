"""Optical machines: light is modulated with inputs, weighted, added up on detectors, and converted back."""

from __future__ import annotations

from archsim.arch.chip import Chip
from archsim.arch.family import Family
from archsim.families.optical.area import areas
from archsim.families.optical.cost import cost
from archsim.families.optical.derive import SCRATCH, derive, plan
from archsim.families.optical.parts import CAUSES, DETAILS, RESOURCES, VERDICTS
from archsim.families.optical.remarks import remarks
from archsim.families.optical.scaling import SCALING
from archsim.families.optical.spec import OpticalSpec
from archsim.graph.op import Op

HOST = frozenset({"chase", "fft", "collective", "neuron"})
"""Kinds of op that neither the cores nor the digital unit run: pointers, butterflies, exchanges, spikes."""


def supports(op: Op, chip: Chip) -> bool:
    """Say whether the machine runs this kind of op; its host runs the others."""
    return op.kind not in HOST


FAMILY = Family(
    name="optical",
    title="optical cores between converters",
    spec=OpticalSpec,
    scaling=lambda chip: SCALING,
    areas=areas,
    scratch=SCRATCH,
    derive=derive,
    plan=plan,
    cost=cost,
    causes=CAUSES,
    resources=RESOURCES,
    lanes=dict.fromkeys(("light", "weight setting", "converter pipeline"), "light") | {"waiting": ""},
    verdicts=VERDICTS,
    supports=supports,
    details=DETAILS,
    remarks=remarks,
)
