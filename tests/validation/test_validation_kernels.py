"""Tables of single kernels: what their rows become, how they were driven, which are for fitting, which are refused."""

import pytest

from archsim.errors import InvalidDescriptionError, UsageError
from archsim.io.hardware import load_hardware
from archsim.validation import fitting, kernels, run_validation
from archsim.validation.cells import SkipRow
from archsim.validation.checks import attention, deepbench, gemm, gpt3_layer, llmcompass, neusight, vidur
from archsim.validation.dataset import Dataset
from archsim.validation.launch import Driven, Launch
from archsim.validation.metadata import Metadata, read_metadata
from archsim.validation.split import RULE
from archsim.validation.table import Row

HEADER = "device,op,dims,dtype,measured_ms"
TABLES = ("attention_aiconfigurator", "deepbench", "gemm_aiconfigurator", "llmcompass", "ops_neusight", "ops_vidur")


def row(op, dims, dtype="fp32", **more):
    cells = {"device": "x", "op": op, "dims": dims, "dtype": dtype, "measured_ms": "1", **more}
    return Row(2, cells)


def work(reading, name=None):
    (op,) = [op for op in reading.timed.ops if name in (None, op.name)]
    return op.work


def sizes(reading):
    return {tensor.name: tensor.shape for tensor in reading.timed.tensors}


def test_gemm_rotates_copies():
    reading = gemm.read(row("gemm", "m=10;n=20;k=30", "bfloat16"))
    assert (work(reading).m, work(reading).n, work(reading).k, reading.copies) == (10, 20, 30, 6)
    assert reading.labels["op"] == "gemm"


def test_power_of_steady_rows_only():
    def power(dims, ms, watts="500"):
        return gemm.read(row("gemm", dims, "bfloat16", measured_ms=ms, power_w=watts)).power

    assert power("m=128;n=4096;k=4096", "0.19") is None
    assert power("m=128;n=4096;k=4096", "0.2", "") is None
    assert power("m=128;n=4096;k=4096", "0.2") == 500.0
    with pytest.raises(SkipRow, match="power_w is not a number"):
        power("m=128;n=4096;k=4096", "0.2", "hot")


def test_power_is_a_group_of_its_own(table):
    line = "H200-SXM,gemm,m=8192;n=8192;k=8192,bfloat16,1.6,600"
    outcomes = run_validation(table(line, header=f"{HEADER},power_w"))
    by_group = {outcome.group: outcome for outcome in outcomes}
    assert set(by_group) == {"h200-sxm bf16", "h200-sxm power", "h200-sxm power below its limit"}
    assert by_group["h200-sxm power"].limit == 20.0
    reading = gemm.read(row("gemm", "m=8192;n=8192;k=8192", "bfloat16"))
    chip = load_hardware("h200-sxm")
    (made,) = kernels.predict([kernels.Sample(row("", ""), "g", chip, reading, 1.0)])
    assert by_group["h200-sxm power"].value == pytest.approx(100 * abs(made.power / 600 - 1))
    assert chip.spec.power.idle < made.power <= chip.spec.power.limit * 1.001


def test_attention_of_a_prompt_and_of_one_token():
    made = work(attention.read(row(attention.PREFILL, "b=2;s=5;h=8;hkv=2;d=16;prefix=3", "bfloat16")), "attention")
    assert (made.batch, made.heads, made.kv_heads, made.head_size, made.value_size) == (2, 8, 2, 16, 16)
    assert (made.query_length, made.key_length, made.causal) == (5, 8, True)
    made = work(attention.read(row(attention.DECODE, "b=2;kv=100;h=8;hkv=2;d=16", "bfloat16")), "attention")
    assert (made.query_length, made.key_length, made.causal) == (1, 100, False)


def test_deepbench_products_are_stored_by_columns():
    reading = deepbench.read(row("gemm", "m=1760;n=16;k=880;ta=N;tb=T"))
    made = work(reading)
    assert (made.m, made.n, made.k) == (16, 1760, 880)
    assert {name: reading.labels[name] for name in ("op", "m", "n", "k")} == {
        "op": "gemm", "m": 1760, "n": 16, "k": 880,
    }  # fmt: skip
    assert len(reading.timed.ops[0].epilogue) == 1
    narrow = deepbench.read(row("gemm", "m=35;n=16;k=880;ta=N;tb=T", "int8"))
    assert work(narrow).n == 36
    assert {t.name: t.dtype for t in narrow.timed.tensors}["gemm.result"] == "int32"


