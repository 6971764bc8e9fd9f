"""Small graphs and machines with round numbers, so that every expectation can be worked out by hand."""

from __future__ import annotations

from functools import cache

import archsim
from archsim.graph import GraphBuilder
from archsim.io.hardware import with_all

HOST = "xeon-gold-6248"
LINK = {"bandwidth": "1 GB/s", "latency": "10 us", "energy": "10 pJ/b"}


@cache
def null(**sets):
    """The null machine: 1e9 operations per second, 1 pJ each; keywords change leaves."""
    return with_all(archsim.hardware("null"), {path.replace("__", "."): value for path, value in sets.items()})


@cache
def partial(*kinds, host=HOST, link=True):
    """A null machine that runs some kinds of op only, with a host behind a slow link."""
    sets = {"kinds": list(kinds), "power.idle": 0.5}
    if host:
        sets["host"] = host
    if link:
        sets["host_link"] = LINK
    return with_all(archsim.hardware("null"), sets)


def sandwich():
    """fp16: a matmul, a pointwise function read twice, and two matmuls on it."""
    b = GraphBuilder("sandwich", dtype="fp16")
    x = b.input("x", (8, 32))
    y = b.elementwise("gelu", b.linear(x, 64, bias=False, name="first"), name="middle")
    b.linear(y, 16, bias=False, name="second")
    b.linear(y, 128, bias=False, name="third")
    return b.build()


def stack(layers=3, width=64, batch=4, dtype="fp16"):
    """Equal layers one behind the other, each with weights of its own."""
    b = GraphBuilder("stack", dtype=dtype)
    x = b.input("x", (batch, width))
    for index in range(layers):
        x = b.linear(x, width, bias=False, name=f"layer-{index}")
    return b.build()
