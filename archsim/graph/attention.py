"""Attention as a machine without the kernel runs it: scores, softmax, weighted sum, each through memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from archsim.errors import GraphError
from archsim.graph import functions
from archsim.graph.gradients import costs
from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.tensor import Tensor
from archsim.graph.work import Attention, AttentionGradient, MatMul, Normalise, Work


def expand_attention(graph: Graph) -> Graph:
    """Replace every attention op by batched matmuls with a softmax between them.

    The MACs stay the same, those of a gradient too, which computes the scores a second time; to keep them instead, as
    libraries without a fused kernel do, expand before `archsim.graph.backward.training`. A causal mask saves nothing
    here: the score rectangle is computed whole and masked. Query heads that share keys are stacked along m.

    Raises
    ------
    GraphError
        An attention op that is fused already, or lacks its query, keys or values.
    """
    if not any(isinstance(op.work, Attention) for op in graph.ops):
        return graph
    tensors = dict(graph.tensors)
    ops: list[Op] = []
    for op in graph.ops:
        ops.extend(_expand(op, op.work, tensors) if isinstance(op.work, Attention) else [op])
    return graph.replace(ops=tuple(ops), tensors=MappingProxyType(tensors))


def _expand(op: Op, work: Attention, tensors: dict[str, Tensor]) -> list[Op]:
    if op.epilogue:
        raise GraphError(f"attention {op.name!r} is fused already", hint="expand the graph as it was before fusion")
    needed = 4 if isinstance(work, AttentionGradient) else 3
    if len(op.inputs) < needed or not op.outputs:
        raise GraphError(
            f"attention {op.name!r} reads {len(op.inputs)} tensors", hint="give it its query, keys and values"
        )
    pieces = _Pieces(op, work, tensors)
    return pieces.gradient() if isinstance(work, AttentionGradient) else pieces.forward()


@dataclass
class _Pieces:
    """What one attention op falls into; handles are (tensor name, elements read)."""

    op: Op
    work: Attention
    tensors: dict[str, Tensor]

    def forward(self) -> list[Op]:
        query, keys, values, *more = self._inputs()
        scores, shares, softmax = self._softmax(query, keys, more, self.op.outputs[1:])
        last = self._matmul("values", (shares, values), self.op.outputs[:1], self._stacked, self._value, self._keys)
        return [scores, softmax, last]

    def gradient(self) -> list[Op]:
        query, keys, values, gradient, *_ = self._inputs()
        more = self._inputs()[6:]
        to_query, to_keys, to_values, *to_more = self.op.outputs
        scores, shares, softmax = self._softmax(query, keys, more, ())
        share = self._rectangle("softmax-gradient-in")
        score = self._rectangle("softmax-gradient")
        cost = costs.normalise("softmax")
        rows = self.work.batch * self.work.heads * self.work.query_length
        back = Normalise("softmax_gradient", rows, self.work.key_length, cost.passes, cost.flops + 1, cost.special)
        return [
            scores,
            softmax,
            self._matmul("value-gradient", (shares, gradient), (to_values,), self._keys, self._value, self._stacked),
            self._matmul("share-gradient", (gradient, values), (share[0],), self._stacked, self._keys, self._value),
            self._op(score[0], back, (share, shares), (score[0], *to_more)),
            self._matmul("query-gradient", (score, keys), (to_query,), self._stacked, self._head, self._keys),
            self._matmul("key-gradient", (score, query), (to_keys,), self._keys, self._head, self._stacked),
        ]

    @property
    def _stacked(self) -> int:
        return self.work.query_length * self.work.heads // self.work.kv_heads

    @property
    def _keys(self) -> int:
        return self.work.key_length

    @property
    def _head(self) -> int:
        return self.work.head_size

    @property
    def _value(self) -> int:
        return self.work.value_size

    def _inputs(self) -> list[tuple[str, int]]:
        reads = self.op.reads or tuple(self.tensors[name].elements for name in self.op.inputs)
        return list(zip(self.op.inputs, reads, strict=True))

    def _rectangle(self, name: str) -> tuple[str, int]:
        work = self.work
        shape = (work.batch, work.heads, work.query_length, work.key_length)
        made = Tensor(f"{self.op.name}/{name}", shape, self.tensors[self.op.inputs[0]].dtype)
        self.tensors[made.name] = made
        return made.name, made.elements

    def _softmax(
        self, query: tuple[str, int], keys: tuple[str, int], more: Sequence[tuple[str, int]], outputs: Sequence[str]
    ) -> tuple[Op, tuple[str, int], Op]:
        scores, shares = self._rectangle("scores"), self._rectangle("softmax")
        first = self._matmul("scores", (query, keys), scores[:1], self._stacked, self._keys, self._head)
        cost = functions.normalise("softmax")
        rows = self.work.batch * self.work.heads * self.work.query_length
        work = Normalise(
            "softmax", rows, self.work.key_length, cost.passes, cost.flops + 1, cost.special, cost.special_per_row
        )
        return first, shares, self._op(shares[0], work, (scores, *more), (shares[0], *outputs))

    def _matmul(
        self, name: str, inputs: Sequence[tuple[str, int]], outputs: Sequence[str], m: int, n: int, k: int
    ) -> Op:
        work = MatMul(self.work.batch * self.work.kv_heads, m, n, k, dynamic=True)
        return self._op(f"{self.op.name}/{name}", work, inputs, outputs)

    def _op(self, name: str, work: Work, inputs: Sequence[tuple[str, int]], outputs: Sequence[str]) -> Op:
        names = tuple(name for name, _ in inputs)
        reads = tuple(elements for _, elements in inputs)
        whole = all(self.tensors[name].elements == elements for name, elements in inputs)
        return Op(name, work, names, tuple(outputs), self.op.phase, self.op.steps, () if whole else reads)
