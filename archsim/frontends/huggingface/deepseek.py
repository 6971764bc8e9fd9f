"""DeepSeek-V2 and V3: latent attention, dense layers first, then many small experts and some that are always visited.

The routing bias of V3, one number per expert, is kept by the training loop and is not among the parameters.
"""

from __future__ import annotations

from archsim.frontends.huggingface.config import Config
from archsim.frontends.huggingface.latent import Latent
from archsim.frontends.huggingface.run import Run
from archsim.frontends.huggingface.stack import Layer, Stack, build
from archsim.graph import Graph
from archsim.workloads.blocks import Block


def deepseek(config: Config, run: Run) -> Graph:
    """DeepSeek-V2, V2-Lite and V3."""
    context = config.size("max_position_embeddings", default=2048)
    latent = Latent(
        query_rank=config.size("q_lora_rank", default=0),
        rank=config.size("kv_lora_rank"),
        plain=config.size("qk_nope_head_dim"),
        rotated=config.size("qk_rope_head_dim"),
        value=config.size("v_head_dim"),
    )
    block = Block(
        width=config.size("hidden_size"),
        heads=config.size("num_attention_heads"),
        head_size=latent.plain + latent.rotated,
        feed_forward=config.size("intermediate_size"),
        activation=config.activation("hidden_act", default="silu"),
        gated=True,
        norm="rms_norm",
        bias=config.flag("attention_bias", default=False),
        causal=True,
        past=run.cached(context),
        weight_dtype=run.weight_dtype or None,
    )
    layers = tuple(_layer(config, block, latent, index) for index in range(config.layers("num_hidden_layers")))
    stack = Stack(
        config.name,
        config.size("vocab_size"),
        block.width,
        context,
        layers,
        tied=config.flag("tie_word_embeddings", default=False),
    )
    return build(stack, run)


def _layer(config: Config, block: Block, latent: Latent, index: int) -> Layer:
    dense = Block(**{**vars(block), "bias": False})
    experts = config.size("n_routed_experts", default=0)
    first, every = config.size("first_k_dense_replace", default=0, least=0), config.size("moe_layer_freq", default=1)
    if not experts or index < first or index % every:
        return Layer(block, dense, latent)
    inner = config.size("moe_intermediate_size")
    sizes = {"feed_forward": inner, "experts": experts, "experts_per_token": config.size("num_experts_per_tok")}
    shared = config.size("n_shared_experts", default=0, least=0)
    return Layer(block, Block(**{**vars(dense), **sizes}), latent, shared * inner)
