"""Names of workloads: which generator builds each, with which arguments."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from archsim.errors import ArchsimError, UnknownNameError, UsageError, did_you_mean
from archsim.graph import Graph

Build = Callable[..., Graph]


@dataclass(frozen=True)
class Generator:
    """A named workload: a function that builds a graph, and the arguments that make it this one.

    Attributes
    ----------
    name : str
        Kebab-case name.
    title : str
        One line for `archsim list workloads`.
    group : str
        What it is: ``cnn``, ``transformer``, ``graph``, ...
    build : callable
        Keyword arguments to `Graph`; every argument has a default.
    fixed : mapping
        Arguments that make the name; a user may still override them.
    aliases : tuple of str
        Other names it answers to.
    """

    name: str
    title: str
    group: str
    build: Build
    fixed: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """Every argument with its default for this name."""
        signature = inspect.signature(self.build)
        return {name: p.default for name, p in signature.parameters.items()} | dict(self.fixed)


_GENERATORS: dict[str, Generator] = {}


def register(
    name: str, build: Build, title: str, *, group: str, aliases: tuple[str, ...] = (), **fixed: Any
) -> Generator:
    """Make a generator known under `name`."""
    made = Generator(name, title, group, build, fixed, aliases)
    _GENERATORS[name] = made
    return made


@cache
def _load() -> None:
    import archsim.workloads as package

    for module in pkgutil.iter_modules(package.__path__):
        if module.name != "registry":
            importlib.import_module(f"{package.__name__}.{module.name}")


def generators() -> list[Generator]:
    """All named workloads, by name."""
    _load()
    return sorted(_GENERATORS.values(), key=lambda generator: generator.name)


def _dashed(name: str) -> str:
    return name.lower().replace("_", "-").replace(" ", "-")


def _folded(name: str) -> str:
    return _dashed(name).replace("-", "")


def find(name: str) -> Generator:
    """Look up a workload; case, ``-`` and ``_`` do not matter.

    Raises
    ------
    UnknownNameError
        No workload answers to that name.
    """
    _load()
    # Dashes count first: regnet-y-1-6gf and regnet-y-16gf are two networks.
    for spelling in (_dashed, _folded):
        wanted = spelling(name)
        for generator in _GENERATORS.values():
            if wanted in {spelling(alias) for alias in (generator.name, *generator.aliases)}:
                return generator
    known = [alias for generator in _GENERATORS.values() for alias in (generator.name, *generator.aliases)]
    raise UnknownNameError(
        "workload", name, known, hint="see: archsim list workloads; or name a file that holds a network"
    )


def workload(name: str, **parameters: Any) -> Graph:
    """Build a workload by name.

    Parameters
    ----------
    name : str
        As listed by ``archsim list workloads``.
    **parameters
        Arguments of its generator, such as ``batch``, ``sequence`` or ``dtype``.

    Raises
    ------
    UnknownNameError
        No such workload.
    UsageError
        An argument the generator does not have, or a value it cannot use.
    """
    if not isinstance(name, str):
        raise UsageError(f"{name!r} is no name of a workload", hint="write a name, such as 'resnet50'")
    generator = find(name)
    known = generator.parameters
    for key, value in parameters.items():
        if key not in known:
            hint = did_you_mean(key, known) or f"it takes {', '.join(known)}"
            raise UsageError(f"workload {generator.name!r} has no parameter {key!r}", hint=hint)
        parameters[key] = _typed(generator.name, key, value, known[key])
    try:
        graph = generator.build(**{**generator.fixed, **parameters})
    except ArchsimError:
        raise
    except (ArithmeticError, TypeError, ValueError, IndexError) as error:
        given = ", ".join(f"{key}={value}" for key, value in parameters.items())
        raise UsageError(f"workload {generator.name!r} cannot be built with {given}: {error}") from error
    return graph.replace(name=generator.name, parameters={**known, **parameters})


def _typed(workload_name: str, key: str, value: Any, default: Any) -> Any:
    """Check `value` against the type of the default; text from a command line is read as that type."""
    problem = f"parameter {key}={value!r} of workload {workload_name!r}"
    if isinstance(default, bool):
        truth = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if str(value).lower() not in truth:
            raise UsageError(problem, hint="write true or false")
        return truth[str(value).lower()]
    if isinstance(default, int):
        try:
            number = int(str(value))
        except ValueError:
            raise UsageError(problem, hint="write a whole number") from None
        if number < 0 or (number == 0 and default > 0):
            raise UsageError(problem, hint="write a whole number of at least 1")
        return number
    if isinstance(default, float):
        try:
            real = float(value)
        except (TypeError, ValueError):
            raise UsageError(problem, hint="write a number") from None
        if not 0 <= real < float("inf"):
            raise UsageError(problem, hint="write a number that is not negative")
        return real
    return value
