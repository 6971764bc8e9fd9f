"""What flows through an exported program: views of stored tensors, which become part of the graph when first used."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

from archsim.errors import ImportFormatError
from archsim.graph import GraphBuilder, Role, Tensor

_FORMATS: Final = {
    "torch.float64": "fp64",
    "torch.float32": "fp32",
    "torch.float16": "fp16",
    "torch.bfloat16": "bf16",
    "torch.float8_e4m3fn": "fp8",
    "torch.float8_e5m2": "fp8",
    "torch.int64": "int64",
    "torch.int32": "int32",
    "torch.int16": "int16",
    "torch.int8": "int8",
    "torch.uint8": "int8",
    "torch.bool": "int8",
}
"""Number formats; a truth value is stored in a byte."""
_PLAIN_FLOATS: Final = frozenset({"fp64", "fp32", "fp16", "bf16"})


@dataclass
class Source:
    """A stored tensor; `tensor` is set once an op uses it.

    Attributes
    ----------
    name, shape, dtype, role
        As of the `Tensor` it becomes.
    constant : bool
        Whether it is known before the network runs, so that what is computed from it alone costs nothing.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    role: Role
    constant: bool = False
    tensor: Tensor | None = None


@dataclass(frozen=True)
class Value:
    """A view of a stored tensor."""

    source: Source
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        """Number of elements seen."""
        return math.prod(self.shape)

    @property
    def weight(self) -> bool:
        """Whether it is trained."""
        return self.source.role is Role.WEIGHT

    def handle(self, b: GraphBuilder) -> Tensor:
        """Tensor for an op to read; registered on first use."""
        source = self.source
        if source.tensor is None:
            source.tensor = b.tensor(source.name, source.shape, source.role, dtype=source.dtype)
        return replace(source.tensor, shape=self.shape)


def shape_of(example: Any, name: str) -> tuple[int, ...]:
    """Sizes of an example tensor.

    Raises
    ------
    ImportFormatError
        One of them is not a fixed number.
    """
    for axis, size in enumerate(example.shape):
        if not isinstance(size, int):
            raise ImportFormatError(f"axis {axis} of {name!r} has the open size {size}",
                                    hint="export it without dynamic_shapes")  # fmt: skip
    return tuple(int(size) for size in example.shape)


def format_of(example: Any, name: str, floats: str) -> str:
    """Number format of an example tensor; `floats`, if given, stands in for every plain float.

    Raises
    ------
    ImportFormatError
        archsim has no such format.
    """
    found = _FORMATS.get(str(example.dtype))
    if found is None:
        raise ImportFormatError(f"{name!r} is of the number format {example.dtype}, which archsim does not have")
    return floats if floats and found in _PLAIN_FLOATS else found
