"""Recurrent language models: every time step waits for the one before.

Ops inside the recurrence carry `steps`: their work and tensors are those of one time step. The softmax layer behind
the recurrence sees all steps at once.
"""

from __future__ import annotations

from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.graph.work import Elementwise, MatMul, Move
from archsim.workloads.blocks import one_of
from archsim.workloads.registry import register

CELLS = ("lstm", "gru")

# Plain and special operations per hidden element and step, a sigmoid being one and two.
LSTM_CELL = (7.0, 8.0)
"""Three sigmoids, two tanh, ``c = f c + i g`` and ``h = o tanh(c)``."""
GRU_RESET = (2.0, 2.0)
"""One sigmoid, and the product with the hidden state."""
GRU_CELL = (5.0, 3.0)
"""One sigmoid, one tanh, and ``h = (1 - z) n + z h``."""


def recurrent(
    *,
    cell: str = "lstm",
    layers: int = 2,
    width: int = 1500,
    vocabulary: int = 10000,
    sequence: int = 35,
    batch: int = 20,
    dtype: str = "fp16",
) -> Graph:
    """Build a recurrent language model: embedding, recurrent layers, softmax layer (Zaremba 2014).

    Parameters
    ----------
    cell : str
        ``lstm`` (one matmul of ``2 width x 4 width`` per step) or ``gru`` (``2 width x 2 width`` for the gates, then
        ``2 width x width`` for the candidate).
    layers, width, vocabulary : int
        Sizes; the embedding is as wide as the layers.
    sequence : int
        Dependent time steps.
    batch : int
        Sequences side by side.
    dtype : str
        Number format.
    """
    one_of("cell", cell, CELLS)
    b = GraphBuilder("recurrent", dtype=dtype, items=batch * sequence, item="token")
    tokens = b.input("tokens", (sequence, batch), dtype="int32")
    x = b.gather(b.weight("embedding", (vocabulary, width)), tokens, name="embed")
    for layer in range(layers):
        with b.scope(f"layer-{layer}"):
            step = _lstm_step if cell == "lstm" else _gru_step
            hidden = step(b, b.part(x, 0, 1), width, batch, sequence)
            x = b.move("stack", hidden, shape=(sequence, batch, width))
    scores = b.linear(x, vocabulary, name="softmax-layer")
    b.normalise("softmax", scores)
    return b.build()


def _lstm_step(b: GraphBuilder, x: Tensor, width: int, batch: int, steps: int) -> Tensor:
    hidden, memory = b.state("hidden", (batch, width)), b.state("memory", (batch, width))
    joint = b.op("join", Move("concat", 2 * batch * width), [x, hidden], (batch, 2 * width), steps=steps)
    gates = b.linear(joint, 4 * width, name="gates", steps=steps)
    return b.op("cell", Elementwise("lstm_cell", batch * width, *LSTM_CELL), [gates, memory], hidden.shape, steps=steps)


def _gru_step(b: GraphBuilder, x: Tensor, width: int, batch: int, steps: int) -> Tensor:
    hidden = b.state("hidden", (batch, width))
    joint = b.op("join", Move("concat", 2 * batch * width), [x, hidden], (batch, 2 * width), steps=steps)
    gates = b.linear(joint, 2 * width, name="gates", steps=steps)
    weight, bias = b.weight("candidate/weight", (2 * width, width)), b.weight("candidate/bias", (width,))
    reset = b.op(
        "reset",
        Elementwise("gru_reset", batch * width, *GRU_RESET),
        [b.part(gates, -1, width), hidden],
        (batch, width),
        steps=steps,
    )
    candidate = b.op(
        "candidate",
        MatMul(1, batch, width, 2 * width, bias=True),
        [b.part(joint, -1, width), reset, weight, bias],
        (batch, width),
        steps=steps,
    )
    return b.op(
        "cell",
        Elementwise("gru_cell", batch * width, *GRU_CELL),
        [candidate, b.part(gates, -1, width), hidden],
        hidden.shape,
        steps=steps,
    )


register("lstm-ptb-large", recurrent, "Large LSTM language model of Zaremba 2014 on Penn Treebank", group="recurrent")
register("lstm-ptb-medium", recurrent, "Medium LSTM language model of Zaremba 2014", group="recurrent", width=650)
register("gru-ptb-large", recurrent, "GRU of the large LSTM's width", group="recurrent", cell="gru")
