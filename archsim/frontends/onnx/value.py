"""What is known about one ONNX tensor while the importer walks past it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.frontends.onnx import formats
from archsim.graph import Role, Tensor

Array = NDArray[Any]


@dataclass
class Source:
    """Something that exists before the network runs; it becomes a tensor of the graph once an op reads it.

    Attributes
    ----------
    name : str
        ONNX name.
    shape : tuple of int
        Sizes as stored.
    code : int
        ONNX element type.
    role : Role or None
        Set by the first reader that knows better than the rule for constants.
    density : float
        Share of entries that are not zero, for sparse initialisers.
    """

    name: str
    shape: tuple[int, ...]
    code: int
    role: Role | None = None
    density: float = 1.0
    tensor: Tensor | None = None


@dataclass
class Value:
    """An ONNX tensor: its concrete shape, and where its bytes are.

    Attributes
    ----------
    name : str
        ONNX name.
    shape : tuple of int
        Concrete sizes.
    code : int
        ONNX element type.
    constant : bool
        Known before the run, so computing with it alone costs nothing.
    trained : bool
        Derived from an initialiser.
    data : ndarray or None
        The numbers themselves, of small constants only.
    source : Source or None
        Stored bytes behind a constant or an input.
    tensor : Tensor or None
        Stored bytes behind a computed value.
    """

    name: str
    shape: tuple[int, ...]
    code: int
    constant: bool = False
    trained: bool = False
    data: Array | None = field(default=None, repr=False)
    source: Source | None = None
    tensor: Tensor | None = None

    @property
    def elements(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def immediate(self) -> bool:
        """Whether it is a literal number in the code rather than something in memory."""
        return self.constant and (self.rank == 0 or (self.elements == 1 and not self.trained))

    @property
    def is_float(self) -> bool:
        """Whether the element type is a plain float."""
        return self.code in formats.FLOATS

    def integers(self) -> tuple[int, ...] | None:
        """The numbers of a small constant as a flat tuple of int; None when they are not known."""
        return None if self.data is None else tuple(int(number) for number in np.ravel(self.data))

    def scalar(self) -> float | None:
        """The number of a small constant with one element; None when it is not known."""
        return float(np.ravel(self.data)[0]) if self.data is not None and self.data.size == 1 else None
