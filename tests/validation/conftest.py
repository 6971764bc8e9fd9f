"""A machine of one rate, known by an alias, and tables made for it."""

import pytest

HEADER = "device,op,dims,dtype,measured_ms"
TOY = """
schema: 1
family: "null"
name: toy
title: Toy machine, one operation per nanosecond
aliases: [Toy-9000-80GB]
boundary: chip
process: {node: {value: 7 nm, kind: assumed, why: stands for no process}}
power:
  idle: {value: 0 W, kind: assumed, why: draws nothing}
  limit: {value: 1 W, kind: assumed, why: no limit}
rate: {value: 1 GOP/s, kind: assumed, why: a round number}
energy: {value: 1 pJ/OP, kind: assumed, why: a round number}
memory:
  - name: memory
    place: off_chip
    capacity: {value: 1 TB, kind: assumed, why: large enough}
    bandwidth: {value: 1 TB/s, kind: assumed, why: never a limit}
    energy: {value: 0 J/B, kind: assumed, why: not charged}
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A machine that takes 2 m n k ns for a matmul."""
    folder = tmp_path / "models" / "hardware" / "null"
    folder.mkdir(parents=True)
    (folder / "toy.yaml").write_text(TOY)
    monkeypatch.setenv("ARCHSIM_MODELS", str(tmp_path / "models"))
    return "Toy-9000-80GB"


@pytest.fixture
def table(tmp_path):
    """Write a table below a folder of one's own, and return the folder."""

    def write(*rows, header=HEADER, name="gemm_aiconfigurator.csv", below="data/deep/down"):
        folder = tmp_path / below
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return tmp_path / "data"

    return write
