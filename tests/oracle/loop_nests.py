"""Tiled loop nests of a product C[m, n] += A[m, k] B[k, n], walked tile by tile, and the best of them by enumeration.

The memory inside holds one tile of each operand. A tile is fetched when the walk reaches another one; a tile of results
is written when the walk leaves it, and read again when the walk comes back to it.
"""

from __future__ import annotations

import itertools
import math

OPERANDS = {"a": "mk", "b": "kn", "c": "mn"}
ORDERS = tuple(itertools.permutations("mnk"))


def cut(size, tile):
    """Lengths of the tiles along one side; the last one may be shorter."""
    return [min(tile, size - start) for start in range(0, size, tile)]


def held(tiles):
    """Elements of one tile of each operand."""
    return sum(tiles[first] * tiles[second] for first, second in OPERANDS.values())


def walk(sizes, tiles, order):
    """Elements of each operand that cross, counted tile by tile."""
    cuts = {axis: cut(sizes[axis], tiles[axis]) for axis in "mnk"}
    moved = dict.fromkeys(OPERANDS, 0)
    inside: dict[str, tuple[int, ...]] = {}
    begun = set()

    def elements(name, tile):
        return math.prod(cuts[axis][index] for axis, index in zip(OPERANDS[name], tile, strict=True))

    for place in itertools.product(*(range(len(cuts[axis])) for axis in order)):
        at = dict(zip(order, place, strict=True))
        for name, axes in OPERANDS.items():
            tile = (at[axes[0]], at[axes[1]])
            if inside.get(name) == tile:
                continue
            if name != "c":
                moved[name] += elements(name, tile)
            else:
                moved["c"] += elements("c", inside["c"]) if "c" in inside else 0
                moved["c"] += elements("c", tile) if tile in begun else 0
                begun.add(tile)
            inside[name] = tile
    moved["c"] += elements("c", inside["c"])
    return moved


def counted(sizes, tiles, order):
    """The same as `walk`, from the loops outside the last one that changes an operand's tile."""
    trips = {axis: len(cut(sizes[axis], tiles[axis])) for axis in "mnk"}
    nest = [axis for axis in order if trips[axis] > 1]
    moved = {}
    for name, axes in OPERANDS.items():
        last = max((nest.index(axis) for axis in axes if axis in nest), default=-1)
        again = math.prod(trips[axis] for axis in nest[: last + 1] if axis not in axes)
        moved[name] = sizes[axes[0]] * sizes[axes[1]] * (2 * again - 1 if name == "c" else again)
    return moved


def useful(size, most=10**9):
    """Tile sizes worth trying: the smallest for each number of tiles, up to `most` tiles."""
    return sorted({-(-size // count) for count in range(1, min(size, most) + 1)} | {1})


def best(sizes, capacity, widths=(1.0, 1.0, 1.0), *, count=walk, most=10**9):
    """Least weighted traffic of all tilings and loop orders that fit; None when not even single elements do."""
    least = None
    for tile in itertools.product(*(useful(sizes[axis], most) for axis in "mnk")):
        tiles = dict(zip("mnk", tile, strict=True))
        if held(tiles) > capacity:
            continue
        for order in ORDERS:
            moved = count(sizes, tiles, order)
            total = sum(width * amount for width, amount in zip(widths, moved.values(), strict=True))
            least = total if least is None else min(least, total)
    return least
