"""The exact form of a workload: every tensor and every op of a graph, word for word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import Any, Final

from archsim.errors import did_you_mean
from archsim.frontends.fields import Node
from archsim.graph import Op, Phase, Role, Tensor
from archsim.graph.work import Work

TENSOR_KEYS: Final = ("shape", "dtype", "role", "density", "structure", "sources")
OP_KEYS: Final = ("name", "kind", "sizes", "inputs", "outputs", "phase", "steps", "reads", "epilogue")

_READERS: Final[dict[str, Callable[[Node], Any]]] = {
    "int": lambda node: node.integer(None),
    "float": Node.number,
    "bool": Node.flag,
    "str": Node.text,
    "tuple[int, int]": lambda node: node.integers(None),
    "tuple[int, int, int, int]": lambda node: node.integers(None),
}


@cache
def kinds() -> dict[str, type[Work]]:
    """Every class of work by the name files use: its kind, or its own name where it shares another's kind."""
    named: dict[str, type[Work]] = {}
    for work in _below(Work):
        own = "kind" in vars(work)
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in work.__name__)
        named[work.kind if own else snake.removeprefix("_")] = work
    return named


def kind_of(work: Work) -> str:
    """Name of the class of `work` in files."""
    return next(name for name, known in kinds().items() if known is type(work))


def sizes_of(work: type[Work]) -> dict[str, Field[Any]]:
    """Fields of a class of work by name."""
    return {field.name: field for field in fields(work)}  # type: ignore[arg-type]


def read_tensor(name: str, node: Node) -> Tensor:
    """Read one entry of ``tensors:``."""
    entries = node.mapping(TENSOR_KEYS)
    if "shape" not in entries:
        raise node.wrong(f"tensor {name!r} lacks its shape", "write shape: [8, 64]")
    made: dict[str, Any] = {"shape": entries.pop("shape").integers()}
    for key, entry in entries.items():
        if key == "density":
            made[key] = entry.number()
        elif key == "sources":
            made[key] = entry.integer(1)
        elif key == "role":
            made[key] = Role(_one_of(entry, [str(role) for role in Role]))
        else:
            made[key] = entry.text()
    return Tensor(name, **made)


def read_op(node: Node) -> Op:
    """Read one entry of ``ops:``."""
    entries = node.mapping(OP_KEYS)
    for key in ("name", "kind", "outputs"):
        if key not in entries:
            raise node.wrong(f"an op lacks its {key!r}", f"an op has {', '.join(OP_KEYS)}")
    kind = _one_of(entries["kind"], list(kinds()))
    inputs = entries["inputs"].texts() if "inputs" in entries else ()
    epilogue = tuple(read_op(inner) for inner in entries["epilogue"].items()) if "epilogue" in entries else ()
    return Op(
        entries["name"].text(),
        _read_work(kinds()[kind], entries.get("sizes", Node(node.document, node.path, {}))),
        inputs,
        entries["outputs"].texts(),
        Phase(_one_of(entries["phase"], [str(phase) for phase in Phase])) if "phase" in entries else Phase.FORWARD,
        entries["steps"].integer(1) if "steps" in entries else 1,
        entries["reads"].integers(0) if "reads" in entries else (),
        epilogue,
    )


def _read_work(work: type[Work], node: Node) -> Work:
    known = sizes_of(work)
    entries = node.mapping(known)
    for name, field in known.items():
        if name not in entries and field.default is MISSING:
            raise node.wrong(f"the sizes of this {work.kind} lack {name!r}", f"it has {', '.join(known)}")
    made = {name: _READERS[str(known[name].type)](entry) for name, entry in entries.items()}
    for name, value in made.items():
        length = str(known[name].type).count("int") if isinstance(value, tuple) else None
        if length is not None and len(value) != length:
            raise entries[name].wrong(f"{name} has {len(value)} numbers", f"write {length}")
    return work(**made)


def _one_of(node: Node, known: list[str]) -> str:
    word = node.text()
    if word not in known:
        raise node.wrong(f"{node.label} is {word!r}", did_you_mean(word, known) or f"write one of {', '.join(known)}")
    return word


def _below(work: type[Work]) -> Iterator[type[Work]]:
    for child in work.__subclasses__():
        yield child
        yield from _below(child)
