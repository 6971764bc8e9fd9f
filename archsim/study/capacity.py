"""How many requests of a language model fit: weights, keys and values, activations."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from archsim.errors import DoesNotFitError, UsageError
from archsim.graph.dtypes import DTYPES
from archsim.graph.memory import memory
from archsim.graph.retype import as_stored, with_precision
from archsim.graph.sharding import shard
from archsim.graph.tensor import Role
from archsim.units import CAPACITY, DATA, format_quantity

if TYPE_CHECKING:
    from archsim.engine.policy import Policy
    from archsim.graph.graph import Graph

MOST: Final = 2**30
"""Largest batch looked for."""


class Build(Protocol):
    """Builds one run of a language model."""

    def __call__(self, **parameters: Any) -> Graph:
        """Build the run that ``phase``, ``sequence``, ``past``, ``batch`` and ``logits`` describe."""
        ...


@dataclass(frozen=True)
class Request:
    """What is asked of the model.

    Attributes
    ----------
    prompt, output : int
        Tokens read and tokens written by each request.
    batch : int
        Requests served together by one copy of the model.
    """

    prompt: int = 512
    output: int = 128
    batch: int = 1

    def __post_init__(self) -> None:
        for name in ("prompt", "output", "batch"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise UsageError(f"{name}={value!r}", hint="write a whole number of at least 1")

    @property
    def past(self) -> int:
        """Tokens in the cache at the mean decode step, rounded down."""
        return self.prompt + max(self.output - 2, 0) // 2


@dataclass(frozen=True)
class Room:
    """What one chip has to keep, byte.

    Attributes
    ----------
    weights, cache, activations : float
        Weights, keys and values of all requests at full length, and activations at their peak.
    there : float
        What may be filled.
    """

    weights: float
    cache: float
    activations: float
    there: float

    @property
    def needed(self) -> float:
        """All of it."""
        return self.weights + self.cache + self.activations


class Runs:
    """The runs behind a request, as one chip of a group keeps and reads them.

    Parameters
    ----------
    build : Build
        Builds them for the whole group.
    how : Policy
        Its ``tensor_parallel`` and ``precision`` count.
    there : float
        What may be filled of one chip's memory, B.
    formats : collection of str
        Formats it computes in; others are stored wider. Empty: all.
    """

    def __init__(self, build: Build, how: Policy, there: float, formats: Collection[str] = ()) -> None:
        self.build, self.how, self.there, self.formats = build, how, there, formats
        self.room = cache(self._room)

    def prefill(self, request: Request) -> Graph:
        """Build the prefill of a batch of prompts; only the last position is asked for a token."""
        return self.build(phase="prefill", sequence=request.prompt, batch=request.batch, logits="last")

    def decode(self, request: Request, past: int) -> Graph:
        """Build one decode step behind `past` tokens."""
        return self.build(phase="decode", sequence=past + 1, past=past, batch=request.batch, logits="last")

    def one_chip(self, graph: Graph) -> Graph:
        """Return what one chip runs."""
        graph = shard(graph, self.how.tensor_parallel)
        return self._typed(graph)

    def _typed(self, graph: Graph) -> Graph:
        graph = with_precision(graph, self.how.precision) if self.how.precision else graph
        return as_stored(graph, self.formats)

    def _room(self, request: Request) -> Room:
        """Return what one chip has to keep."""
        last = memory(self.one_chip(self.decode(request, request.prompt + request.output - 1)))
        peak = memory(self.one_chip(self.prefill(request))).peak
        return Room(last.weights, last.state, max(peak, last.peak), self.there)

    def cache(self, request: Request) -> float:
        """Return the keys and values of one request at full length, on all chips of its copy, byte."""
        graph = self.decode(request, request.prompt + request.output - 1)
        return memory(self._typed(graph)).state / request.batch

    def largest(self, request: Request) -> int | None:
        """Return the largest batch that fits, None if nothing limits it.

        Cache and activations grow with the batch in proportion, or nearly, so that the batch is worked out from that
        of 1 and then corrected.
        """
        if not math.isfinite(self.there):
            return None
        one = self.room(Request(request.prompt, request.output, 1))
        each = one.cache + one.activations
        batch = min(int(max(self.there - one.weights, 0.0) / each), MOST) if each else MOST
        while batch:
            excess = self.room(Request(request.prompt, request.output, batch)).needed - self.there
            if excess <= 0.0:
                break
            batch -= min(batch, math.ceil(excess / each))
        return batch

    def read(self, request: Request) -> float:
        """Return the weights and the cache one chip must read in the mean decode step, byte."""
        graph = self.one_chip(self.decode(request, request.past))
        total = 0.0
        for op in graph.ops:
            for name, count in op.elements_read(graph.tensors).items():
                tensor = graph.tensors[name]
                if tensor.role in (Role.WEIGHT, Role.STATE):
                    total += count * DTYPES[tensor.dtype].bits / 8
        return total

    def check(self, request: Request, room: Room, largest: int | None, chip: str) -> list[str]:
        """Refuse what does not fit, or warn if the policy ignores it.

        Raises
        ------
        DoesNotFitError
            With the arithmetic.
        """
        if room.needed <= room.there:
            return []
        group = self.how.tensor_parallel
        length = request.prompt + request.output
        parts = ((room.weights, "weights"), (room.cache, f"keys and values of {length} tokens each"),
                 (room.activations, "activations"))  # fmt: skip
        told = " + ".join(f"{format_quantity(amount, DATA)} of {name}" for amount, name in parts)
        where = f" on each of {group} chips" if group > 1 else ""
        text = (
            f"a batch of {request.batch} needs {told} = {format_quantity(room.needed, DATA)}{where}; of {chip!r} "
            f"{format_quantity(room.there, CAPACITY)} may be filled"
        )
        if self.how.capacity == "ignore":
            return [f"{text}: times and energies are those of a machine with enough memory"]
        hint = f"the largest batch is {largest}" if largest else "choose a larger machine, or more chips"
        raise DoesNotFitError(text, hint=hint)
