"""What a reader of a run on a crossbar machine must know: what fits, what writing costs, what precision is lost."""

from __future__ import annotations

import math
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.families.crossbar.area import row_of
from archsim.families.crossbar.parts import (
    ARRAYS_USED,
    CELL_ENERGY,
    COPIES,
    DIFFERENTIAL,
    DIGITAL_CELL,
    ENOB,
    INPUT_ENERGY,
    OUTPUT_ENERGY,
    PERIPHERY_ENERGY,
    SNR,
    SUM_ENERGY,
    WRITE_ENERGY,
    WRITTEN,
)
from archsim.families.crossbar.plan import lay_out_stored, taken
from archsim.families.crossbar.shape import levels_sent
from archsim.graph.dtypes import CODES, NAMES
from archsim.laws import cmos, crossbar, writing
from archsim.mapping.energies import mac_energy
from archsim.units import format_quantity
from archsim.units.dimensions import DATA, DECIBEL, ENERGY, TIME

ANALOG: Final = (CELL_ENERGY, INPUT_ENERGY, OUTPUT_ENERGY, SUM_ENERGY, PERIPHERY_ENERGY)
YEAR: Final = 365.25 * 86400.0
HOUR: Final = 3600.0
DAY: Final = 86400.0
SLACK: Final = 1e-9
"""Of a sum of shares of arrays."""
FLOATS: Final = ("fp", "bf", "tf", "nvfp")


def remarks(chip: Chip, ops: Any, outs: Any) -> Iterable[str]:
    """Yield sentences on capacity, writing, precision and formats."""
    on_arrays = [(op, out) for op, out in zip(ops, outs, strict=True) if not math.isnan(out["mapping"][ARRAYS_USED])]
    if not on_arrays:
        return
    row = row_of(chip)
    yield from _capacity(chip, row, on_arrays)
    if any(out["energy"][WRITE_ENERGY] > 0.0 for _, out in on_arrays):
        yield from _writing(chip, row, on_arrays, float((ops["count"] * outs["latency"]).sum()))
    yield from _precision(chip, row, on_arrays)
    yield from _formats(chip, row, on_arrays)


def _capacity(chip: Chip, row: Any, pairs: list[tuple[Any, Any]]) -> Iterable[str]:
    """Say whether all stored weights are in the arrays at once."""
    kept = [(op, out) for op, out in pairs if op["dynamic"] == 0]
    if not kept:
        return
    needed = math.ceil(sum(_taken(row, op, row.mapping_pipelined) for op, _ in kept) - SLACK)
    shared = needed
    if needed > row.array_count:
        shared = math.ceil(sum(_taken(row, op, 0.0) for op, _ in kept) - SLACK)
    cells = row.array_rows * row.array_columns
    there = f"{row.array_count:,.0f} arrays of {row.array_rows:.0f} x {row.array_columns:.0f} cells"
    if needed <= row.array_count:
        most = max(float(out["mapping"][COPIES]) for _, out in kept)
        copies = f"; slow layers are there up to {most:.0f} times" if most > 1.0 else ""
        yield f"{chip.name}: weights take {needed:,.0f} of {there} and stay in them{copies}"
        return
    if shared <= row.array_count:
        yield (
            f"{chip.name}: layers with arrays of their own would take {needed:,.0f} of {there}: they share "
            f"{shared:,.0f}, stay in them, and work one after the other"
        )
        return
    needed = shared
    chips = math.ceil(needed / row.array_count)
    size = format_quantity(row.array_count * cells * row.cell_bits / 8.0, DATA, 3)
    yield (
        f"{chip.name}: weights take {needed:,.0f} arrays and there are {there} ({size}): what does not stay is "
        f"written for every use; {chips:,} chips would hold all of them"
    )


def _taken(row: Any, op: Any, piped: float) -> float:
    """Return the arrays for all weights of a row of the op table."""
    values, work = _laid_out(row, op, piped)
    return float(values.weight_sets * taken(values, row, work))


def _writing(chip: Chip, row: Any, pairs: list[tuple[Any, Any]], latency: float) -> Iterable[str]:
    """Say what writing costs, from how many uses it pays, and how long the cells last."""
    written = sum(float(op["count"] * out["mapping"][WRITTEN]) for op, out in pairs)
    joules = sum(float(op["count"] * out["energy"][WRITE_ENERGY]) for op, out in pairs)
    macs = sum(float(op["count"] * op["macs"] * op["steps"]) for op, _ in pairs)
    analog = sum(float(op["count"] * out["energy"][list(ANALOG)].sum()) for op, out in pairs) / macs
    signs = 2.0 if row.cell_signs == DIFFERENTIAL else 1.0
    cells = crossbar.weight_columns(row.weights_bits, row.cell_bits, signs)
    digital = _digital_mac(row)
    pulse = row.writing_energy * (1.0 + row.writing_verify)
    reuse = writing.breakeven_reuse(row.writing_pulses, pulse, cells, digital, analog)
    pays = f"writing has paid after {reuse:,.3g} uses of a weight" if math.isfinite(reuse) else "writing never pays"
    if reuse <= 1.0:
        pays = "writing pays from the first use of a weight on"
    yield (
        f"{chip.name}: writes {written:.4g} cells in a run, {format_quantity(joules, ENERGY, 3)}; against a digital "
        f"multiply-accumulate of {format_quantity(digital, ENERGY, 3)} with its operands at hand, and "
        f"{format_quantity(analog, ENERGY, 3)} in the arrays, {pays}"
    )
    if not math.isnan(row.writing_endurance) and latency > 0.0:
        each = written / (row.array_count * row.array_rows * row.array_columns)
        life = writing.lifetime(row.writing_endurance, writing.wear(each, latency))
        yield (
            f"{chip.name}: run after run, each cell is written {each:.3g} times a run on average; "
            f"{row.writing_endurance:.3g} writes last {_span(life)}"
        )


