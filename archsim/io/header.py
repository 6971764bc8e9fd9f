"""What a file says about itself at its top level, read without building the rest, so that listings are fast."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from archsim.errors import ArchsimError
from archsim.io.yaml import loads

_BLOCK: Final = re.compile(
    r"^(?:name|title|family|aliases)[ \t]*:(?=\s).*(?:\n(?:[ \t]+\S|-[ \t]|\]).*)*", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Header:
    """Name, title, family and other names; empty where the file does not say."""

    name: str = ""
    title: str = ""
    family: str = ""
    aliases: tuple[str, ...] = ()


def read_header(path: Path) -> Header:
    """Read the header of a YAML file; a file that is broken there has an empty one, and its error shows when loaded."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        tree = loads("".join(f"{block}\n" for block in _BLOCK.findall(text)), str(path)).tree
    except (OSError, UnicodeDecodeError, ArchsimError):
        return Header()
    said: dict[str, Any] = tree if isinstance(tree, dict) else {}
    words = {key: str(said.get(key) or "") for key in ("name", "title", "family")}
    aliases = said.get("aliases")
    others = tuple(str(alias) for alias in aliases) if isinstance(aliases, list) else ()
    return Header(words["name"], words["title"], words["family"], others)
