"""``archsim import``: a network of another tool, written as a native workload file."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from archsim.cli import options

FORMATS: Final = ("yaml", "json")
File = Annotated[
    str, typer.Argument(metavar="FILE", help="A .onnx, .nir, .et, .csv, .pt2, .json or .yaml file.", show_default=False)
]
Format = Annotated[str | None, typer.Option("--format", metavar="yaml|json", help="Form of the native file.")]


def import_file(
    file: File,
    output: options.Output = None,
    form: Format = None,
    batch: options.Batch = None,
    bind: options.Bind = None,
    param: options.Parameter = None,
    unknown: options.Unknown = None,
) -> None:
    """Read a network and write it as a native workload file, every tensor and op of it."""
    from archsim.cli import inputs
    from archsim.cli.output import deliver, target
    from archsim.cli.screen import Line
    from archsim.errors import UnknownNameError
    from archsim.frontends.native import dump_graph, dump_text

    if form is not None and form not in FORMATS:
        raise UnknownNameError("format", form, FORMATS, hint=f"write one of {', '.join(FORMATS)}")
    where = target(form == "json", output=output)
    graph = inputs.load_workload(file, inputs.WorkloadOptions(batch, bind, param, unknown))
    deliver(
        where,
        data=lambda: dump_graph(graph),
        blocks=lambda: [Line(dump_text(graph).rstrip())],
        warnings=graph.notes,
    )
