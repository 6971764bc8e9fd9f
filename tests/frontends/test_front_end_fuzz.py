"""Truncated, damaged and random files end in one sentence: no traceback, no hang, no gigabytes."""

from __future__ import annotations

import random
import resource
import time

import pytest
from chakra_samples import sample

from archsim.errors import ArchsimError
from archsim.frontends import load
from archsim.frontends.native import dump_text
from archsim.io.catalogue import models_root
from archsim.workloads.registry import workload

CONFIGS = models_root() / "workloads" / "huggingface"
SPIKING = {"dt": 1e-3, "steps": 3, "rates": 0.1, "weight_bits": 8}
LONGEST = 20.0
MOST_MEMORY = 2**30


def onnx_bytes(tmp_path):
    pytest.importorskip("onnx")
    from onnx_samples import Sketch

    sketch = Sketch()
    x = sketch.node("Relu", sketch.input("x", (2, 8)))
    sketch.output(sketch.node("MatMul", x, sketch.weight("w", (8, 4))), (2, 4))
    from pathlib import Path

    return Path(sketch.save(tmp_path)).read_bytes()


def nir_bytes(tmp_path):
    nir = pytest.importorskip("nir")
    from nir_samples import recurrent

    nir.write(tmp_path / "whole.nir", recurrent())
    return (tmp_path / "whole.nir").read_bytes()


SAMPLES = {
    "chakra": (".et", lambda tmp: sample(), {"participants": 2}, 200),
    "configuration": (".json", lambda tmp: (CONFIGS / "gemma-2-2b.json").read_bytes(), {"sequence": 8}, 120),
    "latent": (".json", lambda tmp: (CONFIGS / "deepseek-v3.json").read_bytes(), {"phase": "decode"}, 60),
    "exact": (".yaml", lambda tmp: dump_text(workload("spiking-mlp")).encode(), {}, 120),
    "nir": (".nir", nir_bytes, SPIKING, 24),
    "onnx": (".onnx", onnx_bytes, {}, 60),
    "scalesim": (".csv", lambda tmp: b"name,h,w,\nA,9,9,3,3,4,8,1,2:4\nNet,\nB,1,2,3,\nDP,9,9,3,3,4,1,2,\n", {}, 200),
    "short": (
        ".yaml",
        lambda tmp: (
            b"schema: 1\ninputs: {x: [8, 3, 64, 64]}\nlayers:\n  - conv: {channels: 4, kernel: 3, as: c}\n"
            b"  - elementwise: {function: relu}\n  - pool: {kernel: 2}\n  - linear: {features: 10}\n"
        ),
        {},
        200,
    ),
}


def damaged(whole, dice, kind):
    if kind == 0:
        return whole[: dice.randrange(len(whole))]
    if kind == 1:
        return dice.randbytes(dice.randrange(1, 300))
    content = bytearray(whole)
    if kind == 2:
        for _ in range(dice.choice((1, 4, 20))):
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    else:
        place = dice.randrange(len(content))
        content[place : place + dice.randrange(4)] = dice.choice(
            (b"9" * 12, b"9" * 40, b"-", b"null", b"[", b"}", b"\0", b"\xff" * 4, b"1e99", b"true", b"0")
        )
    return bytes(content)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_damaged_files_end_in_one_sentence(name, tmp_path):
    suffix, make, options, times = SAMPLES[name]
    whole = make(tmp_path)
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(whole)
    assert load(path, **options).ops
    dice = random.Random(name)
    before, refused = memory(), 0
    for index in range(times):
        path.write_bytes(damaged(whole, dice, index % 4))
        start = time.monotonic()
        try:
            load(path, **options)
        except ArchsimError as error:
            refused += 1
            assert str(error)
        assert time.monotonic() - start < LONGEST
    assert refused > times // 3
    assert memory() - before < MOST_MEMORY


def memory():
    """Most memory used so far by this process, byte."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
