"""Chakra's messages: `GlobalMetadata`, then `Node` after `Node` (schema/protobuf/et_def.proto of mlcommons/chakra)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from archsim.frontends.chakra.wire import Message

METADATA, MEM_LOAD, MEM_STORE, COMP, SEND, RECEIVE, COLLECTIVE, STORAGE, BATCH, CHECKPOINT = range(1, 11)
KINDS: Final = {
    METADATA: "metadata", MEM_LOAD: "load", MEM_STORE: "store", COMP: "compute", SEND: "send", RECEIVE: "receive",
    COLLECTIVE: "collective", STORAGE: "storage", BATCH: "batch", CHECKPOINT: "checkpoint",
}  # fmt: skip
COLLECTIVES: Final = (
    "all_reduce", "reduce", "all_gather", "gather", "scatter", "broadcast", "all_to_all", "reduce_scatter",
    "reduce_scatter", "barrier",
)  # fmt: skip
MOST_NODES: Final = 1_000_000

_NODE_NUMBERS: Final = {1: "key", 3: "kind"}
_FIXED: Final = {3: "<d", 5: "<f", 19: "<I", 21: "<Q", 23: "<i", 25: "<q"}
_SIGNED: Final = frozenset({7, 9})
_ZIGZAG: Final = frozenset({15, 17})
_PLAIN: Final = frozenset({11, 13, 27})

Value = int | float | str


@dataclass
class Node:
    """One node of a trace.

    Attributes
    ----------
    key, kind : int
        Its number, and the code of its type.
    name : str
        What the tracer called it.
    needs : list of int
        Nodes that come before it, by number.
    attributes : dict of str to int, float or str
        What else it says.
    place : int
        Byte of the file at which it starts.
    """

    key: int = 0
    kind: int = 0
    name: str = ""
    needs: list[int] = field(default_factory=list)
    attributes: dict[str, Value] = field(default_factory=dict)
    place: int = 0


def read_trace(data: bytes) -> tuple[str, list[Node]]:
    """Return the schema version and all nodes of a trace.

    Raises
    ------
    ImportFormatError
        It is cut off or malformed, with the byte.
    """
    file = Message(data, 0, len(data))
    head, at = file.part(0)
    version = ""
    for number, value, place in head.fields():
        if number == 1:
            version = _message(head, value, place).text()
        elif number == 2:
            _attribute(_message(head, value, place))
    nodes: list[Node] = []
    while at < len(data):
        place = at
        body, at = file.part(at)
        nodes.append(_node(body, place))
        if len(nodes) > MOST_NODES:
            raise file.wrong(f"more than {MOST_NODES} nodes", place)
    return version, nodes


def _node(body: Message, start: int) -> Node:
    node = Node(place=start)
    for number, value, place in body.fields():
        if number in _NODE_NUMBERS:
            setattr(node, _NODE_NUMBERS[number], _integer(body, value, place))
        elif number == 2:
            node.name = _message(body, value, place).text()
        elif number in (4, 5):
            node.needs += [value] if isinstance(value, int) else value.varints()
        elif number == 10:
            name, content = _attribute(_message(body, value, place))
            if content is not None:
                node.attributes[name] = content
    if node.kind not in KINDS:
        raise body.wrong(f"node {node.name!r} is of the unknown type {node.kind}", start)
    return node


def _attribute(body: Message) -> tuple[str, Value | None]:
    """Name and value; lists and raw bytes, which nothing here needs, have none."""
    name = ""
    found: Value | None = None
    for number, value, place in body.fields():
        if number == 1:
            name = _message(body, value, place).text()
        elif number == 29:
            found = _message(body, value, place).text()
        elif number in _FIXED:
            found = _message(body, value, place).number(_FIXED[number])
        elif number in _SIGNED | _ZIGZAG | _PLAIN:
            found = _signed(number, _integer(body, value, place))
    return name, found


def _signed(number: int, raw: int) -> int:
    if number in _ZIGZAG:
        return (raw >> 1) ^ -(raw & 1)
    return raw - (1 << 64) if number in _SIGNED and raw >= 1 << 63 else raw


def _message(body: Message, value: int | Message, place: int) -> Message:
    if isinstance(value, int):
        raise body.wrong("a number stands where text or a message belongs", place)
    return value


def _integer(body: Message, value: int | Message, place: int) -> int:
    if not isinstance(value, int):
        raise body.wrong("something else stands where a number belongs", place)
    return value
