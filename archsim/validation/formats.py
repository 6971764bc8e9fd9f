"""Number formats as measured tables name them: what operands and results of a matmul are stored in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from archsim.graph.dtypes import DTYPES
from archsim.validation.cells import SkipRow, quoted

_SYNONYMS: Final = {
    "bfloat16": "bf16", "float16": "fp16", "half": "fp16", "fp16_tc": "fp16", "float32": "fp32", "float": "fp32",
    "float64": "fp64", "double": "fp64", "fp8_e4m3": "fp8", "fp8_e5m2": "fp8",
}  # fmt: skip
_HALF: Final = 16.0
"""Results of narrower matmuls are written in a 16-bit format: they are sums of many products."""


@dataclass(frozen=True, slots=True)
class Formats:
    """Formats of one matmul: `label` names the group, the others what is stored."""

    label: str
    input: str
    weight: str
    output: str


_MIXED: Final = {
    "int8_wo": Formats("int8-weights", "bf16", "int8", "bf16"),
    "sq": Formats("int8", "int8", "int8", "bf16"),
}
"""Formats of more than one name: weights alone in int8; SmoothQuant, weights and activations in int8."""


def formats(name: str) -> Formats:
    """Read the dtype of a row.

    Raises
    ------
    SkipRow
        No format has that name.
    """
    folded = name.strip().lower()
    if folded in _MIXED:
        return _MIXED[folded]
    found = _SYNONYMS.get(folded, folded)
    if found not in DTYPES:
        raise SkipRow(f"unknown dtype {quoted(name)}")
    return Formats(found, found, found, found if DTYPES[found].bits >= _HALF else "bf16")
