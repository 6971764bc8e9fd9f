"""What is run: how many sequences of how many tokens, in which phase and number format."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from archsim.errors import UnsupportedError, UsageError
from archsim.frontends.huggingface.config import Config
from archsim.graph.dtypes import dtype as number_format

LONGEST_DEFAULT: Final = 2048


@dataclass(frozen=True)
class Run:
    """One run of a network.

    Attributes
    ----------
    batch : int
        Sequences, or images, processed together.
    sequence : int
        Tokens of the prompt; 0: as long as the network was made for, 2,048 at most.
    past : int
        Tokens already cached.
    phase : str
        ``prefill`` or ``decode``.
    dtype : str
        Number format of activations, and of weights unless `weight_dtype` says another.
    weight_dtype : str
        Number format of the layers' matrices.
    logits : str
        ``all`` or ``last``: on which positions the head runs.
    """

    batch: int = 1
    sequence: int = 0
    past: int = 0
    phase: str = "prefill"
    dtype: str = "fp16"
    weight_dtype: str = ""
    logits: str = "all"

    def check(self) -> None:
        """Raise unless the values make sense.

        Raises
        ------
        UsageError
            One of them does not.
        """
        for name, least in (("batch", 1), ("sequence", 0), ("past", 0)):
            value: Any = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise UsageError(f"{name}={value!r}", hint=f"write a whole number of at least {least}")
        for name, words in (("phase", ("prefill", "decode")), ("logits", ("all", "last"))):
            if getattr(self, name) not in words:
                raise UsageError(f"{name}={getattr(self, name)!r}", hint=f"write one of {', '.join(words)}")
        number_format(self.dtype)
        if self.weight_dtype:
            number_format(self.weight_dtype)

    @property
    def decoding(self) -> bool:
        """Whether one token of each sequence is computed over a cache."""
        return self.phase == "decode"

    @property
    def parameters(self) -> dict[str, Any]:
        """Plain values for the record."""
        return asdict(self)

    def length(self, context: int) -> int:
        """Tokens of the prompt, for a network made for `context`."""
        return self.sequence or min(context, LONGEST_DEFAULT)

    def tokens(self, context: int) -> int:
        """Tokens computed at once."""
        return 1 if self.decoding else self.length(context)

    def cached(self, context: int) -> int:
        """Tokens whose keys and values are kept from before."""
        return self.past or (self.length(context) - 1 if self.decoding else 0)

    def whole(self, config: Config) -> None:
        """Raise unless this is one pass over everything, which is all an encoder does.

        Raises
        ------
        UnsupportedError
            A decode phase, or a cache.
        """
        if self.decoding or self.past:
            given = f"phase={self.phase!r}" if self.decoding else f"past={self.past}"
            raise UnsupportedError(
                f"{given}: {config.model_type} is imported as one pass over the whole sequence",
                hint="leave phase and past out",
            )

    def plain(self, config: Config) -> None:
        """Raise unless one number format serves all and the head runs everywhere.

        Raises
        ------
        UnsupportedError
            Another format for matrices, or ``logits="last"``.
        """
        if self.weight_dtype not in ("", self.dtype):
            raise UnsupportedError(
                f"weight_dtype={self.weight_dtype!r}: {config.model_type} is imported in one number format",
                hint="leave weight_dtype out",
            )
        if self.logits != "all":
            raise UnsupportedError(f"logits={self.logits!r}: not for {config.model_type}", hint="leave logits out")
