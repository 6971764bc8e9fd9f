"""Copies of kernels that see other globals than the ones they were written with."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any

from archsim.jit import snapshot
from archsim.jit.names import Kind, Read
from archsim.jit.walk import Bind, callees, plain, walk

_made: dict[Any, tuple[snapshot.Snapshot, FunctionType]] = {}
"""Copies by what was asked for, with what they were made from: made anew when any of it has changed."""


def bound(f: Callable[..., Any], bind: Bind | None = None, name: str | None = None) -> Callable[..., Any]:
    """Copy `f` as plain Python with its generic names filled in.

    Kernels between `f` and a bound name are copied with it; all others are shared.

    Parameters
    ----------
    f : kernel
        A generic kernel.
    bind : mapping of str to kernel
        What the generic names stand for.
    name : str, optional
        The name of the copy; that of `f` when absent.

    Returns
    -------
    kernel
        A kernel again: it may be bound further, compiled or traced.
    """
    asked = (f, name, tuple(sorted((bind or {}).items())))
    last = _made.get(asked)
    if last is not None and snapshot.unchanged(last[0]):
        return last[1]
    root = plain(f)
    copies: dict[FunctionType, FunctionType] = {}
    found = walk(f, bind)
    for each, own in found.items():
        touched = any(read.rebound for read in own) or any(callee in copies for callee in callees(own))
        if touched or each is root:
            copies[each] = copied(each, own, copies, name=name if each is root else None)
    _made[asked] = snapshot.taken(found), copies[root]
    return copies[root]


def copied(
    f: FunctionType,
    own: tuple[Read, ...],
    twins: Mapping[FunctionType, Callable[..., Any]],
    *,
    name: str | None = None,
    loop: Any = range,
) -> FunctionType:
    """Copy one function so that each kernel it calls is the twin of that kernel.

    Parameters
    ----------
    f : function
        What to copy.
    own : tuple of Read
        All it reads from its module; the copy sees nothing else.
    twins : mapping of function to callable
        Twins of its callees; a callee without one stays itself.
    name : str, optional
        The name of the copy.
    loop : type
        What `prange` stands for.
    """
    space: dict[str, Any] = {"__builtins__": builtins, "__name__": f.__module__}
    for read in own:
        value = read.value
        if read.kind is Kind.KERNEL:
            value = twins.get(value, value)
        elif read.kind is Kind.PRANGE:
            value = loop
        _place(space, read.path, value)
    code = f.__code__ if name is None else f.__code__.replace(co_name=name, co_qualname=name)
    copy = FunctionType(code, space, name or f.__name__, f.__defaults__)
    copy.__kwdefaults__ = f.__kwdefaults__
    copy.__annotations__ = dict(f.__annotations__)
    copy.__dict__.update(f.__dict__)
    copy.__doc__, copy.__module__ = f.__doc__, f.__module__
    copy.__qualname__ = name or f.__qualname__
    return copy


def _place(space: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Put `value` under its dotted name; each module on the way is a fresh one that holds only what is read."""
    for part in path[:-1]:
        space = vars(space.setdefault(part, ModuleType(part)))
    space[path[-1]] = value
