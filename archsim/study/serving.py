"""Serving a language model: time to the first token, time per token, what it costs, and how much fits.

=========================  =========================================================================================
TTFT                       time of the prefill of all prompts of a batch; no queue
TPOT                       time of one decode step at the mean length of the cache, the first token excluded: it is
                           TTFT. Steps 1 to o - 1 behind a prompt of p tokens see p to p + o - 2 tokens in the cache
latency of a request       TTFT + (o - 1) TPOT
throughput                 output tokens of all batches over the latency of a request
MFU                        share of the time its units would need at their peak, the MACs of layers and attention only
MBU                        bytes of weights and cache a step must read, over TPOT and the memory's bandwidth
energy per token           of all chips over prefill and decode, per output token
cost per million tokens    (chips x price + power x PUE x electricity) per hour, over the throughput
largest batch              what fits beside the weights into a share of the memory: keys and values at full length, and
                           activations at their peak
=========================  =========================================================================================

On a system every group of ``tensor_parallel`` chips serves a batch of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

from archsim.arch import registry
from archsim.arch.system import System
from archsim.engine.evaluate import evaluate
from archsim.engine.inputs import machine_of
from archsim.engine.policy import Policy
from archsim.engine.policy import policy as make_policy
from archsim.errors import UsageError, did_you_mean
from archsim.study.capacity import Build, Request, Room, Runs

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.engine.result import Result

MEMORY_SHARE: Final = 0.9
"""Share of the memory that may be filled; the rest is left to the runtime and to fragments."""
_HOUR: Final = 3600.0
_KILOWATT_HOUR: Final = 3.6e6


@dataclass(frozen=True)
class Prices:
    """What an hour costs, in any one currency.

    Attributes
    ----------
    chip : float
        One chip, per hour.
    electricity : float
        Per kWh.
    overhead : float
        Power drawn for each watt of the chips: the power usage effectiveness of the building.
    """

    chip: float = 0.0
    electricity: float = 0.0
    overhead: float = 1.0

    def __post_init__(self) -> None:
        for name, least in (("chip", 0.0), ("electricity", 0.0), ("overhead", 1.0)):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and math.isfinite(value) and value >= least):
                raise UsageError(f"price {name}={value!r}", hint=f"write a number of at least {least:g}")


@dataclass(frozen=True)
class Serving:
    """How a machine serves a model.

    Attributes
    ----------
    model, hardware : str
        Names.
    chips, copies : int
        Chips in all, and copies of the model on them.
    request : Request
        What is asked.
    prefill, decode : Result
        The two phases, all copies together; no decode where one token is all.
    room : Room
        What one chip keeps.
    largest_batch : int or None
        Requests that fit beside the weights of one copy; None: without limit.
    cache_per_request : float
        Keys and values of one request at full length, over all its chips, B.
    needed_bytes : float
        Weights and cache that one chip must read in a decode step, B.
    bandwidth : float
        Of one chip's outermost memory, B/s; 0 where it has none.
    prices : Prices
        What an hour costs.
    warnings : tuple of str
        What a reader must know.
    """

    model: str
    hardware: str
    chips: int
    copies: int
    request: Request
    prefill: Result
    decode: Result | None
    room: Room
    largest_batch: int | None
    cache_per_request: float
    needed_bytes: float
    bandwidth: float
    prices: Prices
    warnings: tuple[str, ...]

    @property
    def first_token(self) -> float:
        """Time to the first token, s."""
        return self.prefill.latency

    @property
    def per_token(self) -> float:
        """Time per output token behind the first, s; 0 where one token is all."""
        return self.decode.latency if self.decode else 0.0

    @property
    def latency(self) -> float:
        """Time of a request, s."""
        return self.first_token + (self.request.output - 1) * self.per_token

    @property
    def tokens(self) -> int:
        """Output tokens of all requests served at a time."""
        return self.copies * self.request.batch * self.request.output

    @property
    def throughput(self) -> float:
        """Output tokens per second, prefill included."""
        return self.tokens / self.latency

    @property
    def decode_throughput(self) -> float:
        """Output tokens per second while decoding."""
        return self.copies * self.request.batch / self.per_token if self.per_token else 0.0

    @property
    def energy(self) -> float:
        """Energy of all requests served at a time, J."""
        steps = self.request.output - 1
        return self.prefill.energy + (steps * self.decode.energy if self.decode else 0.0)

    @property
    def energy_per_token(self) -> float:
        """Energy per output token, J."""
        return self.energy / self.tokens

    @property
    def power(self) -> float:
        """Mean power, W."""
        return self.energy / self.latency

    @property
    def cost(self) -> float:
        """Cost of a million output tokens."""
        hourly = self.chips * self.prices.chip
        hourly += self.power * self.prices.overhead * _HOUR / _KILOWATT_HOUR * self.prices.electricity
        return hourly / (self.throughput * _HOUR) * 1e6

    @property
    def prefill_mfu(self) -> float:
        """Utilisation of the arithmetic units in prefill."""
        return _arithmetic_share(self.prefill)

    @property
    def decode_mfu(self) -> float:
        """Utilisation of the arithmetic units in decode."""
        return _arithmetic_share(self.decode) if self.decode else 0.0

    @property
    def mbu(self) -> float:
        """Utilisation of the memory's bandwidth in decode; 0 where it has none to speak of."""
        reach = self.per_token * self.bandwidth
        return self.needed_bytes / reach if reach else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return all of it with unit suffixes in its keys, ready for JSON."""
        request, room = self.request, self.room
        return {
            "schema_version": 1,
            "model": self.model,
            "hardware": self.hardware,
            "chips": self.chips,
            "copies": self.copies,
            "prompt_tokens": request.prompt,
            "output_tokens": request.output,
            "batch": request.batch,
            "ttft_s": self.first_token,
            "tpot_s": self.per_token,
            "request_latency_s": self.latency,
            "throughput_tokens_per_s": self.throughput,
            "decode_throughput_tokens_per_s": self.decode_throughput,
            "prefill_mfu": self.prefill_mfu,
            "decode_mfu": self.decode_mfu,
            "mbu": self.mbu,
            "power_w": self.power,
            "energy_per_token_j": self.energy_per_token,
            "cost_per_million_tokens": self.cost,
            "weights_bytes": room.weights,
            "kv_cache_bytes": room.cache,
            "activations_bytes": room.activations,
            "memory_bytes": room.there if math.isfinite(room.there) else None,
            "kv_cache_per_request_bytes": self.cache_per_request,
            "largest_batch": self.largest_batch,
            "prefill_bound": self.prefill.bound,
            "decode_bound": self.decode.bound if self.decode else None,
            "warnings": list(self.warnings),
        }


def serve(
    model: str | PathLike[str] | Build, machine: Chip | System | str, policy: Policy | Mapping[str, Any] | None = None,
    /, *, prompt: int = 512, output: int = 128, batch: int = 1, memory_share: float = MEMORY_SHARE,
    prices: Prices | None = None, parameters: Mapping[str, Any] | None = None, **choices: Any,
) -> Serving:  # fmt: skip
    """Serve a language model on a machine or a system.

    Parameters
    ----------
    model : str, path or callable
        Name of a workload with phases, a Hugging Face ``config.json``, or a function that builds such graphs.
    machine : Chip, System or str
        Where it runs.
    policy : Policy or mapping, optional
        How the runs are done; single choices may be given as keywords. On a system ``tensor_parallel`` is all of its
        chips unless it is chosen.
    prompt, output, batch : int
        Tokens read, tokens written, and requests served together by one copy.
    memory_share : float
        Share of the memory that may be filled.
    prices : Prices, optional
        What an hour costs.
    parameters : mapping, optional
        Further parameters of the workload, such as ``dtype``.

    Raises
    ------
    DoesNotFitError
        Weights, cache and activations are more than the memory holds; with the arithmetic.
    UsageError
        A workload without phases, or a number that cannot be.
    """
    request = Request(prompt, output, batch)
    if not 0.0 < memory_share <= 1.0:
        raise UsageError(f"memory_share={memory_share!r}", hint="write a number above 0, at most 1")
    machine = machine_of(machine)
    chip = machine.chip if isinstance(machine, System) else machine
    chips = machine.chips if isinstance(machine, System) else 1
    how = make_policy(policy, **choices)
    if not _chosen(policy, choices):
        how = make_policy(how, tensor_parallel=chips)
    if chips % how.tensor_parallel:
        raise UsageError(f"tensor_parallel={how.tensor_parallel} does not divide the {chips} chips of {machine.name!r}",
                         hint=f"write a divisor of {chips}")  # fmt: skip
    if how.training:
        raise UsageError("policy training=true: a model that is trained serves nobody", hint="leave training out")
    for name in ("spatial_parallel", "pipeline_parallel", "micro_batches", "expert_parallel"):
        if getattr(how, name) > 1:
            raise UsageError(f"policy {name}={getattr(how, name)}: a served copy is split by tensor_parallel alone",
                             hint=f"leave {name} out, or evaluate one phase: archsim run")  # fmt: skip
    build = cache(_builder(model, dict(parameters or {})))
    family = registry.get(chip.family)
    runs = Runs(build, how, memory_share * family.capacity(chip.spec), family.formats(chip.spec))
    room, largest = runs.room(request), runs.largest(request)
    warnings = runs.check(request, room, largest, chip.name)
    how = make_policy(how, capacity="ignore")
    prefill = evaluate(runs.prefill(request), machine, how)
    decode = evaluate(runs.decode(request, request.past), machine, how) if output > 1 else None
    said = [text for result in (prefill, decode) if result for text in result.warnings]
    return Serving(
        model=prefill.workload,
        hardware=machine.name,
        chips=chips,
        copies=chips // how.tensor_parallel,
        request=request,
        prefill=prefill,
        decode=decode,
        room=room,
        largest_batch=largest,
        cache_per_request=runs.cache(request),
        needed_bytes=runs.read(request) if decode else 0.0,
        bandwidth=_bandwidth(chip),
        prices=prices or Prices(),
        warnings=tuple(dict.fromkeys([*warnings, *said])),
    )


def _chosen(policy: Policy | Mapping[str, Any] | None, choices: Mapping[str, Any]) -> bool:
    return "tensor_parallel" in choices or (isinstance(policy, Mapping) and "tensor_parallel" in policy)


def _builder(model: str | PathLike[str] | Build, parameters: dict[str, Any]) -> Build:
    """Return what builds the runs of a model."""
    if callable(model):
        return lambda **run: model(**{**parameters, **run})
    if str(model).lower().endswith((".json", "/")) or not isinstance(model, str):
        from archsim.frontends.huggingface import load_huggingface

        return lambda **run: load_huggingface(str(model), **{**parameters, **run})
    from archsim.workloads.registry import find, workload

    known = find(model).parameters
    missing = [name for name in ("phase", "sequence", "past", "batch") if name not in known]
    if missing:
        raise UsageError(f"{model!r} is no language model that decodes: it has no parameter {missing[0]!r}",
                         hint="see: archsim list workloads, group transformer")  # fmt: skip
    for name in parameters:
        if name in ("phase", "sequence", "past", "batch", "logits"):
            raise UsageError(f"parameter {name!r} follows from the request", hint="write prompt, output and batch")
        if name not in known:
            raise UsageError(f"workload {model!r} has no parameter {name!r}", hint=did_you_mean(name, known))
    return lambda **run: workload(model, **{**parameters, **{key: run[key] for key in run if key in known}})


def _bandwidth(chip: Chip) -> float:
    levels = getattr(chip.spec, "memory", None)
    if not levels or getattr(levels[0], "bandwidth", None) is None:
        return 0.0
    return float(levels[0].bandwidth * levels[0].instances)


def _arithmetic_share(result: Result) -> float:
    busy = sum(op.utilisation * op.latency * op.count for op in result.ops if op.macs)
    return busy / result.latency if result.latency else 0.0
