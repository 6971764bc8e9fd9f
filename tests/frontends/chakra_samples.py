"""A writer of Chakra traces for the tests; shares no code with the reader."""

import struct


def varint(number):
    number &= (1 << 64) - 1
    made = b""
    while True:
        number, low = number >> 7, number & 127
        made += bytes([low | (128 if number else 0)])
        if not number:
            return made


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def attribute(name, value, kind="int64"):
    written = {
        "int64": lambda: number(9, value),
        "uint64": lambda: number(13, value),
        "sint64": lambda: number(17, value * 2 if value >= 0 else -value * 2 - 1),
        "double": lambda: varint(3 << 3 | 1) + struct.pack("<d", value),
        "float": lambda: varint(5 << 3 | 5) + struct.pack("<f", value),
        "string": lambda: message(29, value),
        "bool_list": lambda: message(28, message(1, bytes(value))),
    }[kind]()
    return message(10, message(1, name) + written)


def node(key, name, kind, *attributes, data=(), control=(), packed=True):
    made = number(1, key) + message(2, name) + number(3, kind)
    made += b"".join(number(4, before) for before in control)
    if packed and data:
        made += message(5, b"".join(varint(before) for before in data))
    elif data:
        made += b"".join(number(5, before) for before in data)
    return made + number(7, 12) + b"".join(attributes)


def trace(*nodes, version="0.0.4"):
    return b"".join(varint(len(part)) + part for part in (message(1, version), *nodes))


def sample():
    """A load, a product, an all-reduce over it and a message, listed out of order."""
    return trace(
        node(2, "gemm", 4, attribute("num_ops", 1 << 30), attribute("tensor_size", 1 << 20, "uint64"), data=(0,)),
        node(0, "weights", 2, attribute("tensor_size", 4096, "uint64"), attribute("is_cpu_op", 0)),
        node(3, "gradients", 7, attribute("comm_type", 0), attribute("comm_size", 1_000_001),
             attribute("involved_dim", [1, 0], "bool_list"), data=(2,), packed=False),
        node(4, "next-stage", 5, attribute("comm_size", 64), control=(3,)),
        node(9, "note", 1, data=(4,)),
    )  # fmt: skip
