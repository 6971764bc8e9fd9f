"""Arguments and options that commands share."""

from __future__ import annotations

from typing import Annotated

import typer


def complete_workloads(incomplete: str) -> list[str]:
    """Complete the name of a workload."""
    from archsim.workloads.registry import generators

    return [generator.name for generator in generators() if generator.name.startswith(incomplete)]


def _machines(incomplete: str) -> list[str]:
    """Complete the name of a machine."""
    from archsim.io import catalogue

    entries = [*catalogue.entries("hardware"), *catalogue.entries("systems")]
    return [entry.name for entry in entries if entry.name.startswith(incomplete)]


Workload = Annotated[
    str,
    typer.Argument(metavar="WORKLOAD", help="Name of a workload, or a file that holds one.",
                   autocompletion=complete_workloads, show_default=False),
]  # fmt: skip
Hardware = Annotated[
    str,
    typer.Argument(metavar="HARDWARE", help="Name of a machine or a system, or a .yaml file; or SCALE-Sim's .cfg.",
                   autocompletion=_machines, show_default=False),
]  # fmt: skip
Machines = Annotated[
    list[str],
    typer.Argument(metavar="HARDWARE...", help="Names of machines or systems, or .yaml files.",
                   autocompletion=_machines, show_default=False),
]  # fmt: skip
Batch = Annotated[
    str | None, typer.Option("--batch", "-b", metavar="N", help="Items of one run.", rich_help_panel="Workload")
]
Bind = Annotated[
    list[str] | None,
    typer.Option("--bind", metavar="NAME=SIZE,...", help="Sizes an .onnx file leaves open.",
                 rich_help_panel="Workload"),
]  # fmt: skip
Parameter = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", metavar="NAME=VALUE", help="Parameter of a workload, such as sequence=2048.",
                 rich_help_panel="Workload"),
]  # fmt: skip
Unknown = Annotated[
    str | None,
    typer.Option("--unknown", metavar="error|opaque|skip", help="What to do with operators of an .onnx file that "
                 "archsim does not know.", rich_help_panel="Workload"),
]  # fmt: skip
Set = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="PATH=VALUE", help="Change a value of the machine, such as "
                 "memory.hbm.bandwidth='3.35 TB/s'.", rich_help_panel="Hardware"),
]  # fmt: skip
Policies = Annotated[
    list[str] | None,
    typer.Option("--policy", metavar="NAME=CHOICE", help="How the run is done, such as fusion=none or precision=int8.",
                 rich_help_panel="Hardware"),
]  # fmt: skip
By = Annotated[
    str | None,
    typer.Option("--by", metavar="op|kind|cause|level|resource", help="Show this table.", rich_help_panel="Output"),
]
ByOrCore = Annotated[
    str | None,
    typer.Option(
        "--by", metavar="op|kind|cause|level|resource|core",
        help="Show this table; cores are those of a spiking machine.", rich_help_panel="Output",
    ),
]  # fmt: skip
Top = Annotated[str | None, typer.Option("--top", metavar="N", help="Show this many rows.", rich_help_panel="Output")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.", rich_help_panel="Output")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, SI units.", rich_help_panel="Output")]
Trace = Annotated[
    str | None,
    typer.Option("--trace", metavar="FILE", help="Also write a Chrome trace, for ui.perfetto.dev.",
                 rich_help_panel="Output"),
]  # fmt: skip
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to a file instead; .json and .csv say the format.",
                 rich_help_panel="Output"),
]  # fmt: skip
