"""What is wrong with a description, all of it at once, each with its place in the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from archsim.cited import CitationError, Path, dotted, is_citation
from archsim.errors import InvalidDescriptionError, UnitError, did_you_mean
from archsim.io.fields import annotations_at, fields_at
from archsim.io.yaml import Document
from archsim.units import brief, quantity_of

MOST_SHOWN: Final = 10


class Problems:
    """Collects problems of one document; `finish` raises them as one error."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.found: list[InvalidDescriptionError] = []

    def add(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> None:
        """Add a problem of the value at `path`, or of its key."""
        here = (*path, "value") if not key and is_citation(_at(self.document.tree, path)) else path
        place = self.document.locate(here, key=key)
        name = dotted(path)
        quoted = message if not name or place == name else f"{name}: {message}"
        self.found.append(InvalidDescriptionError(quoted, hint=hint, where=place))

    def citations(self, errors: list[CitationError]) -> None:
        """Add what `archsim.cited.split` found."""
        for error in errors:
            self.add(error.path, error.message, error.hint)

    def validation(self, error: ValidationError, spec: type[BaseModel]) -> None:
        """Add everything pydantic found."""
        details = error.errors(include_url=False)
        for detail in details:
            at = detail["loc"]
            inside = any(other["loc"][: len(at)] == at and len(other["loc"]) > len(at) for other in details)
            # A wrong item is not counted, so that its list looks too short as well.
            if not (detail["type"] == "too_short" and inside):
                self._detail(dict(detail), spec)

    def finish(self) -> None:
        """Raise what was found, if anything.

        Raises
        ------
        InvalidDescriptionError
            One problem as it is; more of them one a line, ten at most.
        """
        if len(self.found) == 1:
            raise self.found[0]
        if self.found:
            shown = [str(error) for error in self.found[:MOST_SHOWN]]
            rest = len(self.found) - len(shown)
            lines = [f"{len(self.found)} problems:", *shown, *([f"and {rest} more"] if rest else [])]
            raise InvalidDescriptionError("\n  ".join(lines), where=self.document.name)

    def _detail(self, detail: dict[str, Any], spec: type[BaseModel]) -> None:
        kind, context = detail["type"], detail.get("ctx", {})
        path = self._path(detail["loc"], missing=kind == "missing")
        if kind == "extra_forbidden":
            known = fields_at(spec, path[:-1])
            self.add(path, f"there is no key {path[-1]!r} here",
                     did_you_mean(str(path[-1]), known) or f"known keys: {', '.join(known)}", key=True)  # fmt: skip
        elif kind == "missing":
            self.add(path, "is missing", _expected(spec, path))
        elif kind == "quantity":
            self.add(path, *(self._own_words(path, spec) or (str(context["message"]), str(context["hint"]))))
        elif kind == "value_error":
            self.add(path, str(context.get("error", detail["msg"])))
        else:
            message = str(detail["msg"])
            self.add(path, f"{_shown(detail['input'])} is not allowed: {message[:1].lower()}{message[1:]}")

    def _own_words(self, path: Path, spec: type[BaseModel]) -> tuple[str, str] | None:
        """Say what is wrong with a bare number as it was written: 1.41e9, not 1410000000."""
        mark = self.document.marks.get((*path, "value")) or self.document.marks.get(path)
        found = [quantity for annotation in annotations_at(spec, path) if (quantity := quantity_of(annotation))]
        if mark is None or not mark.text or not found:
            return None
        try:
            found[0].read(mark.text, require_unit=True)
        except UnitError as error:
            return error.message, error.hint
        return None

    def _path(self, location: tuple[str | int, ...], *, missing: bool) -> Path:
        """Leave out what pydantic adds to a path: names of union members and validators."""
        node: Any = self.document.tree
        path: Path = ()
        for position, step in enumerate(location):
            last = position == len(location) - 1
            key = str(step) if isinstance(node, Mapping) else step
            here = key in node if isinstance(node, Mapping) else isinstance(node, list) and isinstance(step, int)
            if here or (missing and last):
                path = (*path, key)
                node = node[key] if here else None
        return path


def _at(node: Any, path: Path) -> Any:
    """Return the node at a path of a tree; None where it ends early."""
    for step in path:
        inside = step in node if isinstance(node, Mapping) else isinstance(node, list) and isinstance(step, int)
        node = node[step] if inside else None
    return node


def _expected(spec: type[BaseModel], path: Path) -> str:
    info = fields_at(spec, path[:-1]).get(str(path[-1]))
    if info is None:
        return "add it"
    quantity = quantity_of(info)
    example = f', e.g. {path[-1]}: "{quantity.dimension.example}"' if quantity else ""
    return f"add {path[-1]}{example}" + (f" ({info.description})" if info.description else "")


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "an empty value"
    return brief(value) if isinstance(value, int | float) and not isinstance(value, bool) else repr(value)
