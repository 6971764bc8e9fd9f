"""GPUs: SIMT lanes and tensor cores over caches and stacked memory."""

from __future__ import annotations

from archsim.arch.family import STATIC, Cause, Family
from archsim.arch.precision import formats_of
from archsim.families.gpu.cost import cost
from archsim.families.gpu.derive import SCRATCH, derive, plan
from archsim.families.gpu.settle import settle
from archsim.families.gpu.spec import GpuSpec

FAMILY = Family(
    name="gpu",
    title="SIMT GPU with tensor cores",
    spec=GpuSpec,
    scratch=SCRATCH,
    derive=derive,
    plan=plan,
    cost=cost,
    settle=settle,
    causes=(
        STATIC,
        Cause("arithmetic", "compute"),
        Cause("special functions", "compute"),
        Cause("instructions", "control"),
        Cause("caches and shared memory", "on_chip_memory"),
        Cause("device memory", "off_chip_memory"),
    ),
    resources=("launch", "tensor cores", "lanes", "special functions", "latency"),
    formats=lambda spec: formats_of(spec.matrix, spec.vector),
    verdicts=(
        "ok",
        "no unit has the number format, or a wider one",
        "the power limit is exceeded even at a hundredth of the clock",
    ),
)
