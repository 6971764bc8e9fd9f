"""``technology: <name>``, ``generation: <name>``: parts many machines share, put in the place of their name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from archsim.arch.chip import ChipSpec, Shared
from archsim.errors import ArchsimError, InvalidDescriptionError
from archsim.io import catalogue, yaml
from archsim.io.fields import fields_of, models_in
from archsim.io.merge import extend, merge
from archsim.io.yaml import Document

KIND: Final = "technology"
"""Catalogue of the files."""
HEADER: Final = ("schema", "name", "title", "aliases", "note", "family")
"""Top-level keys of such a file that its model need not know."""


def shared_parts(spec: type[ChipSpec]) -> dict[str, list[type[BaseModel]]]:
    """Return the parts of a description that may stand in files of their own, with their models."""
    found = {name: models_in(info.annotation) for name, info in fields_of(spec).items()}
    return {name: models for name, models in found.items() if any(issubclass(model, Shared) for model in models)}


def expand(document: Document, spec: type[ChipSpec]) -> Document:
    """Replace the names under ``technology`` and other shared parts by the content of those files.

    A mapping with ``extends: <name>`` there is merged over the file's content. Anything else stays as it is.
    """
    for field, models in shared_parts(spec).items():
        written = document.tree.get(field)
        if isinstance(written, str) or (isinstance(written, Mapping) and "extends" in written):
            document = _expand(document, field, models)
    return document


def _expand(document: Document, field: str, models: list[type[BaseModel]]) -> Document:
    written = document.tree[field]
    name = written if isinstance(written, str) else written["extends"]
    where = document.locate((field,) if isinstance(written, str) else (field, "extends"))
    try:
        file = extend(yaml.load(catalogue.find(KIND, str(name)).path), KIND)
    except ArchsimError as error:
        if error.where:
            raise
        raise InvalidDescriptionError(f"{field}: {error.message}", hint=error.hint, where=where) from error
    if not isinstance(file.tree, Mapping):
        raise InvalidDescriptionError(f"a {field} is a mapping of names to values", where=file.locate(()))
    known = {key for model in models for key in fields_of(model)}
    content = {key: value for key, value in file.tree.items() if key in known or key not in HEADER}
    marks = {(field, *path): mark for path, mark in file.marks.items()}
    base = Document({field: content}, document.path, marks, document.name)
    return merge(base, _rest(document, field, written))


def _rest(document: Document, field: str, written: Any) -> Document:
    """Return the document with only its own additions left under `field`."""
    tree = {key: value for key, value in document.tree.items() if key != field}
    if isinstance(written, Mapping):
        tree[field] = {key: value for key, value in written.items() if key != "extends"}
    return Document(tree, document.path, document.marks, document.name)
