"""CPUs: out-of-order cores with SIMD units over a cache hierarchy."""

from __future__ import annotations

from archsim.arch.family import STATIC, Cause, Family
from archsim.arch.precision import formats_of
from archsim.families.cpu.cost import cost
from archsim.families.cpu.derive import SCRATCH, derive, plan
from archsim.families.cpu.spec import CpuSpec

FAMILY = Family(
    name="cpu",
    title="von Neumann CPU with SIMD",
    spec=CpuSpec,
    scratch=SCRATCH,
    derive=derive,
    plan=plan,
    cost=cost,
    causes=(
        STATIC,
        Cause("arithmetic", "compute"),
        Cause("special functions", "compute"),
        Cause("instructions", "control"),
        Cause("caches", "on_chip_memory"),
        Cause("main memory", "off_chip_memory"),
    ),
    resources=("call", "matrix tiles", "SIMD units", "special functions", "latency"),
    formats=lambda spec: formats_of(spec.core.matrix, spec.core.vector),
    verdicts=("ok", "no unit has the number format, or a wider one"),
)
