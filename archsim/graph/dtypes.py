"""Number formats: their widths, the order of per-precision tables, and what may stand in for what.

A machine without a format runs it in the narrowest format that holds every one of its values exactly; nothing is
silently rounded. NVFP4 is fp4 (E2M1) with a scale in fp8 (E4M3) for every 16 values: 4.5 bits each, and products of two
significands that fp8 cannot hold. The order of `DTYPES` is the order of every per-precision column in the tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from archsim.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Dtype:
    """One number format.

    Attributes
    ----------
    name : str
        Name as used in files and on the command line.
    bits : float
        Width of one stored element, bit.
    wider : tuple of str
        Formats that hold every value of this one exactly, narrowest first.
    """

    name: str
    bits: float
    wider: tuple[str, ...]


_WIDTHS: Final = (
    Dtype("fp64", 64, ()),
    Dtype("fp32", 32, ("fp64",)),
    Dtype("tf32", 32, ("fp32", "fp64")),
    Dtype("fp16", 16, ("tf32", "fp32", "fp64")),
    Dtype("bf16", 16, ("tf32", "fp32", "fp64")),
    Dtype("fp8", 8, ("fp16", "bf16", "tf32", "fp32", "fp64")),
    Dtype("fp4", 4, ("nvfp4", "fp8", "fp16", "bf16", "tf32", "fp32", "fp64")),
    Dtype("nvfp4", 4.5, ("fp16", "bf16", "tf32", "fp32", "fp64")),
    Dtype("int64", 64, ()),
    Dtype("int32", 32, ("int64", "fp64")),
    Dtype("int16", 16, ("int32", "fp32", "fp64")),
    Dtype("int8", 8, ("int16", "fp16", "bf16", "int32", "tf32", "fp32", "fp64")),
    Dtype("int4", 4, ("int8", "int16", "fp16", "bf16", "int32", "tf32", "fp32", "fp64")),
    Dtype("ternary", 2, ("int4", "int8", "int16", "fp16", "bf16", "int32", "tf32", "fp32", "fp64")),
    Dtype("binary", 1, ("ternary", "int4", "int8", "int16", "fp16", "bf16", "int32", "tf32", "fp32", "fp64")),
)

DTYPES: Final[dict[str, Dtype]] = {dtype.name: dtype for dtype in _WIDTHS}
NAMES: Final[tuple[str, ...]] = tuple(DTYPES)
CODES: Final[dict[str, int]] = {name: code for code, name in enumerate(NAMES)}
PRECISIONS: Final = len(NAMES)
FLOATS: Final = frozenset({"fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "fp4", "nvfp4"})
"""Floating-point formats: what gradients can be stored in."""


def dtype(name: str) -> Dtype:
    """Look up a number format by name.

    Raises
    ------
    UnknownNameError
        No format has that name.
    """
    found = DTYPES.get(name)
    if found is None:
        raise UnknownNameError("number format", name, NAMES, hint=f"write one of {', '.join(NAMES)}")
    return found
