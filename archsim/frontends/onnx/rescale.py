"""Change a batch that is written into a file as a fixed number, and prove that nothing else changed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from fractions import Fraction

import numpy as np

from archsim.errors import ImportFormatError
from archsim.frontends.onnx.node import Node
from archsim.frontends.onnx.value import Value
from archsim.graph import Graph, Op

_ROW_SIZES = frozenset({"length", "window", "k", "width", "head_size", "value_size", "key_length"})
"""Sizes that mix elements with one another: a batch never enters them."""


@dataclass(frozen=True)
class Rescale:
    """Replace the leading size `old` of every input by `new`; the default changes nothing."""

    old: int = 1
    new: int = 1

    @property
    def ratio(self) -> Fraction:
        """New batch over old."""
        return Fraction(self.new, self.old)

    def input_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of an input under the new batch."""
        return (self.new, *shape[1:]) if shape and shape[0] == self.old else shape

    def reshape(self, node: Node) -> Value | None:
        """Target of a Reshape that has the old batch written into it, corrected; None when nothing is to correct."""
        if node.op != "Reshape" or node.domain or self.old == self.new or len(node.inputs) < 2:
            return None
        data, target = node.need(0), node.need(1)
        numbers = target.integers()
        if data.constant or not data.shape or not numbers or data.shape[0] % self.new or numbers[0] <= 0:
            return None
        share = data.shape[0] // self.new
        if numbers[0] != share * self.old:
            return None
        return replace(target, data=np.array([share * self.new, *numbers[1:]], dtype=np.int64))


def check_rescaled(before: Graph, after: Graph, rescale: Rescale) -> None:
    """Raise unless `after` is `before` with every computed op exactly `ratio` times as large.

    Parameters
    ----------
    before, after : Graph
        Imported with the old and the new batch.
    rescale : Rescale
        The change.

    Raises
    ------
    ImportFormatError
        An op shows that the leading size is not a batch, or that it is fixed in another place too.
    """
    if len(before.ops) != len(after.ops):
        raise not_exact("changes which ops there are", rescale)
    scaled: set[str] = {name for name, tensor in after.tensors.items() if _grew(before, tensor.name, after)}
    for old, new in zip(before.ops, after.ops, strict=True):
        follows = any(name in scaled for name in new.inputs)
        factor = rescale.ratio if follows else Fraction(1)
        if not _scaled_by(old, new, factor) or not all(
            after.tensors[b].elements == factor * before.tensors[a].elements
            for a, b in zip(old.outputs, new.outputs, strict=True)
        ):
            raise not_exact(f"changes more than the batch of {new.name!r}", rescale)


def _grew(before: Graph, name: str, after: Graph) -> bool:
    return name in before.tensors and before.tensors[name].shape != after.tensors[name].shape


def _scaled_by(old: Op, new: Op, factor: Fraction) -> bool:
    if type(old.work) is not type(new.work) or old.steps != new.steps or len(old.outputs) != len(new.outputs):
        return False
    # Running statistics make batch norm a scale per channel: its rows hold the whole batch without mixing it.
    statistics = getattr(old.work, "function", "") == "batch_norm"
    same = all(
        getattr(old.work, field.name) == getattr(new.work, field.name)
        for field in fields(old.work)  # type: ignore[arg-type]
        if field.name in _ROW_SIZES and not statistics
    )
    return same and new.work.macs == factor * old.work.macs


def not_exact(what: str, rescale: Rescale) -> ImportFormatError:
    """Return the error for a batch that cannot be changed; `what` says where it shows."""
    return ImportFormatError(
        f"the batch of this file is fixed at {rescale.old}, and changing it to {rescale.new} {what}",
        hint="export the model with a dynamic batch, or leave --batch out",
    )
