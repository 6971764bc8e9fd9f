"""The digest of everything a compiled kernel depends on."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.metadata import version
from types import CodeType, FunctionType
from typing import Any

from archsim.jit.names import Kind, Read
from archsim.jit.walk import Bind, Walk, plain, walk

_HARMLESS = {"NUMBA_NUM_THREADS", "NUMBA_CACHE_DIR", "NUMBA_THREADING_LAYER"}


def digest(f: Callable[..., Any], bind: Bind | None = None, extra: Iterable[object] = ()) -> str:
    """Digest all that the numbers of `f` and its machine code follow from.

    Code, constants in the code, argument defaults and ALL_CAPS globals of every kernel reached, and which name stands
    for which kernel; the versions of Python, numba and llvmlite, numba's own settings, and the host processor.

    Parameters
    ----------
    f : kernel
        The outermost kernel.
    bind : mapping of str to kernel, optional
        Names replaced for one family.
    extra : iterable of object
        Whatever else decides, such as the options of the compiler; told apart by `repr`.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    return whole(kernel_digests(walk(f, bind))[plain(f)], extra)


def whole(own: str, extra: Iterable[object] = ()) -> str:
    """Digest one kernel's digest together with the environment and `extra`."""
    return _hashed(repr((own, _environment(), sorted(_numba_settings()), [repr(each) for each in extra])))


def kernel_digests(found: Walk) -> dict[FunctionType, str]:
    """Digest each kernel of a walk, its callees included, the environment left out."""
    digests: dict[FunctionType, str] = {}
    for f, own in found.items():
        globals_read = [(read.path, read.kind.name, _read_token(read, digests)) for read in own]
        parts = (f.__module__, f.__qualname__, _code_token(f.__code__), _token(f.__defaults__), _keyword_defaults(f))
        digests[f] = _hashed(repr((parts, globals_read)))
    return digests


def _read_token(read: Read, digests: dict[FunctionType, str]) -> str:
    if read.kind is Kind.KERNEL:
        return digests[read.value]
    return _token(read.value) if read.kind is Kind.CONSTANT else ""


def _keyword_defaults(f: FunctionType) -> list[tuple[str, str]]:
    return sorted((name, _token(value)) for name, value in (f.__kwdefaults__ or {}).items())


@functools.cache
def _code_token(code: CodeType) -> str:
    shape = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    constants = [_token(each) for each in code.co_consts]
    return _hashed(repr((code.co_name, shape, names, code.co_code, constants)))


def _token(value: object) -> str:
    """Write a constant so that 1, 1.0, True and -0.0 all differ, whatever it is nested in."""
    if isinstance(value, CodeType):
        return _code_token(value)
    if isinstance(value, tuple):
        return f"({','.join(_token(each) for each in value)})"
    if isinstance(value, frozenset):
        return f"{{{','.join(sorted(_token(each) for each in value))}}}"
    return f"{type(value).__name__}:{value!r}"


def _numba_settings() -> list[tuple[str, str]]:
    return [(k, v) for k, v in os.environ.items() if k.startswith("NUMBA_") and k not in _HARMLESS]


@functools.cache
def _environment() -> tuple[str, ...]:
    host: str = import_module("llvmlite.binding").get_host_cpu_name()
    return (sys.version, version("numba"), version("llvmlite"), host)


def _hashed(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
