"""The Typer application: which commands there are, and which module each lives in."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from typing import Any, Final

import typer

COMMANDS: Final[dict[str, str]] = {
    "run": "run:run",
    "compare": "compare:compare",
    "sweep": "sweep:sweep",
    "crossover": "crossover:crossover",
    "uncertainty": "uncertainty:uncertainty",
    "sensitivity": "sensitivity:sensitivity",
    "pareto": "pareto:pareto",
    "optimise": "optimise:optimise",
    "codesign": "codesign:codesign",
    "serve": "serve:serve",
    "explain": "explain:explain",
    "list": "listing:list_names",
    "show": "show:show",
    "cite": "cite:cite",
    "import": "import_file:import_file",
    "validate": "validate:validate",
    "calibrate": "calibrate:calibrate",
    "schema": "schema:schema",
    "doctor": "doctor:doctor",
}
"""Module and function of every command, in the order help lists them; a module that is not installed is left out."""

_HELP: Final = """
Name a workload and a machine; learn the time, the energy, the bytes, what binds, and why.

Start with: archsim list hardware, archsim run resnet50 a100-sxm4-80gb.
"""


def application(words: Sequence[str] = ()) -> typer.Typer:
    """Build the application.

    Parameters
    ----------
    words : sequence of str
        The command line. When it starts with a command only that one is imported and registered, which saves the time
        of all others.
    """
    app = typer.Typer(
        help=_HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_about)
    for name in [words[0]] if words and words[0] in COMMANDS else COMMANDS:
        function = command(name)
        if function is not None:
            app.command(name)(function)
    return app


def command(name: str) -> Callable[..., Any] | None:
    """Import the function behind a command; None when its module is not there."""
    module, _, function = COMMANDS[name].partition(":")
    path = f"{__package__}.{module}"
    if importlib.util.find_spec(path) is None:
        return None
    found: Callable[..., Any] = getattr(importlib.import_module(path), function)
    return found


def _version(wanted: bool) -> None:
    if wanted:
        from archsim import __version__

        print(f"archsim {__version__}")
        raise typer.Exit


def _about(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    pass


_about.__doc__ = _HELP