def test_deepbench_sparse_products():
    reading = deepbench.read(row("spmm", "m=7680;n=2;k=2560;sparsity=0.95"))
    weights = reading.timed.tensors[1]
    assert (weights.density, weights.structure, weights.shape) == (pytest.approx(0.05), "uniform", (1, 2560, 7680))
    assert reading.timed.ops[0].epilogue == ()
    dense = deepbench.read(row("spmm_dense_equiv", "m=7680;n=2;k=2560;sparsity=0.95"))
    assert dense.timed.tensors[1].density == 1.0


CONV = "w=700;h=161;c=1;n=4;k=32;s=20;r=5;pad_w=0;pad_h=0;sw=2;sh=2"


def test_deepbench_convolutions():
    made = work(deepbench.read(row("conv_fwd", CONV)))
    assert (made.in_width, made.in_height, made.kernel_width, made.kernel_height) == (700, 161, 20, 5)
    assert (made.out_width, made.out_height, made.in_channels, made.out_channels) == (341, 79, 1, 32)
    tensors = sizes(deepbench.read(row("conv_bwd_inputs", CONV)))
    assert (tensors["maps"], tensors["kernel"], tensors["results"]) == (
        (4, 1, 161, 700),
        (32, 1, 5, 20),
        (4, 32, 79, 341),
    )
    assert work(deepbench.read(row("conv_bwd_weights", CONV))).macs == made.macs


def test_deepbench_pads_channels_as_it_says():
    assert work(deepbench.read(row("conv_fwd", CONV, "fp16_tc"))).in_channels == 8
    made = work(deepbench.read(row("conv_fwd", CONV, "int8")))
    assert (made.in_channels, made.in_height, made.in_width) == (4, 164, 700)


def test_deepbench_splits_filters_whichever_side_is_named_first():
    swapped = CONV.replace("s=20;r=5", "s=5;r=20")
    labels = [deepbench.read(row("conv_fwd", dims)).labels for dims in (CONV, swapped)]
    assert labels[0] == labels[1]


def test_deepbench_recurrent_layers():
    reading = deepbench.read(row("rnn_lstm_fwd", "hidden=512;n=16;t=25"))
    assert sum(op.macs for op in reading.timed.ops) == 25 * 16 * 512 * 2048
    plain = deepbench.read(row("rnn_gru_bwd", "hidden=512;n=16;t=25"))
    named = deepbench.read(row("rnn_gru_bwd_inputs", "hidden=512;n=16;t=25"))
    assert plain == named
    assert named.labels["op"] == "rnn_bwd_inputs"
    once = deepbench.read(row("rnn_vanilla_bwd_weights", "hidden=512;n=16;t=25"))
    assert work(once).k == 16 * 25


def test_neusight_kernels():
    made = work(neusight.read(row("bmm", "b=3;m=4;n=5;k=6")))
    assert (made.batch, made.m, made.n, made.k, made.dynamic, made.bias) == (3, 4, 5, 6, True, False)
    made = work(neusight.read(row("linear", "b=1;m=4;n=5;k=6")))
    assert (made.dynamic, made.bias) == (False, True)
    assert len(neusight.read(row("pow", "rows=4;cols=8")).timed.ops[0].inputs) == 2
    assert len(neusight.read(row("powu", "rows=4;cols=8")).timed.ops[0].inputs) == 1
    assert work(neusight.read(row("softmax", "rows=4;cols=8"))).passes == 3
    assert sizes(neusight.read(row("ln", "rows=4;cols=8")))["scale-shift"] == (2, 8)


def test_llmcompass_kernels():
    assert work(llmcompass.read(row("gelu", "rows=1;cols=8", "fp16"))).function == "gelu_tanh"
    assert "scale-shift" not in sizes(llmcompass.read(row("layernorm", "rows=4;cols=8", "fp16")))
    assert work(llmcompass.read(row("gemm", "m=4;n=5;k=6", "fp16"))).macs == 120


