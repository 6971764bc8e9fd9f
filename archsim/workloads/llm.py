"""Published decoder-only language models: their hyper-parameters, as in the papers and released configurations."""

from __future__ import annotations

from typing import Any, Final

from archsim.workloads.registry import register
from archsim.workloads.transformer import transformer

_LLAMA: Final = {
    "activation": "silu",
    "gated": True,
    "norm": "rms_norm",
    "positions": "rotary",
    "tied": False,
    "bias": False,
    "sequence": 2048,
}
_GPT2: Final = {"packed": True}
_GPT3: Final = {"packed": True, "context": 2048, "sequence": 2048}
_OPT: Final = {"vocabulary": 50272, "context": 2050, "sequence": 2048, "activation": "relu"}
_QWEN2: Final = {**_LLAMA, "qkv_bias": True, "context": 32768}
_QWEN3: Final = {**_LLAMA, "query_key_norm": True, "context": 40960, "head_size": 128, "vocabulary": 151936}


def _sizes(
    layers: int, width: int, heads: int, feed_forward: int = 0, kv_heads: int = 0, **more: Any
) -> dict[str, Any]:
    return {
        "layers": layers,
        "width": width,
        "heads": heads,
        "feed_forward": feed_forward,
        "kv_heads": kv_heads,
        **more,
    }


# GPT-3 (Brown 2020, table 2.1). The table's 24 heads of 128 for 1.3B and width 5140 for 13B do not give the printed
# sizes; 16 heads and width 5120 do.
MODELS: Final[dict[str, dict[str, Any]]] = {
    "gpt2-small": {**_GPT2, **_sizes(12, 768, 12)},
    "gpt2-medium": {**_GPT2, **_sizes(24, 1024, 16)},
    "gpt2-large": {**_GPT2, **_sizes(36, 1280, 20)},
    "gpt2-xl": {**_GPT2, **_sizes(48, 1600, 25)},
    "gpt3-125m": {**_GPT3, **_sizes(12, 768, 12)},
    "gpt3-350m": {**_GPT3, **_sizes(24, 1024, 16)},
    "gpt3-760m": {**_GPT3, **_sizes(24, 1536, 16)},
    "gpt3-1.3b": {**_GPT3, **_sizes(24, 2048, 16)},
    "gpt3-2.7b": {**_GPT3, **_sizes(32, 2560, 32)},
    "gpt3-6.7b": {**_GPT3, **_sizes(32, 4096, 32)},
    "gpt3-13b": {**_GPT3, **_sizes(40, 5120, 40)},
    "gpt3-175b": {**_GPT3, **_sizes(96, 12288, 96)},
    "opt-125m": {**_OPT, **_sizes(12, 768, 12)},
    "opt-1.3b": {**_OPT, **_sizes(24, 2048, 32)},
    "opt-6.7b": {**_OPT, **_sizes(32, 4096, 32)},
    "opt-13b": {**_OPT, **_sizes(40, 5120, 40)},
    "opt-30b": {**_OPT, **_sizes(48, 7168, 56)},
    "opt-66b": {**_OPT, **_sizes(64, 9216, 72)},
    "llama-2-7b": {**_LLAMA, **_sizes(32, 4096, 32, 11008, vocabulary=32000, context=4096)},
    "llama-2-13b": {**_LLAMA, **_sizes(40, 5120, 40, 13824, vocabulary=32000, context=4096)},
    "llama-2-70b": {**_LLAMA, **_sizes(80, 8192, 64, 28672, 8, vocabulary=32000, context=4096)},
    "llama-3-8b": {**_LLAMA, **_sizes(32, 4096, 32, 14336, 8, vocabulary=128256, context=8192)},
    "llama-3-70b": {**_LLAMA, **_sizes(80, 8192, 64, 28672, 8, vocabulary=128256, context=8192)},
    "llama-3.1-405b": {**_LLAMA, **_sizes(126, 16384, 128, 53248, 8, vocabulary=128256, context=131072)},
    "mistral-7b": {**_LLAMA, **_sizes(32, 4096, 32, 14336, 8, vocabulary=32000, context=32768, window=4096)},
    "mixtral-8x7b": {
        **_LLAMA,
        **_sizes(32, 4096, 32, 14336, 8, vocabulary=32000, context=32768, experts=8, experts_per_token=2),
    },
    "mixtral-8x22b": {
        **_LLAMA,
        **_sizes(56, 6144, 48, 16384, 8, vocabulary=32768, context=65536, experts=8, experts_per_token=2),
    },
    "qwen2-0.5b": {**_QWEN2, **_sizes(24, 896, 14, 4864, 2, vocabulary=151936, tied=True)},
    "qwen2-1.5b": {**_QWEN2, **_sizes(28, 1536, 12, 8960, 2, vocabulary=151936, tied=True)},
    "qwen2-7b": {**_QWEN2, **_sizes(28, 3584, 28, 18944, 4, vocabulary=152064)},
    "qwen2-72b": {**_QWEN2, **_sizes(80, 8192, 64, 29568, 8, vocabulary=152064)},
    "qwen3-0.6b": {**_QWEN3, **_sizes(28, 1024, 16, 3072, 8, tied=True)},
    "qwen3-1.7b": {**_QWEN3, **_sizes(28, 2048, 16, 6144, 8, tied=True)},
    "qwen3-4b": {**_QWEN3, **_sizes(36, 2560, 32, 9728, 8, tied=True)},
    "qwen3-8b": {**_QWEN3, **_sizes(36, 4096, 32, 12288, 8)},
    "qwen3-14b": {**_QWEN3, **_sizes(40, 5120, 40, 17408, 8)},
    "qwen3-32b": {**_QWEN3, **_sizes(64, 5120, 64, 25600, 8)},
    "qwen3-30b-a3b": {**_QWEN3, **_sizes(48, 2048, 32, 768, 4, experts=128, experts_per_token=8)},
    "qwen3-235b-a22b": {**_QWEN3, **_sizes(94, 4096, 64, 1536, 4, experts=128, experts_per_token=8)},
}
"""Arguments of `transformer` by model name."""

_ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "gpt2-small": ("gpt2",),
    "gpt3-175b": ("gpt3",),
}


for _name, _fixed in MODELS.items():
    register(
        _name,
        transformer,
        f"{_name} language model: prefill or decode",
        group="transformer",
        aliases=_ALIASES.get(_name, ()),
        **_fixed,
    )
for _name in ("llama-2-7b", "mixtral-8x7b"):
    for _phase in ("prefill", "decode"):
        register(
            f"{_name}-{_phase}",
            transformer,
            f"{_name}, {_phase} at 2,048 tokens",
            group="transformer",
            **{**MODELS[_name], "phase": _phase},
        )
