"""From a name to a validated system: its description, the links it names, the chip it has several of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, Final

from pydantic import ValidationError

from archsim.arch.chip import Chip
from archsim.arch.mixed import MixedSpec, MixedSystem
from archsim.arch.system import System, SystemSpec
from archsim.cited import CitationError, Path, split
from archsim.errors import ArchsimError, InvalidDescriptionError, UnknownNameError, UsageError, did_you_mean
from archsim.io import catalogue, yaml
from archsim.io.fields import fields_at
from archsim.io.hardware import check_citations, load_hardware, with_all
from archsim.io.merge import extend, merge
from archsim.io.overrides import apply
from archsim.io.problems import Problems
from archsim.io.scalesim_config import is_config
from archsim.io.shared import HEADER, KIND
from archsim.io.yaml import Document

OWN: Final = "levels"
MEMBERS: Final = "members"
"""What only mixed systems have."""
STARTS: Final = (OWN, "stragglers", MEMBERS)
"""Where paths of a system's own values begin; all others lead into its chip."""


def is_system(name: str | FilePath) -> bool:
    """Whether a name, alias or file is a system's rather than a machine's; machines go first.

    Raises
    ------
    UnknownNameError
        Neither has the name; names the nearest of both.
    """
    if isinstance(name, FilePath) or catalogue.is_path(str(name)):
        path = FilePath(name).expanduser()
        if not path.is_file() or is_config(path):
            return False
        tree = yaml.load(path).tree
        return isinstance(tree, Mapping) and "family" not in tree and not {"chip", OWN, MEMBERS}.isdisjoint(tree)
    known: list[str] = []
    for kind in ("hardware", "systems"):
        try:
            catalogue.find(kind, name)
        except UnknownNameError:
            known += [alias for entry in catalogue.entries(kind) for alias in (entry.name, *entry.aliases)]
            continue
        return kind == "systems"
    raise UnknownNameError("hardware", name, known, hint="run: archsim list hardware, or: archsim list systems")


def load_system(name: str | FilePath, sets: Mapping[str, Any] | None = None) -> System:
    """Load a system.

    Parameters
    ----------
    name : str or Path
        Name or alias in the catalogue, or a YAML file.
    sets : mapping of str to value, optional
        Values changed by path: ``levels.nvlink.members`` of the system, ``memory.hbm.bandwidth`` of its chip; of a
        mixed system ``members.gpu.lanes``, and ``gpu.memory.hbm.bandwidth`` or ``host.clock`` of its machines.

    Returns
    -------
    System
        Frozen and validated, SI floats inside, with the citation of every leaf.

    Raises
    ------
    InvalidDescriptionError
        What is wrong, with ``file:line:col``.
    UsageError
        Unknown name or path.
    """
    if not isinstance(name, str | FilePath):
        raise UsageError(f"{name!r} is no name of a system", hint="write a name, such as 'dgx-a100', or a path")
    path = name if isinstance(name, FilePath) else catalogue.find("systems", name).path
    document = extend(yaml.load(path), "systems")
    if not isinstance(document.tree, dict):
        raise InvalidDescriptionError("a description is a mapping of names to values", hint="start with name: ...",
                                      where=str(path))  # fmt: skip
    system = _build(_expand(document), str(path), None, require_units=True)
    return with_values(system, sets) if sets else system


def with_values(system: System, sets: Mapping[str, Any]) -> System:
    """Return a system with values changed, its own and those of its chip, validated anew.

    Raises
    ------
    UsageError
        A path that leads nowhere.
    InvalidDescriptionError
        A value that cannot be.
    """
    own = {path: value for path, value in sets.items() if str(path).partition(".")[0].partition("[")[0] in STARTS}
    others = {path: value for path, value in sets.items() if path not in own}
    spec = type(system.spec)
    tree: Any = system.tree
    for path, value in own.items():
        tree = apply(tree, path, value, lambda at: fields_at(spec, at))
    document = Document(tree, name=system.origin)
    if isinstance(system, MixedSystem):
        mixed = _build_mixed(document, system.origin, require_units=False)
        return _with_machines(mixed, system, others)
    chip = with_all(system.chip, others) if others else system.chip
    return _build(document, system.origin, chip, require_units=False)


