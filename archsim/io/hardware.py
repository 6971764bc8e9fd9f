"""From a name to a validated chip: find, extend, override, expand, validate, and check every citation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import BaseModel, ValidationError

from archsim.arch import registry
from archsim.arch.chip import Chip, ChipSpec
from archsim.cited import CitationError, Cited, Path, split
from archsim.errors import ArchsimError, InvalidDescriptionError, UsageError, did_you_mean
from archsim.io import catalogue, scalesim_config, yaml
from archsim.io.fields import annotations_at, fields_at
from archsim.io.merge import extend
from archsim.io.overrides import apply
from archsim.io.problems import Problems
from archsim.io.shared import expand, shared_parts
from archsim.io.sources import sources
from archsim.io.yaml import Document
from archsim.units import Quantity, parse, quantity_of
from archsim.units.dimensions import RATIO


def load_hardware(name: str | FilePath, sets: Mapping[str, Any] | None = None) -> Chip:
    """Load a machine.

    Parameters
    ----------
    name : str or Path
        Name or alias in the catalogue, a YAML file, or a SCALE-Sim configuration (``.cfg``).
    sets : mapping of str to value, optional
        Values changed by path, as in `with_`.

    Returns
    -------
    Chip
        Frozen and validated, SI floats inside, with the citation of every leaf.

    Raises
    ------
    InvalidDescriptionError
        Up to ten problems at once, each with ``file:line:col``.
    UsageError
        Unknown name or path.
    """
    if not isinstance(name, str | FilePath):
        raise UsageError(f"{name!r} is no name of a machine", hint="write a name, such as 'a100-sxm4-80gb', or a path")
    path = name if isinstance(name, FilePath) else catalogue.find("hardware", name).path
    read = scalesim_config.load if scalesim_config.is_config(path) else yaml.load
    document = extend(read(path), "hardware")
    if not isinstance(document.tree, dict):
        raise InvalidDescriptionError("a description is a mapping of names to values", hint="start with family: ...",
                                      where=str(path))  # fmt: skip
    chip = _build(_as_written(document), str(path), require_units=True)
    return with_all(chip, sets) if sets else chip


def _as_written(document: Document) -> Document:
    """Fill leaves that stand for what another one says in the file: later changes of that one leave them alone."""
    tree, marks = dict(document.tree), dict(document.marks)
    for name, other in _spec(document).AS_WRITTEN.items():
        if name not in tree and other in tree:
            tree[name] = tree[other]
            marks |= {(name, *path[1:]): mark for path, mark in document.marks.items() if path[:1] == (other,)}
    return Document(tree, document.path, marks, document.name)


def with_(chip: Chip, path: str, value: Any) -> Chip:
    """Return a chip with one value changed, validated anew.

    Parameters
    ----------
    chip : Chip
        Stays as it is.
    path : str
        Such as ``memory.hbm.bandwidth`` or ``memory[2].bandwidth``.
    value : str, number, bool, mapping or list
        Text with a unit, a float in SI units, or a citation ``{"value": ..., "source": ..., "kind": ...}``.
    """
    return with_all(chip, {path: value})


def with_all(chip: Chip, sets: Mapping[str, Any]) -> Chip:
    """Return a chip with several values changed at once, validated when all are in place."""
    if not isinstance(chip, Chip):
        raise UsageError(f"{chip!r} is no machine", hint="pass archsim.hardware('a100-sxm4-80gb')")
    for path in sets:
        if not isinstance(path, str):
            raise UsageError(f"{path!r} is no path of a value", hint="write a path, such as 'memory.hbm.bandwidth'")
    spec = type(chip.spec)
    tree: Any = chip.tree or chip.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    document = Document(tree, name=chip.origin)
    whole = shared_parts(spec)
    for path in sorted(sets, key=lambda path: path not in whole):
        changed = apply(document.tree, path, sets[path], lambda at: fields_at(spec, at))
        document = expand(Document(changed, name=chip.origin), spec)
    return _build(document, chip.origin, require_units=False)


def _build(document: Document, origin: str, *, require_units: bool) -> Chip:
    spec = _spec(document)
    document = expand(document, spec)
    problems = Problems(document)
    broken: list[CitationError] = []
    plain, cited = split(document.tree, broken)
    problems.citations(broken)
    problems.finish()
    try:
        validated = spec.model_validate(plain, context={"require_units": require_units})
    except ValidationError as error:
        problems.validation(error, spec)
        validated = None
    check_citations(problems, cited, spec, require_units=require_units)
    problems.finish()
    if validated is None:
        raise InvalidDescriptionError("the description is not valid", where=document.name)
    return Chip(spec=validated, cited=cited, tree=document.tree, origin=origin)


def _spec(document: Document) -> type[ChipSpec]:
    names = registry.names()
    family = document.tree.get("family")
    if family is None:
        raise InvalidDescriptionError("family is missing", hint=f"add family: one of {', '.join(names)}",
                                      where=document.locate(("family",)))  # fmt: skip
    if family not in names:
        hint = did_you_mean(str(family), names) or f"known families: {', '.join(names)}"
        raise InvalidDescriptionError(f"unknown family {family!r}", hint=hint, where=document.locate(("family",)))
    return registry.get(family).spec


def check_citations(problems: Problems, cited: Mapping[Path, Cited], spec: type[BaseModel], *,
                    require_units: bool) -> None:  # fmt: skip
    """Check that sources exist, and that low <= value <= high in the leaf's own dimension."""
    known = sources() if any(entry.source for entry in cited.values()) else {}
    for path, entry in cited.items():
        if entry.source and entry.source not in known:
            problems.add((*path, "source"), f"unknown source {entry.source!r}",
                         did_you_mean(entry.source, known) or "add it to models/sources.yaml")  # fmt: skip
        if entry.low is None and entry.high is None:
            continue
        quantities = [found for annotation in annotations_at(spec, path) if (found := quantity_of(annotation))]
        try:
            entry.bounds(_reader(quantities, require_units=require_units))
        except ArchsimError as error:
            problems.add(path, error.message, error.hint)


def _reader(quantities: list[Quantity], *, require_units: bool) -> Any:
    if quantities:
        return lambda text: quantities[0].read(text, require_unit=require_units)
    return lambda text: parse(text, RATIO)
