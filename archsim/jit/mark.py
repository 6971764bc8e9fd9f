"""The marks a kernel carries: which functions may be compiled, and which are left open for a family to fill."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from archsim.errors import InvariantError

Record = Any
"""A row of a table: a numpy record in compiled code, an object with attributes in plain Python."""

Function = TypeVar("Function", bound=Callable[..., Any])

prange = range
"""The outermost loop of a driver: `range` in plain Python, `numba.prange` in the compiled twin."""

_KERNEL = "__archsim_kernel__"
_SEARCH = "__archsim_search__"
_SLOT = "__archsim_slot__"


def kernel(f: Function) -> Function:
    """Mark `f` as a kernel and return it unchanged.

    Parameters
    ----------
    f : function
        A top-level function of scalars, records and other kernels; see `archsim.jit.violations` for what it may hold.
    """
    setattr(f, _KERNEL, True)
    return f


def is_kernel(f: object) -> bool:
    """Say whether `f` was marked with `kernel`."""
    return getattr(f, _KERNEL, False) is True


def search(f: Function) -> Function:
    """Mark `f` as a kernel that tries many candidates: the recording twin notes its call, and none of those inside.

    The caller runs the winner once more, in the open.
    """
    setattr(f, _SEARCH, True)
    return kernel(f)


def is_search(f: object) -> bool:
    """Say whether `f` was marked with `search`."""
    return getattr(f, _SEARCH, False) is True


def slot(f: Function) -> Function:
    """Mark a phase that generic code calls and each family fills, by name, through ``bind``.

    The body of `f` is never run: a slot that nothing filled raises, so that no default can slip into a number.

    Raises
    ------
    InvariantError
        When the slot itself is called.
    """

    @functools.wraps(f)
    def unfilled(*_: Any, **__: Any) -> Any:
        raise InvariantError(
            f"{f.__module__}.{f.__name__} is a slot that no family has filled",
            hint=f"call through jit.bound, jit.compiled or jit.traced with bind={{{f.__name__!r}: ...}}",
        )

    setattr(unfilled, _SLOT, True)
    return unfilled  # type: ignore[return-value]


def is_slot(f: object) -> bool:
    """Say whether `f` was marked with `slot`."""
    return getattr(f, _SLOT, False) is True
