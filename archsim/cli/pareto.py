"""``archsim pareto``: which rows of a table no other row beats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.engine.table import Table
    from archsim.study.pareto import Pareto

File = Annotated[str, typer.Argument(metavar="FILE", help="A table with a header, such as a sweep as .csv.",
                                     show_default=False)]  # fmt: skip
Metrics = Annotated[
    list[str],
    typer.Argument(metavar="COLUMN...", help="Columns to compare by, such as latency_s energy_j; less is better.",
                   show_default=False),
]  # fmt: skip
Maximise = Annotated[list[str] | None, typer.Option("--maximise", metavar="COLUMN", help="Of this one more is better.")]


def pareto(
    file: File,
    metrics: Metrics,
    maximise: Maximise = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    output: options.Output = None,
) -> None:
    """Keep the rows of a table that no other row beats in every column named."""
    from archsim.cli import inputs
    from archsim.cli.output import deliver, target
    from archsim.cli.screen import Line
    from archsim.study.pareto import pareto as on_front
    from archsim.validation.table import read_table

    where = target(as_json, as_csv, output)
    names = [*metrics, *(name for name in maximise or () if name not in metrics)]
    rows = [row.cells for row in read_table(inputs.existing(file, (".csv",)), names).rows]
    found = on_front({name: [_number(row.get(name, "")) for row in rows] for name in names}, maximise=maximise or ())
    table = _table(found, rows)
    data: dict[str, Any] = found.to_dict()
    data["front"] = table.to_dicts()
    skipped = [f"{found.refused} rows have no number in one of these columns, and are left out"]
    deliver(
        where,
        data=lambda: data,
        blocks=lambda: [table, Line(f"{len(found)} of {found.points} rows are beaten by none")],
        table=lambda: table,
        warnings=skipped if found.refused else (),
    )


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _table(found: Pareto, rows: list[dict[str, str]]) -> Table:
    """Return the rows of the front, all their columns, as they were written."""
    from archsim.engine.table import Column, Table

    names = list(dict.fromkeys(name for row in rows for name in row))
    kept = tuple(tuple(rows[index].get(name, "") for name in names) for index in found.indices.tolist())
    return Table("", tuple(Column(name, name) for name in names), kept)
