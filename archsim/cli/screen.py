"""Blocks of an answer, and how they are written into pipes and files; `archsim.cli.terminal` draws them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from archsim.engine.table import Table


@dataclass(frozen=True)
class Line:
    """A line of text; `style` is rich's."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Facts:
    """Labels and values, aligned."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Bars:
    """Shares of a whole: name, amount as text, share from 0 to 1."""

    title: str
    rows: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True)
class Tree:
    """Nodes with `text` and `children`, and `lines` that writes them indented."""

    root: Any


Block = Line | Facts | Bars | Tree | Table


def on_terminal() -> bool:
    """Say whether stdout is a terminal that can do more than print lines."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def plain(blocks: Iterable[Block]) -> str:
    """Write blocks as text of any width, one empty line between them."""
    texts = [_plain(block) for block in blocks]
    return "\n\n".join(text for text in texts if text) + "\n"


def _plain(block: Block) -> str:
    if isinstance(block, Line):
        return block.text
    if isinstance(block, Facts):
        width = max((len(label) for label, _ in block.rows), default=0)
        return "\n".join(f"{label.ljust(width)}  {value}" for label, value in block.rows)
    if isinstance(block, Tree):
        return "\n".join(block.root.lines())
    if isinstance(block, Bars):
        first = max((len(name) for name, _, _ in block.rows), default=0)
        second = max((len(text) for _, text, _ in block.rows), default=0)
        lines = [f"{n.ljust(first)}  {text.rjust(second)}  {100 * part:5.1f} %" for n, text, part in block.rows]
        return "\n".join([block.title, *lines])
    return str(block)
