"""``--set path=value``: one value of a description changed by path."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from archsim.arch.columns import split_path
from archsim.cited import Path, dotted, is_citation
from archsim.errors import UsageError, did_you_mean

Names = Callable[[Path], Iterable[str]]


def resolve(tree: Any, path: str, names: Names | None = None) -> Path:
    """Find what a path such as ``memory.hbm.bandwidth`` or ``memory[2].bandwidth`` leads to.

    Parameters
    ----------
    tree : nested dicts and lists
        The description.
    path : str
        Keys, positions in lists, or the ``name`` of a list's item, joined by points.
    names : callable, optional
        Keys a mapping may have beside those it has, by its path.

    Returns
    -------
    tuple of str and int
        The same path with list items as positions.

    Raises
    ------
    UsageError
        A segment leads nowhere.
    """
    segments = split_path(path)
    if not segments:
        raise UsageError(f"{path!r} is not a path", hint="write e.g. memory.hbm.bandwidth")
    node: Any = tree
    exact: Path = ()
    for segment in segments:
        step: Any = _step(node, segment, exact, path, names)
        exact = (*exact, step)
        node = node[step] if isinstance(node, list) else node.get(step) if isinstance(node, dict) else None
    return exact


def apply(tree: Any, path: str, value: Any, names: Names | None = None) -> Any:
    """Return a copy of `tree` with the value at `path` replaced; a citation is replaced as a whole.

    Parameters and errors are those of `resolve`.
    """
    return _replaced(tree, resolve(tree, path, names), value)


def _replaced(node: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(node, list):
        return [_replaced(item, rest, value) if index == head else item for index, item in enumerate(node)]
    children = node if isinstance(node, dict) else {}
    return {**children, head: _replaced(children.get(head), rest, value)}


def _step(node: Any, segment: str, at: Path, path: str, names: Names | None) -> str | int:
    here = dotted(at) or "the description"
    if isinstance(node, list):
        known = [str(item["name"]) for item in node if isinstance(item, dict) and "name" in item]
        if known.count(segment) == 1:
            return known.index(segment)
        if known.count(segment) > 1:
            raise UsageError(f"{path!r}: {here} has {known.count(segment)} items named {segment!r}",
                             hint=f"write the position, such as {here}[0]")  # fmt: skip
        if segment.isdecimal() and int(segment) < len(node):
            return int(segment)
        standing = ", ".join(known) or f"positions 0 to {len(node) - 1}" if node else "no items"
        raise _nothing(path, segment, known, f"{here} has {standing}")
    if (node is not None and not isinstance(node, dict)) or is_citation(node):
        value = node["value"] if isinstance(node, dict) else node
        raise UsageError(f"{path!r}: {here} is the value {value!r} and has no parts", hint=f"set {here} itself")
    allowed = list(dict.fromkeys([*(node or {}), *(names(at) if names else ())]))
    if segment in allowed:
        return segment
    raise _nothing(path, segment, allowed, f"{here} has {', '.join(allowed) or 'no parts'}")


def _nothing(path: str, segment: str, known: list[str], standing: str) -> UsageError:
    near = did_you_mean(segment, known)
    return UsageError(f"{path!r}: there is no {segment!r}", hint=f"{near} {standing}" if near else standing)
