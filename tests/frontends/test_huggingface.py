"""Hugging Face configurations: published parameter counts, phases, and errors that name the key."""

from __future__ import annotations

import json

import pytest

from archsim.errors import InvalidDescriptionError, UnsupportedError, UsageError
from archsim.frontends.huggingface import load_huggingface, model_types
from archsim.graph.attention import expand_attention
from archsim.graph.counts import count
from archsim.graph.work import Attention
from archsim.io.catalogue import models_root
from archsim.workloads.registry import workload

CONFIGS = models_root() / "workloads" / "huggingface"

# Numbers of parameters as the model cards and safetensors headers of each model give them; tied tensors once.
# DeepSeek-V3: the main model ("671B" in arXiv:2412.19437) without the routing bias, a buffer, of 58 layers.
PUBLISHED = {
    "bert-base-uncased": 109_482_240,
    "bloom-560m": 559_214_592,
    "deepseek-v2-lite": 15_706_484_224,
    "deepseek-v3": 671_026_419_200 - 58 * 256,
    "distilbert-base-uncased": 66_362_880,
    "falcon-7b": 6_921_720_704,
    "gemma-2b": 2_506_172_416,
    "gemma-7b": 8_537_680_896,
    "gemma-2-2b": 2_614_341_888,
    "gemma-3-1b": 999_885_952,
    "gpt2": 124_439_808,
    "llama-2-7b": 6_738_415_616,
    "llama-3-8b": 8_030_261_248,
    "mamba-130m": 129_135_360,
    "mistral-7b-v0.1": 7_241_732_096,
    "mixtral-8x7b": 46_702_792_704,
    "opt-125m": 125_239_296,
    "opt-350m": 331_196_416,
    "phi-2": 2_779_683_840,
    "phi-3-mini-4k": 3_821_079_552,
    "pythia-160m": 162_322_944,
    "qwen1.5-moe-a2.7b": 14_315_784_192,
    "qwen2-7b": 7_615_616_512,
    "qwen3-0.6b": 596_049_920,
    "qwen3-30b-a3b": 30_532_122_624,
    "roberta-base": 124_645_632,
    "t5-small": 60_506_624,
    "vit-base-patch16-224": 86_567_656,
    "whisper-tiny": 37_760_640,
}
DECODERS = sorted(set(PUBLISHED) - {
    "bert-base-uncased", "distilbert-base-uncased", "roberta-base", "t5-small", "vit-base-patch16-224",
})  # fmt: skip


def load(name, **options):
    return load_huggingface(CONFIGS / f"{name}.json", **options)


def test_every_shipped_configuration_is_counted():
    assert sorted(PUBLISHED) == sorted(path.stem for path in CONFIGS.glob("*.json"))
    covered = {json.loads(path.read_text())["model_type"] for path in CONFIGS.glob("*.json")}
    assert covered == set(model_types())


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_parameters_are_those_published(name):
    assert count(load(name, sequence=0 if name == "vit-base-patch16-224" else 16)).parameters == PUBLISHED[name]


@pytest.mark.parametrize(
    ("name", "generator"),
    [
        ("gpt2", "gpt2"),
        ("llama-2-7b", "llama-2-7b"),
        ("mistral-7b-v0.1", "mistral-7b"),
        ("mixtral-8x7b", "mixtral-8x7b"),
        ("opt-125m", "opt-125m"),
        ("qwen2-7b", "qwen2-7b"),
        ("qwen3-30b-a3b", "qwen3-30b-a3b"),
    ],
)
@pytest.mark.parametrize("phase", ["prefill", "decode"])
def test_configurations_and_generators_agree(name, generator, phase):
    ours = count(load(name, sequence=64, batch=2, phase=phase, dtype="fp16"))
    if name == "gpt2":  # the library's GPT-2 is the generator's, op for op
        assert load(name, sequence=64, dtype="fp16").ops == workload(generator, sequence=64).ops
    assert ours == count(workload(generator, sequence=64, batch=2, phase=phase, dtype="fp16"))


