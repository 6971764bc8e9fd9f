"""Finding descriptions by name: the shipped ``models/`` folder, and folders of the user's own.

The environment variable ``ARCHSIM_MODELS`` lists further folders of the same arrangement; an entry there hides a
shipped one of the same name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from archsim.errors import UnknownNameError, UsageError
from archsim.io.header import Header, read_header

SUFFIXES: Final[dict[str, tuple[str, ...]]] = {
    "hardware": (".yaml", ".yml"),
    "systems": (".yaml", ".yml"),
    "workloads": (".yaml", ".yml", ".json"),
    "technology": (".yaml", ".yml"),
    "measured": (".csv",),
}
_LISTED: Final = {"technology": "technologies", "measured": "datasets"}
VENDORS: Final = frozenset(
    ("amd", "apple", "arm", "aws", "cerebras", "fujitsu", "google", "graphcore", "groq", "huawei", "ibm", "innatera",
     "intel", "lightmatter", "meta", "microsoft", "mythic", "nvidia", "qualcomm", "samsung", "sambanova", "syntiant",
     "tenstorrent", "tesla")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One description in a catalogue.

    Attributes
    ----------
    name : str
        Kebab-case name, as in the file; the file's own name if it does not say.
    path : Path
        The file.
    family : str
        Family of hardware; for other kinds, the folder it stands in.
    aliases : tuple of str
        Other names it answers to.
    title : str
        Name in full.
    """

    name: str
    path: Path
    family: str = ""
    aliases: tuple[str, ...] = ()
    title: str = ""


def models_root() -> Path:
    """Return the folder of shipped data: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "_models"
    return inside if inside.is_dir() else package.parent / "models"


def roots() -> tuple[Path, ...]:
    """Return all folders searched, the user's own first."""
    extra = os.environ.get("ARCHSIM_MODELS", "")
    return (*(Path(part).expanduser() for part in extra.split(os.pathsep) if part), models_root())


def entries(kind: str) -> list[Entry]:
    """List a catalogue.

    Parameters
    ----------
    kind : {"hardware", "systems", "workloads", "technology", "measured"}
        Which one.

    Returns
    -------
    list of Entry
        Sorted by family and name.
    """
    if kind not in SUFFIXES:
        raise UnknownNameError("catalogue", kind, SUFFIXES, hint=f"there are {', '.join(SUFFIXES)}")
    found: list[Entry] = []
    hidden: set[str] = set()
    for root in roots():
        here = [_entry(path, root / kind) for path in _files(root / kind, SUFFIXES[kind])]
        found += [entry for entry in here if fold(entry.name) not in hidden]
        hidden |= {fold(entry.name) for entry in here}
    return sorted(found, key=lambda entry: (entry.family, entry.name))


def find(kind: str, name: str) -> Entry:
    """Find a description by name, alias or path.

    Case, ``-``, ``_``, spaces and a vendor in front do not matter. Text that ends in ``.yaml``, ``.yml`` or
    ``.cfg``, or holds a folder separator, is a path.

    Raises
    ------
    UnknownNameError
        No such entry.
    UsageError
        More than one entry answers to the name.
    """
    if is_path(name):
        path = Path(name).expanduser()
        return _entry(path, path.parent) if path.is_file() else Entry(path.stem, path)
    catalogue = entries(kind)
    for names, wanted in _tiers(name):
        near = [entry for entry in catalogue if wanted in names(entry)]
        if len(near) > 1:
            choices = " or ".join(repr(_choice(entry, near)) for entry in near)
            raise UsageError(f"{name!r} is the name of more than one entry in {kind}", hint=f"write {choices}")
        if near:
            return near[0]
    known = [known for entry in catalogue for known in (entry.name, *entry.aliases)]
    raise UnknownNameError(
        kind,
        name,
        known,
        hint=f"run: archsim list {_LISTED.get(kind, kind)}" if catalogue else "the catalogue is empty",
    )


def is_path(name: str) -> bool:
    """Whether a name is meant as a file."""
    separators = {"/", os.sep, os.altsep or "/"}
    return name.lower().endswith((".yaml", ".yml", ".cfg")) or any(separator in name for separator in separators)


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """Reduce a name to what matters when it is looked up."""
    return re.sub(r"[-_\s]+", "", name.casefold())


@lru_cache(maxsize=4096)
def without_vendor(name: str) -> str:
    """Fold a name, leaving out the vendor it starts with."""
    first, _, rest = re.sub(r"[-_\s]+", "-", name.strip().casefold()).partition("-")
    return fold(rest) if rest and first in VENDORS else fold(name)


def _tiers(name: str) -> list[tuple[Callable[[Entry], set[str]], str]]:
    """List what a name is compared with, best first."""
    full, short = fold(name), without_vendor(name)
    return [
        (lambda entry: {fold(entry.name)}, full),
        (lambda entry: {fold(alias) for alias in entry.aliases}, full),
        (lambda entry: {without_vendor(known) for known in (entry.name, *entry.aliases)}, short),
    ]


def _choice(entry: Entry, among: list[Entry]) -> str:
    same = sum(other.name == entry.name for other in among) > 1
    return str(entry.path) if same else entry.name


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in suffixes) if folder.is_dir() else []


def _entry(path: Path, folder: Path) -> Entry:
    stamp = path.stat().st_mtime_ns
    header = _header(path, stamp) if path.suffix in (".yaml", ".yml") else Header()
    below = path.relative_to(folder).parts
    family = header.family or (below[0] if len(below) > 1 else "")
    return Entry(header.name or path.stem, path, family, header.aliases, header.title)


@lru_cache(maxsize=4096)
def _header(path: Path, stamp: int) -> Header:
    """Read a header once per version of a file."""
    return read_header(path)
