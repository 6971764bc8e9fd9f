"""Reference pages written from the code when the documentation is built, so that they cannot be wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from archsim.arch import registry
from archsim.arch.tables import OP, WORK, Attribute
from archsim.cli.app import application
from archsim.graph.dtypes import DTYPES
from archsim.io import catalogue
from archsim.units import dimensions
from archsim.workloads.registry import generators


def write(folder: Path) -> None:
    """Write all generated pages into `folder`."""
    folder.mkdir(exist_ok=True)
    pages = {"commands": _commands(), "op-table": _op_table(), "families": _families(), "hardware": _hardware(),
             "workloads": _workloads(), "formats": _formats(), "dimensions": _dimensions()}  # fmt: skip
    for name, lines in pages.items():
        (folder / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _table(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    heads = list(heads)
    yield "| " + " | ".join(heads) + " |"
    yield "|" + " --- |" * len(heads)
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") or " " for cell in row) + " |"
    yield ""


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _commands() -> Iterator[str]:
    from typer.main import get_command

    group: Any = get_command(application())
    for name, command in group.commands.items():
        positional = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option"]
        words = " ".join(p.metavar or p.name.upper() for p in positional)
        yield f"## archsim {name}\n"
        yield f"```\narchsim {name} {words} [OPTIONS]\n```\n".replace("  ", " ")
        yield f"{(command.help or '').strip()}\n"
        if positional:
            meanings = ((_code(p.metavar or p.name.upper()), p.help or "") for p in positional)
            yield from _table(("argument", "meaning"), meanings)
        yield from _table(("option", "meaning"), ((_option(p), p.help or "") for p in options))


def _option(parameter: Any) -> str:
    names = ", ".join(parameter.opts)
    return _code(names if parameter.is_flag else f"{names} {parameter.metavar or parameter.name.upper()}")


def _attributes(attributes: Iterable[Attribute]) -> Iterator[str]:
    rows = ((_code(a.name), "x".join(map(str, a.shape)), a.unit, a.description) for a in attributes)
    yield from _table(("column", "shape", "unit", "meaning"), rows)


def _op_table() -> Iterator[str]:
    yield from _attributes(OP)


def _families() -> Iterator[str]:
    for name in registry.names():
        family = registry.get(name)
        if family.internal:
            continue
        yield f"## {name}: {family.title}\n"
        yield "Resources, which bound the time: " + ", ".join(family.resources) + ", and every memory level.\n"
        yield from _table(("cause of energy", "standard cause"), ((c.name, _code(c.group)) for c in family.causes))
        if family.zeros:
            rows = ((zeros.operand, zeros.structure, zeros.effect, zeros.note) for zeros in family.zeros)
            yield from _table(("operand", "zeros", "effect", "how"), rows)
        if family.details:
            yield "Told with every op: " + ", ".join(_code(name) for name in family.details) + ".\n"
        yield "### Scratch record\n"
        yield from _attributes((*WORK, *family.scratch))
        yield "### Outcome of an op\n"
        yield from _attributes(family.out_table)
        yield "### Totals of a design point\n"
        yield from _attributes(family.totals_table)


def _hardware() -> Iterator[str]:
    rows = ((_code(e.name), e.family, e.title, ", ".join(e.aliases)) for e in catalogue.entries("hardware"))
    yield from _table(("name", "family", "title", "also known as"), (row for row in rows if row[1] != "null"))


def _workloads() -> Iterator[str]:
    rows = ((_code(g.name), g.group, g.title, _arguments(g.parameters)) for g in generators())
    yield from _table(("name", "group", "title", "parameters"), rows)


def _arguments(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in parameters.items())


def _formats() -> Iterator[str]:
    rows = ((_code(d.name), f"{d.bits:g}", ", ".join(d.wider)) for d in DTYPES.values())
    yield from _table(("format", "bits", "held exactly by, narrowest first"), rows)


def _dimensions() -> Iterator[str]:
    rows = ((d.name, _code(d.base) or "none", _code(d.example)) for d in dimensions.NAMED)
    yield from _table(("quantity", "kept in", "write e.g."), rows)
