"""What one op falls into: kernels and the tensors between them, in the making.

A handle is a `Tensor` whose shape says how much of the stored tensor of that name is read, as in `GraphBuilder`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod

from archsim.graph import functions
from archsim.graph.op import Op
from archsim.graph.tensor import Tensor
from archsim.graph.work import Elementwise, Move, Work


@dataclass
class Pieces:
    """The kernels `op` is replaced by.

    Attributes
    ----------
    op : Op
        Gives its name, phase and steps.
    tensors : dict of str to Tensor
        All tensors of the graph; new ones are added.
    made : list of Op
        The kernels so far, in order.
    """

    op: Op
    tensors: dict[str, Tensor]
    made: list[Op] = field(default_factory=list)

    def inputs(self) -> list[Tensor]:
        """Handles of what the op reads."""
        stored = [self.tensors[name] for name in self.op.inputs]
        reads = self.op.reads or tuple(tensor.elements for tensor in stored)
        return [
            tensor if elements == tensor.elements else replace(tensor, shape=(elements,))
            for tensor, elements in zip(stored, reads, strict=True)
        ]

    def output(self) -> Tensor:
        """Tensor the op writes first."""
        return self.tensors[self.op.outputs[0]]

    def add(
        self, name: str, work: Work, inputs: Sequence[Tensor], shape: Sequence[int], *, last: bool = False
    ) -> Tensor:
        """Add a kernel; the `last` one keeps the op's name and writes what it wrote."""
        outputs = self.op.outputs
        if not last:
            made = Tensor(f"{self.op.name}/{name}", tuple(shape), self.output().dtype)
            self.tensors[made.name] = made
            outputs = (made.name,)
        whole = all(self.tensors[tensor.name].elements == tensor.elements for tensor in inputs)
        self.made.append(
            Op(
                self.op.name if last else outputs[0],
                work,
                tuple(tensor.name for tensor in inputs),
                outputs,
                self.op.phase,
                self.op.steps,
                () if whole else tuple(tensor.elements for tensor in inputs),
            )
        )
        return self.tensors[outputs[0]]

    def pointwise(
        self, function: str, inputs: Sequence[Tensor], shape: Sequence[int] | None = None, *, name: str = "",
        last: bool = False,
    ) -> Tensor:  # fmt: skip
        """Add a pointwise kernel; further operands may be scalars, which nobody reads from memory."""
        shape = inputs[0].shape if shape is None else shape
        each = functions.elementwise(function)
        work = Elementwise(function, prod(shape), each.flops, each.special)
        return self.add(name or function, work, inputs, shape, last=last)

    def copy(self, name: str, x: Tensor, shape: Sequence[int], *, last: bool = False) -> Tensor:
        """Add a kernel that lays a tensor out anew."""
        return self.add(name, Move("contiguous", prod(shape)), [x], shape, last=last)
