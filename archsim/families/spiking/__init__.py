"""Spiking machines: cores of neurons that are updated in timesteps and send a message to other cores when they fire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.arch.family import Family, Zeros
from archsim.families.spiking.cost import cost
from archsim.families.spiking.fidelity import count_cores, follow_messages
from archsim.families.spiking.parts import CAUSES, DETAILS, FOUND, RESOURCES, VERDICTS
from archsim.families.spiking.plan import derive, plan
from archsim.families.spiking.remarks import remarks
from archsim.families.spiking.scaling import SCALING
from archsim.families.spiking.spec import SpikingSpec
from archsim.graph.op import Op
from archsim.graph.tensor import Tensor

SYNAPSES: Final = frozenset({"matmul", "conv"})


def supports(op: Op, chip: Chip) -> bool:
    """Say whether the machine runs this kind of op; its host runs the others."""
    spec: Any = chip.spec
    if spec.values == "numbers":
        return op.kind == "matmul" and not getattr(op.work, "dynamic", False)
    return op.kind in ("neuron", "reduce") or (op.kind in SYNAPSES and op.phase == "forward")


def takes(op: Op, chip: Chip, tensors: Mapping[str, Tensor]) -> bool:
    """Say whether an op reads spikes, where products of anything else are no synapses, and pools no addresses."""
    spec: Any = chip.spec
    if op.kind == "neuron" or spec.values == "numbers":
        return True
    first = tensors[op.inputs[0]]
    if op.kind == "reduce":
        return first.structure == tensors[op.outputs[0]].structure == "temporal"
    return first.structure == "temporal" and not getattr(op.work, "dynamic", False)


FAMILY = Family(
    name="spiking",
    title="spiking machine",
    spec=SpikingSpec,
    scaling=lambda chip: SCALING,
    scratch=FOUND,
    derive=derive,
    plan=plan,
    cost=cost,
    causes=CAUSES,
    resources=RESOURCES,
    lanes=dict.fromkeys(RESOURCES, "cores"),
    whole="cores",
    verdicts=VERDICTS,
    supports=supports,
    takes=takes,
    fidelities={"cores": count_cores, "events": follow_messages},
    details=DETAILS,
    remarks=remarks,
    zeros=(
        Zeros("inputs", "temporal", "skipped", "a neuron that does not fire sends nothing: address events"),
        Zeros("inputs", "uniform", "skipped", "where inputs are numbers: those that are not zero are sent"),
        Zeros("inputs", "n:m", "skipped", "as uniform"),
        Zeros("inputs", "block", "skipped", "as uniform"),
        Zeros("inputs", "mask", "skipped", "as uniform"),
        Zeros("weights", "uniform", "skipped", "lists of targets; with index_bits, long runs store zeros"),
        Zeros("weights", "n:m", "skipped", "as uniform"),
        Zeros("weights", "block", "skipped", "as uniform"),
        Zeros("weights", "mask", "skipped", "as uniform"),
    ),
)
