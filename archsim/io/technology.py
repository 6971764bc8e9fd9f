"""``technology: <name>``: the constants of a process, shared by many machines, put in the place of their name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from archsim.arch.chip import ChipSpec
from archsim.errors import ArchsimError, InvalidDescriptionError
from archsim.io import catalogue, yaml
from archsim.io.fields import fields_of, models_in
from archsim.io.merge import extend, merge
from archsim.io.yaml import Document

FIELD: Final = "technology"
HEADER: Final = ("schema", "name", "title", "aliases", "note", "family")
"""Top-level keys of a technology file that its model need not know."""


def technology_models(spec: type[ChipSpec]) -> list[type[BaseModel]]:
    """Return the models of a description's ``technology`` part; none when it has no such part."""
    info = fields_of(spec).get(FIELD)
    return models_in(info.annotation) if info else []


def expand(document: Document, spec: type[ChipSpec]) -> Document:
    """Replace the name under ``technology`` by the content of that file.

    A mapping with ``extends: <name>`` there is merged over the file's content. Anything else stays as it is.
    """
    written = document.tree.get(FIELD)
    models = technology_models(spec)
    if not models or not (isinstance(written, str) or (isinstance(written, Mapping) and "extends" in written)):
        return document
    name = written if isinstance(written, str) else written["extends"]
    where = document.locate((FIELD,) if isinstance(written, str) else (FIELD, "extends"))
    try:
        file = extend(yaml.load(catalogue.find(FIELD, str(name)).path), FIELD)
    except ArchsimError as error:
        if error.where:
            raise
        raise InvalidDescriptionError(f"{FIELD}: {error.message}", hint=error.hint, where=where) from error
    if not isinstance(file.tree, Mapping):
        raise InvalidDescriptionError("a technology is a mapping of names to values", where=file.locate(()))
    known = {key for model in models for key in fields_of(model)}
    content = {key: value for key, value in file.tree.items() if key in known or key not in HEADER}
    marks = {(FIELD, *path): mark for path, mark in file.marks.items()}
    base = Document({FIELD: content}, document.path, marks, document.name)
    return merge(base, _rest(document, written))


def _rest(document: Document, written: Any) -> Document:
    """Return the document with only its own additions left under ``technology``."""
    tree = {key: value for key, value in document.tree.items() if key != FIELD}
    if isinstance(written, Mapping):
        tree[FIELD] = {key: value for key, value in written.items() if key != "extends"}
    return Document(tree, document.path, document.marks, document.name)
