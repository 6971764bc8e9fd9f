"""A machine of one rate and one energy: what is left of a family when all physics is taken away."""

from __future__ import annotations

from archsim.arch.chip import Chip
from archsim.arch.family import STATIC, Cause, Family
from archsim.families.null.cost import cost, derive
from archsim.families.null.spec import NullSpec
from archsim.graph.op import Op


def supports(op: Op, chip: Chip) -> bool:
    """Say whether the machine runs this kind of op."""
    spec = chip.spec
    return not isinstance(spec, NullSpec) or not spec.kinds or op.kind in spec.kinds


FAMILY = Family(
    name="null",
    title="null machine, for tests",
    spec=NullSpec,
    scratch=(),
    derive=derive,
    cost=cost,
    causes=(STATIC, Cause("operations", "compute")),
    resources=("operations",),
    supports=supports,
    internal=True,
)
