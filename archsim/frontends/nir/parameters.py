"""Parameters of NIR primitives, read from a description: sizes, pairs, shapes."""

from __future__ import annotations

from typing import Any

from archsim.errors import ImportFormatError
from archsim.frontends.nir.describe import Array, array


class Parameters:
    """The parameters of one primitive.

    Parameters
    ----------
    name : str
        What the primitive is called, for messages.
    described : dict of str to object
        As `archsim.frontends.nir.describe` gives them.
    """

    def __init__(self, name: str, described: dict[str, Any]) -> None:
        self._name = name
        self._described = described

    def array(self, key: str) -> Array:
        """Return what is known of an array.

        Raises
        ------
        ImportFormatError
            There is none.
        """
        found = array(self._described.get(key))
        if not isinstance(found, Array):
            raise ImportFormatError(f"{self._name!r} has no array {key!r}")
        return found

    def has(self, key: str) -> bool:
        """Whether there is such an array with something in it."""
        found = array(self._described.get(key))
        return isinstance(found, Array) and found.elements > 0

    def word(self, key: str) -> str:
        """Return a parameter that is text; empty where it is not."""
        found = array(self._described.get(key))
        return found if isinstance(found, str) else ""

    def integers(self, key: str) -> tuple[int, ...]:
        """Return a short list of whole numbers.

        Raises
        ------
        ImportFormatError
            It is none.
        """
        values = self.array(key).values
        if not values or any(value != int(value) for value in values):
            raise ImportFormatError(f"{key} of {self._name!r} is not a whole number, or a few of them")
        return tuple(int(value) for value in values)

    def shape(self, key: str) -> tuple[int, ...]:
        """Return sizes, each at least 1."""
        if self._described.get(key) is None:
            raise ImportFormatError(f"{self._name!r} says no shape", hint="give the Input its shape")
        sizes = self.integers(key)
        if min(sizes) < 1:
            raise ImportFormatError(f"{self._name!r} has the shape {sizes}", hint="every size is at least 1")
        return sizes

    def pair(self, key: str, *, flat: bool = False, outer: int = 1) -> tuple[int, int]:
        """Return height and width from one number or two; a one-dimensional layer has height `outer`."""
        numbers = self.integers(key)
        if len(numbers) > 2 or (flat and len(numbers) != 1):
            raise ImportFormatError(f"{key} of {self._name!r} has {len(numbers)} numbers")
        return (outer, numbers[0]) if flat else (numbers[0], numbers[-1])
