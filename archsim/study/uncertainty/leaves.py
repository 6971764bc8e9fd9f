"""Which numbers of a description may be otherwise, and between which bounds.

A number with bounds lies between them; one without lies within the spread of how it is known. It is as likely above its
value as below, and on either side less likely the further away: half a triangle over the logarithm (over the value
itself where a bound is not above 0). Where a bound equals the value, all draws lie on the other side.

Numbers that rest on one source and measure the same dimension move together, and so do those assumed for one reason:
if the source is off, all of them are. Numbers without a unit measure many things, so that they move together only where
they have one name too. What two machines share moves together on both, and so does not decide between them.

References
----------
Kotz and van Dorp: Beyond Beta, World Scientific, 2004, chapter 1 (the triangular distribution).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.columns import place_of
from archsim.cited import Cited, Kind, Path, dotted
from archsim.errors import UsageError
from archsim.study.uncertainty.spreads import CHOSEN, spread
from archsim.units import parse
from archsim.units.dimensions import RATIO

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.units import Dimension, Quantity


TINY: Final = 1e-300
"""Instead of a share of nothing."""


@dataclass(frozen=True)
class Leaf:
    """One number of a machine's description that may be otherwise.

    Attributes
    ----------
    part : int
        Which machine of a run it belongs to: 0 the machine itself or the first, then others and the host.
    machine, path : str
        Name of the machine, and the path of the number in its description.
    value, low, high : float
        What it is and between what it lies, in the dimension's base unit.
    cited : Cited
        Where it comes from.
    cause : str
        What it moves together with: the source, or the reason of an assumption, and the dimension.
    quantity : Quantity or None
        Dimension and legal bounds.
    """

    part: int
    machine: str
    path: str
    value: float
    low: float
    high: float
    cited: Cited
    cause: str
    quantity: Quantity | None = None

    @property
    def name(self) -> str:
        """Path, with the machine's name before it where it is not the machine itself."""
        return f"{self.machine}: {self.path}" if self.part else self.path

    @property
    def dimension(self) -> Dimension:
        """What it measures."""
        return self.quantity.dimension if self.quantity else RATIO

    def at(self, share: np.ndarray) -> np.ndarray:
        """Return the value below which that share of the draws lies.

        Parameters
        ----------
        share : ndarray, (draws,) float64
            From 0 to 1.
        """
        import numpy as np

        low, tip, high = self.low, self.value, self.high
        logarithmic = low > 0.0
        if logarithmic:
            low, tip, high = np.log([low, tip, high])
        turn = 0.5 * (low < tip) + 0.5 * (tip >= high)  # share of the draws that lie below the value
        rising = low + (tip - low) * np.sqrt(np.minimum(share / max(turn, TINY), 1.0))
        falling = high - (high - tip) * np.sqrt(np.minimum((1.0 - share) / max(1.0 - turn, TINY), 1.0))
        drawn = np.where(share < turn, rising, falling)
        return self._legal(np.exp(drawn) if logarithmic else drawn)

    def _legal(self, drawn: np.ndarray) -> np.ndarray:
        """Keep rounding from carrying a draw beyond its bounds; whole numbers stay whole."""
        import numpy as np

        values: np.ndarray = np.clip(drawn, self.low, self.high)
        if self.quantity is not None and self.quantity.integer:
            values = np.rint(values)
        return values


def leaves(chip: Chip, part: int = 0) -> tuple[Leaf, ...]:
    """Return the numbers of a description that may be otherwise, in the order of its file."""
    found = (_leaf(chip, part, named(chip, path), cited) for path, cited in chip.cited.items() if cited.kind)
    return tuple(each for each in found if each is not None)


def named(chip: Chip, path: Path) -> str:
    """Write a path with a list's items by their names, where they have any: ``memory.hbm.bandwidth``."""
    node: Any = chip.spec
    steps: list[str | int] = []
    for step in path:
        try:
            node = node[step] if isinstance(step, int) else getattr(node, step, None)
        except (IndexError, TypeError):
            return dotted(path)
        steps.append(getattr(node, "name", step) if isinstance(step, int) else step)
    return dotted(tuple(steps))


def _leaf(chip: Chip, part: int, path: str, cited: Cited) -> Leaf | None:
    if isinstance(cited.text, bool):
        return None
    try:
        place = place_of(chip.spec, path)
    except UsageError:  # text, or a part of the description that is not a number of a design point
        return None
    if place.column.choices:
        return None
    quantity = place.column.quantity
    value = float(_value(chip.spec, place.path))
    low, high = _bounds(cited, value, quantity)
    if not low < high:
        return None
    return Leaf(part, chip.name, path, value, low, high, cited, _cause(path, cited, quantity), quantity)


def _value(node: Any, path: Iterable[str | int]) -> float:
    for step in path:
        node = node[step] if isinstance(step, int) else getattr(node, step)
    return float("nan") if node is None else float(node)


def _bounds(cited: Cited, value: float, quantity: Quantity | None) -> tuple[float, float]:
    if cited.low is not None or cited.high is not None:
        low, high = cited.bounds(lambda text: parse(text, quantity.dimension if quantity else RATIO))
        return value if low is None else low, value if high is None else high
    if quantity is None or quantity.dimension.name in CHOSEN or cited.kind is None or value <= 0.0:
        return value, value
    factor = spread(Kind(cited.kind))
    low, high = value / factor, value * factor
    least = low if quantity.minimum is None else max(low, quantity.minimum)
    return least, high if quantity.maximum is None else min(high, quantity.maximum)


def _cause(path: str, cited: Cited, quantity: Quantity | None) -> str:
    reason = cited.source or f"because {' '.join(cited.why.split())}"
    dimension = quantity.dimension if quantity else RATIO
    return f"{reason}, {path.rpartition('.')[2] if dimension.dimensionless else dimension.name}"


def draw(found: Iterable[Leaf], samples: int, seed: int) -> dict[Leaf, np.ndarray]:
    """Draw values of every number.

    Parameters
    ----------
    found : iterable of Leaf
        Which ones.
    samples : int
        How many values of each.
    seed : int
        The same seed draws the same values of a cause, whatever else is drawn.

    Returns
    -------
    dict of Leaf to ndarray, (samples,) float64
        In the base unit.
    """
    shares: dict[str, np.ndarray] = {}
    drawn = {}
    for leaf in found:
        if leaf.cause not in shares:
            shares[leaf.cause] = uniform(leaf.cause, samples, seed)
        drawn[leaf] = leaf.at(shares[leaf.cause])
    return drawn


def uniform(name: str, samples: int, seed: int) -> np.ndarray:
    """Return numbers spread evenly over 0 to 1, the same for one name and seed: (samples,) float64."""
    import numpy as np

    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return np.random.default_rng([seed, int.from_bytes(digest, "big")]).random(samples)
