"""CPUs: out-of-order cores with SIMD units over a cache hierarchy."""

from __future__ import annotations

from typing import Final

from archsim.arch.family import Family, Zeros
from archsim.arch.precision import formats_of
from archsim.families.cpu.cost import cost
from archsim.families.cpu.derive import SCRATCH, derive, plan
from archsim.families.cpu.scaling import SCALING
from archsim.families.cpu.settle import settle
from archsim.families.cpu.spec import CpuSpec
from archsim.mapping.processor import VERDICTS, causes

BITS: Final = frozenset({"binary"})
"""What every CPU computes with its logic and counting instructions, see `archsim.families.cpu.low_bit`."""

FAMILY = Family(
    name="cpu",
    title="von Neumann CPU with SIMD",
    spec=CpuSpec,
    scaling=lambda chip: SCALING,
    scratch=SCRATCH,
    derive=derive,
    plan=plan,
    cost=cost,
    settle=settle,
    causes=causes("caches", "main memory"),
    resources=("call", "matrix tiles", "SIMD units", "special functions", "latency"),
    lanes=dict.fromkeys(("call", "matrix tiles", "SIMD units", "special functions", "latency"), "cores"),
    whole="cores",
    formats=lambda spec: formats_of(spec.core.matrix, spec.core.vector) | BITS,
    verdicts=VERDICTS,
    zeros=(
        Zeros("weights", "uniform", "skipped", "compressed rows, where the library has them and they are faster"),
        Zeros("weights", "block", "skipped", "as uniform"),
        Zeros("weights", "mask", "skipped", "as uniform"),
    ),
)
