"""What stands beside a shipped table: where it is from, what was changed, and how its rows are split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from archsim.errors import InvalidDescriptionError, did_you_mean
from archsim.io import yaml
from archsim.validation.split import RULE

_WORDS: Final = ("title", "source", "licence", "changed")
_KEYS: Final = ("schema", *_WORDS, "protocol", "unscored", "split", "anchors")
_SPLIT_KEYS: Final = ("by", "rule", "scored", "fit")


@dataclass(frozen=True)
class Metadata:
    """Metadata of one table.

    Attributes
    ----------
    title, source, licence, changed : str
        What it is, where it is from, who may use it, and what was changed.
    protocol : str
        How it was measured.
    unscored : str
        Why no check holds the models against it; empty where one does.
    split_by : tuple of str, or mapping of str to tuple of str
        Sizes that make a group, for all rows or by kind of op; one side of the groups is for fitting and never scored.
        Empty: every row is scored.
    split_scored, split_fit : mapping of str to tuple of str
        Cells by column: rows that have one of them in each column are scored, whatever group they are in, such as those
        of a device that nothing was fitted on; or are for fitting.
    anchors : tuple of dict
        Rows a constant was set from, by column and cell: shown, never counted as accuracy.
    """

    title: str
    source: str
    licence: str
    changed: str
    protocol: str = ""
    unscored: str = ""
    split_by: tuple[str, ...] | Mapping[str, tuple[str, ...]] = ()
    split_scored: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    split_fit: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    anchors: tuple[dict[str, str], ...] = ()


def metadata_path(table: Path) -> Path:
    """Return where a table's metadata stand: ``x.meta.yaml`` beside ``x.csv``."""
    return table.with_name(f"{table.stem}.meta.yaml")


def read_metadata(table: Path) -> Metadata:
    """Read the metadata of a shipped table.

    Raises
    ------
    InvalidDescriptionError
        There are none, or they do not say what they must.
    """
    path = metadata_path(table)
    if not path.is_file():
        raise InvalidDescriptionError(
            f"the table {table.name!r} has no metadata", hint=f"write {path.name!r} beside it", where=str(table)
        )
    document = yaml.load(path)
    tree: Any = document.tree
    if not isinstance(tree, dict):
        raise InvalidDescriptionError("metadata are a mapping of names to values", where=document.locate(()))
    for name in tree:
        if name not in _KEYS:
            hint = did_you_mean(name, _KEYS) or f"write one of {', '.join(_KEYS)}"
            raise InvalidDescriptionError(f"unknown key {name!r}", hint=hint, where=document.locate((name,), key=True))
    for name in _WORDS:
        if not isinstance(tree.get(name), str) or not tree[name].strip():
            raise InvalidDescriptionError(f"{name} is missing", hint=f"add {name}: ...", where=document.locate(()))
    return Metadata(
        **{name: tree[name].strip() for name in _WORDS},
        protocol=str(tree.get("protocol") or "").strip(),
        unscored=str(tree.get("unscored") or "").strip(),
        split_by=_split(document, tree.get("split")),
        split_scored=_whole(document, tree.get("split"), "scored"),
        split_fit=_whole(document, tree.get("split"), "fit"),
        anchors=_anchors(document, tree.get("anchors")),
    )


def _split(document: yaml.Document, split: Any) -> tuple[str, ...] | dict[str, tuple[str, ...]]:
    if split is None:
        return ()
    by = split.get("by") if isinstance(split, dict) else None
    by_kind: dict[str, Any] = by if isinstance(by, dict) else {"": by}
    if not by_kind or not all(_is_words(names) for names in by_kind.values()):
        raise InvalidDescriptionError("split does not say what makes a group",
                                      hint="write by: [n, k], for example, or by: {gemm: [n, k]}",
                                      where=document.locate(("split",)))  # fmt: skip
    for name in split:
        if name not in _SPLIT_KEYS:
            hint = did_you_mean(str(name), _SPLIT_KEYS) or f"write one of {', '.join(_SPLIT_KEYS)}"
            where = document.locate(("split", name), key=True)
            raise InvalidDescriptionError(f"unknown key {name!r}", hint=hint, where=where)
    if split.get("rule") != RULE:
        raise InvalidDescriptionError(f"split.rule is {split.get('rule')!r}", hint=f"the rule in use is: {RULE}",
                                      where=document.locate(("split", "rule")))  # fmt: skip
    if isinstance(by, dict):
        return {str(kind): tuple(names) for kind, names in by.items()}
    return tuple(by_kind[""])


def _is_words(names: Any) -> bool:
    return isinstance(names, list) and bool(names) and all(isinstance(name, str) for name in names)


def _whole(document: yaml.Document, split: Any, name: str) -> dict[str, tuple[str, ...]]:
    """Read which cells put a whole row on one side."""
    given = split.get(name) if isinstance(split, dict) else None
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(_is_words(labels) for labels in given.values()):
        raise InvalidDescriptionError(f"split.{name} does not list cells by column",
                                      hint=f"write {name}: {{device: [A40]}}, for example",
                                      where=document.locate(("split", name)))  # fmt: skip
    return {str(column): tuple(labels) for column, labels in given.items()}


def _anchors(document: yaml.Document, anchors: Any) -> tuple[dict[str, str], ...]:
    given = [] if anchors is None else anchors
    if not isinstance(given, list) or not all(isinstance(anchor, dict) and anchor for anchor in given):
        raise InvalidDescriptionError("anchors are a list of rows", hint="write - {column: cell, ...} for each",
                                      where=document.locate(("anchors",)))  # fmt: skip
    return tuple({column: str(cell) for column, cell in anchor.items()} for anchor in given)