def test_vidur_kernels():
    gate = vidur.read(row("act_silu_mul", "rows=4;cols=8;model=Llama-2-7b-hf;tp=1;layer=mlp_act", "fp16"))
    assert sizes(gate) == {"operand-0": (4, 16), "result": (4, 8)}
    norm = "rows=4;cols=8;model={};tp=1;layer=input_layernorm"
    assert work(vidur.read(row(vidur.NORM, norm.format("Llama-2-7b-hf"), "fp16"))).function == "rms_norm"
    assert work(vidur.read(row(vidur.NORM, norm.format("phi-2"), "fp16"))).function == "layer_norm"


def test_vidur_layers_pass_through_the_caches(table):
    lines = [
        "A40,gemm,m=4;n=8;k=16;model=a;tp=1;layer=p,fp16,1",
        "A40,add,rows=4;cols=8;model=a;tp=1;layer=q,fp16,1",
        "A40,add,rows=4;cols=8;model=a;tp=2;layer=q,fp16,1",
    ]
    folder = table(*lines, name="ops_vidur.csv")
    found = kernels.samples(dataset_of(folder, "ops_vidur.csv"), vidur.READER)
    product, added = 2 * (4 * 16 + 16 * 8 + 4 * 8), 2 * 3 * 4 * 8
    assert [sample.reading.between for sample in found] == [added, product, 0.0]


def dataset_of(folder, name, metadata=None):
    from archsim.validation.locate import below
    from archsim.validation.table import read_table

    path = below(folder, [name])[name]
    return Dataset(name, path, read_table(path, kernels.COLUMNS).rows, metadata)


def test_how_kernels_were_started():
    chip = load_hardware("a100-sxm4-80gb")
    launch = chip.spec.generation.launch
    found = {way: Driven(way).find(chip).spec.generation.launch.latency for way in Launch}
    assert found == {
        Launch.GRAPH: launch.latency, Launch.KERNEL: 0.0, Launch.CALL: pytest.approx(launch.latency + launch.eager),
    }  # fmt: skip
    other = load_hardware("xeon-gold-6248")
    assert Driven(Launch.CALL).find(other) is other
    ways = {reader.READER.launch for reader in (gemm, attention, deepbench)}
    assert ways == {Launch.GRAPH}
    assert (neusight.READER.launch, vidur.READER.launch, llmcompass.READER.launch) == (
        Launch.KERNEL, Launch.KERNEL, Launch.CALL,
    )  # fmt: skip


def test_a_sample_of_several_kernels_takes_their_sum(toy, table):
    dims = "hidden=8;n=2;t=3"
    macs, cell = 3 * 2 * 8 * 32, 3 * 2 * 8
    reading = deepbench.read(row("rnn_lstm_fwd", dims))
    other = sum(op.flops - 2 * op.macs + op.special for op in reading.timed.ops)
    assert other > cell
    chip = load_hardware(toy)
    (made,) = kernels.predict([kernels.Sample(row("", ""), "g", chip, reading, 1.0)])
    (outcome,) = run_validation(table(f"{toy},rnn_lstm_fwd,{dims},fp32,{made.latency * 1e3!r}", name="deepbench.csv"))
    assert made.latency >= 2e-9 * macs
    assert outcome.value == pytest.approx(0.0, abs=1e-9)
    assert outcome.group == "toy rnn_fwd fp32"


