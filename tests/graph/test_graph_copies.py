"""Graphs travel to other processes and keep their precision rules."""

import copy
import pickle

import pytest

from archsim.errors import UnknownNameError
from archsim.graph import GraphBuilder
from archsim.graph.dtypes import CODES, DTYPES, FLOATS, NAMES, dtype
from archsim.graph.retype import with_precision
from archsim.graph.tensor import Tensor


def small():
    b = GraphBuilder("small", parameters={"batch": 2})
    b.linear(b.gather(b.weight("table", (10, 4)), b.input("tokens", (2,), dtype="int32")), 3)
    return b.build()


@pytest.mark.parametrize("again", [lambda g: pickle.loads(pickle.dumps(g)), copy.deepcopy, copy.copy])
def test_copies_are_equal_and_frozen(again):
    graph = small()
    made = again(graph)
    assert made.ops == graph.ops
    assert dict(made.tensors) == dict(graph.tensors)
    assert dict(made.parameters) == {"batch": 2}
    with pytest.raises(TypeError):
        made.tensors["new"] = None


def test_precision_leaves_indices_alone():
    made = with_precision(small(), "fp8")
    assert {name: tensor.dtype for name, tensor in made.tensors.items()} == {
        "table": "fp8",
        "tokens": "int32",
        "gather": "fp8",
        "linear/weight": "fp8",
        "linear/bias": "fp8",
        "linear": "fp8",
    }
    with pytest.raises(UnknownNameError):
        with_precision(small(), "fp9")


def test_formats():
    assert [CODES[name] for name in NAMES] == list(range(len(NAMES)))
    assert {name for name in NAMES if name.startswith(("fp", "bf", "tf", "nvfp"))} == set(FLOATS)
    for made in DTYPES.values():
        assert made.name not in made.wider
        assert all(dtype(wider).bits >= made.bits for wider in made.wider)


def test_storage():
    assert Tensor("x", (3,), "int4").bytes == 1.5
    assert Tensor("x", (3,), "int4").stored == 2
    assert Tensor("x", (9,), "binary").stored == 2
    assert Tensor("x", (), "fp32").bytes == 4
    assert Tensor("x", (10**400,), "fp32").bytes == float("inf")
    assert Tensor("x", (10**400,), "fp32").stored == 4 * 10**400
