"""Networks that are one pass over everything, or have a generator of their own: BERT, T5, ViT, Mamba."""

from __future__ import annotations

from archsim.frontends.huggingface.config import Config
from archsim.frontends.huggingface.run import Run
from archsim.frontends.huggingface.stack import POST, Layer, Stack, build
from archsim.graph import Graph
from archsim.workloads.bert import bert as bert_network
from archsim.workloads.blocks import Block
from archsim.workloads.mamba import mamba as mamba_network
from archsim.workloads.t5 import t5 as t5_network
from archsim.workloads.vit import vit as vit_network


def bert(config: Config, run: Run) -> Graph:
    """BERT and RoBERTa, up to the pooler."""
    run.whole(config)
    run.plain(config)
    if config.activation("hidden_act", default="gelu") != "gelu":
        raise config.refuse("hidden_act", f"{config.model_type} is modelled with gelu")
    positions = config.size("max_position_embeddings")
    offset = 2 if config.model_type == "roberta" else 0
    return bert_network(
        layers=config.layers("num_hidden_layers"),
        width=config.size("hidden_size"),
        heads=config.size("num_attention_heads"),
        inner=config.size("intermediate_size"),
        vocabulary=config.size("vocab_size"),
        positions=positions,
        segments=config.size("type_vocab_size", default=2),
        sequence=run.length(max(positions - offset, 1)),
        batch=run.batch,
        packed=False,
        dtype=run.dtype,
    )


def distilbert(config: Config, run: Run) -> Graph:
    """DistilBERT: no segments and no pooler."""
    run.whole(config)
    run.plain(config)
    context = config.size("max_position_embeddings")
    block = Block(
        width=config.size("dim"),
        heads=config.size("n_heads"),
        feed_forward=config.size("hidden_dim"),
        activation=config.activation("activation", default="gelu"),
        weight_dtype=run.weight_dtype or None,
    )
    stack = Stack(
        config.name,
        config.size("vocab_size"),
        block.width,
        context,
        (Layer(block, block),) * config.layers("n_layers"),
        layout=POST,
        norm="layer_norm",
        positions=context,
        embedding_norm=True,
        final_norm=False,
        head=False,
    )
    return build(stack, run).replace(items=run.batch, item="sequence")


def t5(config: Config, run: Run) -> Graph:
    """T5, T5 v1.1 and Flan-T5: as many tokens written as read."""
    run.whole(config)
    run.plain(config)
    layers = config.layers("num_layers")
    if config.size("num_decoder_layers", default=layers) != layers:
        raise config.refuse(
            "num_decoder_layers", f"T5 is modelled with as many decoder layers as encoder layers, {layers}"
        )
    projection = config.word("feed_forward_proj", "relu")
    if projection not in ("relu", "gated-gelu"):
        raise config.refuse("feed_forward_proj", "T5 is modelled with 'relu' or 'gated-gelu'")
    length = run.length(config.size("n_positions", default=512))
    return t5_network(
        layers=layers,
        width=config.size("d_model"),
        heads=config.size("num_heads"),
        head_size=config.size("d_kv"),
        inner=config.size("d_ff"),
        vocabulary=config.size("vocab_size"),
        buckets=config.size("relative_attention_num_buckets", default=32),
        source=length,
        target=length,
        batch=run.batch,
        gated=projection == "gated-gelu",
        tied=config.flag("tie_word_embeddings", default=True),
        dtype=run.dtype,
    )


def vit(config: Config, run: Run) -> Graph:
    """Vision Transformer with a classifier."""
    run.whole(config)
    run.plain(config)
    width, inner = config.size("hidden_size"), config.size("intermediate_size")
    if inner % width:
        raise config.refuse("intermediate_size", f"ViT is modelled with a multiple of hidden_size={width}")
    if config.size("num_channels", default=3) != 3:
        raise config.refuse("num_channels", "ViT is modelled with three colours")
    graph = vit_network(
        patch=config.size("patch_size", default=16),
        width=width,
        layers=config.layers("num_hidden_layers"),
        heads=config.size("num_attention_heads"),
        expansion=inner // width,
        batch=run.batch,
        image=config.size("image_size", default=224, most=10**6),
        classes=config.classes or 2,
        dtype=run.dtype,
    )
    if config.classes is None:
        graph = graph.replace(notes=(*graph.notes, "the configuration names no classes; two are assumed"))
    return graph


def mamba(config: Config, run: Run) -> Graph:
    """Mamba; a decode step costs the same after any number of tokens."""
    run.plain(config)
    width, expand = config.size("hidden_size"), config.size("expand", default=2)
    if config.size("intermediate_size", default=expand * width) != expand * width:
        raise config.refuse("intermediate_size", f"Mamba is modelled with expand x hidden_size = {expand * width}")
    if config.flag("use_bias", default=False):
        raise config.refuse("use_bias", "Mamba is modelled without biases of its projections")
    rank = config.find("time_step_rank")
    return mamba_network(
        layers=config.layers("num_hidden_layers"),
        width=width,
        expand=expand,
        states=config.size("state_size", default=16),
        taps=config.size("conv_kernel", default=4),
        rank=0 if rank is None or rank.value == "auto" else config.size("time_step_rank"),
        vocabulary=config.size("vocab_size"),
        sequence=run.length(2048),
        batch=run.batch,
        phase=run.phase,
        tied=config.flag("tie_word_embeddings", default=True),
        dtype=run.dtype,
    )
