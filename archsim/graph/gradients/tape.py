"""The tape: backward ops in the making, and the gradients gathered so far.

A handle is a `Tensor` whose shape says how much of the stored tensor of that name is read or written, as in
`GraphBuilder`. A tensor with several readers gets one contribution from each; they are summed as they arrive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archsim.graph.dtypes import FLOATS, dtype
from archsim.graph.graph import Graph
from archsim.graph.op import Op, Phase
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Elementwise, Move, Work


class Tape:
    """Collects the backward ops of a forward graph.

    Parameters
    ----------
    graph : Graph
        The forward graph.
    master_dtype : str
        Number format of gradients of tensors whose own format is no float.
    """

    def __init__(self, graph: Graph, master_dtype: str) -> None:
        self.master_dtype = master_dtype
        self.ops: list[Op] = []
        self.notes: list[str] = []
        self.tensors: dict[str, Tensor] = dict(graph.tensors)
        self.kept: dict[str, list[str]] = {}
        self.needed = _trained(graph)
        self._kept: dict[str, Tensor] = {}
        self.copies: dict[str, list[Op]] = {}
        self._steps: dict[str, int] = {}
        self._names = set(self.tensors) | {op.name for op in graph.ops}
        self._whole: dict[str, Tensor] = {}
        self._parts: dict[str, list[Tensor]] = {}

    def phase(self, name: str) -> Phase:
        """Phase of an op that writes the gradient of the tensor `name`."""
        return Phase.WGRAD if self.tensors[name].role is Role.WEIGHT else Phase.DGRAD

    def seen(self, op: Op, index: int) -> Tensor:
        """Input `index` of `op`, as much of it as the op reads."""
        stored = self.tensors[op.inputs[index]]
        if not op.reads or op.reads[index] == stored.elements:
            return stored
        return replace(stored, shape=(op.reads[index],))

    def saved(self, op: Op, index: int, each: int, *, all_steps: bool = False) -> Tensor:
        """Input `index` as the backward pass reads it again, in one step of `op` or in all of them.

        `each` is what one step reads; a tensor that holds no more is gone when the next step runs, so that its history
        is kept.
        """
        handle, stored = self.seen(op, index), self.tensors[op.inputs[index]]
        if op.steps == 1 or handle.role is Role.WEIGHT or handle.elements > each:
            return handle
        if stored.elements < op.steps * handle.elements:
            stored = self._history(op, stored)
        return replace(stored, shape=(op.steps, *handle.shape) if all_steps else handle.shape)

    def output(self, op: Op) -> Tensor:
        """Return what one step of `op` wrote, to be read again."""
        made = self.tensors[op.outputs[0]]
        return made if op.steps == 1 else replace(self._history(op, made), shape=made.shape)

    def keep(self, op: Op, name: str, shape: Sequence[int], number_format: str) -> Tensor:
        """Let the forward op write one more tensor for the backward pass to read; the same one when asked again."""
        full = f"{op.name}/{name}"
        if full not in self._kept:
            made = Tensor(self.unique(full), tuple(shape), number_format)
            self.tensors[made.name] = self._kept[full] = made
            self.kept.setdefault(op.name, []).append(made.name)
        made = self._kept[full]
        return made if op.steps == 1 else replace(self._history(op, made), shape=made.shape)

    def all_steps(self, op: Op, gradient: Tensor) -> Tensor:
        """Return `gradient`, which each step of `op` reads anew, side by side for all steps."""
        if op.steps == 1:
            return gradient
        full = f"{gradient.name}/history"
        if full not in self._kept:
            whole = replace(gradient, shape=(op.steps, *gradient.shape))
            (self._kept[full],) = self.emit(full, Move("history", whole.elements), [gradient], [whole], Phase.WGRAD)
        return self._kept[full]

    def _history(self, op: Op, stored: Tensor) -> Tensor:
        """What a tensor holds in each step of `op`; a copy of it that is made as the steps run."""
        full = f"{stored.name}/history"
        if full not in self._kept:
            made = Tensor(self.unique(full), (op.steps, *stored.shape), stored.dtype)
            self.tensors[made.name] = self._kept[full] = made
            work = Move("history", made.elements)
            self.copies.setdefault(op.name, []).append(Op(made.name, work, (stored.name,), (made.name,)))
        return self._kept[full]

    def emit(
        self, name: str, work: Work, inputs: Sequence[Tensor], targets: Sequence[Tensor], phase: Phase, steps: int = 1
    ) -> tuple[Tensor, ...]:
        """Add an op that writes the gradients of `targets`; return their handles."""
        full = self.unique(name)
        outputs = []
        for index, target in enumerate(targets):
            own = full if len(targets) == 1 else self.unique(f"{full}/{index}")
            made = Tensor(own, target.shape, self.gradient_format(target))
            self.tensors[made.name] = made
            outputs.append(made)
        names = tuple(tensor.name for tensor in inputs)
        whole = all(tensor.elements == self.tensors[tensor.name].elements for tensor in inputs)
        reads = () if whole else tuple(tensor.elements for tensor in inputs)
        self.ops.append(Op(full, work, names, tuple(tensor.name for tensor in outputs), phase, steps, reads))
        return tuple(outputs)

    def give(self, name: str, gradient: Tensor, steps: int = 1) -> None:
        """Contribute `gradient` to the tensor `name`; of a slice when it has fewer elements.

        `steps` is how often the gradient is written, one step of a recurrence after the other.
        """
        if name not in self.needed:
            return
        stored = self.tensors[name]
        self._steps[name] = max(self._steps.get(name, 1), steps)
        if gradient.elements < stored.elements:
            self._parts.setdefault(name, []).append(gradient)
            return
        before = self._whole.get(name)
        self._whole[name] = gradient if before is None else self._sum(stored, before, gradient)

    def take(self, name: str) -> Tensor | None:
        """Return the gradient of `name`, all contributions together; None when nobody gave any."""
        parts = self._parts.pop(name, [])
        if parts:
            stored = self.tensors[name]
            covered = sum(part.elements for part in parts)
            # Slices that could be disjoint are: they are put side by side, and only others are added up.
            work: Work = Move("concat", stored.elements)
            if covered > stored.elements:
                work = Elementwise("add", covered)
            steps = self._repeats(stored)
            if covered * steps <= stored.elements:
                steps = 1  # the steps' slices side by side make up the tensor
            (joined,) = self.emit(f"{name}/gradient-parts", work, parts, [stored], self.phase(name), steps)
            self.give(name, joined)
        return self._whole.pop(name, None)

    def _sum(self, stored: Tensor, first: Tensor, second: Tensor) -> Tensor:
        work = Elementwise("add", stored.elements)
        phase, steps = self.phase(stored.name), self._repeats(stored)
        (total,) = self.emit(f"{stored.name}/gradient-sum", work, (first, second), [stored], phase, steps)
        return total

    def _repeats(self, stored: Tensor) -> int:
        """How often a sum runs: in every step of a recurrence, except that a weight's gradient is summed over them."""
        return 1 if stored.role is Role.WEIGHT else self._steps.get(stored.name, 1)

    def gradient_format(self, target: Tensor) -> str:
        """Number format of the gradient of `target`: its own, unless that is no float or too narrow for a sum."""
        if target.dtype not in FLOATS:
            return self.master_dtype
        # Eight-bit training narrows what matmuls read; what they sum up to stays wider (Micikevicius 2022,
        # arXiv:2209.05433).
        narrow = target.role is Role.WEIGHT and dtype(target.dtype).bits < 16
        return "bf16" if narrow else target.dtype

    def unique(self, name: str) -> str:
        """Return `name`, with a number behind it when an op or tensor has it already."""
        full, count = name, 1
        while full in self._names:
            count += 1
            full = f"{name}-{count}"
        self._names.add(full)
        return full


def _trained(graph: Graph) -> set[str]:
    """Weights, and every activation computed from one; state inside a recurrence was, by the step before."""
    found = {tensor.name for tensor in graph.weights}
    for op in graph.ops:
        recurrent = op.steps > 1 and any(graph.tensors[name].role is Role.STATE for name in op.inputs)
        if recurrent or any(name in found for name in op.inputs):
            found.update(name for name in op.outputs if graph.tensors[name].role is Role.ACTIVATION)
    return found
