"""``archsim list``: what there is to name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.engine.table import Table

Kind = Annotated[
    str,
    typer.Argument(metavar="hardware|systems|workloads|families|datasets|technologies", help="What to list.",
                   autocompletion=lambda: list(KINDS), show_default=False),
]  # fmt: skip
HIDDEN: Final = frozenset({"null"})
"""Families for tests of the engine; kept here by name because listings import no family."""


def list_names(
    kind: Kind, as_json: options.AsJson = False, as_csv: options.AsCsv = False, output: options.Output = None
) -> None:
    """List machines, systems, workloads, families, measured data sets or technologies."""
    from archsim.cli.output import deliver, target
    from archsim.errors import UnknownNameError

    where = target(as_json, as_csv, output)
    if kind not in KINDS:
        raise UnknownNameError("list", kind, KINDS, hint=f"write one of {', '.join(KINDS)}")
    rows = KINDS[kind]()
    deliver(where, data=lambda: rows, blocks=lambda: [_table(kind, rows)], table=lambda: _table(kind, rows))


def _table(kind: str, rows: list[dict[str, Any]]) -> Table:
    from archsim.engine.table import Column, Table

    keys = _SHOWN[kind]
    cells = tuple(
        tuple(", ".join(row[key]) if isinstance(row[key], list) else row[key] for key in keys) for row in rows
    )
    return Table("", tuple(Column(key, key) for key in keys), cells)


def _hardware() -> list[dict[str, Any]]:
    from archsim.io import catalogue

    return [
        {"name": entry.name, "family": entry.family, "title": entry.title, "aliases": list(entry.aliases),
         "file": str(entry.path)}
        for entry in catalogue.entries("hardware") if entry.family not in HIDDEN
    ]  # fmt: skip


def _systems() -> list[dict[str, Any]]:
    from archsim.io import catalogue

    return [
        {"name": entry.name, "title": entry.title, "aliases": list(entry.aliases), "file": str(entry.path)}
        for entry in catalogue.entries("systems")
    ]


def _workloads() -> list[dict[str, Any]]:
    from archsim.workloads.registry import generators

    return [
        {"name": each.name, "group": each.group, "title": each.title, "aliases": list(each.aliases),
         "parameters": each.parameters}
        for each in generators()
    ]  # fmt: skip


def _families() -> list[dict[str, Any]]:
    from archsim.arch import registry
    from archsim.io import catalogue

    machines = [entry.family for entry in catalogue.entries("hardware")]
    families = [registry.get(name) for name in registry.names()]
    return [
        {"name": family.name, "title": family.title, "machines": machines.count(family.name),
         "causes": [cause.name for cause in family.causes], "resources": list(family.resources)}
        for family in families if not family.internal
    ]  # fmt: skip


def _datasets() -> list[dict[str, Any]]:
    from archsim.io import catalogue

    return [
        {"name": entry.name, "topic": entry.family, "file": str(entry.path)} for entry in catalogue.entries("measured")
    ]


def _technologies() -> list[dict[str, Any]]:
    from archsim.io import catalogue

    return [
        {"name": entry.name, "title": entry.title, "aliases": list(entry.aliases), "file": str(entry.path)}
        for entry in catalogue.entries("technology")
    ]


KINDS: Final[dict[str, Callable[[], list[dict[str, Any]]]]] = {
    "hardware": _hardware,
    "systems": _systems,
    "workloads": _workloads,
    "families": _families,
    "datasets": _datasets,
    "technologies": _technologies,
}
_SHOWN: Final = {
    "hardware": ("name", "family", "title", "aliases"),
    "systems": ("name", "title", "aliases"),
    "workloads": ("name", "group", "title", "aliases"),
    "families": ("name", "title", "machines", "resources"),
    "datasets": ("name", "topic"),
    "technologies": ("name", "title", "aliases"),
}
