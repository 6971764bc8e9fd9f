"""What `check_graph` refuses, and how it says so."""

from types import MappingProxyType

import pytest

from archsim.errors import EXIT_INVALID, GraphError
from archsim.graph import Graph, GraphBuilder, Op, Role, Tensor, check_graph
from archsim.graph.work import Conv, Elementwise, MatMul, Neuron

RELU = Elementwise("relu", 4)


def graph(*ops, tensors=(), **more):
    known = {"x": Tensor("x", (4,), role=Role.INPUT)}
    known |= {name: Tensor(name, (4,)) for op in ops for name in op.outputs}
    known |= {tensor.name: tensor for tensor in tensors}
    return Graph("net", ops, MappingProxyType(known), **more)


def refused(made, *texts):
    with pytest.raises(GraphError) as caught:
        check_graph(made)
    assert caught.value.exit_code == EXIT_INVALID
    for text in texts:
        assert text in str(caught.value)


def test_a_legal_graph_passes():
    check_graph(graph(Op("a", RELU, ("x",), ("a",)), Op("b", RELU, ("a", "x"), ("b",)), outputs=("b",)))


def test_empty():
    refused(graph(), "'net' has no ops", "add at least one layer")
    with pytest.raises(GraphError, match="has no ops"):
        GraphBuilder("empty").build()


def test_cyclic():
    ops = Op("a", RELU, ("b",), ("a",)), Op("b", RELU, ("a",), ("b",))
    refused(graph(*ops), "goes round in a circle", "a -> b -> a", "state tensor")
    refused(graph(Op("self", RELU, ("self",), ("self",))), "self -> self")


def test_state_breaks_a_circle():
    state = Tensor("memory", (4,), role=Role.STATE)
    made = graph(Op("a", RELU, ("memory",), ("a",)), Op("b", RELU, ("a",), ("memory",)), tensors=[state])
    check_graph(made)
    assert dict(made.producer).keys() == {"a"}
    assert made.rewritten["memory"].name == "b"
    assert set(made.networkx().edges) == {("a", "b")}


def test_out_of_order():
    made = graph(Op("b", RELU, ("a",), ("b",)), Op("a", RELU, ("x",), ("a",)))
    refused(made, "'b' reads 'a' before 'a' writes it", "execution order")


def test_undefined_tensors():
    refused(graph(Op("a", RELU, ("lstm",), ("a",))), "'a' reads 'lstm', which nothing writes")
    refused(graph(Op("conv", RELU, ("x",), ("conv",)), Op("a", RELU, ("comv",), ("a",))), "did you mean 'conv'")
    loose = Graph("net", (Op("a", RELU, ("x",), ("y",)),), MappingProxyType({"x": Tensor("x", (4,), role=Role.INPUT)}))
    refused(loose, "'a' writes 'y', which is not among the tensors")
    refused(graph(Op("a", RELU, ("x",), ("a",)), outputs=("aa",)), "output 'aa'", "not among the tensors")


def test_duplicates():
    refused(graph(Op("a", RELU, ("x",), ("a",)), Op("a", RELU, ("x",), ("b",))), "two ops are called 'a'")
    refused(graph(Op("a", RELU, ("x",), ("y",)), Op("b", RELU, ("x",), ("y",))), "written by 'a' and by 'b'")


@pytest.mark.parametrize("size", [0, -1, 2.0, "4", 10**400, 10**5000, -(10**5000)], ids=range(7))
def test_bad_sizes(size):
    refused(graph(Op("a", RELU, ("x",), ("a",)), tensors=[Tensor("w", (3, size), role=Role.WEIGHT)]), "'w'")


def test_huge_sizes_are_named_and_never_overflow():
    refused(graph(Op("a", RELU, ("x",), ("a",)), tensors=[Tensor("w", (10**400,), role=Role.WEIGHT)]), "(1e400,)")
    refused(graph(Op("a", MatMul(1, 10**400, 1, 1), ("x",), ("a",))), "'a' has m = 1e400")
    refused(graph(Op("a", MatMul(10**150, 10**150, 1, 10**5), ("x",), ("a",))), "'a' would do 2e+305 operations")
    refused(graph(Op("a", RELU, ("x",), ("a",), steps=10**400)), "'a' would do inf operations")


@pytest.mark.parametrize("size", [10**400, 10**160], ids=["1e400", "1e160"])
def test_builder_with_huge_dimensions_raises_graph_errors_only(size):
    for draw in (
        lambda b, x: b.linear(x, size),
        lambda b, x: b.conv(b.input("image", (size, 3, size, size)), 4, 3),
        lambda b, x: b.attention(*[b.input("q", (size, size, 4))] * 3, heads=2, causal=True, window=size),
        lambda b, x: b.chase(b.state("list", (size, size)), loads=size),
        lambda b, x: b.collective("all_reduce", b.input("payload", (size, size)), 4),
        lambda b, x: b.neuron(b.input("spikes", (size, size)), steps=3, rate=0.5, fan_out=4),
        lambda b, x: b.normalise("softmax", b.input("rows", (size, size))),
        lambda b, x: b.fft(b.input("signal", (size, size))),
    ):
        b = GraphBuilder("huge")
        x = b.input("x", (size, size))
        with pytest.raises(GraphError):
            draw(b, x)
            b.build()


def test_bad_formats_densities_counts():
    ops = (Op("a", RELU, ("x",), ("a",)),)
    refused(graph(*ops, tensors=[Tensor("w", (3,), dtype="fp61")]), "unknown number format 'fp61'", "did you mean")
    for density in (-0.1, 1.5, float("nan")):
        refused(graph(*ops, tensors=[Tensor("w", (3,), density=density)]), "density")
    refused(graph(*ops, items=0), "completes 0 items")
    refused(graph(*ops, items=10**400), "completes 1e400 items")
    refused(graph(Op("a", RELU, ("x",), ("a",), steps=0)), "runs in 0 steps")
    refused(graph(Op("a", RELU, ("x",), ("a",), reads=(1, 2))), "reads 1 tensors, but `reads` is (1, 2)")
    refused(graph(Op("a", RELU, ("x",), ("a",), reads=(-1,))), "0 or more")


def test_bad_work():
    refused(graph(Op("a", MatMul(1, -2, -3, 4), ("x",), ("a",))), "'a' has m = -2")
    refused(graph(Op("a", Elementwise("relu", 4, float("nan")), ("x",), ("a",))), "flops_per_element = nan")
    refused(graph(Op("a", Neuron(4, 3, float("inf"), 2), ("x",), ("a",))), "rate = inf")
    cropped = Conv(1, 1, 1, 9, 9, 6, 6, 3, 3, padding=(-1, 0, 0, -1))
    check_graph(graph(Op("a", cropped, ("x",), ("a",))))
    inner = Op("b", Elementwise("relu", -4), ("a",), ("b",))
    refused(graph(Op("a", RELU, ("x",), ("b",), epilogue=(inner,))), "'b' has elements = -4")
