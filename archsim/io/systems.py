"""From a name to a validated system: its description, the links it names, the chip it has several of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any, Final

from pydantic import ValidationError

from archsim.arch.chip import Chip
from archsim.arch.system import System, SystemSpec
from archsim.cited import CitationError, Path, split
from archsim.errors import ArchsimError, InvalidDescriptionError, UnknownNameError, UsageError
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
        return isinstance(tree, Mapping) and "family" not in tree and not {"chip", OWN}.isdisjoint(tree)
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
        Values changed by path: ``levels.nvlink.members`` of the system, ``memory.hbm.bandwidth`` of its chip.

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
    own = {path: value for path, value in sets.items() if str(path).partition(".")[0].partition("[")[0] == OWN}
    others = {path: value for path, value in sets.items() if path not in own}
    chip = with_all(system.chip, others) if others else system.chip
    tree: Any = system.tree
    for path, value in own.items():
        tree = apply(tree, path, value, lambda at: fields_at(SystemSpec, at))
    return _build(Document(tree, name=system.origin), system.origin, chip, require_units=False)


def _build(document: Document, origin: str, chip: Chip | None, *, require_units: bool) -> System:
    problems = Problems(document)
    broken: list[CitationError] = []
    plain, cited = split(document.tree, broken)
    problems.citations(broken)
    problems.finish()
    try:
        spec = SystemSpec.model_validate(plain, context={"require_units": require_units})
    except ValidationError as error:
        problems.validation(error, SystemSpec)
        problems.finish()
        raise InvalidDescriptionError("the description is not valid", where=document.name) from error
    check_citations(problems, cited, SystemSpec, require_units=require_units)
    problems.finish()
    return System(spec, chip or _chip(document, spec.chip), cited, document.tree, origin)


def _chip(document: Document, name: str) -> Chip:
    try:
        return load_hardware(name)
    except UsageError as error:
        raise InvalidDescriptionError(f"chip: {error.message}", hint=error.hint,
                                      where=document.locate(("chip",))) from error  # fmt: skip


def _expand(document: Document) -> Document:
    """Put the content of a link's file in the place of its name, in every level."""
    levels = document.tree.get("levels")
    for index, level in enumerate(levels if isinstance(levels, list) else ()):
        written = level.get("link") if isinstance(level, Mapping) else None
        if isinstance(written, str) or (isinstance(written, Mapping) and "extends" in written):
            document = _with_link(document, index, written)
    return document


def _with_link(document: Document, index: int, written: str | Mapping[str, Any]) -> Document:
    at: Path = (OWN, index, "link")
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
    levels = list(document.tree["levels"])
    levels[index] = {**levels[index], "link": link.tree}
    marks = {path: mark for path, mark in document.marks.items() if path[: len(at)] != at}
    marks |= {(*at, *path): mark for path, mark in link.marks.items()}
    return Document({**document.tree, "levels": levels}, document.path, marks, document.name)
