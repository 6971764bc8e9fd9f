"""A Hugging Face configuration as typed values: what is missing, mistyped or absurd is named by its key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from archsim.errors import InvalidDescriptionError, UnsupportedError, did_you_mean
from archsim.frontends.fields import Node
from archsim.io.yaml import Document

LARGEST: Final = 10**9
"""No published hyper-parameter comes near it."""
MOST_LAYERS: Final = 10_000

_ACTIVATIONS: Final = {
    "gelu": "gelu",
    "gelu_fast": "gelu_tanh",
    "gelu_new": "gelu_tanh",
    "gelu_python": "gelu",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
}
"""Names of the transformers library to archsim's."""
_FORMATS: Final = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16", "float64": "fp64"}


class Config:
    """Reads the keys of one configuration.

    Parameters
    ----------
    document : Document
        The file, as `archsim.io.yaml` reads it; JSON is YAML too.

    Raises
    ------
    InvalidDescriptionError
        It holds no mapping, or names no ``model_type``.
    """

    def __init__(self, document: Document) -> None:
        self._root = Node(document, (), document.tree)
        self._entries = self._root.mapping(what='a configuration: {"model_type": ...}')
        self.model_type = self.word("model_type")

    def find(self, *keys: str) -> Node | None:
        """First of `keys` that the file gives a value."""
        for key in keys:
            if key in self._entries and self._entries[key].value is not None:
                return self._entries[key]
        return None

    def need(self, *keys: str) -> Node:
        """First of `keys` that the file gives.

        Raises
        ------
        InvalidDescriptionError
            None of them is there.
        """
        found = self.find(*keys)
        if found is None:
            of = f" of {self.model_type}" if hasattr(self, "model_type") else ""
            near = did_you_mean(keys[0], self._entries)
            raise self._root.wrong(f"the configuration{of} lacks {keys[0]!r}", near or f'add "{keys[0]}": ...')
        return found

    def wrong(self, key: str, message: str, hint: str = "") -> InvalidDescriptionError:
        """Return the error about the value of `key`."""
        return self._entries.get(key, self._root).wrong(message, hint)

    def refuse(self, key: str, why: str) -> UnsupportedError:
        """Return the error about a setting that archsim does not model."""
        node = self._entries[key]
        return UnsupportedError(f"{key} is {node.value!r}: {why}", where=node.document.locate(node.path))

    def size(self, *keys: str, default: int | None = None, least: int = 1, most: int = LARGEST) -> int:
        """Whole number from `least` to `most`; `default` where no key is given."""
        node = self.find(*keys) if default is not None else self.need(*keys)
        if node is None:
            return default or 0
        value = node.integer(least)
        if value > most:
            raise node.wrong(f"{node.label} is {value:.3g}", f"no network has more than {most}")
        return value

    def layers(self, *keys: str) -> int:
        """Number of layers."""
        return self.size(*keys, most=MOST_LAYERS)

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        node = self.find(key)
        return default if node is None else node.flag()

    def word(self, key: str, default: str = "") -> str:
        """Text."""
        node = self.find(key) if default else self.need(key)
        return default if node is None else node.text()

    def number(self, key: str, default: float) -> float:
        """Number of at least 0."""
        node = self.find(key)
        return default if node is None else node.number()

    def words(self, key: str) -> tuple[str, ...]:
        """List of text; empty where it is not given."""
        node = self.find(key)
        return () if node is None else node.texts()

    def integers(self, key: str) -> tuple[int, ...]:
        """List of whole numbers; empty where it is not given."""
        node = self.find(key)
        return () if node is None else node.integers(0)

    def activation(self, *keys: str, default: str = "") -> str:
        """Pointwise function of the feed-forward network, by archsim's name."""
        node = self.find(*keys) if default else self.need(*keys)
        name = default if node is None else node.text()
        if name not in _ACTIVATIONS:
            hint = did_you_mean(name, _ACTIVATIONS) or f"known: {', '.join(_ACTIVATIONS)}"
            raise self.wrong(keys[0], f"the activation function {name!r} is not known", hint)
        return _ACTIVATIONS[name]

    @property
    def number_format(self) -> str:
        """Number format the weights are published in; empty where the file does not say."""
        return _FORMATS.get(str(getattr(self.find("dtype", "torch_dtype"), "value", "")), "")

    @property
    def name(self) -> str:
        """What to call the network: what the file calls itself, else the file's own name."""
        said = self.find("_name_or_path")
        stem = Path(self._root.document.name).stem
        if stem not in ("config", "<text>"):
            return stem
        return str(said.value).rstrip("/").rsplit("/", 1)[-1] or self.model_type if said else self.model_type

    @property
    def classes(self) -> int | None:
        """Number of labels, if the file says."""
        labels = self.find("id2label")
        if labels is not None and isinstance(labels.value, Mapping):
            return len(labels.value)
        node = self.find("num_labels")
        return None if node is None else node.integer(1)

    def quantised(self) -> Any:
        """Number format of quantised matrices; empty where they are not, None where the method is not known."""
        node = self.find("quantization_config")
        if node is None:
            return ""
        entries = node.mapping()
        method = str(entries["quant_method"].value) if "quant_method" in entries else ""
        bits = entries["bits"].value if "bits" in entries else None
        if method == "fp8":
            return "fp8"
        return f"int{bits}" if method in ("gptq", "awq") and bits in (4, 8) else None
