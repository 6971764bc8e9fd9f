"""YAML files as plain trees with the line and column of everything in them.

The reader builds from parser events, so that duplicate keys, depth and the size behind aliases are checked before
anything is built; keys are text exactly as written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Final, NamedTuple

import yaml

from archsim.cited import Path, dotted
from archsim.errors import InvalidDescriptionError
from archsim.io.scalars import resolve
from archsim.io.text import read_text

LARGEST_FILE: Final = 16 * 2**20
DEEPEST: Final = 50
MOST_NODES: Final = 500_000

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Mark(NamedTuple):
    """Where a value and its key stand: file, line and column, counted from 1; and the text of an unquoted value."""

    file: str
    line: int
    column: int
    key_line: int
    key_column: int
    text: str = ""


@dataclass(frozen=True)
class Document:
    """A tree and where its parts stand.

    Attributes
    ----------
    tree : nested dicts, lists and scalars
        What the file says.
    path : Path or None
        The file, if it is one.
    marks : dict of path to Mark
        Position of every node; those behind an alias have the alias's.
    name : str
        File name for messages.
    """

    tree: Any
    path: FilePath | None = None
    marks: dict[Path, Mark] = field(default_factory=dict)
    name: str = "<text>"

    def locate(self, path: Path, *, key: bool = False) -> str:
        """Return ``file:line:col`` of the value at `path`, or of its key; of the nearest parent if it is not there.

        A tree without any marks, made in Python, gives the dotted path.
        """
        for length in range(len(path), -1, -1):
            mark = self.marks.get(path[:length])
            if mark is not None:
                at_key = key or length < len(path)
                line, column = (mark.key_line, mark.key_column) if at_key else (mark.line, mark.column)
                return f"{mark.file}:{line}:{column}"
        return dotted(path)


def load(path: FilePath | str) -> Document:
    """Read a YAML file.

    Raises
    ------
    UsageError
        There is no such file, or it cannot be read.
    InvalidDescriptionError
        It is not YAML 1.2 text, holds a key twice, or is far too large or deep.
    """
    file = FilePath(path)
    return loads(read_text(file, LARGEST_FILE), str(path), path=file)


def loads(text: str, name: str = "<text>", *, path: FilePath | None = None) -> Document:
    """Read YAML text; `name` stands for the file in messages."""
    reader = _Reader(text, name)
    try:
        tree = reader.document()
    except yaml.MarkedYAMLError as error:
        raise reader.broken(error) from None
    except yaml.YAMLError as error:
        raise InvalidDescriptionError(f"this is not YAML: {error}", where=name) from None
    return Document(tree, path, reader.marks, name)


class _Reader:
    """Builds one tree from parser events."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.text = text
        self.marks: dict[Path, Mark] = {}
        self.events: Iterator[Any] = yaml.parse(text, Loader=_Loader)
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.nodes = 0

    def document(self) -> Any:
        next(self.events)
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        event = next(self.events)
        tree: Any = self.build(event, (), event.start_mark)
        next(self.events)
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self.wrong(event.start_mark, "a second document starts here", "keep one document per file")
        return tree

    def build(self, event: Any, path: Path, key: Any) -> Any:
        mark = event.start_mark
        text = event.value if isinstance(event, yaml.ScalarEvent) and event.implicit[0] else ""
        self.marks[path] = Mark(self.name, mark.line + 1, mark.column + 1, key.line + 1, key.column + 1, text)
        self.nodes += 1
        before = self.nodes
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise self.wrong(mark, f"unknown alias '*{event.anchor}'", f"define it first with &{event.anchor}")
            value, size = self.anchors[event.anchor]
            self.nodes += size
            self.bounded(mark, path)
            return value
        self.bounded(mark, path)
        if event.tag not in (None, "!"):
            raise self.wrong(mark, f"tag {event.tag!r} is not supported", "write plain values")
        if isinstance(event, yaml.ScalarEvent):
            value = self.scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            value = self.mapping(path)
        else:
            value = self.sequence(path)
        if event.anchor:
            self.anchors[event.anchor] = (value, self.nodes - before)
        return value

    def bounded(self, mark: Any, path: Path) -> None:
        if len(path) > DEEPEST:
            raise self.wrong(mark, f"nested more than {DEEPEST} levels deep", "a description needs far fewer")
        if self.nodes > MOST_NODES:
            raise self.wrong(mark, f"more than {MOST_NODES} values, aliases included", "a description needs far fewer")

    def scalar(self, event: Any) -> Any:
        if not event.implicit[0]:
            return event.value
        try:
            return resolve(event.value)
        except ValueError:
            raise self.wrong(event.start_mark, f"the number {event.value[:20]}... is too long") from None

    def mapping(self, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        seen: dict[str, int] = {}
        for key in self.events:
            if isinstance(key, yaml.MappingEndEvent):
                break
            mark = key.start_mark
            if not isinstance(key, yaml.ScalarEvent):
                raise self.wrong(mark, "a key must be text", "put text before the colon")
            name = key.value
            if name == "<<" and key.implicit[0]:
                raise self.wrong(mark, "merge keys '<<' are not part of YAML 1.2", "use extends:, or repeat the lines")
            if name in seen:
                raise self.wrong(mark, f"the key {name!r} is already on line {seen[name]}", "keep one of them")
            seen[name] = mark.line + 1
            result[name] = self.build(next(self.events), (*path, name), mark)
        return result

    def sequence(self, path: Path) -> list[Any]:
        result: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            result.append(self.build(event, (*path, len(result)), event.start_mark))
        return result

    def wrong(self, mark: Any, message: str, hint: str = "") -> InvalidDescriptionError:
        return InvalidDescriptionError(message, hint=hint, where=f"{self.name}:{mark.line + 1}:{mark.column + 1}")

    def broken(self, error: yaml.MarkedYAMLError) -> InvalidDescriptionError:
        """Quote the line the parser stopped at."""
        mark = error.problem_mark or error.context_mark
        if mark is None:
            return InvalidDescriptionError(f"this is not YAML: {error}", where=self.name)
        lines = self.text.splitlines()
        line = lines[mark.line] if mark.line < len(lines) else ""
        hint = "indent with spaces, not tabs" if "\t" in line[: mark.column + 1] else "quote text that holds : or #"
        return self.wrong(mark, f"this is not YAML: {error.problem or error.context} at {line.strip()!r}", hint)
