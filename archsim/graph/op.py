"""An op: a piece of work between tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from archsim.graph.exact import real, times
from archsim.graph.tensor import Tensor
from archsim.graph.work import Work


class Phase(StrEnum):
    """Which pass of training an op belongs to; inference is all forward."""

    FORWARD = "forward"
    DGRAD = "dgrad"
    WGRAD = "wgrad"
    UPDATE = "update"


PHASES = tuple(Phase)


@dataclass(frozen=True, slots=True)
class Op:
    """A node of the graph.

    Attributes
    ----------
    name : str
        Unique within a graph; ``/`` separates module scopes.
    work : Work
        Kind and exact sizes.
    inputs, outputs : tuple of str
        Tensor names, weights included among the inputs.
    phase : Phase
        Forward, dgrad, wgrad or update.
    steps : int
        Dependent repeats: the op runs `steps` times one after the other and `work` describes one of them.
    reads : tuple of int
        Elements read of each input when that is not all of it (slices, table lookups); empty: everything.
    epilogue : tuple of Op
        Ops fused behind this one; their intermediate tensors never leave the chip's registers.
    """

    name: str
    work: Work
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    phase: Phase = Phase.FORWARD
    steps: int = 1
    reads: tuple[int, ...] = ()
    epilogue: tuple[Op, ...] = ()

    @property
    def kind(self) -> str:
        """Name of the kind of work."""
        return self.work.kind

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one execution, all its steps."""
        return (self.work.macs + sum(op.macs for op in self.epilogue)) * self.steps

    @property
    def flops(self) -> float:
        """All arithmetic of one execution, FLOP: two per MAC, and the rest."""
        return times(real(2 * self.work.macs) + self.work.flops + sum(op.flops for op in self.epilogue), self.steps)

    @property
    def special(self) -> float:
        """Special functions of one execution, OP."""
        return times(self.work.special + sum(op.special for op in self.epilogue), self.steps)

    def elements_read(self, stored: Mapping[str, Tensor]) -> dict[str, int]:
        """Elements read of each distinct input tensor; two slices of one tensor add up, but never beyond it."""
        read: dict[str, int] = {}
        for position, name in enumerate(self.inputs):
            whole = stored[name].elements
            part = self.reads[position] if self.reads else whole
            read[name] = min(read.get(name, 0) + part, whole)
        return read
