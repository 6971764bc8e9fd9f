"""How a run is done: the choices that are neither the workload's nor the machine's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from archsim.errors import UsageError, did_you_mean
from archsim.graph.dtypes import dtype
from archsim.graph.fusion import POLICIES
from archsim.graph.optimiser import optimiser

_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "fusion": POLICIES,
    "schedule": ("serial", "overlap", "pipelined"),
    "placement": ("auto", "first", "latency", "energy"),
    "fallback": ("host", "forbid"),
    "capacity": ("check", "ignore"),
    "cache": ("warm", "cold"),
    "residency": ("reuse", "planned", "none"),
    "jit": ("auto", "always", "never"),
}
_TRUTH: Final = {"true": True, "false": False}
RATE: Final = 0.1
"""Spikes per neuron and timestep, unless said otherwise."""
_COUNTS: Final = ("tensor_parallel", "spatial_parallel", "pipeline_parallel", "micro_batches", "expert_parallel")
_NOT_TEXT: Final = (*_COUNTS, "parameter_servers", "expert_imbalance", "training", "timesteps", "rate")


@dataclass(frozen=True)
class Policy:
    """Choices of one evaluation.

    Attributes
    ----------
    fusion : str
        ``eager``, ``none``, ``epilogue``, ``attention``, ``full`` or ``streams``; see `archsim.graph.fusion`.
    schedule : str
        ``serial``: one op after the other; ``overlap``: side by side where they need different units; ``pipelined``:
        so, and one run after the other at the pace of the busiest unit. See `archsim.engine.schedule`.
    precision : str
        Number format all floating-point tensors are given; empty: as the workload says.
    placement : str
        ``first``: on the first machine that can run an op, and on the host what none can; ``latency``, ``energy``:
        where that is least, with what crosses links; ``auto``: ``latency`` on a system of different machines, else
        ``first``.
    fallback : str
        ``host``: what the machine cannot run goes to its host, with the transfers; ``forbid``: it is an error.
    host : str
        Host to use instead of the one the machine's description names.
    capacity : str
        ``check``: what does not fit into the machine's memory is an error; ``ignore``: a warning.
    cache : str
        ``warm``: the run is one of many, and caches begin with what the last one left; ``cold``: they begin empty.
    residency : str
        What memories on the chip keep of results: ``reuse``: what was touched last, as caches do; ``planned``: what is
        alive and fits, as compilers do; ``none``: nothing. See `archsim.engine.liveness`.
    training : bool
        One training step instead of inference: forward, loss, gradients and update.
    optimiser : str
        Of a training step: ``sgd``, ``momentum`` or ``adam``.
    tensor_parallel : int
        Chips of a system that each layer is split over, see `archsim.graph.sharding`; the system runs as many copies
        side by side as it has such groups.
    spatial_parallel : int
        Chips that pictures are cut into tiles for, with halos, see `archsim.graph.space`.
    pipeline_parallel : int
        Stages of layers, one behind the other, see `archsim.graph.stages`.
    micro_batches : int
        Such workloads that flow through in one run, or before one update.
    expert_parallel : int
        Chips that experts are dealt to, see `archsim.graph.experts`.
    expert_imbalance : float
        Tokens of the busiest chip's experts over the mean.
    parameter_servers : int
        Machines that gradients are pushed to and parameters pulled from, in place of an all-reduce; 0: none.
    timesteps : int
        Timesteps of the workload's spiking twin, see `archsim.graph.spiking`; 0: the workload as it is.
    rate : float
        Spikes per neuron and timestep of that twin.
    fidelity : str
        Finer model of the machine's family, which takes longer; empty: the closed form. Spiking machines have
        ``cores`` and ``events``.
    jit : str
        ``auto``: compile when there is much to evaluate; ``always``; ``never``.
    """

    fusion: str = "attention"
    schedule: str = "serial"
    precision: str = ""
    placement: str = "auto"
    fallback: str = "host"
    host: str = ""
    capacity: str = "check"
    cache: str = "warm"
    residency: str = "reuse"
    training: bool = False
    optimiser: str = "sgd"
    tensor_parallel: int = 1
    spatial_parallel: int = 1
    pipeline_parallel: int = 1
    micro_batches: int = 1
    expert_parallel: int = 1
    expert_imbalance: float = 1.0
    parameter_servers: int = 0
    timesteps: int = 0
    rate: float = RATE
    fidelity: str = ""
    jit: str = "auto"

    def __post_init__(self) -> None:
        if str(self.training).lower() not in _TRUTH:
            raise UsageError(f"policy training={self.training!r}", hint="write true or false")
        object.__setattr__(self, "training", _TRUTH[str(self.training).lower()])
        for name in _COUNTS:
            object.__setattr__(self, name, _number(name, getattr(self, name)))
        object.__setattr__(self, "parameter_servers", _number("parameter_servers", self.parameter_servers, least=0))
        object.__setattr__(self, "expert_imbalance", _factor("expert_imbalance", self.expert_imbalance))
        object.__setattr__(self, "timesteps", _number("timesteps", self.timesteps, least=0))
        object.__setattr__(self, "rate", _share("rate", self.rate))
        if self.rate != RATE and not self.timesteps:
            raise UsageError(f"policy rate={self.rate:g} is of a spiking twin", hint="set policy timesteps, too")
        for field in fields(self):
            if field.name not in _NOT_TEXT and not isinstance(getattr(self, field.name), str):
                raise UsageError(f"policy {field.name}={getattr(self, field.name)!r}", hint="write text")
        optimiser(self.optimiser)
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                hint = did_you_mean(str(value), choices) or f"write one of {', '.join(choices)}"
                raise UsageError(f"policy {name}={value!r}", hint=hint)
        if self.precision:
            dtype(self.precision)


def _number(name: str, value: int | str, *, least: int = 1) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or int(text) < least:
        raise UsageError(f"policy {name}={value!r}", hint=f"write a whole number of at least {least}")
    return int(text)


def _factor(name: str, value: float | str) -> float:
    try:
        factor = float(value)
    except ValueError:
        factor = 0.0
    if isinstance(value, bool) or not 1.0 <= factor < math.inf:
        raise UsageError(f"policy {name}={value!r}", hint="write a number of at least 1")
    return factor


def _share(name: str, value: float | str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if isinstance(value, bool) or not 0.0 <= share <= 1.0:
        raise UsageError(f"policy {name}={value!r}", hint="write a share from 0 to 1")
    return share


def policy(given: Policy | Mapping[str, Any] | None = None, /, **choices: Any) -> Policy:
    """Make a policy from another one, a mapping or keywords.

    Raises
    ------
    UsageError
        A name or a value that no policy has.
    """
    base = given if isinstance(given, Policy) else Policy()
    if isinstance(given, Mapping):
        choices = {**given, **choices}
    known = [field.name for field in fields(Policy)]
    for name in choices:
        if name not in known:
            hint = did_you_mean(name, known) or f"policies are {', '.join(known)}"
            raise UsageError(f"unknown policy {name!r}", hint=hint)
    return replace(base, **choices)
