"""Energies of single operations at 45 nm: what the shared technology says, and its law of memories between sizes."""

from __future__ import annotations

from typing import Final

from archsim.arch.technology import LogicNode
from archsim.io.hardware import load_hardware
from archsim.laws import sram
from archsim.validation.cells import SkipRow, positive, quoted, size, text
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

COLUMNS: Final = ("operation", "bits", "energy_pJ", "verified")
MACHINE: Final = "xeon-e5-2699-v3"
"""Any machine that uses the technology."""
PICO: Final = 1e-12
KIBI: Final = 1024.0
SIZES: Final = {"8KB": 8 * KIBI, "32KB": 32 * KIBI, "1MB": KIBI * KIBI}
TABLES: Final = {"add": "add", "mult": "multiply"}
ARRAY: Final = "SRAM read "
RECALLED: Final = "memory"
LIMIT: Final = Target("mape", 25.0)


@check(
    "horowitz_45nm_energy.csv",
    topic="figures",
    family="cpu",
    columns=COLUMNS,
    title="Energy of additions, multiplications and memory reads at 45 nm",
)
def horowitz(dataset: Dataset) -> list[Outcome]:
    """Show the operations the technology was set from, and judge reads of memories of other sizes than those."""
    tally = Tally()
    node: LogicNode = load_hardware(MACHINE).spec.technology.older  # type: ignore[attr-defined]
    for row in dataset.rows:
        group = "memories" if row.cells.get("operation", "").startswith(ARRAY) else "operations"
        try:
            _judge(row, node, group, tally)
        except SkipRow as skip:
            tally.skip(group, skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda _: LIMIT)


def _judge(row: Row, node: LogicNode, group: str, tally: Tally) -> None:
    operation = text(row, "operation")
    if text(row, "verified") == RECALLED:
        raise SkipRow("recalled, not read in a source")
    measured = positive(row, "energy_pJ") * PICO
    if operation.startswith(ARRAY):
        capacity = SIZES.get(operation.removeprefix(ARRAY))
        if capacity is None:
            raise SkipRow(f"unknown size {quoted(operation)}")
        predicted = _read(node, capacity) * positive(row, "bits") / 8.0
        set_from = capacity in (node.small_array.capacity, node.large_array.capacity)
    else:
        predicted, set_from = _operation(operation, row, node), True
    if set_from:
        tally.anchor(group, Anchor(f"{operation} {row.cells.get('bits', '')}".strip(), predicted, measured))
    else:
        tally.compare(group, predicted, measured)


def _read(node: LogicNode, capacity: float) -> float:
    """Return the energy of one byte read from an array, J."""
    small, large = node.small_array, node.large_array
    growth = sram.exponent(small.capacity, small.energy, large.capacity, large.energy)
    return sram.energy(capacity, small.capacity, small.energy, growth)


def _operation(operation: str, row: Row, node: LogicNode) -> float:
    """Return the energy of one arithmetic operation or instruction, J."""
    if operation.startswith("instruction"):
        return node.instruction
    kind, _, what = operation.partition(" ")
    table, prefix = TABLES.get(what), {"int": "int", "fp": "fp"}.get(kind)
    if table is None or prefix is None:
        raise SkipRow(f"no such operation in a technology: {quoted(operation)}")
    return float(getattr(getattr(node, table), f"{prefix}{size(row.cells, 'bits')}"))
