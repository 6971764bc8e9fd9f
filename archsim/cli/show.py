"""``archsim show``: what a workload or a machine consists of."""

from __future__ import annotations

from typing import Annotated

import typer

from archsim.cli import options

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A workload, a machine, an .onnx or a .yaml file.", show_default=False),
]


def show(
    name: Name,
    batch: options.Batch = None,
    bind: options.Bind = None,
    param: options.Parameter = None,
    unknown: options.Unknown = None,
    sets: options.Set = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    output: options.Output = None,
) -> None:
    """Show the layers of a workload, or every value of a machine with its source."""
    from archsim.cli import inputs
    from archsim.cli.output import deliver, target
    from archsim.errors import UsageError

    where = target(as_json, as_csv, output)
    options_given = inputs.WorkloadOptions(batch, bind, param, unknown)
    if is_machine(name):
        if any((batch, bind, param, unknown)):
            raise UsageError(f"{name!r} is a machine", hint="--batch, --bind, --param and --unknown are for workloads")
        from archsim.cli import show_hardware

        chip = inputs.load_machine(name, sets)
        leaves = show_hardware.leaves(chip)
        deliver(
            where,
            data=lambda: show_hardware.data(chip, leaves),
            blocks=lambda: show_hardware.blocks(chip, leaves),
            table=lambda: show_hardware.table(leaves, whole=True),
        )
        return
    if sets:
        raise UsageError(f"{name!r} is a workload", hint="--set is for machines; write --param or --bind")
    from archsim.cli import show_workload

    graph = inputs.load_workload(name, options_given)
    deliver(
        where,
        data=lambda: show_workload.data(graph),
        blocks=lambda: show_workload.blocks(graph),
        table=lambda: show_workload.table(graph, whole=True),
        warnings=graph.notes,
    )


def is_machine(name: str) -> bool:
    """Decide whether a name is a machine's; a workload's own name goes first.

    Raises
    ------
    UnknownNameError
        Neither has it; names the nearest of both.
    """
    from archsim.cli import inputs
    from archsim.errors import UnknownNameError
    from archsim.io import catalogue
    from archsim.workloads import registry

    if catalogue.is_path(name) and name.lower().endswith((".yaml", ".yml")):
        from archsim.io import yaml

        tree = yaml.load(inputs.existing(name, (".yaml", ".yml"))).tree
        return isinstance(tree, dict) and not {"family", "extends", "chip"}.isdisjoint(tree)
    if inputs.is_file_of_network(name):
        return False
    try:
        registry.find(name)
    except UnknownNameError:
        pass
    else:
        return False
    for kind in ("hardware", "systems"):
        try:
            catalogue.find(kind, name)
        except UnknownNameError:
            continue
        return True
    known = [alias for each in registry.generators() for alias in (each.name, *each.aliases)]
    for kind in ("hardware", "systems"):
        known += [alias for entry in catalogue.entries(kind) for alias in (entry.name, *entry.aliases)]
    raise UnknownNameError("workload or machine", name, known,
                           hint="see: archsim list workloads, archsim list hardware")  # fmt: skip
