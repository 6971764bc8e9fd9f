"""Whole networks: from rows to kernels, per dataset, on a machine whose time is its arithmetic."""

import pytest

from archsim.engine.evaluate import evaluate
from archsim.graph import Phase
from archsim.graph.counts import count
from archsim.io.hardware import load_hardware, with_
from archsim.validation import find_checks, locate, run_validation
from archsim.validation.cells import SkipRow
from archsim.validation.checks import models_neusight, operator_share
from archsim.validation.models import Launched, Networks, Setting, answer, forward, kernels, only, without_loss
from archsim.validation.table import read_table
from archsim.validation.timm import NAMES, PARAMETERS, Published, check_counts, counted, workload_of
from archsim.workloads import workload
from archsim.workloads.registry import find

NEUSIGHT = "device,op,dims,dtype,measured_ms"
TIMM = "device_layout,model,img_size,mode,batch,samples_per_sec,step_ms,params_M,gmacs,activations_M"


def by_group(outcomes):
    return {outcome.group: outcome for outcome in outcomes}


def skipped(outcomes):
    reasons = {}
    for outcome in outcomes:
        reasons |= outcome.reasons
    return reasons


def ran(graph, how):
    return kernels(forward(graph, how), how)


def test_a_case_is_what_evaluate_makes_of_the_same_kernels():
    how = Setting("gpt2", dropout=True, optimiser="sgd")
    parameters = {"layers": 2, "sequence": 64, "dtype": "fp32", "dropout": True}
    chip = load_hardware("v100-pcie-32gb")
    (made,) = answer([(chip, Networks().case("gpt2-small", parameters, how))])
    graph = ran(workload("gpt2-small", **parameters), how)
    assert made.latency == pytest.approx(evaluate(graph, chip, fusion="none", jit="never").latency, rel=1e-12)
    assert sum(latency for _, latency in made.parts()) == pytest.approx(made.latency, rel=1e-9)


def test_cases_are_built_once_and_evaluated_once_per_machine():
    networks, chip = Networks(), load_hardware("a100")
    first, again = (networks.case("resnet18", {"batch": 2}, Setting()) for _ in range(2))
    other = networks.case("resnet18", {"batch": 2}, Setting(compiled=True))
    assert first is again
    assert first is not other
    one, two, three = answer([(chip, first), (chip, again), (chip, other)])
    assert one is two
    assert three.latency < one.latency


def test_what_cannot_be_built_says_why_every_time():
    networks = Networks()
    for _ in range(2):
        with pytest.raises(SkipRow, match="no workload called 'zebranet'"):
            networks.case("zebranet", {}, Setting())
        with pytest.raises(SkipRow, match="do not fit into context=1024"):
            networks.case("gpt2-large", {"sequence": 4096}, Setting())


def test_frameworks_launch_kernels_where_a_family_knows_of_it():
    launched, gpu, cpu = Launched(), load_hardware("a100"), load_hardware("i9-10940x")
    assert launched.of(gpu, eagerly=False) is gpu
    assert launched.of(cpu, eagerly=True).spec.library.name == "cpu-pytorch"
    eager = launched.of(gpu, eagerly=True)
    assert eager is launched.of(gpu, eagerly=True)
    assert eager.spec.generation.launch.mode == "eager"
    case = Networks().case("resnet18", {"batch": 1}, Setting())
    graph, slow = answer([(gpu, case), (eager, case)])
    assert slow.latency > graph.latency


def test_settings_reach_the_kernels():
    graph = workload("deit-ti", batch=2, dtype="fp32", layers=2)
    plain = ran(graph, Setting("timm"))
    whole = ran(graph, Setting("timm", attention_kernel=True))
    mixed = ran(graph, Setting("timm", attention_kernel=True, narrow="fp16"))
    compiled = ran(graph, Setting("timm", attention_kernel=True, narrow="fp16", compiled=True))
    step = ran(graph, Setting("timm", narrow="fp16", optimiser="momentum"))
    assert len(plain.ops) > len(whole.ops)
    assert len(mixed.ops) > len(whole.ops)
    assert len(compiled.ops) < len(mixed.ops)
    assert count(plain).macs == count(whole).macs == count(mixed).macs == count(compiled).macs
    assert {op.phase for op in step.ops} == set(Phase)
    kept = only(step, without_loss)
    assert [op.name for op in step.ops if op not in kept.ops] == ["classifier/loss"]


