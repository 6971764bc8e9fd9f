"""Load a configuration file: look up its model type and build the graph of one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from archsim.errors import GraphError, UnsupportedError, did_you_mean
from archsim.frontends.huggingface import decoders, encoders
from archsim.frontends.huggingface.config import Config
from archsim.frontends.huggingface.deepseek import deepseek
from archsim.frontends.huggingface.run import Run
from archsim.frontends.huggingface.whisper import whisper
from archsim.graph import Graph
from archsim.io import yaml
from archsim.io.yaml import Document

_BUILDERS: Final[dict[str, Callable[[Config, Run], Graph]]] = {
    "bert": encoders.bert,
    "bloom": decoders.bloom,
    "deepseek_v2": deepseek,
    "deepseek_v3": deepseek,
    "distilbert": encoders.distilbert,
    "falcon": decoders.falcon,
    "gemma": decoders.llama,
    "gemma2": decoders.gemma2,
    "gemma3_text": decoders.gemma2,
    "gpt2": decoders.gpt2,
    "gpt_neox": decoders.gpt_neox,
    "llama": decoders.llama,
    "mamba": encoders.mamba,
    "mistral": decoders.llama,
    "mixtral": decoders.mixtral,
    "opt": decoders.opt,
    "phi": decoders.phi,
    "phi3": decoders.llama,
    "qwen2": decoders.llama,
    "qwen2_moe": decoders.qwen_experts,
    "qwen3": decoders.llama,
    "qwen3_moe": decoders.qwen_experts,
    "roberta": encoders.bert,
    "t5": encoders.t5,
    "vit": encoders.vit,
    "whisper": whisper,
}


def model_types() -> tuple[str, ...]:
    """Model types that are known, by name."""
    return tuple(sorted(_BUILDERS))


def load_huggingface(
    path: str | Path,
    *,
    batch: int = 1,
    sequence: int = 0,
    past: int = 0,
    phase: str = "prefill",
    dtype: str = "",
    weight_dtype: str = "",
    logits: str = "all",
) -> Graph:
    """Build the graph of one run of a Hugging Face model.

    Parameters
    ----------
    path : str or Path
        Its ``config.json``.
    batch : int
        Sequences, or images, processed together.
    sequence : int
        Tokens of the prompt; 0: as long as the network was made for, 2,048 at most.
    past : int
        Tokens already cached; 0 in decode: all of the prompt but its last token.
    phase : str
        ``prefill`` or ``decode``.
    dtype, weight_dtype : str
        Number formats of activations and of the layers' matrices; empty: as the file says.
    logits : str
        ``all`` or ``last``: on which positions the head runs.

    Raises
    ------
    InvalidDescriptionError
        A key that is missing, mistyped or absurd, with ``file:line:col``.
    UnsupportedError
        A model type, or a setting of one, that archsim does not know.
    UsageError
        No such file, or an option that cannot be.
    """
    return read_huggingface(yaml.load(path), Run(batch, sequence, past, phase, dtype, weight_dtype, logits))


def read_huggingface(document: Document, run: Run) -> Graph:
    """Build the graph of one run from a configuration that was read already."""
    config = Config(document)
    builder = _BUILDERS.get(config.model_type)
    where = document.locate(("model_type",))
    if builder is None:
        near = did_you_mean(config.model_type, _BUILDERS)
        known = f"known: {', '.join(model_types())}"
        raise UnsupportedError(
            f"the model type {config.model_type!r} is not known", hint=f"{near} {known}".strip(), where=where
        )
    notes: list[str] = []
    if not run.dtype and not config.number_format:
        notes.append("the configuration names no number format; fp16 is assumed")
    quantised = config.quantised()
    if quantised is None:
        notes.append("quantization_config is of a method that is not known, and was left out")
    run = replace(
        run, dtype=run.dtype or config.number_format or "fp16", weight_dtype=run.weight_dtype or quantised or ""
    )
    run.check()
    try:
        graph = builder(config, run)
    except (ArithmeticError, IndexError, TypeError, ValueError) as error:
        raise config.wrong("model_type", f"{config.model_type} cannot be built from these sizes: {error}") from error
    except GraphError as error:
        raise config.wrong("model_type", error.message, error.hint) from error
    parameters = {"model_type": config.model_type, **run.parameters}
    return graph.replace(name=config.name, parameters=parameters, notes=(*graph.notes, *notes))
