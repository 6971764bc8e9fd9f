"""GPUs: SIMT lanes and tensor cores over caches and stacked memory."""

from __future__ import annotations

from archsim.arch.family import Family, Zeros
from archsim.arch.precision import formats_of
from archsim.families.gpu.cost import cost
from archsim.families.gpu.derive import SCRATCH, derive, plan
from archsim.families.gpu.product import CANDIDATES
from archsim.families.gpu.scaling import SCALING
from archsim.families.gpu.settle import settle
from archsim.families.gpu.spec import GpuSpec
from archsim.mapping.processor import VERDICTS, causes

FAMILY = Family(
    name="gpu",
    title="SIMT GPU with tensor cores",
    spec=GpuSpec,
    scaling=lambda chip: SCALING,
    scratch=SCRATCH,
    derive=derive,
    plan=plan,
    cost=cost,
    settle=settle,
    causes=causes("caches and shared memory", "device memory"),
    resources=("launch", "tensor cores", "lanes", "special functions", "latency"),
    lanes={"latency": ""},
    formats=lambda spec: formats_of(spec.matrix, spec.vector),
    verdicts=VERDICTS,
    candidates=CANDIDATES,
    zeros=(
        Zeros("weights", "n:m", "skipped", "two values in four, on tensor cores that have it"),
        Zeros("weights", "uniform", "skipped", "compressed rows on the lanes, where that is faster"),
        Zeros("weights", "block", "skipped", "as uniform"),
        Zeros("weights", "mask", "skipped", "as uniform"),
    ),
)
