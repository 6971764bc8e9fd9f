"""One product on a machine whose arrays it fills: what a published peak of a macro is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.engine.evaluate import evaluate
from archsim.errors import InvalidDescriptionError
from archsim.graph.builder import GraphBuilder
from archsim.io.hardware import with_all
from archsim.validation.cells import SkipRow
from archsim.validation.machines import Machines

DTYPE: Final = "int16"
"""Wider than any macro takes: the machine's own bits count."""


@dataclass(frozen=True)
class Peak:
    """What one product cost.

    Attributes
    ----------
    operations, vectors, outputs : float
        Operations, two to a multiply-accumulate; input vectors; columns of the result.
    latency, energy : float
        s and J.
    by_cause : mapping of str to float
        Energy by the family's own causes, J.
    """

    operations: float
    vectors: float
    outputs: float
    latency: float
    energy: float
    by_cause: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Operations per second."""
        return self.operations / self.latency

    @property
    def efficiency(self) -> float:
        """Operations per joule."""
        return self.operations / self.energy

    def each(self, *causes: str) -> float:
        """Return the energy of some causes, J."""
        return sum(self.by_cause.get(cause, 0.0) for cause in causes)


def macro(machines: Machines, label: str, sets: Mapping[str, Any] | None = None) -> Chip:
    """Return a crossbar machine at an operating point.

    Parameters
    ----------
    machines : Machines
        Those known so far.
    label : str
        What a table calls it.
    sets : mapping, optional
        Values of its description that are changed, by path.

    Raises
    ------
    SkipRow
        No such machine, one of another family, or a point it cannot work at.
    """
    chip = machines.find(label)
    if chip.family != "crossbar":
        raise SkipRow("no crossbar machine")
    try:
        return with_all(chip, sets) if sets else chip
    except InvalidDescriptionError:
        raise SkipRow("a point the machine cannot work at") from None


def filled(chip: Chip, vectors: int) -> Peak:
    """Run a product that takes every array of a crossbar machine once, rows that work together only.

    Parameters
    ----------
    chip : Chip
        A crossbar machine.
    vectors : int
        Input vectors.

    Raises
    ------
    SkipRow
        A weight is wider than an array.
    """
    spec: Any = chip.spec
    slices = -(-spec.weights.bits // spec.cell.bits) * (2 if spec.cell.signs == "differential" else 1)
    columns = spec.array.columns // (slices + spec.weights.extra_columns) * spec.array.count
    if columns < 1:
        raise SkipRow("a weight is wider than an array")
    depth = spec.array.active_rows or spec.array.rows
    builder = GraphBuilder("product", dtype=DTYPE)
    builder.linear(builder.input("x", (vectors, depth)), columns, bias=False)
    result = evaluate(builder.build(), chip)
    operations = 2.0 * vectors * depth * columns
    return Peak(operations, vectors, columns, result.latency, result.energy, result.energy_by_detail)