def _digital_mac(row: Any) -> float:
    """Energy of a digital multiply-accumulate of integers as wide as weights, at the machine's node, J."""
    share = cmos.progress(row.process_node, row.technology_older_node, row.technology_newer_node)
    wide = "int16" if row.weights_bits > 8 else "int8" if row.weights_bits > 4 else "int4"
    return float(mac_energy(row, CODES[wide], share))


def _span(seconds: float) -> str:
    """Write a time in the largest unit of the calendar that it reaches."""
    for name, length in (("years", YEAR), ("days", DAY), ("hours", HOUR)):
        if seconds >= length:
            return f"{seconds / length:,.3g} {name}"
    return format_quantity(seconds, TIME, 3)


def _precision(chip: Chip, row: Any, pairs: list[tuple[Any, Any]]) -> Iterable[str]:
    """Say whether converters tell all sums apart, and what they and the cells lose."""
    if row.cell_device != DIGITAL_CELL:
        yield _resolved(chip, row, pairs)
    worst = min((float(out["mapping"][SNR]) for _, out in pairs if not math.isnan(out["mapping"][SNR])), default=None)
    alike = row.values_weight_square <= row.values_weight_mean**2.0
    if worst is None and alike and row.cell_device != DIGITAL_CELL and row.precision_lossy == 1.0:
        yield f"{chip.name}: weights are described as all alike (values), so that there is no signal over noise to tell"
    if worst is not None and math.isfinite(worst):
        bits = max(0.0, min(float(out["mapping"][ENOB]) for _, out in pairs if not math.isnan(out["mapping"][ENOB])))
        ratio = format_quantity(worst, DECIBEL, 3)
        yield f"{chip.name}: outputs have {ratio} of signal over noise at worst, {bits:.1f} effective bits"


def _resolved(chip: Chip, row: Any, pairs: list[tuple[Any, Any]]) -> str:
    """Compare the bits of the converters with those of the deepest sum."""
    laid = [_laid_out(row, op)[1] for op, _ in pairs]
    deepest = max(laid, key=lambda work: work.needed_bits)
    pulse = levels_sent(row, deepest)
    cell = min(row.cell_bits, deepest.weight_bits)
    rule = math.ceil(crossbar.resolution(deepest.summed, pulse, cell))
    has = row.adc_bits + row.precision_saved
    saved = f" and encoding saves {row.precision_saved:.0f}" if row.precision_saved else ""
    end = "nothing is lost" if has >= deepest.needed_bits else f"{deepest.needed_bits - has:.0f} bits are lost"
    return (
        f"{chip.name}: sums of {deepest.summed:.0f} rows, pulses of {pulse:.0f} and cells of {cell:.0f} bits need "
        f"{deepest.needed_bits:.0f} bits (ISAAC's rule: {rule:.0f}); converters have {row.adc_bits:.0f}{saved}: {end}"
    )


def _laid_out(row: Any, op: Any, piped: float = 0.0) -> tuple[Any, Any]:
    """Return a row of the op table as kernels see it, and how it lies on the arrays."""
    values = SimpleNamespace(**{name: op[name].item() for name in op.dtype.names})
    work = SimpleNamespace(rate_scale=1.0, piped=piped)
    lay_out_stored(values, row, work)
    return values, work


def _formats(chip: Chip, row: Any, pairs: list[tuple[Any, Any]]) -> Iterable[str]:
    """Say which number formats become integers."""
    names = {NAMES[int(op["precision"])] for op, _ in pairs}
    wide = any(op["input_bits"] > row.inputs_bits or op["weight_bits"] > row.weights_bits for op, _ in pairs)
    floats = sorted(name for name in names if name.startswith(FLOATS))
    if floats or wide:
        what = f"{', '.join(floats or sorted(names))} operands of products"
        yield (
            f"{chip.name} computes with integers: {what} are rounded to at most {row.inputs_bits:.0f} bits of input "
            f"and {row.weights_bits:.0f} bits of weight"
        )
