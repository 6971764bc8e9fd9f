"""A machine for people and programs: every value of its description, with unit, source and how it is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from archsim.arch.precision import ByPrecision
from archsim.cited import Cited, Path, dotted
from archsim.engine.table import Column, Table
from archsim.io.fields import annotations_at
from archsim.units import format_quantity, quantity_of

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.cli.screen import Block

HEAD = ("schema", "family", "name", "title", "vendor", "year", "aliases", "boundary", "note")
"""Parts of a description that say what it is rather than how much."""
PROSE = ("title", "note")
"""Texts for readers, in any part."""


@dataclass(frozen=True)
class Leaf:
    """One value of a resolved description.

    Attributes
    ----------
    path : str
        Dotted path, as ``--set`` takes it.
    value : float, int, bool or str
        In `unit`.
    unit : str
        SI unit; empty for counts, fractions and text.
    text : str
        The value for people.
    kind : str
        ``measured``, ``datasheet``, ``simulated``, ``estimated``, ``assumed``, ``exact`` for a bare value in the file,
        ``default`` for one the file leaves out.
    source, where, why : str
        Citation.
    low, high : str, float or None
        Bounds, in the author's own words.
    """

    path: str
    value: Any
    unit: str
    text: str
    kind: str
    source: str = ""
    where: str = ""
    why: str = ""
    low: Any = None
    high: Any = None


def leaves(chip: Chip | System) -> list[Leaf]:
    """Return every value of a machine's resolved description."""
    return [
        _leaf(chip, path, value)
        for path, value in _walk(chip, chip.spec, ())
        if path[0] not in HEAD and path[-1] not in PROSE
    ]


def _walk(chip: Chip | System, node: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(node, BaseModel):
        for name, info in type(node).model_fields.items():
            here = (*path, info.alias or name)
            # A format that the file does not name is one the machine does not have.
            if not isinstance(node, ByPrecision) or here in chip.cited:
                yield from _walk(chip, getattr(node, name), here)
    elif isinstance(node, tuple | list):
        for index, item in enumerate(node):
            yield from _walk(chip, item, (*path, index))
    elif isinstance(node, dict):
        for key, item in node.items():
            yield from _walk(chip, item, (*path, key))
    elif node is not None and node != "":
        yield path, node


def _leaf(chip: Chip | System, path: Path, value: Any) -> Leaf:
    found = [quantity for annotation in annotations_at(type(chip.spec), path) if (quantity := quantity_of(annotation))]
    unit = found[0].dimension.base if found else ""
    counted = isinstance(value, int) or not isinstance(value, float)
    text = format_quantity(value, found[0].dimension) if found and unit else str(value) if counted else f"{value:.6g}"
    cited: Cited | None = chip.cited.get(path)
    if cited is None:
        return Leaf(dotted(path), value, unit, text, "default")
    kind = cited.kind.value if cited.kind else "exact"
    return Leaf(dotted(path), value, unit, text, kind, cited.source or "", cited.where, cited.why, cited.low,
                cited.high)  # fmt: skip


def data(chip: Chip | System, found: list[Leaf]) -> dict[str, Any]:
    """Return a machine, ready for JSON."""
    spec = chip.spec
    return {
        "schema_version": 1,
        "name": chip.name,
        "family": chip.family,
        "title": spec.title,
        "vendor": spec.vendor,
        "year": spec.year,
        "aliases": list(spec.aliases),
        "boundary": chip.boundary,
        "note": spec.note,
        "file": chip.origin,
        "values": [asdict(leaf) for leaf in found],
    }


def blocks(chip: Chip | System, found: list[Leaf]) -> list[Block]:
    """Return what people read."""
    from archsim.cli.screen import Facts, Line

    spec = chip.spec
    assumed = sum(leaf.kind == "assumed" for leaf in found)
    cited = sum(leaf.kind not in ("exact", "default") for leaf in found)
    facts = (
        ("name", chip.name), ("family", chip.family), ("vendor", spec.vendor), ("year", str(spec.year or "")),
        ("aliases", ", ".join(spec.aliases)), ("boundary", chip.boundary), ("note", " ".join(spec.note.split())),
        ("file", chip.origin),
        ("values", f"{len(found)}, {cited} with a source or a reason, {assumed} of them assumed"),
    )  # fmt: skip
    return [Line(spec.title, "bold"), Facts(tuple((label, text) for label, text in facts if text)), table(found)]


def table(found: list[Leaf], *, whole: bool = False) -> Table:
    """Return the values as a table; `whole` gives numbers in SI units and all columns, for programs."""
    if whole:
        keys = ("path", "value", "unit", "kind", "source", "where", "why", "low", "high")
        return Table("", tuple(Column(key, key) for key in keys),
                     tuple(tuple(getattr(leaf, key) for key in keys) for leaf in found))  # fmt: skip
    columns = (
        Column("path", "path"), Column("text", "value"), Column("range", "range"), Column("kind", "known as"),
        Column("source", "source"), Column("where", "where or why"),
    )  # fmt: skip
    rows = tuple(
        (leaf.path, leaf.text, f"{leaf.low} .. {leaf.high}" if leaf.low is not None and leaf.high is not None else "",
         leaf.kind, leaf.source, leaf.where or leaf.why)
        for leaf in found
    )  # fmt: skip
    return Table("", columns, rows)