@pytest.mark.parametrize("name", [name for name in DECODERS if name not in ("mamba-130m", "whisper-tiny")])
def test_a_decode_step_reads_all_weights_and_does_a_tokens_work(name):
    prompt, step = load(name, sequence=32), load(name, sequence=32, phase="decode")
    assert step.items == 1
    assert count(step).parameters == count(prompt).parameters
    assert 25 < count(prompt).macs / count(step).macs < 40
    assert count(step).state_bytes > 0


def test_latent_attention_keeps_576_numbers_per_token_and_layer():
    """Rank 512 and 64 rotated features, against 128 heads x (192 + 128) in full (arXiv:2412.19437, section 4.2)."""
    step = load("deepseek-v3", sequence=1001, phase="decode", batch=2, dtype="bf16")
    assert count(step).state_bytes == 61 * 2 * 1001 * 576 * 2
    attention = next(op for op in step.ops if op.name == "layer-0/attention")
    assert attention.work == Attention(2, 128, 1, 1, 1001, 576, 512, causal=True)
    names = {op.name for op in expand_attention(step).ops}
    assert "layer-0/attention/scores" in names


def test_absorbed_and_full_latent_attention_agree_with_hand_counts():
    heads, plain, rotated, value, rank = 128, 128, 64, 128, 512
    ops = {op.name: op for op in load("deepseek-v3", sequence=10).ops}
    assert ops["layer-0/key-value-up"].macs == 10 * rank * heads * (plain + value)
    assert ops["layer-0/attention"].macs == heads * 100 * (plain + rotated + value)
    ops = {op.name: op for op in load("deepseek-v3", sequence=10, phase="decode").ops}
    assert ops["layer-0/absorb-query"].macs == heads * plain * rank
    assert ops["layer-0/expand-value"].macs == heads * rank * value
    assert ops["layer-0/attention"].macs == heads * 10 * (2 * rank + rotated)
    assert "layer-2/experts/up" not in ops
    assert "layer-3/experts/up" in ops


def test_active_parameters_of_mixtures():
    """Of Mixtral's 46.7 B parameters a token reads 12.9 B (arXiv:2401.04088)."""
    step = load("mixtral-8x7b", sequence=2, phase="decode")
    matrices = 12_879_925_248 - 32_000 * 4096 - 65 * 4096  # one row of the embedding is read, norms multiply nothing
    assert sum(op.macs for op in step.ops if op.kind == "matmul") == matrices


def test_windows_alternate():
    windows = [op.work.window for op in load("gemma-2-2b", sequence=8).ops if op.kind == "attention"]
    assert windows == [4096, 0] * 13
    windows = [op.work.window for op in load("gemma-3-1b", sequence=8).ops if op.kind == "attention"]
    assert windows == ([512] * 5 + [0]) * 4 + [512] * 2
    assert {op.work.window for op in load("qwen2-7b", sequence=8).ops if op.kind == "attention"} == {0}


def test_whisper_runs_its_encoder_once():
    prompt = load("whisper-tiny", sequence=4)
    convolution = next(op for op in prompt.ops if op.name == "encoder/conv-2")
    assert (convolution.work.in_width, convolution.work.out_width) == (3000, 1500)
    step = load("whisper-tiny", sequence=5, phase="decode")
    assert not any(op.name.startswith("encoder/") for op in step.ops)
    cross = next(op for op in step.ops if op.name == "decoder/layer-0/cross/attention")
    assert (cross.work.key_length, cross.work.causal) == (1500, False)


def test_number_formats_come_from_the_file():
    graph = load("deepseek-v3", sequence=4)
    assert graph.tensors["layer-0/output/weight"].dtype == "fp8"
    assert graph.tensors["embedding"].dtype == "bf16"
    assert load("llama-2-7b", sequence=4, dtype="fp8").tensors["embedding"].dtype == "fp8"
    assert any("fp16 is assumed" in note for note in load("gpt2", sequence=4).notes)
    assert load("gpt2", sequence=4).parameters["model_type"] == "gpt2"
    assert load("gpt2", sequence=4).name == "gpt2"


