"""GPUs: SIMT lanes and tensor cores over caches and stacked memory."""

from __future__ import annotations

from archsim.arch.family import Family
from archsim.arch.precision import formats_of
from archsim.families.gpu.cost import cost
from archsim.families.gpu.derive import SCRATCH, derive, plan
from archsim.families.gpu.product import CANDIDATES
from archsim.families.gpu.settle import settle
from archsim.families.gpu.spec import GpuSpec
from archsim.mapping.processor import VERDICTS, causes

FAMILY = Family(
    name="gpu",
    title="SIMT GPU with tensor cores",
    spec=GpuSpec,
    scratch=SCRATCH,
    derive=derive,
    plan=plan,
    cost=cost,
    settle=settle,
    causes=causes("caches and shared memory", "device memory"),
    resources=("launch", "tensor cores", "lanes", "special functions", "latency"),
    formats=lambda spec: formats_of(spec.matrix, spec.vector),
    verdicts=VERDICTS,
    candidates=CANDIDATES,
)
