"""Names that tell machines of one comparison apart, also when one of them is a changed copy of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.columns import place_of
from archsim.arch.system import System
from archsim.errors import UsageError
from archsim.study.parts import parts_of
from archsim.units import format_quantity

if TYPE_CHECKING:
    from archsim.arch.chip import Chip

MOST: Final = 3
"""Changed leaves a label names."""


def labels_of(machines: Sequence[Chip | System]) -> tuple[str, ...]:
    """Return one name per machine, no two alike.

    The first of a name keeps it; others say which leaves are changed, or are counted.

    Parameters
    ----------
    machines : sequence of Chip or System
        In the order of a comparison.
    """
    labels: list[str] = []
    first: dict[str, Any] = {}
    for machine in machines:
        label = machine.name
        if machine.name in first:
            changed = _changed(first[machine.name], machine)
            label = _unused(machine.name, changed, labels)
        else:
            first[machine.name] = machine
        labels.append(label)
    return tuple(labels)


def _unused(name: str, changed: str, labels: Sequence[str]) -> str:
    """Return the first label of a name that no other machine has."""
    label, number = f"{name} ({changed})" if changed else f"{name} (2)", 2
    while label in labels:
        number += 1
        label = f"{name} ({changed}, {number})" if changed else f"{name} ({number})"
    return label


def _changed(first: Chip | System, other: Chip | System) -> str:
    """Say which leaves differ; nothing when none do, or too many for a name."""
    one, two = (_all(machine) for machine in (first, other))
    paths = [path for path in {**one, **two} if one.get(path) != two.get(path)]
    if not 0 < len(paths) <= MOST:
        return ""
    return ", ".join(f"{path}={_text(other, path, two.get(path))}" for path in paths)


def _all(machine: Chip | System) -> dict[str, Any]:
    """Return the leaves of a machine by path; those of a mixed system's members begin with their names."""
    found = dict(_leaves(machine.spec.model_dump(), ""))
    if isinstance(machine, System):
        for name, chip in parts_of(machine).items():
            found.update(_leaves(chip.spec.model_dump(), name))
    return found


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        for name, child in node.items():
            yield from _leaves(child, f"{path}.{name}" if path else str(name))
    elif isinstance(node, list | tuple) and node and isinstance(node[0], Mapping):
        for index, child in enumerate(node):
            yield from _leaves(child, f"{path}.{child.get('name', index)}")
    else:
        yield path, node


def _text(machine: Chip | System, path: str, value: Any) -> str:
    """Write a value with its unit."""
    part, _, rest = path.partition(".")
    parts = parts_of(machine)
    chip, within = (parts[part], rest) if rest and part in parts else (next(iter(parts.values())), path)
    try:
        quantity = place_of(chip.spec, within).column.quantity
    except UsageError:
        quantity = None
    if quantity is None or not isinstance(value, float | int) or quantity.dimension.dimensionless:
        return f"{value:g}" if isinstance(value, float) else str(value)
    return format_quantity(float(value), quantity.dimension, 4)
