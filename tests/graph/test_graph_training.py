"""Training graphs: MACs by hand, one gradient and one update per weight, state and memory as published."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.errors import GraphError, UnknownNameError
from archsim.graph import GraphBuilder, Phase, Role, check_graph
from archsim.graph.attention import expand_attention
from archsim.graph.backward import training
from archsim.graph.counts import count
from archsim.graph.fusion import POLICIES, fuse
from archsim.graph.memory import memory, peak, saved


def mlp(widths=(20, 30, 10), batch=4, dtype="fp32"):
    b = GraphBuilder("mlp", dtype=dtype)
    x = b.input("x", (batch, widths[0]))
    for index, width in enumerate(widths[1:]):
        x = b.linear(x, width, name=f"fc{index}")
        if index < len(widths) - 2:
            x = b.elementwise("relu", x)
    return b.build()


def phases(graph):
    totals = dict.fromkeys(Phase, 0)
    for op in graph.ops:
        totals[op.phase] += op.macs
    return totals


def sound(forward, made):
    """What holds for every training graph."""
    check_graph(made)
    assert count(made).parameters == count(forward).parameters
    assert [tensor.name for tensor in made.weights] == [tensor.name for tensor in forward.weights]
    order = [list(Phase).index(op.phase) for op in made.ops]
    first_back = next(index for index, phase in enumerate(order) if phase)
    assert all(order[first_back:])
    assert order == order[: order.index(3)] + [3] * order.count(3)
    updates = {}
    for op in made.ops:
        if op.phase is Phase.UPDATE:
            (weight,) = (name for name in op.inputs if made.tensors[name].role is Role.WEIGHT)
            assert weight not in updates
            updates[weight] = op
            assert weight in op.outputs
            gradient = op.inputs[0]
            assert made.tensors[gradient].role is Role.ACTIVATION
            assert op.elements_read(made.tensors)[gradient] == made.tensors[weight].elements
            assert made.producer[gradient].phase in (Phase.WGRAD, Phase.DGRAD)
            state = set(op.inputs[2:])
            assert all(made.tensors[name].role is Role.STATE for name in state)
            assert state <= set(op.outputs)
    # Nothing of the way back is written in vain, except what an attention kernel writes anyway.
    read = {name for op in made.ops for name in op.inputs}
    for op in made.ops:
        if op.phase in (Phase.DGRAD, Phase.WGRAD) and op.kind != "attention":
            assert set(op.outputs) <= read, op.name
    return updates


def test_mlp_by_hand():
    graph = mlp()
    made = training(graph)
    first, second = 4 * 20 * 30, 4 * 30 * 10
    assert phases(made) == {
        Phase.FORWARD: first + second,
        Phase.DGRAD: second,
        Phase.WGRAD: first + second,
        Phase.UPDATE: 0,
    }
    updates = sound(graph, made)
    assert set(updates) == {"fc0/weight", "fc0/bias", "fc1/weight", "fc1/bias"}
    works = {op.name: op.work for op in made.ops}
    data, weight = works["fc1/dgrad"], works["fc1/wgrad"]
    assert (data.m, data.n, data.k, data.dynamic) == (4, 30, 10, False)
    assert (weight.m, weight.n, weight.k, weight.dynamic) == (30, 10, 4, True)
    assert made.producer["fc1/wgrad"].inputs == ("relu", "fc1/loss-gradient")
    bias = made.producer[updates["fc1/bias"].inputs[0]]
    assert (bias.kind, bias.work.outputs, bias.work.window) == ("reduce", 10, 4)
    assert made.producer["relu/dgrad"].inputs == ("fc1/dgrad", "relu")  # the output is kept, not the input
    assert "fc0/dgrad" not in works


def test_the_forward_graph_is_untouched():
    graph = mlp()
    before = graph.ops, dict(graph.tensors)
    training(graph, optimiser="adam", dtype="bf16")
    assert (graph.ops, dict(graph.tensors)) == before


@settings(max_examples=60, deadline=None)
@given(widths=st.lists(st.integers(1, 9), min_size=2, max_size=6), batch=st.integers(1, 5))
def test_mlp_costs_three_times_forward_less_the_first_data_gradient(widths, batch):
    graph = mlp(widths, batch)
    made = training(graph, optimiser="momentum")
    sound(graph, made)
    assert count(made).macs == 3 * count(graph).macs - batch * widths[0] * widths[1]


@st.composite
def cnns(draw):
    b = GraphBuilder("cnn", dtype="fp32")
    x = b.input("x", (draw(st.integers(1, 2)), 4, 12, 12))
    for _ in range(draw(st.integers(1, 4))):
        form = draw(st.sampled_from(["plain", "strided", "grouped", "depthwise", "transposed", "dilated"]))
        bias = draw(st.booleans())
        if form == "plain":
            x = b.conv(x, 4, 3, padding=1, bias=bias)
        elif form == "strided":
            x = b.conv(x, 8, 3, stride=2, padding="same", bias=bias)
        elif form == "grouped":
            x = b.conv(x, 4, 3, padding="same", groups=2, bias=bias)
        elif form == "depthwise":
            x = b.conv(x, x.shape[1], 3, padding=1, groups=x.shape[1], bias=bias)
        elif form == "transposed":
            x = b.conv(x, 4, 2, stride=2, transposed=True, bias=bias)
        else:
            x = b.conv(x, 4, 3, padding="same", dilation=2, bias=bias)
        follow = draw(st.sampled_from(["", "relu", "batch_norm", "max_pool", "average_pool"]))
        if follow == "relu":
            x = b.elementwise("relu", x)
        elif follow == "batch_norm":
            x = b.normalise("batch_norm", x)
        elif follow and min(x.shape[2:]) > 1:
            x = b.pool(x, 2, function=follow)
    x = b.reshape(x, (x.shape[0], x.elements // x.shape[0]))
    b.linear(x, 3)
    return b.build()


@settings(max_examples=80, deadline=None)
@given(graph=cnns(), optimiser=st.sampled_from(["sgd", "momentum", "adam"]), policy=st.sampled_from(POLICIES))
def test_cnn_costs_three_times_forward_less_the_first_data_gradient(graph, optimiser, policy):
    made = training(graph, optimiser=optimiser)
    updates = sound(graph, made)
    assert len(updates) == len(graph.weights)
    assert count(made).macs == 3 * count(graph).macs - graph.ops[0].macs
    fused = fuse(made, policy)
    check_graph(fused)
    assert count(fused).macs == count(made).macs
    assert count(fused).flops == pytest.approx(count(made).flops)
    for tensor in made.weights:
        assert any(tensor.name in op.outputs for op in fused.ops)


def test_readers_are_summed():
    b = GraphBuilder("residual", dtype="fp32")
    x = b.linear(b.input("x", (2, 8)), 8, name="stem")
    x = b.elementwise("add", x, b.linear(x, 8, name="branch"))
    graph = b.build()
    made = training(graph)
    sound(graph, made)
    total = made.producer["stem/gradient-sum"]
    assert set(total.inputs) == {"add/loss-gradient", "branch/dgrad"}
    assert total.flops == 16
    assert total.phase is Phase.DGRAD


def test_a_tied_weight_has_one_update_and_a_summed_gradient():
    b = GraphBuilder("tied", dtype="fp32")
    table = b.weight("table", (50, 8))
    x = b.gather(table, b.input("tokens", (3, 4), dtype="int32"))
    b.linear(x, 50, weight=table, bias=False)
    graph = b.build()
    made = training(graph, optimiser="adam")
    updates = sound(graph, made)
    assert set(updates) == {"table"}
    total = made.producer[updates["table"].inputs[0]]
    assert (total.name, total.phase) == ("table/gradient-sum", Phase.WGRAD)
    kinds = {made.producer[name].kind for name in total.inputs}
    assert kinds == {"matmul", "scatter"}
    assert count(made).macs == 3 * count(graph).macs


def test_slices_are_put_side_by_side():
    b = GraphBuilder("slices", dtype="fp32")
    joint = b.linear(b.input("x", (2, 6, 16)), 48, name="joint")
    q = b.part(joint, 2, 16)
    b.attention(q, q, q, heads=2)
    graph = b.build()
    made = training(graph)
    sound(graph, made)
    parts = made.producer["joint/gradient-parts"]
    assert parts.kind == "move"
    assert sum(parts.elements_read(made.tensors).values()) == 2 * 6 * 48


def test_concat_gradients_are_slices_without_a_copy():
    b = GraphBuilder("concat", dtype="fp32")
    x = b.input("x", (2, 8))
    y = b.concat([b.linear(x, 3, name="left"), b.linear(x, 5, name="right")], 1)
    b.linear(y, 2, name="head")
    graph = b.build()
    made = training(graph)
    sound(graph, made)
    wgrad = next(op for op in made.ops if op.name == "left/wgrad")
    assert wgrad.inputs == ("x", "head/dgrad")
    assert wgrad.elements_read(made.tensors) == {"x": 16, "head/dgrad": 6}


def test_attention_costs_two_and_a_half_times_its_forward_pass():
    b = GraphBuilder("attention", dtype="fp16")
    x = b.linear(b.input("x", (2, 6, 16)), 16, bias=False)
    b.attention(x, x, x, heads=2)
    graph = b.build()
    made = training(graph)
    sound(graph, made)
    back = next(op for op in made.ops if op.kind == "attention" and op.phase is Phase.DGRAD)
    assert 2 * back.macs == 5 * graph.ops[1].macs
    assert len(back.outputs) == 3
    row_sums = made.tensors["attention/row-sums"]
    assert (row_sums.shape, row_sums.dtype) == ((2, 2, 6), "fp32")
    kept = training(expand_attention(graph))
    assert sum(op.macs for op in kept.ops) == 3 * count(graph).macs - graph.ops[0].macs


def test_batch_norm_uses_the_batch():
    b = GraphBuilder("norm", dtype="fp32")
    b.normalise("batch_norm", b.conv(b.input("x", (2, 3, 8, 8)), 4, 3))
    graph = b.build()
    made = training(graph)
    sound(graph, made)
    op = next(op for op in made.ops if op.name == "batch_norm")
    assert op.work.function == "batch_norm_training"
    assert op.work.passes == 2
    assert op.outputs == ("batch_norm", "batch_norm/statistics", "batch_norm/row-statistics")
    assert op.work.flops == 7 * 2 * 4 * 36
    assert made.tensors["batch_norm/row-statistics"].elements == 2 * 4
    # Batch statistics must be known before the first element is written: no epilogue of the convolution.
    assert [len(op.epilogue) for op in fuse(made, "epilogue").ops if op.name == "conv"] == [0]


@pytest.mark.parametrize(
    ("optimiser", "dtype", "master", "per_weight", "state"),
    [
        ("sgd", "fp32", "fp32", 0, ()),
        ("momentum", "fp32", "fp32", 4, ("momentum",)),
        ("adam", "fp32", "fp32", 8, ("mean", "variance")),
        ("adam", "fp16", "fp32", 12, ("master", "mean", "variance")),
        ("adam", "bf16", "bf16", 4, ("mean", "variance")),
        ("adam", "fp8", "fp32", 12, ("master", "mean", "variance")),
        ("adam", "fp8", "bf16", 6, ("master", "mean", "variance")),
        ("sgd", "fp16", "fp32", 4, ("master",)),
        ("adam", "fp64", "fp32", 16, ("mean", "variance")),
    ],
)
def test_optimiser_state(optimiser, dtype, master, per_weight, state):
    graph = mlp()
    made = training(graph, optimiser=optimiser, dtype=dtype, master_dtype=master)
    updates = sound(graph, made)
    kept = memory(made)
    weights = count(graph).parameters
    assert kept.optimiser == per_weight * weights
    assert kept.weights == weights * made.tensors["fc0/weight"].bytes / made.tensors["fc0/weight"].elements
    names = updates["fc0/weight"].inputs[2:]
    assert names == tuple(f"fc0/weight/{name}" for name in state)
    op = updates["fc0/weight"]
    elements = made.tensors["fc0/weight"].elements
    assert op.elements_read(made.tensors)["fc0/weight"] == (0 if "master" in state else elements)
    flops, special = {"sgd": (2, 0), "momentum": (4, 0), "adam": (10, 2)}[optimiser]
    assert op.flops == elements * (flops + 2 * ("master" in state))
    assert op.special == elements * special


def test_mixed_precision_adam_takes_sixteen_bytes_per_weight():
    """Rajbhandari 2020 (ZeRO, arXiv:1910.02054, section 3.1): 2 + 2 for weights and gradients, K = 12 for Adam."""
    graph = mlp((512, 512, 512))
    kept = memory(training(graph, optimiser="adam", dtype="fp16"))
    parameters = count(graph).parameters
    assert kept.weights + kept.gradients + kept.optimiser == 16 * parameters
    assert kept.weights == kept.gradients == 2 * parameters


def test_eight_bit_weights_have_sixteen_bit_gradients():
    made = training(mlp(), dtype="fp8")
    assert made.tensors["fc0/wgrad"].dtype == "bf16"
    assert made.tensors["fc1/dgrad"].dtype == "fp8"
    assert memory(made).gradients == 2 * count(made).parameters


def layer(batch, sequence, width, heads):
    """One transformer layer with dropout, as in Korthikanti 2022, figure 2; no dropout on the shares of attention."""
    b = GraphBuilder("layer", dtype="fp16")
    x = b.linear(b.input("x", (batch, sequence, width)), width, bias=False, name="before")
    y = b.normalise("layer_norm", x)
    q, k, v = (b.linear(y, width, bias=False, name=name) for name in "qkv")
    y = b.linear(b.attention(q, k, v, heads=heads), width, bias=False, name="out")
    x = b.elementwise("add", x, b.elementwise("dropout", y))
    y = b.normalise("layer_norm", x, name="second_norm")
    y = b.linear(b.elementwise("gelu", b.linear(y, 4 * width, bias=False, name="up")), width, bias=False, name="down")
    x = b.elementwise("add", x, b.elementwise("dropout", y))
    b.reduce("sum", x, (1,))
    return b.build()


def test_saved_activations_of_a_transformer_layer():
    """Korthikanti 2022 (arXiv:2205.05198, equation 1): s b h (34 + 5 a s / h) bytes.

    The attention kernel drops the term 5 a s / h; row sums and norm statistics, which the equation leaves out, are
    added by hand.
    """
    batch, sequence, width, heads = 2, 32, 64, 4
    made = training(layer(batch, sequence, width, heads))
    tokens = batch * sequence
    inner = {name for name in saved(made) if name not in ("x", "sum/loss", "sum/labels")}
    kept = sum(made.tensors[name].bytes for name in inner)
    extra = tokens * heads * 4 + 2 * tokens * 2 * 4
    assert kept == 34 * tokens * width + extra


def test_saved_activations_of_expanded_attention():
    batch, sequence, width, heads = 2, 32, 64, 4
    graph = layer(batch, sequence, width, heads)
    whole = training(graph)
    apart = training(expand_attention(graph))
    square = batch * heads * sequence * sequence * 2
    row_sums = batch * heads * sequence * 4
    assert memory(apart).saved - memory(whole).saved == square - row_sums  # the softmax, 2 a s^2 b byte


def test_memory_of_inference():
    graph = mlp()
    kept = memory(graph)
    assert (kept.gradients, kept.optimiser, kept.saved, kept.state) == (0, 0, 0, 0)
    assert kept.weights == 4 * count(graph).parameters
    assert peak(graph) == 4 * 4 * (30 + 30)  # a hidden layer and its ReLU
    assert kept.total == kept.weights + kept.peak


def test_peak_by_hand():
    graph = mlp((3, 5, 2), batch=1)
    made = training(graph)
    size = {name: tensor.elements for name, tensor in made.tensors.items()}
    alive_at_wgrad = ["x", "fc1/loss-gradient", "fc1/wgrad", "relu", "fc1/dgrad"]
    assert peak(made) >= 4 * sum(size[name] for name in alive_at_wgrad)
    assert saved(made) == {"x", "relu", "fc1/loss"}
    assert memory(made).saved == 4 * (3 + 5 + 2)


def test_loss_reads_a_softmax_the_network_has():
    b = GraphBuilder("classifier", dtype="fp32")
    b.normalise("softmax", b.linear(b.input("x", (2, 8)), 5))
    graph = b.build()
    made = training(graph)
    sound(graph, made)
    assert sum(op.kind == "normalise" for op in made.ops) == 1
    gradient = made.producer["softmax/loss-gradient"]
    assert gradient.inputs == ("softmax", "softmax/labels")
    assert made.tensors["softmax/labels"].role is Role.INPUT
    assert "softmax/loss-gradient" in made.producer["linear/wgrad"].inputs


def test_a_softmax_somebody_else_reads_gets_its_own_gradient():
    b = GraphBuilder("shared", dtype="fp32")
    y = b.normalise("softmax", b.linear(b.input("x", (2, 8)), 5))
    b.output(y)
    b.output(b.linear(y, 3, name="more"))
    graph = b.build()
    made = training(graph)
    sound(graph, made)
    assert made.producer["softmax/dgrad"].inputs == ("softmax/gradient-sum", "softmax")


def test_loss_on_chosen_outputs():
    b = GraphBuilder("two", dtype="fp32")
    x = b.input("x", (2, 8))
    b.linear(x, 3, name="left")
    b.linear(x, 4, name="right")
    graph = b.build()
    made = training(graph, loss=["left"])
    assert [op.name for op in made.ops if op.phase is Phase.UPDATE] == ["left/weight/update", "left/bias/update"]
    assert made.notes == tuple(
        f"no gradient reaches the weight 'right/{name}'; it stays as it is" for name in ("weight", "bias")
    )
    assert len([op for op in training(graph).ops if op.phase is Phase.UPDATE]) == 4


def test_what_cannot_be_trained():
    b = GraphBuilder("weightless")
    b.elementwise("relu", b.input("x", (3,)))
    with pytest.raises(GraphError, match="'relu' of 'weightless' depends on no weight"):
        training(b.build())
    b = GraphBuilder("index")
    b.reduce("argmax", b.linear(b.input("x", (3, 4)), 5), (1,))
    with pytest.raises(GraphError, match="no gradient of 'index' reaches a weight"):
        training(b.build())
    graph = mlp()
    with pytest.raises(GraphError, match=r"the loss is on 'fc2'.*did you mean"):
        training(graph, loss=["fc2"])
    with pytest.raises(GraphError, match="'x' of 'mlp' depends on no weight"):
        training(graph, loss=["fc1", "x"])
    with pytest.raises(GraphError, match="is fused already"):
        training(fuse(graph, "epilogue"))
    with pytest.raises(GraphError, match="give the forward graph"):
        training(training(graph))
    with pytest.raises(UnknownNameError, match="did you mean 'adam'"):
        training(graph, optimiser="adamw")
    with pytest.raises(GraphError, match="cannot be trained in 'int8'"):
        training(graph, dtype="int8")
    with pytest.raises(GraphError, match="cannot be trained in 'int4'"):
        training(graph, master_dtype="int4")
    with pytest.raises(UnknownNameError, match="'fp33'"):
        training(graph, dtype="fp33")


def test_the_record_says_how():
    made = training(mlp(), optimiser="adam")
    assert made.name == "mlp-training"
    assert made.parameters["optimiser"] == "adam"
    assert made.outputs == ()
    assert made.items == mlp().items
