"""What a reader of a result on an optical machine must know."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from archsim.arch.chip import Chip
from archsim.families.optical.parts import BITS_REACHED, CORE_SHARE, LIGHT, WRITING
from archsim.families.optical.residency import blocks_of
from archsim.graph.kinds import ATTENTION, CONV, ELEMENTWISE, MATMUL, NORMALISE
from archsim.units import POWER, TIME, format_quantity

CLOSE = 0.1
"""Share of a run that is worth a sentence."""
SLACK = 0.05
"""Bits that are not worth one."""


def remarks(chip: Chip, ops: Any, outs: Any) -> Iterable[str]:
    """Say what is quantised, what noise leaves, whether weights fit, and what runs beside the cores.

    Parameters
    ----------
    chip : Chip
        The machine.
    ops, outs : ndarray of records, (n_ops,)
        Op table and outcomes.

    Yields
    ------
    str
        A sentence with its arithmetic.
    """
    import numpy as np

    spec: Any = chip.spec
    if spec.dataflow == "dota" and np.isin(ops["kind"], (ELEMENTWISE, NORMALISE)).any():
        yield (
            f"{spec.name}: counted as its own simulator counts, which charges functions between products for one "
            "layer, whatever their number; dataflow=native counts all"
        )
    on_cores = np.isfinite(outs["mapping"][:, CORE_SHARE])
    if on_cores.any():
        yield from _precision(chip, ops[on_cores], outs[on_cores])
        yield from _weights(chip, ops, outs, on_cores)
    yield from _power(chip, ops, outs)
    products = np.isin(ops["kind"], (MATMUL, CONV, ATTENTION)) & (ops["macs"] > 0) & ~on_cores
    macs = ops["macs"] * ops["mask"] * ops["steps"] * ops["count"]
    whole = float(macs.sum())
    if whole > 0.0 and macs[products].sum() > 0.0:
        share = float(macs[products].sum()) / whole
        yield (
            f"{spec.name}: {share:.1%} of the MACs run on the digital unit, as products its cores do not take "
            f"(weights {spec.core.weights}, core.dynamic {spec.core.dynamic}, structure {spec.core.structure})"
        )


def _power(chip: Chip, ops: Any, outs: Any) -> Iterable[str]:
    spec: Any = chip.spec
    time = float((outs["latency"] * ops["count"]).sum())
    if time <= 0.0:
        return
    drawn = spec.power.idle + float((outs["energy"].sum(axis=1) * ops["count"]).sum()) / time
    if drawn > spec.power.limit:
        yield (
            f"{spec.name}: draws {format_quantity(drawn, POWER)} on the mean, above its limit of "
            f"{format_quantity(spec.power.limit, POWER)}; its symbol rate is not lowered for that"
        )


def _precision(chip: Chip, ops: Any, outs: Any) -> Iterable[str]:
    spec: Any = chip.spec
    widest = float(max(ops["input_bits"].max(), ops["weight_bits"].max()))
    if widest > spec.bits:
        yield (
            f"{spec.name}: operands of {widest:g} bits are quantised to {spec.bits} on the way to its cores; bytes are "
            + ("of those, as its own simulator counts" if spec.dataflow == "dota" else "those stored")
        )
    reached = outs["mapping"][:, BITS_REACHED]
    least, most = float(reached.min()), float(reached.max())
    asked = min(spec.laser.bits or spec.adc.bits, spec.adc.bits)
    if most < asked - SLACK:
        yield f"{spec.name}: noise leaves {_span(least, most)} bits of the {asked} its light is meant for"
    elif least < asked - SLACK:
        yield (
            f"{spec.name}: noise leaves {_span(least, most)} bits of the {asked} its light is meant for: sums of fewer "
            f"symbols than core.accumulate {spec.core.accumulate} are read sooner, with less light"
        )


def _span(least: float, most: float) -> str:
    return f"{least:.1f}" if most - least < SLACK else f"{least:.1f} to {most:.1f}"


def _weights(chip: Chip, ops: Any, outs: Any, on_cores: Any) -> Iterable[str]:
    spec: Any = chip.spec
    setting = outs["busy"][:, WRITING] * ops["count"]
    light = outs["busy"][:, LIGHT] * ops["count"]
    spent = float(setting[on_cores].sum())
    if spec.core.weights == "in_place":
        core = spec.core
        fixed = on_cores & (ops["dynamic"] == 0) & (ops["kind"] != ATTENTION)
        sides = SimpleNamespace(core_rows=core.rows, core_columns=core.columns)
        needed = sum(op["weight_sets"] * blocks_of(sides, op["batch"], op["n"], op["k"]) for op in ops[fixed])
        if needed > core.count:
            yield (
                f"{spec.name}: weights do not stay in place: they take {needed:.4g} blocks of {core.rows} x "
                f"{core.columns}, for {core.count} cores; setting them takes {format_quantity(spent, TIME, 3)} "
                "of each run"
            )
    shone = float(light[on_cores].sum())
    if spent > CLOSE * (spent + shone):
        yield (
            f"{spec.name}: setting weights takes {format_quantity(spent, TIME, 3)} beside "
            f"{format_quantity(shone, TIME, 3)} of light"
        )
