"""The kernels that a kernel calls, directly or through others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, cast

from archsim.errors import InvariantError
from archsim.jit.mark import is_kernel
from archsim.jit.names import Kind, Read, reads

Bind = Mapping[str, Callable[..., Any]]
Walk = dict[FunctionType, tuple[Read, ...]]


def reachable(f: Callable[..., Any], bind: Bind | None = None) -> list[Callable[..., Any]]:
    """List `f` and every kernel it reaches through globals and module attributes, `f` first.

    Parameters
    ----------
    f : kernel
        Where to begin.
    bind : mapping of str to kernel, optional
        Replaces global names: those of the module of `f`, and slots or undefined names anywhere.

    Raises
    ------
    InvariantError
        When a kernel reads something it may not, leaves a slot open, or calls itself.
    """
    return list(reversed(walk(f, bind)))


def walk(f: Callable[..., Any], bind: Bind | None = None) -> Walk:
    """Map every kernel reached to what it reads, callees before their callers."""
    root = plain(f)
    found: Walk = {}
    _visit(root, bind or {}, root.__globals__, found, [])
    return found


def plain(f: Callable[..., Any]) -> FunctionType:
    """Return `f` if it is a kernel that can be copied.

    Raises
    ------
    InvariantError
        When it is not marked, or is a closure.
    """
    if not is_kernel(f) or not isinstance(f, FunctionType):
        raise InvariantError(f"{f!r} is not a kernel", hint="mark the function with @kernel")
    if f.__closure__:
        names = ", ".join(f.__code__.co_freevars)
        message = f"kernel {f.__module__}.{f.__qualname__} closes over {names}"
        raise InvariantError(message, hint="write kernels at the top level of a module and pass values as arguments")
    return f


def callees(found: tuple[Read, ...]) -> list[FunctionType]:
    """List the kernels among what a kernel reads."""
    return [cast(FunctionType, read.value) for read in found if read.kind is Kind.KERNEL]


def _visit(f: FunctionType, bind: Bind, home: Mapping[str, Any], found: Walk, above: list[FunctionType]) -> None:
    if f in above:
        chain = " -> ".join(each.__name__ for each in [*above[above.index(f) :], f])
        raise InvariantError(f"kernel {f.__module__}.{f.__qualname__} calls itself: {chain}", hint="write a loop")
    if f in found:
        return
    own = reads(f, bind, home)
    for read in own:
        if read.kind is Kind.OPEN:
            message = (
                f"kernel {f.__module__}.{f.__qualname__} calls the slot {'.'.join(read.path)!r}, which is not bound"
            )
            raise InvariantError(message, hint=f"give bind={{{read.path[-1]!r}: ...}}")
    for callee in callees(own):
        _visit(plain(callee), bind, home, found, [*above, f])
    found[f] = own
