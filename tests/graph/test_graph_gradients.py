"""Gradient rules kind by kind; convolution gradients are run in numpy and must be adjoint to the forward op."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.errors import GraphError
from archsim.graph import GraphBuilder, Phase, Role, check_graph
from archsim.graph.backward import training
from archsim.graph.counts import count
from archsim.graph.gradients import costs, rules
from archsim.graph.kinds import NAMES
from archsim.graph.memory import saved
from archsim.graph.work import Conv, Elementwise, MatMul, Opaque, Reduce, Scan, Scatter


def run(work, first, kernel):
    """Execute a convolution as its description says; `kernel` is (out, in per group, taps...)."""
    assert first.shape == (work.batch, work.in_channels, work.in_height, work.in_width)
    wide, narrow = work.in_channels // work.groups, work.out_channels // work.groups
    out = np.zeros((work.batch, work.out_channels, work.out_height, work.out_width))
    top, _, left, _ = work.padding
    rows, columns = (work.in_height, work.in_width) if work.transposed else (work.out_height, work.out_width)
    for group in range(work.groups):
        for p in range(rows):
            for q in range(columns):
                for r in range(work.kernel_height):
                    for s in range(work.kernel_width):
                        y = p * work.stride[0] + r * work.dilation[0] - top
                        x = q * work.stride[1] + s * work.dilation[1] - left
                        limit = (
                            (work.out_height, work.out_width) if work.transposed else (work.in_height, work.in_width)
                        )
                        if not (0 <= y < limit[0] and 0 <= x < limit[1]):
                            continue
                        i = slice(group * wide, (group + 1) * wide)
                        o = slice(group * narrow, (group + 1) * narrow)
                        if work.transposed:
                            # The kernel of a transposed convolution is (in, out per group, taps).
                            out[:, o, y, x] += first[:, i, p, q] @ kernel[i, :, r, s]
                        else:
                            out[:, o, p, q] += first[:, i, y, x] @ kernel[o, :, r, s].T
    return out


def channels_as_batch(x, batch, groups):
    """(batch, groups c, h, w) to (c, groups batch, h, w)."""
    _, channels, height, width = x.shape
    split = x.reshape(batch, groups, channels // groups, height, width)
    return split.transpose(2, 1, 0, 3, 4).reshape(channels // groups, groups * batch, height, width)


@st.composite
def convs(draw):
    groups = draw(st.integers(1, 2))
    b = GraphBuilder("conv", dtype="fp32")
    x = b.conv(b.input("x", (draw(st.integers(1, 2)), 2, 7, 6)), 2 * groups, 1, name="stem")
    transposed = draw(st.booleans())
    b.conv(
        x,
        groups * draw(st.integers(1, 2)),
        (draw(st.integers(1, 3)), draw(st.integers(1, 2))),
        stride=(draw(st.integers(1, 2)), draw(st.integers(1, 3))),
        dilation=draw(st.integers(1, 2)),
        padding=0 if transposed else (draw(st.integers(0, 1)), draw(st.integers(0, 2))),
        groups=groups,
        transposed=transposed,
        name="conv",
    )
    return b.build()


@settings(max_examples=60, deadline=None)
@given(graph=convs(), seed=st.integers(0, 9))
def test_convolution_gradients_are_adjoint(graph, seed):
    made = training(graph)
    works = {op.name: op.work for op in made.ops}
    forward, data, weight = works["conv"], works["conv/dgrad"], works["conv/wgrad"]
    assert forward.macs == data.macs == weight.macs
    assert weight.dynamic
    assert not data.dynamic
    random = np.random.default_rng(seed)
    x = random.normal(size=(forward.batch, forward.in_channels, forward.in_height, forward.in_width))
    taps = (forward.kernel_height, forward.kernel_width)
    if forward.transposed:
        kernel = random.normal(size=(forward.in_channels, forward.out_channels // forward.groups, *taps))
    else:
        kernel = random.normal(size=(forward.out_channels, forward.in_channels // forward.groups, *taps))
    dy = random.normal(size=(forward.batch, forward.out_channels, forward.out_height, forward.out_width))
    product = (run(forward, x, kernel) * dy).sum()

    dx = run(data, dy, kernel)
    assert dx.shape == x.shape
    assert (dx * x).sum() == pytest.approx(product, rel=1e-9, abs=1e-9)

    wide, narrow = (dy, x) if forward.transposed else (x, dy)
    first = channels_as_batch(wide, forward.batch, forward.groups)
    dw = run(weight, first, narrow.transpose(1, 0, 2, 3))
    # (in per group, out, taps) to the kernel's own order.
    assert (dw.transpose(1, 0, 2, 3) * kernel).sum() == pytest.approx(product, rel=1e-9, abs=1e-9)
    operands = made.producer["conv/wgrad"].inputs
    assert operands == (("conv/loss-gradient", "stem") if forward.transposed else ("stem", "conv/loss-gradient"))


def trained(draw, shape=(4, 8), **options):
    """Train a network of a linear stem and what `draw` adds to it; return the ops that follow by name."""
    b = GraphBuilder("net", dtype="fp32")
    draw(b, b.linear(b.input("x", shape), shape[-1], bias=False, name="stem"))
    graph = b.build()
    made = training(graph, **options)
    check_graph(made)
    assert any(op.name == "stem/weight/update" for op in made.ops)
    return made, {op.name: op for op in made.ops}


def test_every_kind_has_a_rule():
    assert set(rules.RULES) == set(NAMES)


def test_dynamic_matmul_has_two_data_gradients():
    def draw(b, x):
        y = b.linear(x, 8, bias=False, name="keys")
        b.matmul(b.reshape(x, (2, 2, 8)), b.reshape(y, (2, 2, 8)), transpose_b=True)

    made, ops = trained(draw)
    first, second = ops["matmul/dgrad"], ops["matmul/dgrad-2"]
    assert (first.work, second.work) == (MatMul(2, 2, 8, 2, dynamic=True), MatMul(2, 8, 2, 2, dynamic=True))
    assert first.inputs == ("matmul/loss-gradient", "keys")
    assert second.inputs == ("stem", "matmul/loss-gradient")
    assert made.tensors["matmul/dgrad-2"].shape == (4, 8)


def test_one_weight_for_a_batch_is_summed_in_one_matmul():
    def draw(b, x):
        b.matmul(b.reshape(x, (2, 2, 8)), b.weight("shared", (8, 5)))

    _, ops = trained(draw)
    assert ops["matmul/wgrad"].work == MatMul(1, 8, 5, 4, dynamic=True)


def test_experts_keep_their_batch():
    def draw(b, x):
        b.op("experts", MatMul(2, 2, 5, 8), [x, b.weight("each", (2, 8, 5))], (4, 5))

    made, ops = trained(draw)
    assert ops["experts/wgrad"].work == MatMul(2, 8, 5, 2, dynamic=True)
    assert made.tensors["experts/wgrad"].shape == (2, 8, 5)


def test_slices_in_front_of_a_weight_share_k():
    def draw(b, x):
        y = b.linear(x, 3, bias=False, name="more")
        b.op("joint", MatMul(1, 4, 5, 11, bias=True), [x, y, b.weight("w", (11, 5)), b.weight("b", (5,))], (4, 5))

    _, ops = trained(draw)
    assert ops["joint/dgrad"].work == MatMul(1, 4, 8, 5)
    assert ops["joint/dgrad-2"].work == MatMul(1, 4, 3, 5)
    assert ops["joint/wgrad"].work == MatMul(1, 11, 5, 4, dynamic=True)
    assert ops["joint/wgrad"].inputs == ("stem", "more", "joint/loss-gradient")
    assert ops["joint/wgrad-3"].work == Reduce("sum", 5, 4)


@pytest.mark.parametrize("function", sorted(costs.ELEMENTWISE))
def test_elementwise_keeps_what_its_derivative_needs(function):
    def draw(b, x):
        others = {"multiply": 1, "divide": 1, "maximum": 1, "minimum": 1, "power": 1, "rotary": 1, "select": 2}
        more = [b.input(f"other-{index}", (4, 8)) for index in range(others.get(function, 0))]
        b.elementwise(function, *([*more, x] if function == "select" else [x, *more]), name="point")

    made, ops = trained(draw)
    back = ops["point/dgrad"]
    cost = costs.ELEMENTWISE[function]
    assert back.work == Elementwise(f"{function}_gradient", 32, cost.flops, cost.special)
    kept = set(back.inputs[1:])
    assert ("point" in kept) == (cost.keeps in (costs.OUTPUT, costs.BOTH))
    assert ("stem" in kept) == (cost.keeps in (costs.INPUTS, costs.BOTH))
    assert ("point/mask" in kept) == (cost.keeps == costs.MASK)
    if cost.keeps == costs.MASK:
        assert made.tensors["point/mask"].dtype == "int8"
        assert ops["point"].outputs == ("point", "point/mask")
    assert kept <= saved(made)


def test_add_passes_its_gradient_on_and_subtract_turns_the_sign():
    def draw(b, x):
        y = b.linear(x, 8, bias=False, name="other")
        b.elementwise("subtract", b.elementwise("add", x, y), y)

    _, ops = trained(draw)
    assert "add/dgrad" not in ops
    assert ops["subtract/dgrad"].work.function == "negate"


def test_broadcast_inputs_get_sums():
    def draw(b, x):
        y = b.elementwise("multiply", x, b.weight("scale", (8,)))
        b.elementwise("add", y, b.weight("shift", (8,)))

    _, ops = trained(draw)
    assert ops["multiply/wgrad"].work == Elementwise("multiply_gradient", 32)
    assert ops["multiply/wgrad-1"].work == Reduce("sum", 8, 4)
    assert ops["add/wgrad-1"].work == Reduce("sum", 8, 4)
    assert ops["scale/update"].inputs[0] == "multiply/wgrad-1"


def test_an_unknown_function_is_differentiated_once_for_all_inputs():
    def draw(b, x):
        y = b.linear(x, 8, bias=False, name="other")
        b.op("mystery", Elementwise("mystery", 32, 7, 2), [x, y], (4, 8))

    _, ops = trained(draw)
    back = ops["mystery/dgrad"]
    assert back.work == Elementwise("mystery_gradient", 32, 15, 2)
    assert back.outputs == ("mystery/dgrad/0", "mystery/dgrad/1")
    assert back.inputs == ("mystery/loss-gradient", "stem", "other")


@pytest.mark.parametrize("function", sorted(costs.NORMALISE))
def test_normalise(function):
    made, ops = trained(lambda b, x: b.reduce("sum", b.normalise(function, x, groups=2, name="norm"), (0,)))
    cost = costs.NORMALISE[function]
    back = ops["norm/dgrad"]
    assert back.work.flops == 32 * cost.flops
    assert back.work.passes == cost.passes
    assert ("norm" in back.inputs) == (cost.keeps in (costs.OUTPUT, costs.BOTH))
    assert ("stem" in back.inputs) == (cost.keeps in (costs.INPUTS, costs.BOTH))
    assert ("norm/row-statistics" in made.tensors) == bool(cost.statistics)
    weights = [tensor for tensor in made.weights if tensor.name.startswith("norm")]
    assert {tensor.name for tensor in weights} <= set(back.inputs)
    for weight in weights:
        sums = made.producer[ops[f"{weight.name}/update"].inputs[0]]
        assert sums.phase is Phase.WGRAD
        assert sums.work.outputs == weight.elements
        assert sums.work.outputs * sums.work.window == 32 * (weight.elements // weight.shape[-1])


def test_reductions_spread_their_gradient():
    def draw(b, x):
        b.reduce("sum", x, (1,))
        b.reduce("mean", x, (1,), name="mean")
        b.reduce("max", x, (1,), name="max")

    _, ops = trained(draw)
    assert (ops["sum/dgrad"].kind, ops["sum/dgrad"].work.elements) == ("move", 32)
    assert ops["mean/dgrad"].work == Elementwise("mean_gradient", 32)
    assert ops["max/dgrad"].inputs == ("max/loss-gradient", "stem", "max")


@pytest.mark.parametrize("function", ["max_pool", "average_pool"])
def test_pools(function):
    def draw(b, x):
        b.pool(b.reshape(x, (1, 2, 4, 4)), 2, function=function, name="pool")

    made, ops = trained(draw)
    assert ops["pool/dgrad"].work == Reduce(f"{function}_gradient", 8, 4)
    assert made.tensors["pool/dgrad"].elements == 32
    assert ("stem" in ops["pool/dgrad"].inputs) == (function == "max_pool")


def test_gather_and_scatter_swap():
    def draw(b, x):
        where = b.input("where", (4,), dtype="int32")
        rows = b.gather(x, where, name="read")
        b.scatter(rows, where, 9, name="write")

    made, ops = trained(draw)
    assert (ops["write/dgrad"].kind, ops["write/dgrad"].work.entries) == ("gather", 4)
    assert ops["read/dgrad"].work == Scatter(4, 8, 1.0)
    assert made.tensors["read/dgrad"].shape == (4, 8)
    assert ops["read/dgrad"].inputs == ("write/dgrad", "where")


def test_weighted_rows_have_weights_with_gradients():
    def draw(b, x):
        shares = b.linear(x, 1, bias=False, name="shares")
        b.op("combine", Scatter(4, 8, 2.0), [x, shares], (4, 8))

    _, ops = trained(draw)
    dots = ops["combine/dgrad-2"]
    assert dots.work == Reduce("dot", 4, 8)
    assert dots.inputs == ("combine/loss-gradient", "stem")
    assert "shares/weight/update" in ops


def test_scan_runs_backwards_with_twice_the_products():
    def draw(b, x):
        decay = b.weight("decay", (8,))
        b.scan("ssm", [x, decay], length=4, width=8, shape=(4, 8), flops_per_element=3.0, special_per_element=1.0)

    _, ops = trained(draw)
    assert ops["ssm/dgrad"].work == Scan("ssm_gradient", 4, 8, 6.0, 1.0)
    assert ops["ssm/dgrad"].inputs == ("ssm/loss-gradient", "stem", "decay", "ssm")
    assert ops["ssm/wgrad"].work == Reduce("sum", 8, 4)


def test_a_scan_of_weights_alone_still_runs_backwards():
    b = GraphBuilder("net", dtype="fp32")
    b.scan("rnn", [b.input("x", (4, 8)), b.weight("decay", (8,))], length=4, width=8, shape=(4, 8))
    made = training(b.build())
    assert made.producer["rnn/wgrad"].kind == "scan"


def test_fourier_transform_and_collectives_mirror():
    def draw(b, x):
        y = b.collective("all_gather", b.fft(x), 4)
        b.collective("all_reduce", y, 4)

    _, ops = trained(draw)
    assert ops["fft/dgrad"].work == ops["fft"].work
    assert ops["all_gather/dgrad"].work.function == "reduce_scatter"
    assert ops["all_reduce/dgrad"].work.function == "all_reduce"
    assert ops["all_gather/dgrad"].work.payload == ops["all_gather"].work.payload


def test_moves_copy_back():
    _, ops = trained(lambda b, x: b.move("pad", x, shape=(4, 12)))
    assert ops["pad/dgrad"].work.elements == 48
    assert ops["pad/dgrad"].work.function == "pad_gradient"


def test_neurons_keep_their_membranes():
    made, ops = trained(lambda b, x: b.neuron(x, steps=5, rate=0.1, fan_out=3))
    assert ops["neuron/dgrad"].work == Scan("neuron_gradient", 5, 32, 6.0, 1.0)
    assert made.tensors["neuron/membrane"].shape == (5, 32)
    assert made.tensors["neuron/loss"].dtype == "fp32"  # spikes are bits, their gradient is not


def test_addresses_have_no_gradient():
    def draw(b, x):
        table = b.state("table", (100,))
        b.chase(table, loads=10)
        b.elementwise("compare", x, x)
        b.elementwise("relu", x)

    _, ops = trained(draw)
    assert not {"chase/dgrad", "compare/dgrad"} & set(ops)


def test_opaque_ops_are_charged_their_bytes_and_named():
    def draw(b, x):
        b.op("custom", Opaque("NonMaxSuppression", 32), [x, b.weight("w", (8,))], (4, 8))

    made, ops = trained(draw)
    assert ops["custom/dgrad"].work == ops["custom/wgrad"].work == Opaque("NonMaxSuppression_gradient", 32)
    assert ops["custom/dgrad"].inputs == ("custom/loss-gradient", "stem", "w")
    assert made.notes == (
        "the gradient of 'custom' (NonMaxSuppression) is unknown: its bytes are charged, no arithmetic",
    )


def test_a_kind_without_a_rule(monkeypatch):
    monkeypatch.delitem(rules.RULES, "fft")
    with pytest.raises(GraphError, match="'fft' of kind 'fft' has no gradient rule"):
        trained(lambda b, x: b.fft(x))


def recurrent(steps=7, width=6, batch=2):
    b = GraphBuilder("recurrent", dtype="fp32")
    x = b.gather(b.weight("table", (20, width)), b.input("tokens", (steps, batch), dtype="int32"))
    hidden = b.state("hidden", (batch, width))
    joint = b.op("join", Elementwise("add", batch * width), [b.part(x, 0, 1), hidden], (batch, width), steps=steps)
    y = b.elementwise("relu", b.linear(joint, width, steps=steps))
    stacked = b.move("stack", y, shape=(steps, batch, width))
    b.linear(stacked, 20, name="head")
    return b.build()


def test_recurrence_keeps_every_step_and_sums_weight_gradients_once():
    graph = recurrent()
    made = training(graph)
    check_graph(made)
    assert count(made).macs == 3 * count(graph).macs
    ops = {op.name: op for op in made.ops}
    back, once = ops["linear/dgrad"], ops["linear/wgrad"]
    assert (back.steps, back.work) == (7, MatMul(1, 2, 6, 6))
    assert (once.steps, once.work) == (1, MatMul(1, 6, 6, 14, dynamic=True))
    assert once.inputs == ("join/history", "relu/dgrad/history")
    parts = ops["gather/gradient-parts"]
    assert (parts.steps, parts.work.elements) == (1, 7 * 2 * 6)  # one slice per step, side by side
    assert made.tensors["join/history"].shape == (7, 2, 6)
    assert "join/history" in saved(made)
    assert ops["linear/wgrad-2"].work == Reduce("sum", 6, 14)


def test_state_inside_a_recurrence_carries_gradients():
    b = GraphBuilder("first", dtype="fp32")
    x, hidden = b.input("x", (2, 6)), b.state("hidden", (2, 6))
    joint = b.op("join", Elementwise("add", 12), [x, hidden], (2, 6), steps=5)
    b.linear(joint, 6, steps=5)
    graph = b.build()
    assert count(training(graph)).macs == 3 * count(graph).macs  # the hidden state came from the weight


def test_integer_networks_train_with_float_gradients():
    b = GraphBuilder("binary", dtype="binary")
    x = b.linear(b.input("x", (2, 8)), 8, bias=False, name="first")
    b.linear(b.elementwise("binarise", x), 4, bias=False, name="second")
    made = training(b.build())
    assert {made.tensors[name].dtype for name in ("second/dgrad", "second/wgrad", "binarise/dgrad")} == {"fp32"}
    assert made.tensors["first/weight/master"].role is Role.STATE


def test_conv_over_steps_is_summed_over_steps():
    b = GraphBuilder("steps", dtype="fp32")
    x = b.conv(b.input("x", (2, 3, 6, 6)), 4, 1, name="stem")
    work = Conv(2, 4, 5, 6, 6, 4, 4, 3, 3)
    b.op("conv", work, [x, b.weight("kernel", (5, 4, 3, 3))], (2, 5, 4, 4), steps=3)
    graph = b.build()
    made = training(graph)
    op = made.producer["conv/wgrad"]
    assert op.steps == 1
    assert op.work.in_channels == 6
    assert op.macs == graph.ops[1].macs