def neusight(table, *rows):
    return run_validation(table(*rows, header=NEUSIGHT, name="models_neusight.csv"))


def test_neusight_rows_are_read(table):
    dims = "model=bert_large;seq=128;batch=2;mode={};option={}"
    rows = [
        f"V100-PCIE-32GB,model_e2e,{dims.format('inf', 'none')},fp32,20",
        f"V100-PCIE-32GB,model_e2e,{dims.format('train', 'none')},fp32,60",
        f"V100-PCIE-32GB,model_e2e,{dims.format('inf', 'fusion')},fp32,15",
        *(f"V100-PCIE-32GB,model_class_{of},{dims.format('inf', 'none')},fp32,1" for of in models_neusight.CLASSES),
    ]
    groups = by_group(neusight(table, *rows))
    name = "v100-pcie-32gb"
    assert {group: outcome.rows for group, outcome in groups.items()} == {
        "all devices": 3, name: 2, f"{name} order": 2, f"{name} compiled": 1, f"{name} compiled order": 1,
        **{f"{name} {of}": 1 for of in models_neusight.CLASSES},
    }  # fmt: skip
    assert (groups[name].metric, groups[name].limit) == ("mape", 12.0)
    assert groups[f"{name} order"].metric == "spearman"
    assert groups[f"{name} VECln"].limit == 25.0
    assert all(outcome.skipped == 0 for outcome in groups.values())


def test_neusight_rows_that_cannot_be_evaluated(table):
    good = "model=gpt2_large;seq=64;batch=1"
    rows = {
        f"A100-PCIE-40GB,model_e2e,{good};mode=train;option=dp4,fp32,1": "option 'dp4' runs on several devices",
        f"A100-PCIE-40GB,model_e2e,{good};mode=dream;option=none,fp32,1": "unknown mode 'dream'",
        "A100-PCIE-40GB,model_e2e,model=zebra;seq=64;batch=1;mode=inf,fp32,1": "no workload called 'zebra'",
        f"Zebra-1,model_e2e,{good};mode=inf,fp32,1": "unknown device 'Zebra-1'",
        f"A100-PCIE-40GB,model_half,{good};mode=inf,fp32,1": "unknown op 'model_half'",
        f"A100-PCIE-40GB,model_class_BMM,{good};mode=train,fp32,1":
            "each op of a training step was timed together with its gradient",
        "A100-PCIE-40GB,model_e2e,model=gpt2_large;seq=64,fp32,1": "dims has no batch",
        f"A100-PCIE-40GB,model_e2e,{good},fp32,0": "measured_ms is not above 0",
    }  # fmt: skip
    outcomes = neusight(table, *rows)
    assert set(skipped(outcomes)) == set(rows.values())
    assert sum(outcome.skipped for outcome in outcomes) == len(rows)
    assert all(outcome.value is None for outcome in outcomes)


def test_classes_of_kernels_are_those_of_the_table():
    parameters = {"batch": 2, "sequence": 64, "dtype": "fp32", "layers": 3}
    case = Networks().case("gpt2-small", parameters, Setting("gpt2"))
    found = {}
    for same in case.lowered.rows:
        of = models_neusight.class_of(same[0])
        found[of] = found.get(of, 0) + len(same)
    # Per layer: 4 linear, 2 batched, 1 scale + 8 of GELU + 2 residuals; norms; softmax; mask and 4 copies uncounted.
    assert found == {"Linear": 3 * 4 + 1, "BMM": 3 * 2, "VEC": 3 * 11 + 1, "VECsoftmax": 3, "VECln": 7, "": 3 * 5 + 2}


def timm(table, *rows):
    return run_validation(table(*rows, header=TIMM, name="timm_throughput.csv"))


