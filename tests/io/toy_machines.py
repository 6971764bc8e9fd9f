"""Toy families, a file of each kind for them, and a way to write more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from archsim.arch.chip import ChipSpec, Part, Shared
from archsim.arch.memory import MemoryLevel
from archsim.units import Bandwidth, Count, Energy, EnergyPerOp, Frequency, Power


class ToyTechnology(Shared):
    name: str = ""
    add: Energy
    multiply: Energy


class Turbo(Part):
    clock: Frequency
    power: Power = 10.0


class ToySpec(ChipSpec):
    family: Literal["toy"]
    clock: Frequency = Field(description="boost clock")
    energy: EnergyPerOp
    lanes: Count = 1
    width: int = 8
    fused: bool = False
    link: Bandwidth | None = None
    modes: dict[str, Frequency] = Field(default_factory=dict)
    turbo: Turbo | None = None
    memory: tuple[MemoryLevel, ...] = ()
    technology: ToyTechnology | None = None

    @model_validator(mode="after")
    def _turbo_is_faster(self):
        if self.turbo and self.turbo.clock < self.clock:
            raise ValueError("the turbo clock is below the clock")
        return self


class PlainSpec(ChipSpec):
    family: Literal["plain"]
    clock: Frequency


@dataclass(frozen=True)
class ToyFamily:
    name: str
    title: str
    spec: type[ChipSpec]


TOYS = {"toy": ToyFamily("toy", "toys", ToySpec), "plain": ToyFamily("plain", "plain things", PlainSpec)}

TOY = """\
# a toy
schema: 1
family: toy
name: toy-one
title: "Toy One: the first"
aliases: [first toy, t1]
boundary: chip
process: {node: 7 nm}
power:
  idle: 1 W
  limit: {value: 100 W, source: toys, where: p. 1, kind: datasheet, low: 90 W, high: 110 W}
clock: 1.41 GHz
energy: {value: 1 pJ/OP, kind: assumed, why: nobody has measured it}
lanes: 16
memory:
  - name: dram
    place: off_chip
    capacity: 8 GiB
    bandwidth: 100 GB/s
  - name: sram
    place: on_chip
    capacity: 1 MiB
    width: 64 B/clk
technology: toy-7nm
"""

TECHNOLOGY = """\
schema: 1
name: toy-7nm
title: Toy process
add: {value: 1 pJ, source: toys, where: p. 2, kind: measured}
multiply: {value: 3 pJ, source: toys, where: p. 2, kind: measured}
"""

SOURCES = """\
toys:
  title: A book of toys & games
  authors: [Ada Lovelace, Alan Turing]
  year: 1950
  url: https://example.org/toys_1
  accessed: 2020-01-01
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