BROKEN = {
    ("attention_aiconfigurator.csv", "attention_decode,b=1;kv=8;h=3;hkv=2;d=8,bf16,1"): "h does not divide by hkv",
    ("attention_aiconfigurator.csv", "attention_decode,b=1;s=8;h=2;hkv=2;d=8,bf16,1"): "dims has no kv",
    ("attention_aiconfigurator.csv", "attention_prefill_causal,b=1;s=8;h=2;hkv=2;d=8;prefix=x,bf16,1"):
        "prefix is not a whole number",
    ("attention_aiconfigurator.csv", "gemm,m=1;n=1;k=1,bf16,1"): "unknown op 'gemm'",
    ("deepbench.csv", "all_reduce,gpus=2;bytes=4;algo=x,fp32,1"):
        "no system of several such devices is described",
    ("deepbench.csv", "spmm,m=4;n=4;k=4;sparsity=1.5,fp32,1"): "sparsity is not between 0 and 1",
    ("deepbench.csv", "spmm,m=4;n=4;k=4;sparsity=lots,fp32,1"): "sparsity is not a number",
    ("deepbench.csv", "spmm,m=4;n=4;k=4,fp32,1"): "dims has no sparsity",
    ("deepbench.csv", "conv_fwd,w=4;h=4;c=1;n=1;k=1;s=5;r=5;pad_w=0;pad_h=0;sw=1;sh=1,fp32,1"):
        "the filter is larger than the padded map",
    ("deepbench.csv", "rnn_elman_fwd,hidden=8;n=1;t=1,fp32,1"): "unknown op 'rnn_elman_fwd'",
    ("deepbench.csv", "rnn_lstm_sideways,hidden=8;n=1;t=1,fp32,1"): "unknown op 'rnn_lstm_sideways'",
    ("deepbench.csv", "rnn_lstm_fwd,hidden=8;n=1;t=0,fp32,1"): "t is not a whole number above 0",
    ("deepbench.csv", "gemm,m=1;n=1;k=1,fp32,0.0"): "measured_ms is not above 0",
    ("llmcompass.csv", "gpt3_175b_layer_Softmax,phase=decode;b=8,fp16,1"): "dims has no rows",
    ("llmcompass.csv", "exp,rows=8;cols=8,fp16,1"): "unknown op 'exp'",
    ("ops_neusight.csv", "sin,rows=8;cols=8,fp32,1"): "unknown op 'sin'",
    ("ops_neusight.csv", "bmm,b=1;m=1;n=1,fp32,1"): "dims has no k",
    ("ops_vidur.csv", "add,rows=8,fp16,1"): "dims has no cols",
    ("ops_vidur.csv", "rope,rows=8;cols=8,fp16,1"): "unknown op 'rope'",
}  # fmt: skip


@pytest.mark.parametrize(("case", "reason"), BROKEN.items())
def test_rows_that_cannot_be_evaluated_are_counted_with_the_reason(toy, table, case, reason):
    name, line = case
    (outcome,) = run_validation(table(f"{toy},{line}", name=name))
    assert outcome.reasons == {reason: 1}
    assert (outcome.rows, outcome.value) == (0, None)


def test_shapes_of_a_layer_on_four_chips():
    prompt, token = gpt3_layer.shape("prefill_b8_s2048", 4), gpt3_layer.shape("decode_b8_kv3072", 4)
    assert (prompt.rows, prompt.pairs, prompt.queries, prompt.keys) == (16384, 192, 2048, 2048)
    assert (token.rows, token.pairs, token.queries, token.keys) == (8, 192, 1, 3073)
    macs = {name: sum(op.macs for op in gpt3_layer.timed(name, prompt).ops) for name in gpt3_layer.OPS}
    assert macs["Q_K_V"] == 3 * 16384 * 12288 * 3072
    assert macs["Wo_proj"] == macs["Q_K_V"] / 3
    assert macs["W1_proj"] == macs["W2_proj"] == 16384 * 12288 * 12288
    assert macs["Q_mul_K"] == macs["A_mul_V"] == 192 * 2048 * 2048 * 128
    for phase in ("prefill_b8_kv2048", "decode_b0_kv8", "train_b8_s8", "prefill"):
        with pytest.raises(SkipRow, match="unknown phase"):
            gpt3_layer.shape(phase, 4)


def test_a_layer_is_judged_op_by_op_and_as_a_whole(table):
    lines = ["decode_b8_kv3072,GeLU,0.05", "decode_b8_kv3072,AllReduce_MHA,0.03", "decode_b8_kv3072,Tea,1"]
    folder = table(*lines, header="phase,op,measured_ms", name="baseline_gpt3_layer_a100x4.csv")
    whole, ops = run_validation(folder)
    assert (whole.group, whole.rows, whole.limit) == ("hgx-a100-4 decode", 1, 12.0)
    assert (ops.group, ops.rows, ops.reasons) == ("hgx-a100-4 decode ops", 2, {"unknown op 'Tea'": 1})


