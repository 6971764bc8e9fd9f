"""Workloads the contract is held against: one op of every kind, and networks of every sort."""

from __future__ import annotations

from functools import cache

import archsim
from archsim.graph import GraphBuilder
from archsim.workloads.lottery import ROWS

ROOM = {"capacity": "ignore"}
"""What does not fit is evaluated all the same."""

SAMPLE = (
    "resnet50",
    "mobilenet-v2",
    "bert-base",
    "llama-2-7b-decode",
    "gcn-cora",
    "capsnet",
    "bfs",
    "pointer-chase",
    "spiking-mlp",
    "mamba-130m",
    *(f"lottery-{row.lower()}" for row in ROWS),
)

BATCHED = (
    "resnet50",
    "mobilenet-v2",
    "bert-base",
    "gpt2",
    "mlp",
    "capsnet",
    "spiking-mlp",
    "mamba-130m",
    "dlrm",
    "fft",
)


@cache
def network(name, **parameters):
    return archsim.workload(name, **parameters)


def _matmul(b, size):
    b.linear(b.input("x", (size, size)), size, bias=False)


def _gemv(b, size):
    b.linear(b.input("x", (1, size)), 4 * size)


def _product(b, size):
    b.matmul(b.input("x", (8, size, 64)), b.input("y", (8, size, 64)), transpose_b=True)


def _conv(b, size):
    b.conv(b.input("x", (2, 64, size // 8, size // 8)), 64, 3, padding=1)


def _depthwise(b, size):
    b.conv(b.input("x", (2, size, 28, 28)), size, 3, padding=1, groups=size)


def _attention(b, size):
    q, k, v = (b.input(name, (1, size, 512)) for name in "qkv")
    b.attention(q, k, v, heads=8, causal=True)


def _elementwise(b, size):
    b.elementwise("gelu", b.input("x", (size, size)))


def _normalise(b, size):
    b.normalise("layer_norm", b.input("x", (16, 64 * size)))


def _reduce(b, size):
    b.pool(b.input("x", (1, 64, size // 8, size // 8)), 2)


def _gather(b, size):
    b.gather(b.weight("table", (64 * size, 64)), b.input("rows", (size,), dtype="int64"))


def _scatter(b, size):
    b.scatter(b.input("x", (size, 64)), b.input("rows", (size,), dtype="int64"), size // 4)


def _move(b, size):
    b.move("transpose", b.input("x", (size, size)))


def _scan(b, size):
    b.scan("ssm", [b.input("x", (size, 128))], length=size, width=128, shape=(size, 128))


def _chase(b, size):
    b.chase(b.input("memory", (1024 * size,)), loads=64)


def _fft(b, size):
    b.fft(b.input("x", (64, size), dtype="fp32"))


def _neuron(b, size):
    b.neuron(b.input("x", (size,), dtype="fp32"), steps=16, rate=0.1, fan_out=100)


def _recurrent(b, size):
    b.linear(b.input("x", (1, size)), size, steps=35)


_KINDS = (
    _matmul, _gemv, _product, _conv, _depthwise, _attention, _elementwise, _normalise, _reduce, _gather, _scatter,
    _move, _scan, _chase, _fft, _neuron, _recurrent,
)  # fmt: skip


@cache
def single_ops():
    """Graphs of one op each, small and large."""
    made = []
    for add in _KINDS:
        for size in (64, 2048):
            b = GraphBuilder(f"{add.__name__[1:]}-{size}")
            add(b, size)
            made.append(b.build())
    return tuple(made)
