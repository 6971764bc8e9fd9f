"""The list of everything that numbers in ``models/`` are taken from: ``models/sources.yaml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from archsim.errors import InvalidDescriptionError, UnknownNameError, did_you_mean
from archsim.io import yaml
from archsim.io.catalogue import roots


@dataclass(frozen=True, slots=True)
class Source:
    """One publication, datasheet or data set.

    Attributes
    ----------
    title : str
        Title in full.
    authors : str
        Names joined by " and ", as in BibTeX.
    year : int or None
        Year of publication.
    url : str
        Where it can be read.
    accessed : str
        Date it was read.
    note : str
        Anything else: journal, version, licence.
    """

    title: str
    authors: str = ""
    year: int | None = None
    url: str = ""
    accessed: str = ""
    note: str = ""


def sources() -> dict[str, Source]:
    """Return all sources by key; those of the user's own folders come first.

    Raises
    ------
    InvalidDescriptionError
        An entry without a title, or with an unknown key.
    """
    found: dict[str, Source] = {}
    for root in roots():
        path = root / "sources.yaml"
        if path.is_file():
            found = {**_read(path, path.stat().st_mtime_ns), **found}
    return found


def bibtex(key: str) -> str:
    """Write one source as a BibTeX entry.

    Raises
    ------
    UnknownNameError
        No such key.
    """
    known = sources()
    if key not in known:
        raise UnknownNameError("source", key, known, hint="add it to models/sources.yaml")
    source = known[key]
    fields = {
        "title": f"{{{source.title}}}", "author": source.authors, "year": str(source.year or ""), "url": source.url,
        "urldate": source.accessed, "note": source.note,
    }  # fmt: skip
    lines = [f"  {name} = {{{_escaped(value, name)}}}" for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key},", ",\n".join(lines), "}"])


@lru_cache(maxsize=8)
def _read(path: Path, stamp: int) -> dict[str, Source]:
    """Read a list of sources once per version of its file."""
    document = yaml.load(path)
    tree = document.tree
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise InvalidDescriptionError("sources are a mapping of keys to entries", where=document.locate(()))
    return {key: _source(document, key, entry) for key, entry in tree.items()}


def _source(document: yaml.Document, key: str, entry: object) -> Source:
    names = Source.__dataclass_fields__
    if not isinstance(entry, dict) or not entry.get("title"):
        raise InvalidDescriptionError(f"the source {key!r} has no title", hint="add title: ...",
                                      where=document.locate((key,)))  # fmt: skip
    for name in entry:
        if name not in names:
            raise InvalidDescriptionError(f"unknown key {name!r} of the source {key!r}",
                                          hint=did_you_mean(name, names) or f"write one of {', '.join(names)}",
                                          where=document.locate((key, name), key=True))  # fmt: skip
    year = entry.get("year")
    if year is not None and (isinstance(year, bool) or not isinstance(year, int)):
        raise InvalidDescriptionError(f"the year {year!r} of {key!r} is not a whole number", hint="write e.g. 2020",
                                      where=document.locate((key, "year")))  # fmt: skip
    authors = entry.get("authors") or ""
    words = {name: str(entry.get(name) or "") for name in ("title", "url", "accessed", "note")}
    return Source(
        title=words["title"],
        authors=" and ".join(map(str, authors)) if isinstance(authors, list) else str(authors),
        year=year,
        url=words["url"],
        accessed=words["accessed"],
        note=words["note"],
    )


def _escaped(text: str, name: str) -> str:
    return text if name in ("url", "urldate") else re.sub(r"(?<!\\)([&%#_$])", r"\\\1", text)