def test_kinds_of_op_may_be_split_by_sizes_of_their_own(tmp_path):
    (tmp_path / "x.csv").write_text("device,op\n")
    (tmp_path / "x.meta.yaml").write_text(
        "title: t\nsource: s\nlicence: l\nchanged: c\nsplit:\n  by: {gemm: [n, k], ln: [cols]}\n"
        f'  scored: {{device: [A40, M40], op: [gemm]}}\n  fit: {{device: [V100]}}\n  rule: "{RULE}"\n'
    )
    dataset = Dataset("x.csv", None, (), read_metadata(tmp_path / "x.csv"))
    assert dataset.side({"op": "gemm", "n": 4096, "k": 4096}) == "score"
    assert dataset.side({"op": "gemm", "n": 12288, "k": 4096}) == "fit"
    assert len({dataset.side({"op": "ln", "cols": 64, "rows": rows}) for rows in range(40)}) == 1
    values = {"op": "gemm", "n": 12288, "k": 4096}
    assert dataset.side(values, Row(2, {"device": "A40", "op": "gemm"})) == "score"
    assert dataset.side(values, Row(2, {"device": "A40", "op": "ln"})) == "fit"
    assert dataset.side({"op": "gemm", "n": 4096, "k": 4096}, Row(2, {"device": "V100", "op": "gemm"})) == "fit"
    with pytest.raises(InvalidDescriptionError, match="do not say what rows of 'conv' are split by"):
        dataset.side({"op": "conv", "k": 1})


@pytest.mark.parametrize(
    ("split", "problem"),
    [
        ("{by: {gemm: n}}", "does not say what makes a group"),
        ("{by: {}}", "does not say what makes a group"),
        ("{by: [n], scored: [A40]}", r"split\.scored does not list cells by column"),
        ("{by: [n], fit: {device: A40}}", r"split\.fit does not list cells by column"),
        ("{by: [n], socred: {device: [A40]}}", "unknown key 'socred'"),
    ],
)
def test_splits_that_say_nothing(tmp_path, split, problem):
    (tmp_path / "x.csv").write_text("device\n")
    text = split.replace("}", f', rule: "{RULE}"}}') if split.count("}") == 1 else split[:-1] + f', rule: "{RULE}"}}'
    (tmp_path / "x.meta.yaml").write_text(f"title: t\nsource: s\nlicence: l\nchanged: c\nsplit: {text}\n")
    with pytest.raises(InvalidDescriptionError, match=problem):
        read_metadata(tmp_path / "x.csv")


@pytest.mark.parametrize("name", TABLES)
def test_rows_for_fitting_are_those_that_are_never_scored(name):
    from archsim.validation import locate
    from archsim.validation.registry import find_checks
    from archsim.validation.table import read_table

    (check,) = find_checks(dataset=name)
    path = locate.shipped([check.dataset])[check.dataset]
    dataset = Dataset(check.dataset, path, read_table(path, check.columns).rows, read_metadata(path))
    read = kernels.samples(dataset, check.reader)
    scored = {each.row.line for each in read if kernels.side(dataset, each) == "score"}
    fitted = {each.row.line for each in fitting.rows(name)}
    assert fitted
    assert scored
    assert not fitted & scored
    assert len(fitted) + len(scored) == len(read)
    devices = {row.cells["device"] for row in dataset.rows}
    for side in (dataset.metadata.split_scored, dataset.metadata.split_fit):
        assert set(side.get("device", ())) <= devices


@pytest.mark.parametrize(("name", "device"), [("deepbench", "M40"), ("ops_vidur", "A40")])
def test_nothing_is_fitted_on_devices_that_are_scored_whole(name, device):
    assert device not in {each.row.cells["device"] for each in fitting.rows(name)}


def test_products_of_transfer_devices_are_scored_whole():
    kinds = {(each.row.cells["device"], each.row.cells["op"]) for each in fitting.rows("ops_neusight")}
    assert not {(device, op) for device, op in kinds if device in ("P4", "A100-PCIE-40GB") and op in ("bmm", "linear")}
    assert ("V100-PCIE-32GB", "linear") in kinds


def test_samples_for_calibration():
    samples = fitting.rows("llmcompass")
    (observed,) = fitting.observations(samples)
    assert observed.chip.name == "a100-sxm4-80gb"
    assert len(observed.ops) == len(observed.latency) == len(samples)
    several = [each for each in fitting.rows("deepbench") if "rnn_lstm_fwd" in each.row.cells["op"]]
    assert several
    assert fitting.observations(several) == []
    with pytest.raises(UsageError, match="are no single kernels"):
        fitting.rows("collectives_vidur")


def test_metadata_without_a_split_score_every_row():
    dataset = Dataset("x.csv", None, (), Metadata("t", "s", "l", "c"))
    assert dataset.side({"op": "gemm"}) == "score"
    assert dataset.split == "all"