def test_timm_labels_rows_and_groups(table):
    rows = [
        "a100_nhwc,resnet18,64,infer,8,1000,8,11.69,0.15,1",
        "a100_nchw,resnet18,64,infer,8,1000,8,11.69,0.15,1",
        "a100_nchw_compile,resnet18,64,infer,8,1000,8,11.69,0.15,1",
        "a100_train_nhwc,resnet18,64,train,8,1000,8,11.69,,",
        "i9_10940x_fp32_compile,resnet18,64,infer,1,100,10,11.69,0.15,1",
    ]
    groups = by_group(timm(table, *rows))
    a100 = "a100-sxm4-80gb"
    mape = {group for group in groups if not group.endswith(" order")}
    assert mape == {
        f"{a100} nhwc", f"{a100} nchw", f"{a100} compiled nchw", f"{a100} nhwc training",
        "core-i9-10940x compiled fp32",
    }  # fmt: skip
    assert {groups[name].limit for name in mape} == {35.0}
    assert groups[f"{a100} nhwc order"].limit == 0.9
    # All rows are of one time, so errors tell how the runs compare.
    error = {name: groups[name].bias for name in mape}
    assert error[f"{a100} compiled nchw"] < error[f"{a100} nhwc"] < error[f"{a100} nchw"]
    assert error[f"{a100} nhwc"] < error[f"{a100} nhwc training"]


def test_timm_rows_that_cannot_be_evaluated(table):
    rows = {
        "a100_nhwc,zebranet,224,infer,8,1,1,1,1,1": "no workload called 'zebranet'",
        "zebra_nhwc,resnet18,224,infer,8,1,1,11.69,1.82,1": "unknown device 'zebra'",
        "a100_nhwc,resnet18,224,dream,8,1,1,11.69,1.82,1": "unknown mode 'dream'",
        "a100_nhwc,resnet18,224,infer,8,1,1,12.69,1.82,1": "'resnet18' has other parameters than the workload resnet18",
        "a100_nhwc,resnet18,256,infer,8,1,1,11.69,1.82,1":
            "'resnet18' has other multiply-accumulates than the workload resnet18",
        "a100_nhwc,deit_tiny_patch16_224,225,infer,8,1,1,5.72,1.26,1":
            "image=225 does not divide into patches of 16 pixels",
        "a100_nhwc,resnet18,224,infer,8,0,1,11.69,1.82,1": "samples_per_sec is not above 0",
    }  # fmt: skip
    assert set(skipped(timm(table, *rows))) == set(rows.values())


@pytest.mark.parametrize(("name", "own"), NAMES.items())
def test_names_lead_to_workloads(name, own):
    assert find(workload_of(name)).name == own


def test_counts_as_the_profiler_counts_them():
    check_counts("resnet50", counted(workload("resnet50", batch=3)), Published(25.56e6, 4.11e9))
    check_counts("convmixer_768_32", counted(workload("convmixer-768-32")), Published(21.11e6, 19.55e9))
    check_counts("convnext_tiny", counted(workload("convnext-t", image=384)), Published(28.59e6, 13.14e9))
    with pytest.raises(SkipRow, match="other parameters"):
        check_counts("resnet50", counted(workload("resnet50")), Published(25.0e6, None))


def test_every_shipped_timm_row_is_the_network_it_names():
    (path,) = locate.shipped(["timm_throughput.csv"]).values()
    rows = [row.cells for row in read_table(path, TIMM.split(",")).rows]
    assert len(rows) == 786
    for name, image in {(row["model"], int(row["img_size"])) for row in rows}:
        made = counted(workload(workload_of(name), image=image, **PARAMETERS.get(name, {})))
        for row in rows:
            if (row["model"], int(row["img_size"])) == (name, image):
                macs = float(row["gmacs"]) * 1e9 if row["gmacs"] else None
                check_counts(name, made, Published(float(row["params_M"]) * 1e6, macs))


def test_papers_rows_that_were_only_recalled_are_not_scored():
    groups = by_group(run_validation(dataset="convnext_swin_throughput"))
    assert groups["v100-sxm2-16gb"].rows == 9
    assert groups["v100-sxm2-16gb"].reasons == {"recalled, not read in a source": 2}
    assert groups["a100-sxm4-80gb"].rows == 8
    assert groups["a100-sxm4-80gb"].reasons["the table does not say the batch"] == 5


