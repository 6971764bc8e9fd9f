"""The short form of a workload: layers one after the other, as `GraphBuilder` takes them.

What a layer is called and what it takes is read from the builder's own methods, so that the format has every layer
the builder has.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from archsim.errors import ArchsimError, did_you_mean
from archsim.frontends.fields import Node
from archsim.graph import GraphBuilder, Tensor

LAYERS: Final = (
    "attention", "chase", "collective", "concat", "conv", "elementwise", "fft", "gather", "linear", "matmul", "move",
    "neuron", "normalise", "part", "pool", "reduce", "reshape", "scan", "scatter",
)  # fmt: skip

_DEFAULTED: Final = ("x", "inputs")
"""Parameters that mean the last layer's output when they are left out."""

_SIGNED: Final = ("axis", "axes")
"""Parameters that may be negative: they count from the end."""

_READERS: Final[dict[str, Callable[[Node], Any]]] = {
    "int": lambda node: node.integer(None if node.label in _SIGNED else 0),
    "int | None": Node.integer,
    "float": Node.number,
    "bool": Node.flag,
    "str": Node.text,
    "str | None": Node.text,
    "Pair": Node.pair,
    "Pair | None": Node.pair,
    "Padding": Node.padding,
    "Sequence[int]": lambda node: node.integers(None if node.label in _SIGNED else 1),
    "Sequence[int] | None": Node.integers,
}
"""How a parameter is read, by its annotation."""


@cache
def _parameters(kind: str) -> Mapping[str, inspect.Parameter]:
    """Parameters of the builder's method, by name."""
    return dict(list(inspect.signature(getattr(GraphBuilder, kind)).parameters.items())[1:])


@cache
def _keys(kind: str) -> tuple[str, ...]:
    """Keys a file may use: the parameters, with `as` for the name and `x` for a single input."""
    own = [key for key in _parameters(kind) if key != "name"]
    return (*own, *(("x",) if "inputs" in own else ()), "as")


class Layers:
    """Adds layers to a builder; `known` holds every tensor a layer may name.

    Parameters
    ----------
    builder : GraphBuilder
        Receives the layers.
    known : dict of str to Tensor
        Inputs, weights and state.
    """

    def __init__(self, builder: GraphBuilder, known: dict[str, Tensor]) -> None:
        self.known = known
        self._builder = builder
        self._last: Tensor | None = next(reversed(known.values()), None)

    def add(self, node: Node) -> None:
        """Add the layer that stands at `node`: ``kind: {arguments}``, or the kind alone.

        Raises
        ------
        InvalidDescriptionError
            An unknown layer or argument, or sizes that do not fit together.
        """
        kind, arguments = self._parts(node)
        entries = arguments.mapping(_keys(kind), what="the layer's arguments in braces")
        label = entries.pop("as", None)
        name = "" if label is None else label.text()
        if label is not None and name in self.known:
            raise label.wrong(f"there is already something called {name!r}", "give each layer a name of its own")
        positional, keywords = self._arguments(kind, arguments, entries)
        if name and "name" in _parameters(kind):
            keywords["name"] = name
        self._last = self._call(arguments, kind, positional, keywords)
        self.known[name or self._last.name] = self._last

    def named(self, node: Node) -> Tensor:
        """Return the tensor a file calls by name."""
        name = node.text()
        if name not in self.known:
            raise node.wrong(
                f"nothing is called {name!r}", did_you_mean(name, self.known) or f"known: {', '.join(self.known)}"
            )
        return self.known[name]

    def _parts(self, node: Node) -> tuple[str, Node]:
        if isinstance(node.value, str):
            kind, arguments = node.value, Node(node.document, node.path, {})
        else:
            entries = node.mapping(what="a layer, such as conv: {channels: 64, kernel: 3}")
            if len(entries) != 1:
                raise node.wrong(f"a layer has one name, here are {len(entries)}: {', '.join(entries)}",
                                 "indent its arguments below its name, or put them in braces")  # fmt: skip
            kind, arguments = next(iter(entries.items()))
            if arguments.value is None:
                arguments = Node(arguments.document, arguments.path, {})
        if kind not in LAYERS:
            hint = did_you_mean(kind, LAYERS) or f"known layers: {', '.join(LAYERS)}"
            raise node.wrong(f"there is no layer {kind!r}", hint)
        return kind, arguments

    def _arguments(self, kind: str, node: Node, entries: dict[str, Node]) -> tuple[list[Tensor], dict[str, Any]]:
        positional: list[Tensor] = []
        keywords: dict[str, Any] = {}
        for key, parameter in _parameters(kind).items():
            if key == "name":
                continue
            if key == "inputs":
                tensors = self._several(node, entries)
                if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                    positional = tensors
                else:
                    keywords[key] = tensors
            elif key in entries:
                keywords[key] = self._value(entries[key], str(parameter.annotation))
            elif key in _DEFAULTED:
                keywords[key] = self._previous(node)
            elif parameter.default is inspect.Parameter.empty:
                raise node.wrong(f"{kind} lacks {key!r}", f"it takes {', '.join(_keys(kind))}")
        return positional, keywords

    def _several(self, node: Node, entries: dict[str, Node]) -> list[Tensor]:
        given = [entries[key] for key in _DEFAULTED if key in entries]
        if len(given) > 1:
            raise given[0].wrong("both 'x' and 'inputs' are given", "keep one of them", key=True)
        if not given:
            return [self._previous(node)]
        if isinstance(given[0].value, list):
            return [self.named(entry) for entry in given[0].items()]
        return [self.named(given[0])]

    def _value(self, node: Node, annotation: str) -> Any:
        reader = _READERS.get(annotation)
        return self.named(node) if reader is None else reader(node)

    def _previous(self, node: Node) -> Tensor:
        if self._last is None:
            raise node.wrong("this is the first layer and nothing comes before it", "write inputs: {x: [sizes]}")
        return self._last

    def _call(self, node: Node, kind: str, positional: list[Tensor], keywords: dict[str, Any]) -> Tensor:
        method = getattr(self._builder, kind)
        if positional and "function" in keywords:
            positional = [keywords.pop("function"), *positional]
        try:
            made: Tensor = method(*positional, **keywords)
        except ArchsimError as error:
            raise node.wrong(error.message, error.hint) from error
        except (ArithmeticError, IndexError, TypeError, ValueError) as error:
            raise node.wrong(f"{kind} cannot be built from these sizes: {error}") from error
        return made
