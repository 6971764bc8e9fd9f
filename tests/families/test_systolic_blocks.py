"""Sums of gathered rows made block by block: the bytes of main memory by hand."""

from __future__ import annotations

import math

import pytest

import archsim as a
from archsim.graph.work import Gather

NODES, LINKS, WIDTH, WORD = 40_000, 10_000_000, 256, 4


def gathered(blocks, nodes=NODES, links=LINKS):
    builder = a.GraphBuilder("sum", dtype="int32")
    table = builder.input("table", (nodes, WIDTH))
    rows = builder.input("rows", (links,), dtype="int32")
    builder.op("sum", Gather(links, WIDTH, 1.0), [table, rows], (nodes, WIDTH), dtype="int32")
    chip = a.with_(a.hardware("hygcn"), "vector.blocks", blocks)
    (op,) = a.evaluate(builder.build(), chip, capacity="ignore", jit="never").ops
    return op.bytes_by_level["hbm"]


def test_whole_passes_where_they_are_fewer_bytes():
    table = NODES * WIDTH * WORD
    passes = math.ceil(table / 2**24)  # 41 MB of sums in 16 MiB
    rest = LINKS * WORD + table  # indices, and sums written
    assert passes == 3
    assert gathered(True) == pytest.approx(passes * table + rest)
    assert gathered(False) == pytest.approx(LINKS * WIDTH * WORD + rest)


def test_single_rows_where_few_are_asked_for():
    assert gathered(True, links=1000) == gathered(False, links=1000)
