"""Load a file of any known format: the front end is picked by the name's ending and, for text, by what stands in it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from archsim.errors import ImportFormatError, UsageError, did_you_mean
from archsim.graph import Graph

_FORMATS: Final[Mapping[str, tuple[str, str]]] = {
    ".csv": ("scalesim", "load_scalesim"),
    ".et": ("chakra", "load_chakra"),
    ".nir": ("nir", "load_nir"),
    ".onnx": ("onnx", "load_onnx"),
    ".pt2": ("torch_export", "load_torch"),
}
_DESCRIPTIONS: Final = (".json", ".yaml", ".yml")
_NATIVE: Final = ("native", "load_workload")
_HUGGINGFACE: Final = ("huggingface", "load_huggingface")
_TRUTH: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def load(path: str | Path, **options: Any) -> Graph:
    """Read a workload from a file.

    Parameters
    ----------
    path : str or Path
        ``.onnx``; ``.yaml``, ``.yml`` or ``.json`` (a native description, or a Hugging Face configuration, which has a
        ``model_type``); ``.csv`` (SCALE-Sim); ``.nir``; ``.et`` (Chakra); ``.pt2`` (torch.export); or a folder with a
        ``config.json``.
    **options
        Arguments of that front end, such as ``batch``; text, as from a command line, is read as what it takes.

    Raises
    ------
    UsageError
        No such file, an ending nobody reads, or an option the front end does not have.
    ArchsimError
        What is wrong in the file.
    """
    if not isinstance(path, str | Path):
        raise UsageError(f"{path!r} is no path of a file", hint="write a path, such as 'model.onnx'")
    file = Path(path)
    if file.is_dir() and (file / "config.json").is_file():
        file = file / "config.json"
    module, name = _front_end(file)
    function: Callable[..., Graph] = getattr(importlib.import_module(f"archsim.frontends.{module}"), name)
    return function(file, **_checked(file, function, options))


def _front_end(file: Path) -> tuple[str, str]:
    suffix = file.suffix.lower()
    if suffix in _FORMATS:
        return _FORMATS[suffix]
    known = sorted((*_FORMATS, *_DESCRIPTIONS))
    if suffix not in _DESCRIPTIONS:
        written = repr(file.suffix) if file.suffix else "no ending"
        hint = did_you_mean(suffix, known) or f"known endings: {', '.join(known)}"
        raise UsageError(f"{str(file)!r} has {written}, which no front end reads", hint=hint)
    from archsim.io import yaml

    tree = yaml.load(file).tree
    if isinstance(tree, dict):
        if "model_type" in tree:
            return _HUGGINGFACE
        if not {"schema", "layers", "ops"}.isdisjoint(tree):
            return _NATIVE
    raise ImportFormatError(
        f"{str(file)!r} is neither a workload (schema: 1, layers: ...) nor a Hugging Face configuration (model_type)",
        hint="start it with schema: 1",
    )


def _checked(file: Path, function: Callable[..., Graph], options: Mapping[str, Any]) -> dict[str, Any]:
    known = dict(list(inspect.signature(function).parameters.items())[1:])
    for name in options:
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise UsageError(
                f"{file.name!r} is read without an option {name!r}", hint=did_you_mean(name, known) or takes
            )
    return {name: _typed(name, value, str(known[name].annotation)) for name, value in options.items()}


def _typed(name: str, value: Any, annotation: str) -> Any:
    if not isinstance(value, str):
        return value
    readers: list[Callable[[str], Any]] = []
    if annotation.startswith("int"):
        readers.append(int)
    elif annotation.startswith("float"):
        readers.append(float)
    elif annotation.startswith("bool"):
        readers.append(lambda text: _TRUTH[text.lower()])
    try:
        return readers[0](value) if readers else value
    except (KeyError, ValueError):
        raise UsageError(
            f"{name}={value!r}", hint=f"write a value of the kind {annotation.split(' |', 1)[0]}"
        ) from None
