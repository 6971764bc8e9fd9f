"""Whether a workload fits into a machine's memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archsim.arch import registry
from archsim.arch.columns import Swept
from archsim.engine.policy import Policy
from archsim.errors import DoesNotFitError
from archsim.graph.memory import Memory, memory
from archsim.graph.retype import as_stored
from archsim.units import CAPACITY, DATA, format_quantity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.engine.place import Placement
    from archsim.graph.graph import Graph

DOES_NOT_FIT = -1
"""Status of a design point whose memory is too small."""
_SIZES = ("capacity", "instances")
_PARTS = {
    "weights": "weights",
    "optimiser": "optimiser state",
    "state": "state",
    "peak": "activations and gradients at their peak",
}


def check_fit(graph: Graph, chip: Chip, how: Policy, pieces: int = 1) -> tuple[Memory, tuple[str, ...]]:
    """Compare what a graph keeps with the machine's outermost memory.

    Parameters
    ----------
    graph : Graph
        As it will run.
    chip : Chip
        The machine.
    how : Policy
        ``capacity="check"`` refuses what does not fit, ``"ignore"`` warns.
    pieces : int
        Runs whose saved activations are kept at the same time.

    Returns
    -------
    kept : Memory
        What the graph keeps, byte.
    warnings : tuple of str
        The shortfall, if it is to be ignored.

    Raises
    ------
    DoesNotFitError
        With the arithmetic.
    """
    kept = _kept(graph, chip)
    kept = replace(kept, peak=kept.peak + (pieces - 1) * kept.saved, saved=pieces * kept.saved)
    there = registry.get(chip.family).capacity(chip.spec)
    if kept.total <= there:
        return kept, ()
    parts = ", ".join(
        f"{format_quantity(getattr(kept, part), DATA)} of {name}"
        for part, name in _PARTS.items()
        if getattr(kept, part)
    )
    problem = (
        f"{graph.name!r} needs {format_quantity(kept.total, DATA)} ({parts}); "
        f"{chip.name!r} holds {format_quantity(there, CAPACITY)}"
    )
    if how.capacity == "ignore":
        return kept, (f"{problem}: times and energies are those of a machine with enough memory",)
    raise DoesNotFitError(problem, hint="choose a larger machine, a smaller batch or a system with tensor_parallel, "
                          "or set policy capacity=ignore")  # fmt: skip


def check_places(placement: Placement, chips: Mapping[str, Chip], how: Policy) -> tuple[Memory, tuple[str, ...]]:
    """Compare what every machine of a mixed system, host included, keeps with its memory; return what the graph keeps.

    Raises
    ------
    DoesNotFitError
        As `check_fit`.
    """
    warnings: list[str] = []
    for name, chip in chips.items():
        ops = placement.places.get(name, ())
        if ops:
            used = {tensor for op in ops for tensor in (*op.inputs, *op.outputs)}
            tensors = {tensor: about for tensor, about in placement.graph.tensors.items() if tensor in used}
            outputs = tuple(tensor for tensor in placement.graph.outputs if tensor in used)
            part = placement.graph.replace(ops=ops, tensors=tensors, outputs=outputs)
            warnings += check_fit(part, chip, how)[1]
    return memory(placement.graph), tuple(warnings)


def points_that_fit(graph: Graph, chip: Chip, swept: Sequence[Swept], how: Policy) -> np.ndarray | None:
    """Compare what a graph keeps with the outermost memory of every design point.

    Parameters
    ----------
    graph, chip, how
        As in `check_fit`.
    swept : sequence of Swept
        Leaves that differ from point to point.

    Returns
    -------
    ndarray of bool, (points,), or None
        None when the sweep does not change the memory, and the workload fits.

    Raises
    ------
    DoesNotFitError
        The sweep does not change the memory, and the workload does not fit.
    """
    import numpy as np

    resized = [each for each in swept if each.place.path[:2] == ("memory", 0) and each.place.path[2] in _SIZES]
    if not resized or how.capacity == "ignore":
        check_fit(graph, chip, how)
        return None
    there = registry.get(chip.family).capacity(chip.spec)
    outermost = chip.spec.memory[0]  # type: ignore[attr-defined]
    for each in resized:
        there = there * each.values / getattr(outermost, str(each.place.path[2]))
    return np.asarray(there) >= _kept(graph, chip).total


def _kept(graph: Graph, chip: Chip) -> Memory:
    """Return what a graph keeps on a machine, in the formats that it stores."""
    return memory(as_stored(graph, registry.get(chip.family).formats(chip.spec)))
