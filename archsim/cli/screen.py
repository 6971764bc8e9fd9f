"""Blocks of an answer, drawn with rich on a terminal and written plainly into pipes and files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from archsim.engine.table import Table

if TYPE_CHECKING:
    from rich.console import RenderableType

BAR: Final = 30
"""Cells of the longest bar."""
SHORT: Final = 24
"""Texts up to this length are not folded."""


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
    """Nodes with `text`, `source` and `children`."""

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


def draw(blocks: Sequence[Block]) -> None:
    """Draw blocks on the terminal."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    for index, block in enumerate(blocks):
        if index:
            console.print()
        console.print(_rich(block))


def _rich(block: Block) -> RenderableType:
    from rich.text import Text

    if isinstance(block, Line):
        return Text(block.text, style=block.style)
    if isinstance(block, Facts):
        return _facts(block)
    if isinstance(block, Bars):
        return _bars(block)
    if isinstance(block, Tree):
        return _tree(block.root)
    return _table(block)


def _facts(block: Facts) -> RenderableType:
    from rich.table import Table as Grid

    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in block.rows:
        grid.add_row(label, value)
    return grid


def _bars(block: Bars) -> RenderableType:
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(title=block.title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0),
                show_header=False)  # fmt: skip
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    longest = max((share for *_, share in block.rows), default=0.0) or 1.0
    for name, text, share in block.rows:
        eighths = round(8 * BAR * share / longest)
        bar = "█" * (eighths // 8) + ("", *"▏▎▍▌▋▊▉")[eighths % 8]
        grid.add_row(name, text, f"{100 * share:.1f} %", Text(bar or "▏", style="green"))
    return grid


def _table(block: Table) -> RenderableType:
    from rich import box
    from rich.table import Table as Grid

    grid = Grid(
        title=block.title or None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        header_style="cyan",
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    rows = block.texts()
    for index, column in enumerate(block.columns):
        # In a narrow window long texts are folded, never cut off; numbers and short texts stay whole.
        widest = max((len(row[index]) for row in rows), default=0)
        justify: Literal["left", "right"] = "right" if column.right else "left"
        grid.add_column(column.heading, justify=justify, overflow="fold", no_wrap=column.right or widest <= SHORT)
    for row in rows:
        grid.add_row(*row)
    return grid


def _tree(root: Any) -> RenderableType:
    from rich.text import Text
    from rich.tree import Tree as Branches

    def label(node: Any) -> Text:
        text = Text(node.text)
        if node.source:
            text.append(f"  {node.source}", style="dim italic")
        return text

    def grow(branch: Branches, node: Any) -> Branches:
        for child in node.children:
            grow(branch.add(label(child)), child)
        return branch

    return grow(Branches(Text(root.text, style="bold"), guide_style="dim"), root)
