"""Blocks drawn with rich on a terminal: colours, bars, trees, tables that fit the window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from archsim.cli.screen import Bars, Block, Facts, Line, Tree
from archsim.engine.table import Table

if TYPE_CHECKING:
    from rich.console import RenderableType

BAR: Final = 30
"""Cells of the longest bar."""
SHORT: Final = (24, 12)
"""Texts are folded to these widths, the second where a window is too narrow for the first."""


def draw(blocks: Sequence[Block]) -> None:
    """Draw blocks on the terminal."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    for index, block in enumerate(blocks):
        if index:
            console.print()
        drawn = _rich(block, console.width)
        if isinstance(drawn, str):
            console.out(drawn, highlight=False)
        else:
            console.print(drawn)


def _rich(block: Block, width: int) -> RenderableType | str:
    from rich.text import Text

    if isinstance(block, Line):
        return Text(block.text, style=block.style)
    if isinstance(block, Facts):
        return _facts(block)
    if isinstance(block, Bars):
        return _bars(block, width)
    if isinstance(block, Tree):
        return _tree(block.root)
    return _table(block, width)


def _facts(block: Facts) -> RenderableType:
    from rich.table import Table as Grid

    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in block.rows:
        grid.add_row(label, value)
    return grid


def _bars(block: Bars, width: int) -> RenderableType:
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(title=block.title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0),
                show_header=False)  # fmt: skip
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    longest = max((share for *_, share in block.rows), default=0.0) or 1.0
    texts = max((len(name) for name, _, _ in block.rows), default=0)
    texts += max((len(text) for _, text, _ in block.rows), default=0)
    cells = max(1, min(BAR, width - texts - 16))
    for name, text, share in block.rows:
        eighths = round(8 * cells * share / longest)
        bar = "█" * (eighths // 8) + ("", *"▏▎▍▌▋▊▉")[eighths % 8]
        grid.add_row(name, text, f"{100 * share:.1f} %", Text(bar or "▏", style="green"))
    return grid


def _table(block: Table, width: int) -> RenderableType | str:
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
    widest = [
        max(len(row[i]) for row in ([c.heading for c in block.columns], *rows)) for i in range(len(block.columns))
    ]
    least = next(
        (found for limit in SHORT if sum(found := _least(block, widest, limit)) + 2 * len(found) <= width), None
    )
    if least is None:
        # Too much for this window: lines longer than it are still complete.
        return str(block)
    for column, full, least_width in zip(block.columns, widest, least, strict=True):
        justify: Literal["left", "right"] = "right" if column.right else "left"
        whole = full == least_width
        grid.add_column(column.heading, justify=justify, overflow="fold", no_wrap=whole, min_width=least_width)
    for row in rows:
        grid.add_row(*row)
    return grid


def _least(block: Table, widest: list[int], limit: int) -> list[int]:
    """Widths of columns when texts may be folded to `limit`; numbers stay whole."""
    return [full if column.right else min(full, limit) for column, full in zip(block.columns, widest, strict=True)]


def _tree(root: Any) -> RenderableType:
    from rich.text import Text
    from rich.tree import Tree as Branches

    def grow(branch: Branches, node: Any) -> Branches:
        for child in node.children:
            grow(branch.add(Text(child.text)), child)
        return branch

    return grow(Branches(Text(root.text, style="bold"), guide_style="dim"), root)
