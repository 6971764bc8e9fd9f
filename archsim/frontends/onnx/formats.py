"""ONNX element types as number formats."""

from __future__ import annotations

from typing import Final

from archsim.errors import ImportFormatError

FLOAT: Final = 1
UINT8: Final = 2
INT8: Final = 3
INT32: Final = 6
INT64: Final = 7
BOOL: Final = 9

# Codes of onnx.TensorProto.DataType. Unsigned formats are charged like signed ones of the same width; a bool is a byte
# in every runtime; two-bit integers hold more values than a ternary digit, so they are charged as four.
_FORMATS: Final[dict[int, str]] = {
    1: "fp32",
    2: "int8",
    3: "int8",
    4: "int16",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "int8",
    10: "fp16",
    11: "fp64",
    12: "int32",
    13: "int64",
    16: "bf16",
    17: "fp8",
    18: "fp8",
    19: "fp8",
    20: "fp8",
    21: "int4",
    22: "int4",
    23: "fp4",
    24: "fp8",
    25: "int4",
    26: "int4",
}
FLOATS: Final = frozenset({1, 10, 11, 16})
"""Types that a `dtype` override replaces: the plain floats, not the quantised ones."""


def number_format(code: int, override: str | None, name: str) -> str:
    """Number format of a tensor whose ONNX element type is `code`.

    Parameters
    ----------
    code : int
        ``onnx.TensorProto.DataType``.
    override : str or None
        Format to use for every plain float.
    name : str
        Tensor, for the message.

    Raises
    ------
    ImportFormatError
        Text and complex numbers have no counterpart.
    """
    if override is not None and code in FLOATS:
        return override
    found = _FORMATS.get(code)
    if found is None:
        raise ImportFormatError(
            f"tensor {name!r} has ONNX element type {code}", hint="text, complex and undefined types are not numbers"
        )
    return found
