"""Tensors: what flows between ops, and what stays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from archsim.graph.dtypes import DTYPES
from archsim.graph.exact import times

STRUCTURES: Final = ("dense", "uniform", "n:m", "block", "mask", "temporal")
"""How zeros may lie; the position is the code that kernels see."""


class Role(StrEnum):
    """Why a tensor exists: this decides residency, reuse across a batch and write costs."""

    WEIGHT = "weight"
    ACTIVATION = "activation"
    STATE = "state"
    INPUT = "input"


@dataclass(frozen=True)
class Tensor:
    """A named array.

    Attributes
    ----------
    name : str
        Unique within a graph.
    shape : tuple of int
        Exact sizes; an empty tuple is a scalar.
    dtype : str
        Number format, see `archsim.graph.dtypes`.
    role : Role
        Weight, activation, state (kept between runs: KV cache, running statistics) or input.
    density : float
        Share of elements that are not zero, 0 to 1.
    structure : str
        How the zeros lie: ``dense``, ``uniform``, ``n:m``, ``block``, ``mask`` or ``temporal``.
    sources : int
        Of spikes: neurons that send to one element, more than one behind a pool.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "fp16"
    role: Role = Role.ACTIVATION
    density: float = 1.0
    structure: str = "dense"
    sources: int = 1

    @cached_property
    def elements(self) -> int:
        """Number of elements, exact."""
        return math.prod(self.shape)

    @cached_property
    def bytes(self) -> float:
        """Dense storage, byte."""
        return times(self.elements, DTYPES[self.dtype].bits) / 8

    @cached_property
    def stored(self) -> int:
        """Dense storage in whole bytes, exact and rounded up."""
        return -(-self.elements * math.ceil(2 * DTYPES[self.dtype].bits) // 16)
