"""Decoder-only language models: from the keys of each model type to a `Stack`.

Keys, defaults and layouts are those of the transformers library's configuration and modelling files of each type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from archsim.frontends.huggingface.config import Config
from archsim.frontends.huggingface.run import Run
from archsim.frontends.huggingface.stack import (
    PARALLEL,
    PARALLEL_TWO_NORMS,
    POST,
    SANDWICH,
    SEQUENTIAL,
    Layer,
    Stack,
    build,
)
from archsim.graph import Graph
from archsim.workloads.blocks import Block

_ALIBI = "the position bias of each attention score is not counted"
_CAPPED = "the tanh that caps each attention score is not counted"


def llama(config: Config, run: Run) -> Graph:
    """LLaMA, and what has its layout: Mistral, Qwen2, Qwen3, Gemma, Phi-3."""
    block, network = _blocks(config, run)
    return build(_stack(config, [Layer(replace(block, window=w), network) for w in _windows(config)]), run)


def mixtral(config: Config, run: Run) -> Graph:
    """Mixtral: every network is a mixture of experts."""
    block, network = _blocks(config, run)
    network = replace(
        network, experts=config.size("num_local_experts"), experts_per_token=config.size("num_experts_per_tok")
    )
    return build(_stack(config, [Layer(replace(block, window=w), network) for w in _windows(config)]), run)


def qwen_experts(config: Config, run: Run) -> Graph:
    """Qwen2-MoE and Qwen3-MoE: sparse and dense layers, in Qwen2 with an expert every token visits."""
    block, dense = _blocks(config, run)
    experts = config.size("num_experts", least=0)
    sparse = replace(
        dense,
        feed_forward=config.size("moe_intermediate_size"),
        experts=experts,
        experts_per_token=config.size("num_experts_per_tok"),
    )
    shared = config.size("shared_expert_intermediate_size") if config.model_type == "qwen2_moe" else 0
    step, only_dense = config.size("decoder_sparse_step", default=1), config.integers("mlp_only_layers")
    layers = []
    for index, window in enumerate(_windows(config)):
        is_sparse = experts and index not in only_dense and (index + 1) % step == 0
        attention = replace(block, window=window)
        layers.append(Layer(attention, sparse, None, shared, bool(shared)) if is_sparse else Layer(attention, dense))
    return build(_stack(config, layers), run)


def gemma2(config: Config, run: Run) -> Graph:
    """Gemma 2 and 3: a norm on both sides of each half, windowed layers between full ones."""
    block, network = _blocks(config, run)
    layers = [Layer(replace(block, window=window), network) for window in _windows(config)]
    notes = (_CAPPED,) if config.find("attn_logit_softcapping") else ()
    capped = config.find("final_logit_softcapping") is not None
    return build(replace(_stack(config, layers), layout=SANDWICH, notes=notes, capped=capped), run)


def gpt2(config: Config, run: Run) -> Graph:
    """GPT-2: learned positions, query, key and value from one matmul."""
    width, context = config.size("n_embd", "hidden_size"), config.size("n_positions", "n_ctx")
    block = _block(
        run,
        context,
        width=width,
        heads=config.size("n_head", "num_attention_heads"),
        feed_forward=config.size("n_inner", default=4 * width),
        activation=config.activation("activation_function", default="gelu_new"),
        packed=True,
    )
    return build(_layer_norm_stack(config, block, config.layers("n_layer", "num_hidden_layers"), context, context), run)


def opt(config: Config, run: Run) -> Graph:
    """OPT: learned positions that start at 2; the 350M model is post-norm with a narrower embedding."""
    width, context = config.size("hidden_size"), config.size("max_position_embeddings")
    bias = config.flag("enable_bias", default=True)
    block = _block(
        run,
        context,
        width=width,
        heads=config.size("num_attention_heads"),
        feed_forward=config.size("ffn_dim"),
        activation=config.activation("activation_function", default="relu"),
        bias=bias,
    )
    before = config.flag("do_layer_norm_before", default=True)
    stack = _layer_norm_stack(config, block, config.layers("num_hidden_layers"), context, context + 2)
    narrow = config.size("word_embed_proj_dim", default=width)
    layout = SEQUENTIAL if before else POST
    return build(replace(stack, layout=layout, final_norm=before, embedding_width=narrow), run)


def bloom(config: Config, run: Run) -> Graph:
    """BLOOM: a norm behind the embedding, position biases instead of positions."""
    width, context = config.size("hidden_size", "n_embed"), config.size("seq_length", default=2048)
    block = _block(
        run,
        context,
        width=width,
        heads=config.size("n_head", "num_attention_heads"),
        feed_forward=4 * width,
        activation="gelu_tanh",
        packed=True,
    )
    stack = _layer_norm_stack(config, block, config.layers("n_layer", "num_hidden_layers"), context, 0)
    return build(replace(stack, embedding_norm=True, notes=(_ALIBI,)), run)


def falcon(config: Config, run: Run) -> Graph:
    """Falcon: attention and network side by side, keys shared by many heads, in several generations."""
    width, heads = config.size("hidden_size"), config.size("num_attention_heads")
    context = config.size("max_position_embeddings", default=2048)
    new, alibi = config.flag("new_decoder_architecture", default=False), config.flag("alibi", default=False)
    multi_query = config.flag("multi_query", default=True)
    block = _block(
        run,
        context,
        width=width,
        heads=heads,
        kv_heads=config.size("num_kv_heads", default=heads) if new else 1 if multi_query else heads,
        feed_forward=config.size("ffn_hidden_size", default=4 * width),
        activation=config.activation("activation", default="gelu"),
        bias=config.flag("bias", default=False),
        packed=True,
        rotary=not alibi,
    )
    norms = config.size("num_ln_in_parallel_attn", default=2 if new else 1)
    parallel = new or config.flag("parallel_attn", default=True)
    layout = SEQUENTIAL if not parallel else PARALLEL_TWO_NORMS if norms == 2 else PARALLEL
    stack = _layer_norm_stack(config, block, config.layers("num_hidden_layers"), context, 0)
    return build(replace(stack, layout=layout, notes=(_ALIBI,) if alibi else ()), run)


def gpt_neox(config: Config, run: Run) -> Graph:
    """GPT-NeoX and Pythia: attention and network side by side, each behind a norm of its own."""
    context = config.size("max_position_embeddings")
    block = _block(
        run,
        context,
        width=config.size("hidden_size"),
        heads=config.size("num_attention_heads"),
        feed_forward=config.size("intermediate_size"),
        activation=config.activation("hidden_act", default="gelu"),
        packed=True,
        rotary=True,
    )
    attention = block
    if not config.flag("attention_bias", default=True):
        attention = replace(block, bias=False)
    stack = _layer_norm_stack(config, block, config.layers("num_hidden_layers"), context, 0, tied=False)
    layers = tuple(Layer(attention, layer.network) for layer in stack.layers)
    parallel = config.flag("use_parallel_residual", default=True)
    notes = _partly_rotated(config, "rotary_pct", 0.25)
    layout = PARALLEL_TWO_NORMS if parallel else SEQUENTIAL
    return build(replace(stack, layers=layers, layout=layout, notes=notes), run)


def phi(config: Config, run: Run) -> Graph:
    """Phi 1 to 2: attention and network side by side behind one norm, biases everywhere, the head included."""
    width, context = config.size("hidden_size"), config.size("max_position_embeddings", default=2048)
    if config.flag("qk_layernorm", default=False):
        raise config.refuse("qk_layernorm", "layer norms of queries and keys are not modelled for phi")
    block = _block(
        run,
        context,
        width=width,
        heads=config.size("num_attention_heads"),
        kv_heads=config.size("num_key_value_heads", default=config.size("num_attention_heads")),
        feed_forward=config.size("intermediate_size", default=4 * width),
        activation=config.activation("hidden_act", default="gelu_new"),
        rotary=True,
    )
    stack = _layer_norm_stack(config, block, config.layers("num_hidden_layers"), context, 0, tied=False)
    notes = _partly_rotated(config, "partial_rotary_factor", 0.5)
    return build(replace(stack, layout=PARALLEL, head_bias=True, notes=notes), run)


def _block(run: Run, context: int, **sizes: Any) -> Block:
    return Block(**{"causal": True, "past": run.cached(context), "weight_dtype": run.weight_dtype or None, **sizes})


def _blocks(config: Config, run: Run) -> tuple[Block, Block]:
    """Attention and network of the LLaMA layout: RMS norms, rotary positions, a gated network."""
    kind, width, heads = config.model_type, config.size("hidden_size"), config.size("num_attention_heads")
    gemma = kind.startswith("gemma")
    block = _block(
        run,
        _context(config),
        width=width,
        heads=heads,
        kv_heads=config.size("num_key_value_heads", default=heads),
        head_size=config.size(
            "head_dim", default=256 if gemma else 128 if kind.startswith("qwen3") else width // heads
        ),
        feed_forward=config.size("intermediate_size"),
        activation="gelu_tanh" if gemma else config.activation("hidden_act", default="silu"),
        gated=True,
        norm="rms_norm",
        rotary=True,
        bias=config.flag("attention_bias", default=False),
        qkv_bias=kind in ("qwen2", "qwen2_moe"),
        packed=kind == "phi3",
        query_key_norm=kind.startswith("qwen3") or kind == "gemma3_text",
    )
    return block, replace(block, bias=config.flag("mlp_bias", default=False))


def _context(config: Config) -> int:
    return config.size("max_position_embeddings", default=2048)


def _stack(config: Config, layers: Sequence[Layer]) -> Stack:
    gemma = config.model_type.startswith("gemma")
    return Stack(
        config.name,
        config.size("vocab_size"),
        layers[0].attention.width,
        _context(config),
        tuple(layers),
        tied=config.flag("tie_word_embeddings", default=gemma),
        scaled_embedding=gemma,
        notes=_partly_rotated(config, "partial_rotary_factor", 1.0),
    )


def _layer_norm_stack(
    config: Config, block: Block, layers: int, context: int, positions: int, *, tied: bool = True
) -> Stack:
    return Stack(
        config.name,
        config.size("vocab_size"),
        block.width,
        context,
        (Layer(block, block),) * layers,
        norm="layer_norm",
        positions=positions,
        tied=config.flag("tie_word_embeddings", default=tied),
    )


def _partly_rotated(config: Config, key: str, default: float) -> tuple[str, ...]:
    share = config.number(key, default)
    return () if share == 1 else (f"rotary positions turn {share:g} of each head and are counted on all of it",)


def _windows(config: Config) -> list[int]:
    """How far back each layer looks; 0: no limit."""
    kind, layers = config.model_type, config.layers("num_hidden_layers")
    window = config.size("sliding_window", default=0)
    named = config.words("layer_types")
    if named:
        if len(named) != layers:
            raise config.wrong("layer_types", f"layer_types names {len(named)} layers of {layers}")
        return [window if name == "sliding_attention" else 0 for name in named]
    if kind.startswith("qwen"):
        first = config.size("max_window_layers", default=0, least=0)
        used = config.flag("use_sliding_window", default=False)
        return [window if used and index >= first else 0 for index in range(layers)]
    if kind in ("gemma2", "gemma3_text"):
        every = 2 if kind == "gemma2" else config.size("sliding_window_pattern", default=6)
        return [window if (index + 1) % every else 0 for index in range(layers)]
    return [window if kind in ("mistral", "mixtral", "phi3") else 0] * layers
