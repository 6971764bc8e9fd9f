"""The recording twin of a kernel: one plain run that remembers every law it called."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from archsim.jit.mark import Record, is_search
from archsim.jit.rebind import copied
from archsim.jit.walk import Bind, plain, walk


class Leaf(float):
    """A number that remembers which leaves of a description it was made from, such as ``memory.hbm.bandwidth``.

    Arithmetic with operators keeps the memory: the product of a clock and a width comes from both. Functions of
    `math` return plain floats and forget.
    """

    __slots__ = ("paths",)
    paths: tuple[str, ...]

    def __new__(cls, value: float, *paths: str) -> Leaf:
        """Make a number that comes from `paths`, worth `value` in SI units."""
        leaf = super().__new__(cls, value)
        leaf.paths = paths
        return leaf

    def __getnewargs__(self) -> tuple[Any, ...]:
        return float(self), *self.paths


def _remembering(name: str) -> Callable[[Leaf, Any], Any]:
    plain_operator = getattr(float, name)

    def operator(self: Leaf, *others: Any) -> Any:
        value = plain_operator(self, *others)
        if not isinstance(value, float):
            return value
        paths = dict.fromkeys(self.paths)
        for other in others:
            paths |= dict.fromkeys(getattr(other, "paths", ()))
        return Leaf(value, *paths)

    operator.__name__ = name
    return operator


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "rpow"):
    setattr(Leaf, f"__{_name}__", _remembering(f"__{_name}__"))


@dataclass
class Call:
    """One call of a kernel.

    Attributes
    ----------
    name, module, doc : str
        The kernel, where it is written, and its docstring with equation and source.
    arguments : dict of str to object
        By parameter: numbers as they were passed (a `Leaf` stays one), arrays of numbers as tuples, and for each
        record its name in the outermost kernel, such as ``"chip"``.
    result : object
        What it returned; None for a kernel that writes into a record.
    children : list of Call
        The kernels it called in turn.
    """

    name: str
    module: str
    doc: str
    arguments: dict[str, Any]
    result: Any = None
    children: list[Call] = field(default_factory=list)

    def walk(self) -> Iterator[Call]:
        """Yield this call and all below it, in the order they began."""
        yield self
        for child in self.children:
            yield from child.walk()


class Recorder:
    """Holds the calls of traced runs: `calls` are those that the outermost kernel made."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._open: list[Call] = []
        self._names: dict[int, str] = {}

    def walk(self) -> Iterator[Call]:
        """Yield every call recorded, in the order they began."""
        for call in self.calls:
            yield from call.walk()

    @contextmanager
    def naming(self, arguments: dict[str, Record]) -> Iterator[None]:
        """Call the records among `arguments` by these names, for as long as they are known to be alive."""
        before = self._names
        self._names = {id(value): name for name, value in arguments.items()}
        try:
            yield
        finally:
            self._names = before

    @contextmanager
    def recording(self, f: FunctionType, arguments: dict[str, Any]) -> Iterator[Call]:
        """Record one call of `f`, and what it calls below it."""
        noted = {name: self._noted(name, value) for name, value in arguments.items()}
        call = Call(f.__name__, f.__module__, f.__doc__ or "", noted)
        (self._open[-1].children if self._open else self.calls).append(call)
        self._open.append(call)
        try:
            yield call
        finally:
            self._open.pop()

    def _noted(self, parameter: str, value: Any) -> Any:
        if isinstance(value, bool | int | float):
            return value
        if hasattr(value, "tolist") and getattr(value.dtype, "names", None) is None:
            value = value.tolist()  # numpy scalars and arrays, without importing numpy
        if isinstance(value, bool | int | float):
            return value
        if isinstance(value, list | tuple) and all(isinstance(each, bool | int | float) for each in value):
            return tuple(value)
        return self._names.get(id(value), parameter)


def traced(f: Callable[..., Any], recorder: Recorder, bind: Bind | None = None) -> Callable[..., Any]:
    """Copy `f` as plain Python in which every kernel it reaches is recorded when called.

    Parameters
    ----------
    f : kernel
        The outermost kernel; its own call is not recorded.
    recorder : Recorder
        Receives the calls.
    bind : mapping of str to kernel, optional
        Names replaced for one family.
    """
    root = plain(f)
    twins: dict[FunctionType, Callable[..., Any]] = {}
    for each, own in walk(f, bind).items():
        copy = each if is_search(each) else copied(each, own, twins)
        twins[each] = copy if each is root else _recorded(copy, recorder)
    return _named(twins[root], recorder)


def _recorded(f: FunctionType, recorder: Recorder) -> Callable[..., Any]:
    @functools.wraps(f)
    def call(*arguments: Any, **keywords: Any) -> Any:
        with recorder.recording(f, _by_parameter(f, arguments, keywords)) as record:
            record.result = f(*arguments, **keywords)
        return record.result

    return call


def _named(f: Callable[..., Any], recorder: Recorder) -> Callable[..., Any]:
    @functools.wraps(f)
    def run(*arguments: Any, **keywords: Any) -> Any:
        with recorder.naming(_by_parameter(f, arguments, keywords)):
            return f(*arguments, **keywords)

    return run


def _by_parameter(f: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
    names = f.__code__.co_varnames[: f.__code__.co_argcount + f.__code__.co_kwonlyargcount]
    given = dict(zip(names, arguments, strict=False)) | keywords
    defaults = dict(zip(reversed(names[: f.__code__.co_argcount]), reversed(f.__defaults__ or ()), strict=False))
    defaults |= f.__kwdefaults__ or {}
    return {name: given.get(name, defaults.get(name)) for name in names}
