"""SCALE-Sim's three reports of a workload, laid out as SCALE-Sim writes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from archsim.errors import UsageError
from archsim.families.systolic.scalesim import STAYS, Access, Array, Layer, layers, mapped, scratchpads, utilisations
from archsim.families.systolic.scalesim_walk import Report, Walks, report
from archsim.families.systolic.spec import SystolicSpec
from archsim.io.scalesim_config import USER

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.graph.graph import Graph

NATIVE: Final = "native"
PAPER: Final = "scalesim-paper"

MOST_WORDS: Final = 2e11
"""Most words walked for one set of reports: some ten minutes."""

COMPUTE: Final = "COMPUTE_REPORT.csv"
BANDWIDTH: Final = "BANDWIDTH_REPORT.csv"
DETAILED: Final = "DETAILED_ACCESS_REPORT.csv"

_COMPUTE: Final = ("Total Cycles (incl. prefetch)", "Total Cycles", "Stall Cycles", "Overall Util %",
                   "Mapping Efficiency %", "Compute Util %")  # fmt: skip
_BANDWIDTH: Final = tuple(
    f"Avg {what} {where} BW" for where in ("SRAM", "DRAM") for what in ("IFMAP", "FILTER", "OFMAP")
)
_DETAILED: Final = tuple(
    f"{where} {what} {column}"
    for where in ("SRAM", "DRAM")
    for what, moved in (("IFMAP", "Reads"), ("Filter", "Reads"), ("OFMAP", "Writes"))
    for column in ("Start Cycle", "Stop Cycle", moved)
)


@dataclass(frozen=True)
class Reports:
    """The three reports, by file name, and what a reader should know of them."""

    files: dict[str, str]
    warnings: tuple[str, ...]


def is_compatible(machine: Chip | System) -> bool:
    """Whether a machine counts as SCALE-Sim does."""
    return isinstance(machine.spec, SystolicSpec) and machine.spec.compatible != NATIVE


def reports(graph: Graph, chip: Chip | System) -> Reports:
    """Write the reports of a workload on a machine that counts as SCALE-Sim does.

    Parameters
    ----------
    graph : Graph
        Its matrix products and convolutions have a row each, one more for each further group; other ops have none.
    chip : Chip
        A systolic machine whose ``compatible`` is not ``native``.

    Raises
    ------
    UsageError
        Another machine, a workload without any product, or more than `MOST_WORDS` to walk.
    """
    spec = chip.spec
    if not isinstance(spec, SystolicSpec) or not is_compatible(chip):
        raise UsageError(f"{chip.name!r} does not count as SCALE-Sim does", hint="name a SCALE-Sim .cfg file")
    rows = list(_reports(graph, spec))
    if not rows:
        raise UsageError(f"{graph.name!r} holds no matrix product and no convolution", hint="name another workload")
    return Reports(
        {
            COMPUTE: _text(_COMPUTE, [_compute(row, array) for row, array in rows]),
            BANDWIDTH: _text(_BANDWIDTH, [_bandwidth(row) for row, _ in rows]),
            DETAILED: _text(_DETAILED, [_detailed(row) for row, _ in rows]),
        },
        (*graph.notes, *_warnings(graph, spec)),
    )


def _reports(graph: Graph, spec: SystolicSpec) -> Iterator[tuple[Report, Array]]:
    _limit(graph, spec)
    known: dict[Layer, tuple[Report, Array]] = {}
    walks = Walks.ready()
    for op in graph.ops:
        for layer in layers(op):
            sizes = replace(layer, name="")
            if sizes not in known:
                array = _array(layer, spec)
                known[sizes] = report(layer, array, walks), array
            yield known[sizes]


def _limit(graph: Graph, spec: SystolicSpec) -> None:
    """Refuse what would be walked for longer than anybody waits: the words that cross the edges of the array."""
    words: dict[Layer, int] = {}
    for op in graph.ops:
        layer = next(layers(op), None)  # all layers of an op are alike
        if layer is not None:
            near = scratchpads(layer, _array(layer, spec))
            words[replace(layer, name="")] = near.input.words + near.weight.words + near.output.words
    total = sum(words.values())
    if total > MOST_WORDS:
        raise UsageError(
            f"the reports of {graph.name!r} walk {total:.3g} words across the edges of the array, more than "
            f"{MOST_WORDS:.3g}",
            hint="leave out --csv for cycles and words in closed form, or split the workload",
        )


def _array(layer: Layer, spec: SystolicSpec) -> Array:
    """Return the array of a machine; if it may choose its dataflow, with the one that takes the fewest cycles."""
    rows, columns = int(spec.array.rows), int(spec.array.columns)
    inputs, weights, outputs = (int(size) for size in (spec.buffers.input, spec.buffers.weight, spec.buffers.output))
    asked = spec.array.dataflow
    named = tuple(STAYS) if asked == "auto" else (asked,)
    drained = spec.compatible == PAPER
    arrays = [Array(rows, columns, dataflow, inputs, weights, outputs, drained) for dataflow in named]
    return min(arrays, key=lambda array: mapped(layer, array).total)


def _warnings(graph: Graph, spec: SystolicSpec) -> Iterator[str]:
    left = [op.name for op in graph.ops if next(layers(op), None) is None]
    if left:
        yield f"{len(left)} of {len(graph.ops)} ops are no product and have no row, such as {left[0]!r}"
    if USER in spec.note:
        yield f"{USER}: stalls are not simulated; the reports are those of CALC, without stalls"


def _compute(row: Report, array: Array) -> list[int | float]:
    return [row.with_prefetch, row.total, row.stalls, *utilisations(row.layer, array, row.stalls)]


def _bandwidth(row: Report) -> list[int | float]:
    near = row.scratchpads
    inside = [access.words / row.total for access in (near.input, near.weight, near.output)]
    return inside + [access.rate for access in (row.input, row.weight, row.output)]


def _detailed(row: Report) -> list[int | float]:
    near = row.scratchpads
    accesses: Sequence[Access] = (near.input, near.weight, near.output, row.input, row.weight, row.output)
    return [each for access in accesses for each in (float(access.start), float(access.stop), access.words)]


def _text(columns: Sequence[str], rows: Sequence[Sequence[int | float]]) -> str:
    """Write a report: values behind a comma and a blank, a comma at the end of each line."""
    head = ", ".join(("LayerID", *columns)) + ",\n"
    return head + "".join(f"{number}, {', '.join(map(str, row))},\n" for number, row in enumerate(rows))
