"""The walk over a graph that writes out whatever a framework runs as several kernels."""

from __future__ import annotations

from types import MappingProxyType

from archsim.errors import GraphError
from archsim.graph.attention import expand_attention
from archsim.graph.eager import formulas
from archsim.graph.eager.attention import Style, attention
from archsim.graph.eager.pieces import Pieces
from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.work import Attention, AttentionGradient

_PLAIN = Style()


def eager(graph: Graph, how: Style = _PLAIN, *, dropout: bool = False, attention_kernel: bool = False) -> Graph:
    """Return `graph` as an eager framework launches it: each op of the result is one kernel.

    Attention falls into products, scale, mask, softmax and copies of the heads; functions that a framework computes
    operation by operation fall into those, biases of convolutions and further operands of a sum into kernels of their
    own. What PyTorch runs in one kernel stays. MACs are the same.

    For a training step call it on the forward graph, so that the scores are kept as frameworks keep them, and on the
    step again, whose gradients may be formulas too.

    Parameters
    ----------
    graph : Graph
        Not fused.
    how : Style
        How attention is written.
    dropout : bool
        Whether the attention shares pass a dropout, as in training.
    attention_kernel : bool
        Whether attention stays one kernel, as behind ``scaled_dot_product_attention``.

    Raises
    ------
    GraphError
        An op that is fused already, or attention without its query, keys or values.
    """
    tensors = dict(graph.tensors)
    ops: list[Op] = []
    for op in graph.ops:
        ops += _written_out(op, Pieces(op, tensors), how, dropout=dropout, attention_kernel=attention_kernel)
    made = graph.replace(ops=tuple(ops), tensors=MappingProxyType(tensors))
    return made if attention_kernel else expand_attention(made)


def _written_out(op: Op, pieces: Pieces, how: Style, *, dropout: bool, attention_kernel: bool) -> list[Op]:
    if op.epilogue:
        raise GraphError(f"op {op.name!r} is fused already", hint="write the graph out as it was before fusion")
    if isinstance(op.work, Attention) and not isinstance(op.work, AttentionGradient):
        if attention_kernel:
            return [op]
        if len(op.inputs) < 3:
            raise GraphError(
                f"attention {op.name!r} reads {len(op.inputs)} tensors", hint="give it its query, keys and values"
            )
        attention(pieces, how, dropout=dropout)
        return pieces.made
    rule = formulas.product_bias if how.bias and formulas.adds_bias(op, pieces.tensors) else formulas.rule(op)
    if rule is None:
        return [op]
    rule(pieces)
    return pieces.made
