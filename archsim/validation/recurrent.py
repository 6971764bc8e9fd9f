"""One recurrent layer as DNN libraries run it: per time step one product with the state, and one pointwise kernel.

The input is added to the gates as it is: no product with weights of its own (``CUDNN_SKIP_INPUT``, which needs inputs
as wide as the state). The candidate of a GRU is reset behind its product, so that one product serves all gates.

Quantity                     Symbol
width of the state           H
gates                        G       1, 4, 3 of a plain cell, an LSTM, a GRU
sequences side by side       B
time steps                   T

Forward, per step: (B x H) (H x G H), then the cell. Gradient of the inputs, per step: the cell's gradient, then
(B x G H) (G H x H). Gradient of the weights, once for all steps: (G H x T B) (T B x H), added to what was there.

References
----------
Appleyard, Kocisky, Blunsom: Optimizing Performance of Recurrent Neural Networks on GPUs, 2016, arXiv:1604.01946.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from archsim.graph.op import Phase
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Elementwise, MatMul
from archsim.validation import ops
from archsim.validation.formats import Formats
from archsim.validation.ops import Timed
from archsim.workloads.recurrent import GRU_CELL, GRU_RESET, LSTM_CELL


class Cell(NamedTuple):
    """A cell: gates, whether it has a memory beside its state, and plain and special operations per element.

    `forward` holds one addition of the input and one of the bias to every gate; `backward` one addition of every
    gate's gradient to the input's.
    """

    gates: int
    memory: bool
    forward: tuple[float, float]
    backward: tuple[float, float]


CELLS: Final = {
    "vanilla": Cell(1, False, (3.0, 0.0), (2.0, 0.0)),
    "lstm": Cell(4, True, (LSTM_CELL[0] + 8.0, LSTM_CELL[1]), (24.0, 1.0)),
    "gru": Cell(3, False, (GRU_RESET[0] + GRU_CELL[0] + 6.0, GRU_RESET[1] + GRU_CELL[1]), (17.0, 0.0)),
}
"""Cells by name; the plain one is rectified. Gradients: four operations for each gate and its nonlinearity, products
with what the gate gated, sums."""


def forward(cell: Cell, width: int, batch: int, steps: int, stored: Formats) -> Timed:
    """Return the forward pass, which keeps its gates for the gradient."""
    state, gates = (batch, width), (batch, cell.gates * width)
    dtype = stored.input
    hidden = Tensor("hidden", state, dtype, Role.STATE)
    weights = Tensor("weights", (width, gates[1]), dtype, Role.WEIGHT)
    made = Tensor("gates", gates, dtype)
    product = ops.one("product", MatMul(1, batch, gates[1], width), (hidden, weights), (made,), steps=steps)
    read = [made, Tensor("input", state, dtype, Role.INPUT), hidden]
    written = [Tensor("next", state, dtype), Tensor("kept", gates, dtype)]
    if cell.memory:
        read[2] = Tensor("memory", state, dtype, Role.STATE)
        written.append(Tensor("next-memory", state, dtype))
    work = Elementwise("cell", batch * width, *cell.forward)
    return product + ops.one("cell", work, tuple(read), tuple(written), steps=steps)


def inputs(cell: Cell, width: int, batch: int, steps: int, stored: Formats) -> Timed:
    """Return the gradient of the inputs and of the state before."""
    state, gates = (batch, width), (batch, cell.gates * width)
    dtype = stored.input
    kept, made = Tensor("kept", gates, dtype, Role.INPUT), Tensor("gradient-of-gates", gates, dtype)
    read = [kept, Tensor("gradient", state, dtype, Role.INPUT), Tensor("hidden", state, dtype, Role.INPUT)]
    written = [made, Tensor("gradient-of-input", state, dtype)]
    if cell.memory:
        read.append(Tensor("gradient-of-memory", state, dtype, Role.STATE))
        written.append(Tensor("next-gradient-of-memory", state, dtype))
    work = Elementwise("cell_gradient", batch * width, *cell.backward)
    pointwise = ops.one("cell", work, tuple(read), tuple(written), Phase.DGRAD, steps)
    weights = Tensor("weights", (gates[1], width), dtype, Role.WEIGHT)
    before = Tensor("gradient-of-state", state, dtype)
    sizes = MatMul(1, batch, width, gates[1])
    return pointwise + ops.one("product", sizes, (made, weights), (before,), Phase.DGRAD, steps)


def weights(cell: Cell, width: int, batch: int, steps: int, stored: Formats) -> Timed:
    """Return the gradient of the weights."""
    work = MatMul(1, cell.gates * width, width, steps * batch, dynamic=True)
    return ops.product(work, stored, name="product", added=True, phase=Phase.WGRAD)
