"""Ops as benchmarks time them: one kernel between tensors of its own, made from sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from archsim.graph import functions
from archsim.graph.gradients.contraction import conv_data, conv_weight
from archsim.graph.op import Op, Phase
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Attention, Conv, Elementwise, MatMul, Normalise, Work
from archsim.validation.formats import Formats


@dataclass(frozen=True, slots=True)
class Timed:
    """Kernels that ran one after the other, and all tensors between them; names are unique among them only."""

    ops: tuple[Op, ...]
    tensors: tuple[Tensor, ...]

    def prefixed(self, prefix: str) -> Timed:
        """Return the same with a prefix before every name."""
        tensors = tuple(replace(tensor, name=prefix + tensor.name) for tensor in self.tensors)
        return Timed(tuple(_prefixed(op, prefix) for op in self.ops), tensors)

    def __add__(self, other: Timed) -> Timed:
        """Return both, one after the other; a tensor of one name is one tensor."""
        mine = {tensor.name for tensor in self.tensors}
        new = tuple(tensor for tensor in other.tensors if tensor.name not in mine)
        return Timed(self.ops + other.ops, self.tensors + new)


def _prefixed(op: Op, prefix: str) -> Op:
    return replace(
        op,
        name=prefix + op.name,
        inputs=tuple(prefix + name for name in op.inputs),
        outputs=tuple(prefix + name for name in op.outputs),
        epilogue=tuple(_prefixed(inner, prefix) for inner in op.epilogue),
    )


def one(
    name: str, work: Work, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...], phase: Phase = Phase.FORWARD,
    steps: int = 1,
) -> Timed:  # fmt: skip
    """Return one op between its tensors."""
    op = Op(name, work, tuple(t.name for t in inputs), tuple(t.name for t in outputs), phase, steps)
    return Timed((op,), (*inputs, *outputs))


def product(
    work: MatMul, stored: Formats, *, name: str = "gemm", added: bool = False, density: float = 1.0,
    phase: Phase = Phase.FORWARD,
) -> Timed:  # fmt: skip
    """Return a product of activations by weights, or of two activations if `work` is dynamic.

    Parameters
    ----------
    work : MatMul
        Sizes.
    stored : Formats
        Formats of both operands and of the result.
    name : str
        Of the op.
    added : bool
        Whether the result is added to what stood in its place (BLAS with beta other than 0), which is read for that.
    density : float
        Share of the weights that are not zero; where they are is random.
    phase : Phase
        Pass of training.
    """
    role = Role.INPUT if work.dynamic else Role.WEIGHT
    structure = "dense" if density == 1.0 else "uniform"
    left = Tensor(f"{name}.left", (work.batch, work.m, work.k), stored.input, Role.INPUT)
    right = Tensor(f"{name}.right", (work.batch, work.k, work.n), stored.weight, role, density, structure)
    result = Tensor(f"{name}.result", (work.batch, work.m, work.n), stored.output)
    inputs = [left, right]
    if work.bias:
        inputs.append(Tensor(f"{name}.bias", (work.n,), stored.output, Role.WEIGHT))
    if not added:
        return one(name, work, tuple(inputs), (result,), phase)
    before = replace(result, name=f"{name}.before", role=Role.INPUT)
    cost = functions.elementwise("add")
    inner = Op(f"{name}.add", Elementwise("add", result.elements, cost.flops, cost.special), (before.name,),
               (result.name,))  # fmt: skip
    made = one(name, work, (*inputs, before), (result,), phase)
    return replace(made, ops=(replace(made.ops[0], epilogue=(inner,)),))


def attention(work: Attention, dtype: str, *, name: str = "attention") -> Timed:
    """Return fused attention of (batch, length, features) tensors."""
    sizes = {
        "queries": (work.query_length, work.heads * work.head_size),
        "keys": (work.key_length, work.kv_heads * work.head_size),
        "values": (work.key_length, work.kv_heads * work.value_size),
    }
    inputs = tuple(Tensor(part, (work.batch, *size), dtype, Role.INPUT) for part, size in sizes.items())
    result = Tensor("result", (work.batch, work.query_length, work.heads * work.value_size), dtype)
    return one(name, work, inputs, (result,))


def convolution(work: Conv, dtype: str) -> Timed:
    """Return a convolution of (batch, channels, height, width) maps."""
    maps, kernel, results = _maps(work, dtype)
    return one("conv", work, (maps, kernel), (results,))


def convolution_of_inputs(work: Conv, dtype: str) -> Timed:
    """Return the gradient of a convolution's inputs: from that of its results, by the same weights."""
    maps, kernel, results = _maps(work, dtype)
    return one("conv", conv_data(work), (replace(results, role=Role.INPUT), kernel), (maps,), Phase.DGRAD)


def convolution_of_weights(work: Conv, dtype: str) -> Timed:
    """Return the gradient of a convolution's weights: its inputs against the gradient of its results."""
    maps, kernel, results = _maps(work, dtype)
    made = replace(kernel, role=Role.ACTIVATION)
    return one("conv", conv_weight(work), (maps, replace(results, role=Role.INPUT)), (made,), Phase.WGRAD)


def _maps(work: Conv, dtype: str) -> tuple[Tensor, Tensor, Tensor]:
    taps = (work.kernel_height, work.kernel_width)
    return (
        Tensor("maps", (work.batch, work.in_channels, work.in_height, work.in_width), dtype, Role.INPUT),
        Tensor("kernel", (work.out_channels, work.in_channels // work.groups, *taps), dtype, Role.WEIGHT),
        Tensor("results", (work.batch, work.out_channels, work.out_height, work.out_width), dtype),
    )


def pointwise(
    function: str, rows: int, columns: int, dtype: str, *, operands: int = 1, packed: int = 1, to: str = "",
    blocks: bool = False,
) -> Timed:  # fmt: skip
    """Return a pointwise kernel.

    Parameters
    ----------
    function : str
        See `archsim.graph.functions`; ``silu_multiply`` gates one half of every row by the other.
    rows, columns : int
        Of the result.
    dtype : str
        Number format.
    operands : int
        Tensors it reads.
    packed : int
        Columns of each of them per column of the result.
    to : str
        Number format of the result, if another one.
    blocks : bool
        Whether each row is one block of threads.
    """
    if function == "silu_multiply":
        gate, times = functions.elementwise("silu"), functions.elementwise("multiply")
        flops, special = gate.flops + times.flops, gate.special + times.special
    else:
        flops, special = functions.elementwise(function)
    inputs = tuple(Tensor(f"operand-{index}", (rows, packed * columns), dtype, Role.INPUT) for index in range(operands))
    work = Elementwise(function, rows * columns, flops, special, rows if blocks else 0)
    return one(function, work, inputs, (Tensor("result", (rows, columns), to or dtype),))


def normalise(
    function: str, rows: int, columns: int, dtype: str, *, affine: int = 0, blocks: bool = False
) -> Timed:  # fmt: skip
    """Return a softmax or a norm over rows, with `affine` weights per column (scale, shift); `blocks`: a row each."""
    cost = functions.normalise(function)
    work = Normalise(function, rows, columns, cost.passes, cost.flops, cost.special, cost.special_per_row,
                     blocks)  # fmt: skip
    inputs = [Tensor("operand", (rows, columns), dtype, Role.INPUT)]
    if affine:
        inputs.append(Tensor("scale-shift", (affine, columns), dtype, Role.WEIGHT))
    return one(function, work, tuple(inputs), (Tensor("result", (rows, columns), dtype),))
