"""Walk an exported program once, in order: views are free, what has a rule becomes an op."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from archsim.errors import ArchsimError, ImportFormatError
from archsim.frontends.torch_export import contractions, moving, pointwise
from archsim.frontends.torch_export.call import Call, Rule, packet
from archsim.frontends.torch_export.value import Source, Value, format_of, shape_of
from archsim.graph import GraphBuilder, Role
from archsim.graph.work import Opaque

RULES: Final[dict[str, Rule]] = contractions.RULES | pointwise.RULES | moving.RULES

_INLINED: Final = ("wrap_with_set_grad_enabled", "wrap_with_autocast")
_PAINTED: Final = ("reshape", "flatten", "contiguous", "to")
"""Operators that may be views; their rules decide."""


class Walk:
    """State of one import.

    Parameters
    ----------
    b : GraphBuilder
        Receives ops and tensors.
    floats : str
        Number format that stands in for every plain float; empty: none.
    unknown : str
        ``error``, or ``opaque`` to carry unknown operators as bytes that move.
    """

    def __init__(self, b: GraphBuilder, floats: str, unknown: str) -> None:
        self._b = b
        self._floats = floats
        self._unknown = unknown

    def source(self, node: Any, name: str, role: Role, *, constant: bool = False) -> Value:
        """Value of an input of the program."""
        example = node.meta.get("val")
        if not hasattr(example, "shape"):
            return example  # type: ignore[no-any-return]  # a number or text
        shape = shape_of(example, name)
        made = Source(name, shape, format_of(example, name, self._floats), role, constant=constant)
        return Value(made, shape)

    def run(self, graph: Any, module: Any, given: Sequence[Any], scope: str = "") -> Any:
        """Walk one graph with the values of its placeholders and return what it returns."""
        values: dict[Any, Any] = {}
        waiting = iter(given)
        for node in graph.nodes:
            if node.op == "placeholder":
                values[node] = next(waiting)
            elif node.op == "get_attr":
                values[node] = self._attribute(node, module)
            elif node.op == "call_function":
                values[node] = self._call(node, values, module, scope)
            elif node.op == "output":
                return _resolved(node.args[0], values)
        return None

    def _attribute(self, node: Any, module: Any) -> Any:
        found = module
        for part in str(node.target).split("."):
            found = getattr(found, part)
        if not hasattr(found, "dtype"):
            return found
        shape = tuple(int(size) for size in found.shape)
        made = Source(str(node.target), shape, format_of(found, str(node.target), self._floats), Role.STATE, True)
        return Value(made, shape)

    def _call(self, node: Any, values: dict[Any, Any], module: Any, scope: str) -> Any:
        arguments = [_resolved(argument, values) for argument in node.args]
        if node.target is operator.getitem:
            return arguments[0][arguments[1]]
        name = packet(node.target)
        if name in _INLINED:
            inner = next(index for index, argument in enumerate(arguments) if hasattr(argument, "graph"))
            nested = arguments[inner]
            return self.run(nested.graph, nested, arguments[inner + 1 :], _scope(node, scope))
        schema = getattr(node.target, "_schema", None)
        if schema is None:
            return self._scalar(node, name, arguments)
        bound = {argument.name: argument.default_value for argument in schema.arguments}
        bound |= dict(zip((argument.name for argument in schema.arguments), arguments, strict=False))
        bound |= {key: _resolved(value, values) for key, value in node.kwargs.items()}
        call = Call(node, _scope(node, scope) + name, bound, self._b, self._floats)
        result = self._result(call, schema)
        if str(schema.name).endswith("_") and node.args:  # in place: later readers see the new value
            values[node.args[0]] = result
        return result

    def _scalar(self, node: Any, name: str, arguments: list[Any]) -> Any:
        example = node.meta.get("val")
        if isinstance(example, bool | int | float) or (example is None and name.startswith(("_assert", "sym_"))):
            return example
        if callable(node.target) and not any(isinstance(argument, Value) for argument in arguments):
            return node.target(*arguments)
        raise ImportFormatError(f"{node.target} in {_scope(node, '') or 'the program'} is not known",
                                hint="rewrite the module without control flow over tensors")  # fmt: skip

    def _result(self, call: Call, schema: Any) -> Any:
        made = call.node.meta.get("val")
        if not call.examples:
            return made
        result = self._applied(call, schema)
        return [result] if isinstance(made, list | tuple) and isinstance(result, Value) else result

    def _applied(self, call: Call, schema: Any) -> Any:
        name, examples = call.operator, call.examples
        if all(value.source.constant for value in call.tensors):
            return call.constant() if len(examples) == 1 else (call.constant(),) * len(examples)
        views = bool(schema.returns) and _is_view(schema.returns[0])
        if (
            views
            and name not in _PAINTED
            and len(examples) == 1
            and not isinstance(call.node.meta["val"], list | tuple)
        ):
            return call.view(call.tensors[0])
        rule = RULES.get(name)
        if rule is None:
            return self._stand_in(call)
        try:
            return rule(call)
        except ArchsimError:
            raise
        except Exception as error:
            # A rule met arguments its operator's schema does not suggest; say which call it was.
            text = " ".join(str(error).split())[:200] or type(error).__name__
            raise ImportFormatError(f"{call.label} cannot be read: {text}") from error

    def _stand_in(self, call: Call) -> Any:
        if self._unknown != "opaque":
            raise ImportFormatError(f"{call.label}: archsim does not know this operator",
                                    hint="pass unknown='opaque' to charge only the bytes it moves")  # fmt: skip
        self._b.note(f"opaque: {call.name} ({call.node.target}); only its bytes are charged")
        made = call.emit(Opaque(call.operator, call.elements))
        return made if len(call.examples) == 1 else [call.view(made, shape_of(e, call.name)) for e in call.examples]


def unmapped(nodes: Iterable[Any]) -> Counter[Any]:
    """Operators without a rule, and how often they occur."""
    found: Counter[Any] = Counter()
    for node in nodes:
        schema = getattr(node.target, "_schema", None) if node.op == "call_function" else None
        if schema is None or packet(node.target) in RULES or not schema.returns:
            continue
        made = node.meta.get("val")
        outputs = made if isinstance(made, list | tuple) else [made]
        if not _is_view(schema.returns[0]) and any(hasattr(output, "shape") for output in outputs):
            found[node.target] += 1
    return found


def _is_view(returned: Any) -> bool:
    alias = returned.alias_info
    return alias is not None and not alias.is_write


def _scope(node: Any, outer: str) -> str:
    """Path of the module that made a call, as a prefix of names."""
    stack = node.meta.get("nn_module_stack") or {}
    path = str(list(stack.values())[-1][0]) if stack else ""
    return path.replace(".", "/") + "/" if path else outer


def _resolved(argument: Any, values: dict[Any, Any]) -> Any:
    if isinstance(argument, list | tuple):
        return [_resolved(inner, values) for inner in argument]
    try:
        return values.get(argument, argument)
    except TypeError:  # a dict or a slice is no node
        return argument
