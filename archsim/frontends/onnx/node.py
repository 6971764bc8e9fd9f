"""One ONNX node with its inputs resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from archsim.errors import ImportFormatError
from archsim.frontends.onnx.value import Value

STANDARD = frozenset({"", "ai.onnx"})
_LONGEST = 100


def operator_label(domain: str, op: str) -> str:
    """Operator as people write it; whatever cannot be printed on one line is replaced."""
    text = op if domain in STANDARD else f"{domain}::{op}"
    return "".join(sign if sign.isprintable() else "?" for sign in text[:_LONGEST])


class Unmapped(Exception):
    """A mapper says that it cannot express this node, and why; the caller's policy for unknown ops decides."""


@dataclass
class Slot:
    """One output of a node: what shape inference found, and whether anybody reads it."""

    name: str
    shape: tuple[int, ...] | None = None
    code: int | None = None
    used: bool = True


@dataclass
class Node:
    """An ONNX node.

    Attributes
    ----------
    name : str
        Its own name, or one made from its operator and output.
    op, domain : str
        Operator and its domain, ``""`` for the standard one.
    version : int
        Operator-set version of the domain.
    attributes : dict
        Plain Python values; graphs stay protobuf objects.
    inputs : list of Value or None
        None for an optional input left out.
    outputs : list of Slot
        In the node's order.
    """

    name: str
    op: str
    domain: str
    version: int
    attributes: dict[str, Any]
    inputs: list[Value | None]
    outputs: list[Slot] = field(default_factory=list)

    @property
    def label(self) -> str:
        """Operator as people write it, with the domain unless it is the standard one."""
        return operator_label(self.domain, self.op)

    def get(self, position: int) -> Value | None:
        """Input at `position`; None when it is left out."""
        return self.inputs[position] if position < len(self.inputs) else None

    def need(self, position: int) -> Value:
        """Input at `position`, which must be there.

        Raises
        ------
        ImportFormatError
            It is not.
        """
        value = self.get(position)
        if value is None:
            raise ImportFormatError(f"node {self.name!r} ({self.label}) has no input {position}")
        return value

    @property
    def given(self) -> list[Value]:
        """All inputs that are there."""
        return [value for value in self.inputs if value is not None]

    def integer(self, name: str, default: int = 0) -> int:
        """Integer attribute."""
        return int(self.attributes.get(name, default))

    def number(self, name: str, default: float = 0.0) -> float:
        """Float attribute."""
        return float(self.attributes.get(name, default))

    def text(self, name: str, default: str = "") -> str:
        """Text attribute."""
        value = self.attributes.get(name, default)
        return value.decode(errors="replace") if isinstance(value, bytes) else str(value)

    def integers(self, name: str, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """Attribute that is a list of integers."""
        return tuple(int(number) for number in self.attributes.get(name, default))

    def axes(self, position: int) -> tuple[int, ...] | None:
        """Axes from the attribute of old operator sets or the input of new ones; None when there are none."""
        if "axes" in self.attributes:
            return self.integers("axes")
        value = self.get(position)
        return None if value is None else value.integers()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the first output.

        Raises
        ------
        Unmapped
            Shape inference did not find it.
        """
        found = self.outputs[0].shape
        if found is None:
            raise Unmapped("the shape of its output could not be worked out")
        return found