def changed(tmp_path, name, **values):
    tree = json.loads((CONFIGS / f"{name}.json").read_text())
    tree = {key: value for key, value in (tree | values).items() if value != "GONE"}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(tree, indent=2))
    return path


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hidden_size": "GONE"}, "configuration of llama lacks 'hidden_size'"),
        ({"hidden_size": "GONE", "hiden_size": 4}, "did you mean 'hiden_size'"),
        ({"hidden_size": "4096"}, r"config.json:3:\d+: hidden_size is '4096'; write a whole number"),
        ({"hidden_size": 0}, "hidden_size is 0; write a whole number of at least 1"),
        ({"hidden_size": 10**12}, "hidden_size is 1e"),
        ({"num_hidden_layers": 10**6}, "no network has more than 10000"),
        ({"num_attention_heads": 7}, "heads=7|head"),
        ({"num_key_value_heads": 5}, "kv_heads=5"),
        ({"hidden_act": "sulu"}, "activation function 'sulu' is not known; did you mean 'silu'"),
        ({"tie_word_embeddings": "yes"}, "tie_word_embeddings is 'yes'; write true or false"),
        ({"model_type": 3}, "model_type is 3; write text"),
        ({"model_type": "GONE"}, "lacks 'model_type'"),
        ({"layer_types": ["full_attention"]}, "layer_types names 1 layers of 32"),
    ],
)
def test_wrong_values_are_quoted_with_their_key(tmp_path, values, message):
    with pytest.raises(InvalidDescriptionError, match=message) as caught:
        load_huggingface(changed(tmp_path, "llama-2-7b", **values))
    assert "config.json:" in str(caught.value)


def test_unknown_model_types_list_the_known(tmp_path):
    with pytest.raises(UnsupportedError, match=r"'lama' is not known; did you mean 'llama'\?.*known: bert.*whisper"):
        load_huggingface(changed(tmp_path, "llama-2-7b", model_type="lama"))


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("bert-base-uncased", {"hidden_act": "relu"}, "hidden_act is 'relu'"),
        ("t5-small", {"num_decoder_layers": 2}, "num_decoder_layers is 2"),
        ("t5-small", {"feed_forward_proj": "gated-silu"}, "feed_forward_proj"),
        ("vit-base-patch16-224", {"num_channels": 1}, "num_channels is 1"),
        ("vit-base-patch16-224", {"intermediate_size": 1000}, "intermediate_size is 1000"),
        ("mamba-130m", {"use_bias": True}, "use_bias is True"),
        ("phi-2", {"qk_layernorm": True}, "qk_layernorm is True"),
    ],
)
def test_settings_that_are_not_modelled_are_refused(tmp_path, name, values, message):
    with pytest.raises(UnsupportedError, match=message):
        load_huggingface(changed(tmp_path, name, **values))


@pytest.mark.parametrize(
    ("name", "options", "error"),
    [
        ("gpt2", {"sequence": 2000}, UsageError),
        ("gpt2", {"batch": 0}, UsageError),
        ("gpt2", {"phase": "train"}, UsageError),
        ("gpt2", {"dtype": "fp17"}, UsageError),
        ("whisper-tiny", {"sequence": 500}, UsageError),
        ("bert-base-uncased", {"phase": "decode"}, UnsupportedError),
        ("t5-small", {"past": 4}, UnsupportedError),
        ("vit-base-patch16-224", {"weight_dtype": "int4"}, UnsupportedError),
    ],
)
def test_runs_that_cannot_be_are_refused(name, options, error):
    with pytest.raises(error):
        load(name, **options)


def test_generations_of_falcon_and_gpt_neox(tmp_path):
    """Falcon-40B: 41,303,293,952 parameters in its safetensors headers; its layers have two norms side by side."""
    forty = {"hidden_size": 8192, "num_hidden_layers": 60, "num_attention_heads": 128, "num_kv_heads": 8}
    path = changed(tmp_path, "falcon-7b", new_decoder_architecture=True, **forty)
    assert count(load_huggingface(path, sequence=4)).parameters == 41_303_293_952
    path = changed(tmp_path, "pythia-160m", use_parallel_residual=False)
    assert count(load_huggingface(path, sequence=4)).parameters == PUBLISHED["pythia-160m"]
