"""What to do with a node whose work is not known: stop, carry it as bytes, or leave it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from archsim.errors import ImportFormatError, UsageError
from archsim.frontends.coverage import Coverage
from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.node import Node, Slot, operator_label
from archsim.frontends.onnx.value import Source, Value
from archsim.graph import Role
from archsim.graph.work import Opaque

POLICIES = ("error", "opaque", "skip")


class Unknown:
    """Applies the caller's policy.

    Parameters
    ----------
    policy : str
        ``error``, ``opaque`` or ``skip``.
    emitter : Emitter
        Receives opaque ops and notes.
    coverage : Coverage
        Counts what happened.

    Raises
    ------
    UsageError
        No such policy.
    """

    def __init__(self, policy: str, emitter: Emitter, coverage: Coverage) -> None:
        if policy not in POLICIES:
            raise UsageError(f"unknown={policy!r}", hint="write 'error', 'opaque' or 'skip'")
        self._policy = policy
        self._emitter = emitter
        self._coverage = coverage
        self._ahead: Counter[str] = Counter()

    def expect(self, protos: Iterable[Any]) -> None:
        """Remember which operators of the file have no mapping, to name them all at once."""
        for proto in protos:
            self._ahead[operator_label(proto.domain, proto.op_type)] += 1

    def resolve(self, node: Node, reason: str) -> Results:
        """Return stand-ins for the node's outputs.

        Raises
        ------
        ImportFormatError
            The policy is ``error``.
        """
        if self._policy == "opaque":
            return self.opaque(node, reason)
        if self._policy == "skip":
            return self._skip(node, reason)
        listed = self._ahead if node.label in self._ahead else self._ahead + Counter([node.label])
        total = ", ".join(f"{label} x{many}" for label, many in listed.most_common(8))
        domain = node.domain or "ai.onnx"
        raise ImportFormatError(
            f"node {node.name!r} cannot be mapped: operator {node.op!r} of domain {domain!r}: {reason} "
            f"({listed.total()} such nodes in the file: {total})",
            hint="pass --unknown opaque to charge only the bytes they move, or --unknown skip to leave them out",
        )

    def opaque(self, node: Node, reason: str) -> Results:
        """Carry the node as bytes that move."""
        slots = self._shaped(node)
        moved = sum(_elements(slot) for slot in slots)
        node.outputs = slots
        self._coverage.opaque[node.label] += 1
        self._emitter.note(f"opaque: {node.name} ({node.label}): {reason}; only its bytes are charged")
        return self._emitter.node(node, Opaque(node.label, moved), node.inputs)

    def _skip(self, node: Node, reason: str) -> Results:
        self._coverage.skipped[node.label] += 1
        self._emitter.note(f"skipped: {node.name} ({node.label}): {reason}; it costs nothing here")
        results: Results = []
        for slot in self._shaped(node):
            like = node.given[0] if node.given else None
            shape = slot.shape or ()
            code = slot.code or (like.code if like else 1)
            if like is not None and not like.constant and like.elements == _elements(slot):
                results.append(self._emitter.view(like, shape, code))
            else:
                results.append(Value(slot.name, shape, code, source=Source(slot.name, shape, code, Role.INPUT)))
        return results

    def _shaped(self, node: Node) -> list[Slot]:
        """Slots with a shape each: where the file says nothing, that of the first computed input, noted."""
        like = next((value for value in node.given if not value.constant), node.given[0] if node.given else None)
        slots: list[Slot] = []
        for slot in node.outputs:
            if slot.shape is None and (slot.used or not slots):
                if like is None:
                    raise ImportFormatError(
                        f"the output {slot.name!r} of node {node.name!r} ({node.label}) has no shape",
                        hint="write its shape into the file's value_info",
                    )
                self._emitter.note(f"{node.name} ({node.label}): its output is taken to have the shape of {like.name}")
                slots.append(Slot(slot.name, like.shape, slot.code or like.code, slot.used))
            else:
                slots.append(slot)
        return slots


def _elements(slot: Slot) -> int:
    return Value(slot.name, slot.shape or (), 1).elements if slot.used or slot.shape else 0
