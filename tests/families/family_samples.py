"""Graphs of one op, and shipped machines with some leaves changed."""

from __future__ import annotations

import archsim
from archsim.io.hardware import with_all

NO_CAP = 1e12
"""A power limit no run reaches, W: the clock stays as described."""


def machine(name, **sets):
    """A shipped machine at its full clock; keywords change leaves, ``__`` for a point."""
    changed = {path.replace("__", "."): value for path, value in sets.items()}
    return with_all(archsim.hardware(name), {"power.limit": NO_CAP} | changed)


def one(add, dtype="fp16"):
    """A graph of what `add` puts into a builder."""
    b = archsim.GraphBuilder("one", dtype=dtype)
    add(b)
    return b.build()


def gemm(m, n, k, dtype="fp16"):
    return one(lambda b: b.linear(b.input("x", (m, k)), n, bias=False), dtype)


def pointwise(elements, function="relu", dtype="fp16"):
    return one(lambda b: b.elementwise(function, b.input("x", (elements,))), dtype)


def chase(loads, footprint, chains=1):
    return one(lambda b: b.chase(b.input("memory", (footprint // 2,)), loads=loads, chains=chains))


def only(graph, chip):
    """The only op of a graph, evaluated, after checking that it is the whole run."""
    result = archsim.evaluate(graph, chip, fusion="none")
    (op,) = result.ops
    assert op.latency == result.latency
    return op
