"""Transformers on optical machines: one layer, and what its products alone cost and convert.

Claims about such machines count the products of a layer and what goes in and out of them; norms, softmax and
activations are left out, as they are of the comparison with a digital machine's energy per product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from archsim.arch import registry
from archsim.arch.chip import Chip
from archsim.engine.evaluate import evaluate
from archsim.engine.result import OpResult
from archsim.graph.graph import Graph
from archsim.workloads.registry import workload

WHOLE: Final = 8
"""Bits of numbers on machines that are not analog."""
INWARD: Final = ("input_conversions", "weight_conversions")
OUTWARD: Final = ("output_conversions",)
PARTS: Final = {"query-key-value": "qkv", "output": "proj", "up": "ffn", "down": "ffn", "scores": "attention",
                "values": "attention"}  # fmt: skip
"""What the last part of a product's name says of its place in the layer."""


def layer(width: int, heads: int, tokens: int, bits: int) -> Graph:
    """Return one layer that sees all tokens, without the causal mask; query, key and value in one product."""
    return workload(
        "transformer", layers=1, width=width, heads=heads, context=tokens, sequence=tokens, vocabulary=1,
        causal=False, packed=True, bias=False, dtype=f"int{bits}",
    )  # fmt: skip


@dataclass(frozen=True)
class Products:
    """Products of one layer on one machine, every op through memory.

    Attributes
    ----------
    ops : tuple of OpResult
        The products.
    tokens : int
        Tokens of the run.
    light : frozenset of str
        Causes of energy that are light.
    """

    ops: tuple[OpResult, ...]
    tokens: int
    light: frozenset[str]

    @cached_property
    def macs(self) -> float:
        """Multiply-accumulates of one token."""
        return sum(op.macs * op.count for op in self.ops) / self.tokens

    def share(self, part: str) -> float:
        """Return the share of the multiply-accumulates in one part of the layer."""
        return self.sum(lambda op: op.macs if part_of(op) == part else 0.0) / self.macs

    def conversions(self, names: tuple[str, ...]) -> float:
        """Return the conversions of one token: into the cores (`INWARD`), or out of them (`OUTWARD`)."""
        return self.sum(lambda op: sum(op.details.get(name, 0.0) for name in names))

    def energy(self, *, light: bool = True) -> float:
        """Return the energy of one token, J."""
        return self.sum(
            lambda op: sum(each for cause, each in op.energy_by_cause.items() if light or cause not in self.light)
        )

    def lit(self) -> float:
        """Return the energy of the light for one token, J."""
        return self.energy() - self.energy(light=False)

    def sum(self, amount: Callable[[OpResult], float]) -> float:
        """Add up over all products, per token."""
        return sum(amount(op) * op.count for op in self.ops) / self.tokens


def part_of(op: OpResult) -> str:
    """Return which part of a layer a product is: qkv, proj, ffn or attention."""
    return PARTS.get(op.name.rpartition("/")[2], "")


def products(width: int, heads: int, tokens: int, chip: Chip) -> Products:
    """Evaluate one layer, in numbers of as many bits as an analog machine has or 8, and keep its products."""
    bits = getattr(chip.spec, "bits", WHOLE)
    result = evaluate(layer(width, heads, tokens, bits), chip, fusion="none", capacity="ignore")
    causes = registry.get(chip.family).causes
    return Products(
        tuple(op for op in result.ops if part_of(op)),
        tokens,
        frozenset(cause.name for cause in causes if cause.group == "light"),
    )
