"""What a kernel reads from the module it was written in, and whether it may.

A compiled twin sees a copy of these values, and the digest of a kernel covers all of them. So a read that cannot be
copied and digested is refused here, once, for every use of a kernel.
"""

from __future__ import annotations

import builtins
import dis
import enum
import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

from archsim.errors import InvariantError
from archsim.jit.mark import is_kernel, is_slot

BUILTINS = frozenset(
    ("abs", "bool", "divmod", "enumerate", "float", "int", "len", "max", "min", "pow", "range", "round", "sum", "zip")
)
"""Builtins that mean the same in plain Python and in compiled code."""


class Kind(enum.Enum):
    """What a global name stands for."""

    KERNEL = enum.auto()
    CONSTANT = enum.auto()
    PRANGE = enum.auto()
    FIXED = enum.auto()  # math and builtins: nothing an edit could change
    OPEN = enum.auto()  # a slot that is not bound


@dataclass(frozen=True)
class Read:
    """One global that a kernel reads: ``("roofline", "bound_time")`` for ``roofline.bound_time``."""

    path: tuple[str, ...]
    kind: Kind
    value: Any
    rebound: bool = False


class Refused(Exception):
    """A kernel reads something it may not; the text says what and what to write instead."""

    def __init__(self, path: tuple[str, ...], problem: str, hint: str) -> None:
        self.name, self.problem, self.hint = ".".join(path), problem, hint
        super().__init__(f"global {self.name!r} {problem}; {hint}")


def reads(f: FunctionType, bind: Mapping[str, Callable[..., Any]], home: Mapping[str, Any]) -> tuple[Read, ...]:
    """List what `f` reads from its module, in order of first use.

    Parameters
    ----------
    f : function
        A kernel.
    bind : mapping of str to kernel
        Names replaced for one family.
    home : mapping of str to object
        Globals of the function the walk began at: its own names may always be replaced.

    Raises
    ------
    InvariantError
        Naming the kernel and the global, when the global may not be read.
    """
    found: dict[tuple[str, ...], Read] = {}
    for path in paths(f.__code__):
        try:
            read = resolve(f, path, bind, home)
        except Refused as refusal:
            message = (
                f"kernel {f.__module__}.{f.__qualname__} reads the global {refusal.name!r}, which {refusal.problem}"
            )
            raise InvariantError(message, hint=refusal.hint) from None
        found.setdefault(read.path, read)
    return tuple(found.values())


@functools.cache
def paths(code: CodeType) -> tuple[tuple[str, ...], ...]:
    """List the dotted names that `code`, nested code included, loads from its module."""
    found: list[tuple[str, ...]] = []
    current: list[str] = []
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            found.append(tuple(current))
            current = [str(step.argval)]
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and current:
            current.append(str(step.argval))
        elif step.opname not in ("EXTENDED_ARG", "CACHE", "PUSH_NULL"):
            found.append(tuple(current))
            current = []
    found.append(tuple(current))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found.extend(paths(constant))
    return tuple(dict.fromkeys(path for path in found if path))


def resolve(
    f: FunctionType, path: tuple[str, ...], bind: Mapping[str, Callable[..., Any]], home: Mapping[str, Any]
) -> Read:
    """Find what `path` stands for in `f`; attributes of anything but a module are left off the path.

    Raises
    ------
    Refused
        When a kernel may not read it.
    """
    name = path[0]
    if name not in f.__globals__ and name not in bind:
        if name in BUILTINS:
            return Read((name,), Kind.FIXED, getattr(builtins, name))
        if hasattr(builtins, name):
            raise Refused((name,), "is a builtin that kernels do not use", f"kernels have {' '.join(sorted(BUILTINS))}")
        raise Refused((name,), "is not defined", "import it, or give it in bind")
    own = f.__globals__.get(name)
    if name in bind and bind[name] is not own:
        if name in f.__globals__ and not is_slot(own) and f.__globals__ is not home:
            raise Refused((name,), "bind would replace though it is no slot", "rename one of the two, or mark it @slot")
        return Read((name,), Kind.KERNEL, _filler((name,), bind[name]), rebound=True)
    value, used = own, 1
    while isinstance(value, ModuleType) and value is not math:
        if used == len(path):
            raise Refused(path[:used], "is a module used as a value", "call one of its kernels by name")
        if not hasattr(value, path[used]):
            raise Refused(path[: used + 1], f"is not in module {value.__name__!r}", "check the spelling")
        value, used = getattr(value, path[used]), used + 1
    if is_slot(value) and (filler := bind.get(getattr(value, "__name__", ""))) is not None:
        return Read(path[:used], Kind.KERNEL, _filler(path[:used], filler), rebound=True)
    return Read(path[:used], classify(path[:used], value), value)


def _filler(path: tuple[str, ...], value: Callable[..., Any]) -> Callable[..., Any]:
    if not is_kernel(value):
        raise Refused(path, f"is bound to {value!r}, which is no kernel", "mark it @kernel")
    return value


def classify(path: tuple[str, ...], value: object) -> Kind:
    """Say what kind of global `value` is under the name `path`."""
    if is_kernel(value):
        return Kind.KERNEL
    if is_slot(value):
        return Kind.OPEN
    if path[-1] in BUILTINS and value is getattr(builtins, path[-1]):
        return Kind.FIXED
    if value is math or (callable(value) and getattr(math, getattr(value, "__name__", ""), None) is value):
        return Kind.FIXED
    if value is range and path == ("prange",):
        return Kind.PRANGE
    if is_number(value):
        if path[-1].isupper():
            return Kind.CONSTANT
        raise Refused(path, "is a number in lower case", "constants are ALL_CAPS; for pi, inf and nan write math.pi")
    if isinstance(value, FunctionType):
        raise Refused(path, "is a plain function", "mark it @kernel")
    if value is range:
        raise Refused(path, "is prange under another name", "write: from archsim.jit import prange")
    raise Refused(
        path, f"is a {type(value).__name__}", "kernels read kernels, ALL_CAPS numbers, math and builtins; pass it in"
    )


def is_number(value: object) -> bool:
    """Say whether `value` is a plain number or a tuple of plain numbers (numpy's and enum's own are neither)."""
    if type(value) is tuple:
        return all(is_number(item) for item in value)
    return type(value) in (int, float, bool)