def _with_machines(mixed: MixedSystem, before: MixedSystem, sets: Mapping[str, Any]) -> MixedSystem:
    """Return a mixed system with values of its machines changed, on top of what was changed before."""
    machines = {name: before.machines[name] if chip.name == before.machines[name].name else chip
                for name, chip in mixed.machines.items()}  # fmt: skip
    host = before.host
    for path, value in sets.items():
        name, _, rest = str(path).partition(".")
        if not rest or (name not in machines and name != "host"):
            hint = did_you_mean(name, (*machines, "host"))
            hint = hint or f"begin the path with one of {', '.join((MEMBERS, *machines, 'host'))}"
            if name in machines or name == "host":
                hint = f"write {name}. and what to change of it, such as {name}.clock"
            raise UsageError(f"{mixed.name!r} has no {str(path)!r}", hint=hint)
        if name == "host":
            host = with_all(host, {rest: value}) if host else None
        else:
            machines[name] = with_all(machines[name], {rest: value})
    return replace(mixed, machines=machines, host=host, chip=next(iter(machines.values())))


def _build(document: Document, origin: str, chip: Chip | None, *, require_units: bool) -> System:
    if isinstance(document.tree, Mapping) and MEMBERS in document.tree:
        return _build_mixed(document, origin, require_units=require_units)
    spec, cited = _validated(document, SystemSpec, require_units=require_units)
    return System(spec, chip or _chip(document, spec.chip, ("chip",)), cited, document.tree, origin)


def _build_mixed(document: Document, origin: str, *, require_units: bool) -> MixedSystem:
    spec, cited = _validated(document, MixedSpec, require_units=require_units)
    machines = {
        member.name: _chip(document, member.chip, (MEMBERS, index, "chip")) for index, member in enumerate(spec.members)
    }
    host = _chip(document, spec.host, ("host",))
    first = next(iter(machines.values()))
    return MixedSystem(spec, first, cited, document.tree, origin, machines, host)


def _validated(document: Document, model: type[Any], *, require_units: bool) -> tuple[Any, Mapping[Path, Any]]:
    problems = Problems(document)
    broken: list[CitationError] = []
    plain, cited = split(document.tree, broken)
    problems.citations(broken)
    problems.finish()
    try:
        spec = model.model_validate(plain, context={"require_units": require_units})
    except ValidationError as error:
        problems.validation(error, model)
        problems.finish()
        raise InvalidDescriptionError("the description is not valid", where=document.name) from error
    check_citations(problems, cited, model, require_units=require_units)
    problems.finish()
    return spec, cited


def _chip(document: Document, name: str, at: Path) -> Chip:
    try:
        return load_hardware(name)
    except UsageError as error:
        raise InvalidDescriptionError(f"{at[-1]}: {error.message}", hint=error.hint,
                                      where=document.locate(at)) from error  # fmt: skip


def _expand(document: Document) -> Document:
    """Put the content of a link's file in the place of its name, in every level or member."""
    for key in (OWN, MEMBERS):
        parts = document.tree.get(key)
        for index, part in enumerate(parts if isinstance(parts, list) else ()):
            written = part.get("link") if isinstance(part, Mapping) else None
            if isinstance(written, str) or (isinstance(written, Mapping) and "extends" in written):
                document = _with_link(document, key, index, written)
    return document


def _with_link(document: Document, key: str, index: int, written: str | Mapping[str, Any]) -> Document:
    at: Path = (key, index, "link")
    name = written if isinstance(written, str) else written["extends"]
    where = document.locate(at if isinstance(written, str) else (*at, "extends"))
    try:
        file = extend(yaml.load(catalogue.find(KIND, str(name)).path), KIND)
    except ArchsimError as error:
        if error.where:
            raise
        raise InvalidDescriptionError(f"link: {error.message}", hint=error.hint, where=where) from error
    kept = {key: value for key, value in file.tree.items() if key not in HEADER or key in ("name", "title", "note")}
    link = Document(kept, file.path, file.marks, file.name)
    if isinstance(written, Mapping):
        own = {key: value for key, value in written.items() if key != "extends"}
        marks = {path[len(at) :]: mark for path, mark in document.marks.items() if path[: len(at)] == at}
        link = merge(link, Document(own, document.path, marks, document.name))
    parts = list(document.tree[key])
    parts[index] = {**parts[index], "link": link.tree}
    marks = {path: mark for path, mark in document.marks.items() if path[: len(at)] != at}
    marks |= {(*at, *path): mark for path, mark in link.marks.items()}
    return Document({**document.tree, key: parts}, document.path, marks, document.name)
