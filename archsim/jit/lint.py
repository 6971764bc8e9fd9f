"""What may stand in a kernel: the rules that let one source be plain Python, machine code and an explanation."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from archsim.jit.names import Refused, is_number, paths, resolve

_FORBIDDEN: dict[type[ast.AST], str] = {
    ast.JoinedStr: "an f-string",
    ast.List: "a list",
    ast.ListComp: "a list",
    ast.Dict: "a dict",
    ast.DictComp: "a dict",
    ast.Set: "a set",
    ast.SetComp: "a set",
    ast.GeneratorExp: "a generator",
    ast.Yield: "a generator",
    ast.YieldFrom: "a generator",
    ast.Await: "an await",
    ast.Try: "a try",
    ast.Raise: "a raise (set a verdict instead)",
    ast.Assert: "an assert (set a verdict instead)",
    ast.With: "a with",
    ast.Global: "a global statement",
    ast.Nonlocal: "a nonlocal statement",
    ast.Import: "an import",
    ast.ImportFrom: "an import",
    ast.FunctionDef: "a nested function",
    ast.AsyncFunctionDef: "a nested function",
    ast.Lambda: "a lambda",
    ast.ClassDef: "a class",
    ast.Delete: "a del",
}


def violations(f: Callable[..., Any]) -> list[str]:
    """List what `f` holds that a kernel may not, one sentence each; empty for a proper kernel.

    Parameters
    ----------
    f : function
        A kernel whose source can be read. Its callees are not looked into.

    Returns
    -------
    list of str
        ``file:line: name holds a list`` and the like.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(f)))
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        return [f"{f!r} is not a plain function"]
    code = f.__code__
    found = []
    for line, problem in _problems(definition):
        found.append(f"{code.co_filename}:{code.co_firstlineno + line - 1}: {f.__name__} {problem}")
    where = f"{code.co_filename}:{code.co_firstlineno}: {f.__name__}"
    if f.__closure__:
        found.append(f"{where} closes over {', '.join(code.co_freevars)}")
    for path in paths(code):
        try:
            resolve(f, path, {}, f.__globals__)  # type: ignore[arg-type]
        except Refused as refusal:
            found.append(f"{where} reads {refusal}")
    defaults = (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values())
    found.extend(f"{where} has the default {value!r}, which is no number" for value in defaults if not is_number(value))
    return found


def _problems(definition: ast.FunctionDef) -> Iterator[tuple[int, str]]:
    if definition.args.vararg or definition.args.kwarg:
        yield definition.lineno, "takes *args or **kwargs: name every argument"
    body = definition.body[1:] if ast.get_docstring(definition, clean=False) is not None else definition.body
    for statement in body:
        yield from _inside(statement)


def _inside(node: ast.AST) -> Iterator[tuple[int, str]]:
    line = getattr(node, "lineno", 0)
    if type(node) in _FORBIDDEN:
        yield line, f"holds {_FORBIDDEN[type(node)]}"
        return
    if isinstance(node, ast.Constant) and not isinstance(node.value, bool | int | float | None):
        yield line, f"holds {node.value!r}, a {type(node.value).__name__}"
    annotation = node.annotation if isinstance(node, ast.AnnAssign) else None
    for child in ast.iter_child_nodes(node):
        if child is not annotation:
            yield from _inside(child)
