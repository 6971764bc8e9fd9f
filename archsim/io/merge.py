"""``extends: <name>``: a description that says only what differs from another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path as FilePath
from typing import Any, Final

from archsim.cited import Path, is_citation
from archsim.errors import ArchsimError, InvalidDescriptionError, did_you_mean
from archsim.io import catalogue, yaml
from archsim.io.yaml import Document, Mark

OWN: Final = ("aliases", "title")
"""What a description never takes over from the one it extends: two machines would answer to one name."""


def extend(document: Document, kind: str, *, via: tuple[FilePath, ...] = ()) -> Document:
    """Merge a document over the one its ``extends:`` names, and that over the next.

    Mappings merge key by key; lists whose items have a ``name`` merge by name, new items going to the end; any other
    value, and a citation as a whole, is replaced.

    Parameters
    ----------
    document : Document
        As loaded.
    kind : str
        Catalogue that ``extends:`` is looked up in; a relative path starts at the document's own folder.
    via : tuple of Path
        Files that led here, to find circles.

    Raises
    ------
    InvalidDescriptionError
        The chain of ``extends:`` leads back to itself, or to nothing.
    """
    tree = document.tree
    if not isinstance(tree, Mapping) or "extends" not in tree:
        return document
    where = document.locate(("extends",))
    name = tree["extends"]
    if not isinstance(name, str):
        raise InvalidDescriptionError(f"extends: {name!r} is not a name", hint="write the name of one description",
                                      where=where)  # fmt: skip
    chain = (*via, document.path.resolve()) if document.path else via
    try:
        parent = yaml.load(_target(name, document, kind))
    except ArchsimError as error:
        if error.where:
            raise
        raise InvalidDescriptionError(f"extends: {error.message}", hint=error.hint, where=where) from error
    if parent.path and parent.path.resolve() in chain:
        circle = " -> ".join(path.name for path in (*chain, parent.path))
        raise InvalidDescriptionError(f"extends: {name!r} leads in a circle: {circle}", where=where)
    base = extend(parent, kind, via=chain)
    over = Document({key: value for key, value in tree.items() if key != "extends"}, document.path, document.marks,
                    document.name)  # fmt: skip
    kept = {key: value for key, value in base.tree.items() if key not in OWN} if isinstance(base.tree, Mapping) else {}
    return merge(Document(kept, base.path, base.marks, base.name), over)


def merge(base: Document, over: Document) -> Document:
    """Merge `over` over `base`; every part keeps the position it came from."""
    marks: dict[Path, Mark] = {}
    tree = _Merger(base.marks, over.marks, marks, over.locate).node(base.tree, over.tree, (), (), ())
    return Document(tree, over.path, marks, over.name)


def _target(name: str, document: Document, kind: str) -> FilePath:
    if catalogue.is_path(name) and document.path is not None:
        return document.path.parent / name
    return catalogue.find(kind, name).path


Part = tuple[dict[str, Any], Path]
"""A mapping and its path."""


class _Merger:
    """Walks two trees at once; `a`, `b` and `out` are the paths in base, overrides and result."""

    def __init__(
        self, base: dict[Path, Mark], over: dict[Path, Mark], out: dict[Path, Mark], locate: Callable[[Path], str]
    ) -> None:
        self.base, self.over, self.out, self.locate = base, over, out, locate

    def node(self, base: Any, over: Any, a: Path, b: Path, out: Path) -> Any:
        if isinstance(base, dict) and isinstance(over, dict) and not is_citation(base) and not is_citation(over):
            self.mark(self.over, b, out)
            return {key: self.entry(key, (base, a), (over, b), out) for key in {**base, **over}}
        if _named(base) and _named(over):
            self.mark(self.over, b, out)
            return self.items(base, over, a, b, out)
        if _named(base) and isinstance(over, dict) and not is_citation(over):
            self.mark(self.over, b, out)
            return self.by_name(base, over, a, b, out)
        return self.copy(over, self.over, b, out)

    def by_name(self, base: list[Any], over: dict[str, Any], a: Path, b: Path, out: Path) -> list[Any]:
        """Merge overrides keyed by the names of a list's items: ``memory: {hbm: {bandwidth: ...}}``."""
        names = [item["name"] for item in base]
        for name in over:
            if name not in names:
                raise InvalidDescriptionError(
                    f"there is no {name!r} to override",
                    hint=did_you_mean(name, names) or f"write one of {', '.join(names)}, or a list with a new item",
                    where=self.locate((*b, name)),
                )
        return [
            self.node(item, over[name], (*a, index), (*b, name), (*out, index))
            if name in over
            else self.copy(item, self.base, (*a, index), (*out, index))
            for index, (name, item) in enumerate(zip(names, base, strict=True))
        ]

    def entry(self, key: str, base: Part, over: Part, out: Path) -> Any:
        (below, a), (above, b), path = base, over, (*out, key)
        if key not in above:
            return self.copy(below[key], self.base, (*a, key), path)
        if key not in below:
            return self.copy(above[key], self.over, (*b, key), path)
        return self.node(below[key], above[key], (*a, key), (*b, key), path)

    def items(self, base: list[Any], over: list[Any], a: Path, b: Path, out: Path) -> list[Any]:
        places = {item["name"]: index for index, item in enumerate(over)}
        result = []
        for index, item in enumerate(base):
            at = places.pop(item["name"], None)
            path = (*out, index)
            result.append(self.copy(item, self.base, (*a, index), path) if at is None
                          else self.node(item, over[at], (*a, index), (*b, at), path))  # fmt: skip
        for at in places.values():
            result.append(self.copy(over[at], self.over, (*b, at), (*out, len(result))))
        return result

    def copy(self, node: Any, marks: dict[Path, Mark], path: Path, out: Path) -> Any:
        self.mark(marks, path, out)
        if isinstance(node, dict):
            return {key: self.copy(child, marks, (*path, key), (*out, key)) for key, child in node.items()}
        if isinstance(node, list):
            return [self.copy(child, marks, (*path, i), (*out, i)) for i, child in enumerate(node)]
        return node

    def mark(self, marks: dict[Path, Mark], path: Path, out: Path) -> None:
        if path in marks:
            self.out[out] = marks[path]


def _named(node: object) -> bool:
    """Whether a list's items can be told apart by name."""
    if not isinstance(node, list) or not node or not all(isinstance(item, dict) and "name" in item for item in node):
        return False
    return all(isinstance(item["name"], str) for item in node) and len({item["name"] for item in node}) == len(node)
