"""``archsim schema``: the JSON schema of description files, for editors."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from archsim.cli import options

KINDS: Final = ("hardware", "systems")
Which = Annotated[
    str, typer.Argument(metavar="[hardware|systems]", help="Which kind of file.", autocompletion=lambda: list(KINDS))
]


def schema(which: Which = "hardware", output: options.Output = None) -> None:
    """Print the JSON schema of hardware files, or of systems."""
    from archsim.cli.output import deliver, target
    from archsim.errors import UnknownNameError

    where = target(True, output=output)
    if which not in KINDS:
        raise UnknownNameError("schema", which, KINDS, hint=f"write one of {', '.join(KINDS)}")
    from archsim.io.schema import hardware_schema, systems_schema

    deliver(where, data=hardware_schema if which == "hardware" else systems_schema, blocks=list)