def test_shares_of_a_layer_add_up_and_follow_the_classes():
    groups = by_group(run_validation(dataset="operator_share_bert_v100"))
    assert {name: (each.rows, each.metric, each.limit) for name, each in groups.items()} == {
        "v100-sxm2-16gb FLOP": (3, "max_abs_points", 0.05),
        "v100-sxm2-16gb time": (3, "max_abs_points", 6.0),
    }
    made = operator_share.run(operator_share.layer())
    for shares in operator_share.shares(made):
        assert sum(shares.values()) == pytest.approx(100.0)
    # The contractions of the layer, forward and backward: 111.67 GFLOP three times.
    flops = 2 * sum(len(same) * same[0].macs for same in made.case.lowered.rows)
    assert flops == pytest.approx(3 * 111.67e9, rel=1e-4)


def test_arithmetic_of_a_layer_is_that_of_its_authors_counter():
    batch, tokens, width, heads = 8, 512, 1024, 16
    values, inner, scores = batch * tokens * width, 4 * batch * tokens * width, batch * heads * tokens * tokens
    # subtract, exponential, sum, divide and dropout, as many in their gradients; scale both ways; norms, their
    # gradients and sums; sums of the gradients of nine biases
    normalising = 5 * scores + 5 * scores + 2 * values + 2 * (7 + 11 + 2) * values + 9 * values
    # biases, dropouts both ways, residuals and the sums of their gradients; relu: its gradient alone
    pointwise = (5 * values + inner) + 2 * (2 * values + inner) + 4 * values + inner
    counted = dict.fromkeys(operator_share.CLASSES, 0.0)
    for same in operator_share.layer().lowered.rows:
        of = operator_share.class_of(same[0])
        counted[of] += len(same) * operator_share.arithmetic(same[0])
    assert counted[operator_share.NORMALISATION] == pytest.approx(normalising, rel=1e-3)  # what is done once a row
    assert counted[operator_share.POINTWISE] == pointwise


def test_fused_layers_are_held_against_those_of_the_papers_repository(table):
    groups = by_group(run_validation(dataset="encoder_layer_v100"))
    assert {name: each.rows for name, each in groups.items()} == {"unfused": 2, "fused": 2, "speed-up by fusion": 2}
    assert groups["unfused"].skipped == 3
    folder = table("PyTorch,8,512,9.14", "Substation,96,128,15.42", "Keras,8,512,9", "PyTorch,0,512,1",
                   header="implementation,batch,sequence,time_ms", name="encoder_layer_v100.csv")  # fmt: skip
    groups = by_group(run_validation(folder))
    assert "speed-up by fusion" not in groups  # never of two shapes
    assert groups["unfused"].skipped == 2


def test_a_range_costs_nothing_inside_and_its_distance_outside(table):
    header = "quantity,low_pct,high_pct"
    quantity = '"non-GEMM share of latency, averages across platforms"'
    folder = table(f"{quantity},1,99", header=header, name="nongemm_share.csv")
    (inside,) = run_validation(folder)
    assert (inside.value, inside.rows, inside.unit) == (0.0, 1, "points")
    table(f"{quantity},99,99.5", "something else,1,2", header=header, name="nongemm_share.csv")
    outside = by_group(run_validation(folder))
    assert outside["non-GEMM share of latency, averages across platforms"].value > 1.0
    assert outside["something else"].reasons == {"unknown quantity 'something else'": 1}


def test_two_bit_weights_are_faster_and_the_more_so_the_larger_the_model():
    (outcome,) = run_validation(dataset="bitnet_b158")
    assert (outcome.rows, outcome.skipped) == (3, 7)
    assert outcome.spearman == pytest.approx(1.0)


def test_energy_of_a_cap_does_not_move_a_case_in_a_batch():
    chip = with_(load_hardware("a100"), "power.limit", "200 W")
    networks = Networks()
    cases = [networks.case(name, {"batch": 8}, Setting()) for name in ("resnet18", "vgg11")]
    together = answer([(chip, case) for case in cases])
    alone = [answer([(chip, case)])[0] for case in cases]
    assert [made.latency for made in together] == [made.latency for made in alone]


def test_shipped_tables_of_whole_networks_have_checks():
    names = {check.dataset for check in find_checks()}
    tables = {"models_neusight.csv", "timm_throughput.csv", "convnext_swin_throughput.csv",
              "operator_share_bert_v100.csv", "nongemm_share.csv", "bitnet_b158.csv"}  # fmt: skip
    assert tables <= names
    assert set(locate.shipped(tables)) == tables
