"""Where a number comes from: ``{value, source, where, kind, why, low, high}`` beside the bare value.

A bare value is exact by nature (a count, a year) or was set by a caller; everything else says who measured it, or
that it is assumed and why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from archsim.errors import InvalidDescriptionError, did_you_mean

Path = tuple[str | int, ...]
Scalar = str | float | int | bool

KEYS: Final = ("value", "source", "where", "kind", "why", "low", "high")


class Kind(StrEnum):
    """How a value is known."""

    MEASURED = "measured"
    DATASHEET = "datasheet"
    SIMULATED = "simulated"
    ESTIMATED = "estimated"
    ASSUMED = "assumed"


class CitationError(InvalidDescriptionError):
    """A citation that is incomplete or contradicts itself; `path` says which."""

    def __init__(self, message: str, path: Path, *, hint: str = "", where: str = "") -> None:
        self.path = path
        super().__init__(message, hint=hint, where=where or dotted(path))


@dataclass(frozen=True, slots=True)
class Cited:
    """One leaf of a description, as its author wrote it.

    Attributes
    ----------
    text : str, float, int or bool
        The value in the author's own words: "3.35 TB/s".
    source : str or None
        Key into ``models/sources.yaml``.
    where : str
        Place in the source: "table 2".
    kind : Kind or None
        How it is known; None for a bare value.
    why : str
        Reason for an assumption.
    low, high : str, float, int or None
        Bounds of what it may really be, in the author's own words.
    """

    text: Scalar
    source: str | None = None
    where: str = ""
    kind: Kind | None = None
    why: str = ""
    low: Scalar | None = None
    high: Scalar | None = None

    @property
    def exact(self) -> bool:
        """Whether the value stands bare."""
        return self.kind is None

    def bounds(self, parse: Callable[[Any], float]) -> tuple[float | None, float | None]:
        """Return low and high as floats.

        Parameters
        ----------
        parse : callable
            Reads a text of the leaf's own dimension.

        Raises
        ------
        InvalidDescriptionError
            Not low <= value <= high.
        """
        low = None if self.low is None else parse(self.low)
        high = None if self.high is None else parse(self.high)
        value = parse(self.text)
        if low is not None and low > value:
            raise InvalidDescriptionError(f"low {self.low!r} is above the value {self.text!r}", hint="swap them")
        if high is not None and high < value:
            raise InvalidDescriptionError(f"high {self.high!r} is below the value {self.text!r}", hint="swap them")
        return low, high


def dotted(path: Path) -> str:
    """Write a path the way people do: ``memory[2].bandwidth``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def is_citation(node: object) -> bool:
    """Whether a mapping is one cited value rather than a part of the description."""
    return isinstance(node, Mapping) and "value" in node


def split(tree: Any, problems: list[CitationError] | None = None) -> tuple[Any, dict[Path, Cited]]:
    """Separate values from their citations.

    Parameters
    ----------
    tree : nested mappings, lists and scalars
        A description as read from a file.
    problems : list of CitationError, optional
        Collects every problem instead of raising the first.

    Returns
    -------
    plain : nested dicts, lists and scalars
        The same tree with every citation replaced by its value.
    cited : dict of path to Cited
        One entry per scalar leaf; bare values have kind None. List items appear under their index.

    Raises
    ------
    CitationError
        A citation with an unknown key, without kind or source, an assumption without why, or low above high.
    """
    cited: dict[Path, Cited] = {}
    found: list[CitationError] = []
    plain = _walk(tree, (), cited, found)
    if problems is None and found:
        raise found[0]
    if problems is not None:
        problems.extend(found)
    return plain, cited


def _walk(node: Any, path: Path, cited: dict[Path, Cited], problems: list[CitationError]) -> Any:
    if isinstance(node, Mapping):
        if is_citation(node):
            cited[path] = _read(node, path, problems)
            return node["value"]
        if "source" in node and node.get("kind") in list(Kind):
            hint = f"write value: beside kind: and source: (it has {', '.join(node)})"
            problems.append(CitationError("a citation without its value", path, hint=hint))
            return None
        return {key: _walk(child, (*path, key), cited, problems) for key, child in node.items()}
    if isinstance(node, list | tuple):
        return [_walk(child, (*path, index), cited, problems) for index, child in enumerate(node)]
    if node is not None:
        cited[path] = Cited(node)
    return node


def _read(node: Mapping[str, Any], path: Path, problems: list[CitationError]) -> Cited:
    def wrong(message: str, hint: str, key: str = "") -> None:
        problems.append(CitationError(message, (*path, key) if key else path, hint=hint))

    for key in node:
        if key not in KEYS:
            wrong(f"unknown key {key!r} in a citation",
                  did_you_mean(str(key), KEYS) or f"a citation has {', '.join(KEYS)}", str(key))  # fmt: skip
    for key in ("value", "low", "high"):
        if isinstance(node.get(key), Mapping | list | tuple):
            wrong(f"{key!r} of a citation is not one value", "cite each value on its own", key)
    for key in ("source", "where", "why"):
        if not isinstance(node.get(key, ""), str):
            wrong(f"{key!r} of a citation is not text: {node[key]!r}", "write text, in quotes if need be", key)
    kind = _kind(node, wrong)
    low: Any = node.get("low")
    high: Any = node.get("high")
    if _is_number(low) and _is_number(high) and low > high:
        wrong(f"low {low!r} is above high {high!r}", "swap them", "low")
    text = node["value"]
    if text is None:
        wrong("a citation with an empty value", "write the value, or leave the key out", "value")
    return Cited(text, node.get("source"), str(node.get("where", "")), kind, str(node.get("why", "")), low, high)


def _kind(node: Mapping[str, Any], wrong: Callable[..., None]) -> Kind | None:
    names = [kind.value for kind in Kind]
    written = node.get("kind")
    if written not in names:
        said = "a citation without kind" if written is None else f"unknown kind {written!r}"
        wrong(said, did_you_mean(str(written), names) or f"write kind: {' | '.join(names)}", "kind")
        return None
    kind = Kind(written)
    if kind is Kind.ASSUMED and not node.get("why"):
        wrong(f"the value {node['value']!r} is assumed without a reason", "add why: ...")
    if kind is not Kind.ASSUMED and not node.get("source"):
        wrong(f"the value {node['value']!r} is {kind} but names no source", "add source: a key of models/sources.yaml")
    return kind


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def cited_schema() -> dict[str, Any]:
    """Return the JSON schema of a citation."""
    scalar = {"type": ["number", "string", "boolean"]}
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "value": scalar, "source": text, "where": text, "kind": {"enum": [kind.value for kind in Kind]},
            "why": text, "low": scalar, "high": scalar,
        },
        "required": ["value", "kind"],
        "additionalProperties": False,
    }  # fmt: skip
