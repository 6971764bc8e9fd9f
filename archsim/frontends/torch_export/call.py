"""One operator call of an exported program: its arguments by name, its output's shape, and how it becomes an op."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from archsim.errors import ImportFormatError
from archsim.frontends.torch_export.value import Source, Value, format_of, shape_of
from archsim.graph import GraphBuilder, Role
from archsim.graph.work import Work


class Call:
    """A call of an ATen operator.

    Parameters
    ----------
    node : torch.fx.Node
        The call.
    name : str
        What to call the op.
    arguments : dict of str to object
        Arguments by the names of the operator's schema; tensors are `Value`.
    b : GraphBuilder
        Receives the op.
    floats : str
        Number format that stands in for every plain float; empty: none.
    """

    def __init__(self, node: Any, name: str, arguments: dict[str, Any], b: GraphBuilder, floats: str) -> None:
        self.node = node
        self.name = name
        self.arguments = arguments
        self._b = b
        self._floats = floats

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    def get(self, *names: str) -> Any:
        """First of the named arguments that the operator has; None if it has none of them."""
        return next((self.arguments[name] for name in names if name in self.arguments), None)

    def tensor(self, *names: str) -> Value:
        """First of the named arguments, which must be a tensor."""
        value = self.get(*names)
        if not isinstance(value, Value):
            raise ImportFormatError(f"{self.label} has no tensor {names[0]!r}")
        return value

    @property
    def operator(self) -> str:
        """Name of the operator, without what tells its variants apart."""
        return packet(self.node.target)

    def input_example(self, index: int) -> Any:
        """Example tensor of an argument, by position."""
        return self.node.args[index].meta["val"]

    @property
    def label(self) -> str:
        """The operator and where it stands, for messages."""
        return f"{self.node.target} ({self.name})"

    @property
    def tensors(self) -> list[Value]:
        """All tensor arguments, those in lists included."""
        return list(_tensors(self.arguments.values()))

    @property
    def examples(self) -> list[Any]:
        """Example tensors of the outputs."""
        found = self.node.meta.get("val")
        outputs = found if isinstance(found, list | tuple) else [found]
        return [example for example in outputs if hasattr(example, "shape")]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the first output."""
        if not self.examples:
            raise ImportFormatError(f"the shape of what {self.label} returns is not known")
        return shape_of(self.examples[0], self.name)

    @property
    def elements(self) -> int:
        """Elements of the first output."""
        return math.prod(self.shape)

    def view(self, value: Value, shape: Sequence[int] | None = None) -> Value:
        """See a tensor under the output's shape; free."""
        return Value(value.source, self.shape if shape is None else tuple(shape))

    def constant(self) -> Value:
        """Stand for an output that is known before the network runs."""
        source = Source(self.name, self.shape, self.output_format, Role.STATE, constant=True)
        return Value(source, self.shape)

    def emit(self, work: Work, inputs: Sequence[Value] | None = None, *, reads: Sequence[int] | None = None) -> Value:
        """Add an op that writes the first output; it reads all tensor arguments unless `inputs` says which."""
        given = [value for value in (self.tensors if inputs is None else inputs) if value.elements]
        handles = [value.handle(self._b) for value in given]
        made = self._b.op(self.name, work, handles, self.shape, dtype=self.output_format, reads=reads or ())
        return Value(Source(made.name, made.shape, made.dtype, Role.ACTIVATION, tensor=made), made.shape)

    @property
    def output_format(self) -> str:
        """Number format of the first output."""
        return format_of(self.examples[0], self.name, self._floats)


Rule = Callable[[Call], Any]


def packet(target: Any) -> str:
    """Name of an operator: ``add`` for ``aten::add_.Tensor``; an operator in place counts as one that is not."""
    schema = getattr(target, "_schema", None)
    name = str(schema.name).rsplit("::", 1)[-1] if schema is not None else str(target)
    return name[:-1] if name.endswith("_") and not name.endswith("__") else name


def _tensors(values: Any) -> Iterator[Value]:
    for value in values:
        if isinstance(value, Value):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)
