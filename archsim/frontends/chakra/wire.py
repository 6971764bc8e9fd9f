"""The protobuf wire format, as far as Chakra needs it (protobuf.dev/programming-guides/encoding).

Every error names the byte it was found at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from archsim.errors import ImportFormatError

_LONGEST_VARINT: Final = 10
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Message:
    """A stretch of bytes that holds fields.

    Parameters
    ----------
    data : bytes
        The whole file.
    start, end : int
        Where the stretch lies, byte.
    """

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.data = data
        self.start = start
        self.end = end

    def wrong(self, message: str, at: int) -> ImportFormatError:
        """Return the error found at byte `at`."""
        return ImportFormatError(f"this is not a Chakra trace: {message} at byte {at}",
                                 hint="export it again, or check that the copy is whole")  # fmt: skip

    def varint(self, at: int) -> tuple[int, int]:
        """Read a variable-length integer and return it with the place behind it."""
        value = 0
        for index in range(_LONGEST_VARINT):
            place = at + index
            if place >= self.end:
                raise self.wrong("a number is cut off", at)
            byte = self.data[place]
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return value & (1 << 64) - 1, place + 1
        raise self.wrong("a number is longer than 64 bit", at)

    def part(self, at: int) -> tuple[Message, int]:
        """Read a length and return the message of that length with the place behind it."""
        length, start = self.varint(at)
        if start + length > self.end:
            raise self.wrong(f"{length} bytes are announced and {self.end - start} are left", at)
        return Message(self.data, start, start + length), start + length

    def fields(self) -> Iterator[tuple[int, int | Message, int]]:
        """Yield number, value and place of each field; fixed-width values come as their bytes."""
        at = self.start
        while at < self.end:
            place = at
            key, at = self.varint(at)
            number, kind = key >> 3, key & 7
            value: int | Message
            if not number:
                raise self.wrong("a field has no number", place)
            if kind == _VARINT:
                value, at = self.varint(at)
            elif kind == _BYTES:
                value, at = self.part(at)
            elif kind in (_FIXED64, _FIXED32):
                width = 8 if kind == _FIXED64 else 4
                if at + width > self.end:
                    raise self.wrong("a number is cut off", at)
                value, at = Message(self.data, at, at + width), at + width
            else:
                raise self.wrong(f"a field is of the unknown kind {kind}", place)
            yield number, value, place

    def content(self) -> bytes:
        """The bytes themselves."""
        return self.data[self.start : self.end]

    def text(self) -> str:
        """The bytes as text."""
        try:
            return self.content().decode()
        except UnicodeDecodeError:
            raise self.wrong("a name is not text", self.start) from None

    def number(self, code: str) -> float:
        """The bytes as a number of fixed width; `code` as in `struct`."""
        if self.end - self.start != struct.calcsize(code):
            raise self.wrong("a number has the wrong width", self.start)
        value: float = struct.unpack(code, self.content())[0]
        return value

    def varints(self) -> Iterator[int]:
        """All numbers of a packed list."""
        at = self.start
        while at < self.end:
            value, at = self.varint(at)
            yield value
