"""The numba twin of a kernel: every kernel it reaches compiled, the outermost kept on disk by content."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

from archsim.errors import InvariantError
from archsim.jit import cache, snapshot
from archsim.jit.fingerprint import kernel_digests, whole
from archsim.jit.rebind import bound, copied
from archsim.jit.settings import enabled
from archsim.jit.walk import Bind, Walk, plain, walk

OPTIONS = {"error_model": "numpy", "fastmath": False, "boundscheck": False}
"""As in plain Python but for division by zero, which gives inf or nan instead of an exception."""

INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Only compiled code calls an inner kernel: without wrappers a family compiles a fifth sooner."""

_lock = threading.RLock()  # numba's settings are global, and so are the memos below
_inner: dict[str, Any] = {}
_outer: dict[tuple[str, Path], Any] = {}
_asked: dict[Any, tuple[snapshot.Snapshot, Any]] = {}


def compiled(
    f: Callable[..., Any],
    *,
    bind: Bind | None = None,
    name: str | None = None,
    family: str = "",
    parallel: bool = False,
) -> Callable[..., Any]:
    """Build the compiled twin of `f`; machine code is made, or read from disk, on its first call.

    Parameters
    ----------
    f : kernel
        The outermost kernel, usually a driver over points.
    bind : mapping of str to kernel, optional
        The family's kernels for the generic names in `f`.
    name : str, optional
        Name of the twin and of its folder on disk; ``<f>_<family>`` when absent.
    family : str
        Which family `bind` belongs to.
    parallel : bool
        Spread each `prange` of `f` itself over threads.

    Returns
    -------
    callable
        A numba dispatcher; with ``ARCHSIM_JIT=0`` the plain Python copy. The same twin is returned again for the same
        content, and another one after anything it was made from changed, so ask for it anew rather than keep it.

    Raises
    ------
    InvariantError
        When a kernel reads something it may not.
    """
    label = name or (f"{f.__name__}_{family}" if family else f.__name__)
    label = re.sub(r"\W", "_", label, flags=re.ASCII)
    if not label.isidentifier():
        raise InvariantError(f"{name or family!r} does not name a kernel", hint="begin the name with a letter")
    if not enabled():
        return bound(f, bind, label)
    asked = (f, label, family, parallel, tuple(sorted((bind or {}).items())), cache.root())
    last = _asked.get(asked)
    if last is not None and snapshot.unchanged(last[0]):
        return last[1]  # type: ignore[no-any-return]
    found = walk(f, bind)
    digests = kernel_digests(found)
    key = whole(digests[plain(f)], (label, family, parallel, sorted(OPTIONS.items())))
    with _lock:
        place = (key, cache.root())
        if place not in _outer:
            _outer[place] = _outermost(plain(f), found, digests, parallel, label=label, key=key)
        _asked[asked] = snapshot.taken(found), _outer[place]
        return _outer[place]  # type: ignore[no-any-return]


def _outermost(
    f: FunctionType, found: Walk, digests: dict[FunctionType, str], parallel: bool, *, label: str, key: str
) -> Any:
    numba: Any = import_module("numba")
    twins: dict[FunctionType, Any] = {}
    for each, own in found.items():
        if each is f:
            continue
        if digests[each] not in _inner:
            _inner[digests[each]] = numba.njit(**INNER, **OPTIONS)(copied(each, own, twins, loop=numba.prange))
        twins[each] = _inner[digests[each]]
    outermost = copied(f, found[f], twins, name=label, loop=numba.prange)
    dispatcher = numba.njit(parallel=parallel, **OPTIONS)(outermost)
    folder = cache.folder(label, key)
    if folder is not None:
        _keep(dispatcher, folder)
    return dispatcher


def _keep(dispatcher: Any, folder: Path) -> None:
    """Have numba keep the machine code of `dispatcher` in `folder`, or nowhere.

    Numba falls back on folders of its own, which are not named by content, when it dislikes the one it is given (a
    kernel typed into a notebook, say); such a fallback would bring the stale numbers back and is refused.
    """
    config: Any = import_module("numba.core.config")
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        inner = import_module("numba.core.caching").FunctionCache(dispatcher.py_func)
    except RuntimeError:  # no locator takes the function: it has no source file
        return
    finally:
        config.CACHE_DIR = before
    if folder in Path(inner.cache_path).parents:
        dispatcher._cache = cache.Guarded(inner)
