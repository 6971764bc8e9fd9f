"""Values of a description: each is checked where it stands; what is wrong says file, line and column."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from archsim.cited import Path
from archsim.errors import InvalidDescriptionError, did_you_mean
from archsim.io.yaml import Document


class Node:
    """One value of a document and the path to it.

    Parameters
    ----------
    document : Document
        What was read, with its marks.
    path : tuple of str and int
        Where the value stands.
    value : object
        The value itself.
    """

    def __init__(self, document: Document, path: Path, value: Any) -> None:
        self.document = document
        self.path = path
        self.value = value

    def wrong(self, message: str, hint: str = "", *, key: bool = False) -> InvalidDescriptionError:
        """Return the error that says what is wrong at this place."""
        return InvalidDescriptionError(message, hint=hint, where=self.document.locate(self.path, key=key))

    @property
    def label(self) -> str:
        """Last step of the path, as messages quote it."""
        return str(self.path[-1]) if self.path else "the description"

    def mapping(self, known: Collection[str] | None = None, *, what: str = "") -> dict[str, Node]:
        """Return the entries of a mapping; `known` lists the only keys it may have.

        Raises
        ------
        InvalidDescriptionError
            It is no mapping, or has a key nobody knows.
        """
        if not isinstance(self.value, dict):
            raise self.wrong(f"{self.label} is {shown(self.value)}", f"write {what or 'a mapping of names to values'}")
        entries = {key: Node(self.document, (*self.path, key), value) for key, value in self.value.items()}
        for key, entry in entries.items():
            if known is not None and key not in known:
                hint = did_you_mean(key, known) or f"known keys: {', '.join(known)}"
                raise entry.wrong(f"there is no key {key!r} here", hint, key=True)
        return entries

    def items(self, what: str = "a list") -> Iterator[Node]:
        """Yield the entries of a list."""
        if not isinstance(self.value, list):
            raise self.wrong(f"{self.label} is {shown(self.value)}", f"write {what}")
        for index, value in enumerate(self.value):
            yield Node(self.document, (*self.path, index), value)

    def text(self) -> str:
        """Text that is not empty."""
        if not isinstance(self.value, str) or not self.value:
            raise self.wrong(f"{self.label} is {shown(self.value)}", "write text")
        return self.value

    def integer(self, least: int | None = 0) -> int:
        """Whole number of at least `least`."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.wrong(f"{self.label} is {shown(self.value)}", "write a whole number")
        if least is not None and self.value < least:
            raise self.wrong(f"{self.label} is {shown(self.value)}", f"write a whole number of at least {least}")
        return self.value

    def number(self) -> float:
        """Finite number of at least 0, kept as written."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.wrong(f"{self.label} is {shown(self.value)}", "write a number")
        if not 0 <= self.value < float("inf"):
            raise self.wrong(f"{self.label} is {shown(self.value)}", "write a finite number of at least 0")
        return self.value

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self.wrong(f"{self.label} is {shown(self.value)}", "write true or false")
        return self.value

    def integers(self, least: int | None = 1) -> tuple[int, ...]:
        """List of whole numbers."""
        return tuple(entry.integer(least) for entry in self.items("a list of whole numbers, such as [8, 3, 224, 224]"))

    def texts(self) -> tuple[str, ...]:
        """List of text."""
        return tuple(entry.text() for entry in self.items("a list of names"))

    def pair(self, least: int = 0) -> int | tuple[int, int]:
        """One whole number or two: height and width."""
        if not isinstance(self.value, list):
            return self.integer(least)
        sizes = self.integers(least)
        if len(sizes) != 2:
            raise self.wrong(f"{self.label} has {len(sizes)} numbers", "write one number, or [height, width]")
        return sizes[0], sizes[1]

    def padding(self) -> Any:
        """Padding as `GraphBuilder.conv` takes it: a word, one number, two or four."""
        if isinstance(self.value, str):
            return self.value
        if not isinstance(self.value, list):
            return self.integer(0)
        sizes = self.integers(0)
        if len(sizes) not in (2, 4):
            raise self.wrong(
                f"{self.label} has {len(sizes)} numbers",
                "write one number, [height, width], [top, bottom, left, right] or same",
            )
        return sizes


def shown(value: object) -> str:
    """Quote a value in a message, shortened."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "empty"
    text = (
        repr(value) if not isinstance(value, int) or abs(value) < 10**18 else f"an integer of {len(str(value))} digits"
    )
    return text if len(text) <= 60 else f"{text[:57]}..."
