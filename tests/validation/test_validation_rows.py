"""Tables of one's own: matched through aliases, scored whole, and every row that cannot be is counted."""

import pytest

from archsim.errors import InvalidDescriptionError, UnknownNameError, UsageError
from archsim.validation import find_checks, run_validation, to_json
from archsim.validation.split import RULE, side

PERFECT = "gemm,m=10;n=20;k=30,bf16,0.012"  # 2 m n k = 12000 operations, one per ns


def only(outcomes):
    (outcome,) = outcomes
    return outcome


def test_a_perfect_row_has_no_error(toy, table):
    outcome = only(run_validation(table(f"{toy},{PERFECT}")))
    assert outcome.group == "toy bf16"
    assert outcome.value == pytest.approx(0.0, abs=1e-9)
    assert (outcome.rows, outcome.skipped, outcome.fit) == (1, 0, 0)
    assert outcome.ok is True
    assert outcome.split == "all"


@pytest.mark.parametrize("label", ["Toy-9000-80GB", "toy_9000_80gb", "TOY 9000 80GB", "nvidia-toy-9000-80gb", "toy"])
def test_devices_answer_to_aliases(toy, table, label):
    assert only(run_validation(table(f"{label},{PERFECT}"))).rows == 1


def test_errors_are_those_of_the_rows(toy, table):
    rows = [f"{toy},gemm,m=10;n=20;k=30,bfloat16,{ms}" for ms in (0.006, 0.024)]  # +100 %, -50 %
    outcome = only(run_validation(table(*rows)))
    assert outcome.value == pytest.approx(75.0)
    assert outcome.bias == pytest.approx(25.0)
    assert outcome.limit == 13.0
    assert outcome.ok is False


def test_groups_by_format_and_their_limits(toy, table):
    outcomes = run_validation(
        table(*(f"{toy},gemm,m=10;n=20;k=30,{dtype},0.012" for dtype in ("bfloat16", "half", "fp8", "sq", "int8_wo")))
    )
    limits = {outcome.group: outcome.limit for outcome in outcomes}
    assert limits == {"toy bf16": 13.0, "toy fp16": 13.0, "toy fp8": 20.0, "toy int8": 20.0, "toy int8-weights": 20.0}


def test_batched_and_more_sizes_than_needed(toy, table):
    rows = [f"{toy},gemm,m=10; n=20 ;k=30;b=2;ta=N;layer=x,fp16,0.024", f"{toy},GEMM,k=30;n=20;m=10,FP16,0.012"]
    outcome = only(run_validation(table(*rows)))
    assert (outcome.rows, outcome.value) == (2, pytest.approx(0.0, abs=1e-9))


BROKEN = {
    "gemm,m=10;n=20;k=30,bf16,nan": "measured_ms is NaN",
    "gemm,m=10;n=20;k=30,bf16,": "measured_ms is empty",
    "gemm,m=10;n=20;k=30,bf16,fast": "measured_ms is not a number",
    "gemm,m=10;n=20;k=30,bf16,1_0": "measured_ms is not a number",
    "gemm,m=10;n=20;k=30,bf16,inf": "measured_ms is infinite",
    "gemm,m=10;n=20;k=30,bf16,0": "measured_ms is not above 0",
    "gemm,m=10;n=20;k=30,bf16,-1": "measured_ms is not above 0",
    "gemm,m=10;n=20;k=30,bf16": "the row is cut short",
    "gemm,m=10": "the row is cut short",
    "gemm,m=10;n=20,bf16,1": "dims has no k",
    "gemm,m=10;n=x;k=30,bf16,1": "n is not a whole number above 0",
    "gemm,m=0;n=20;k=30,bf16,1": "m is not a whole number above 0",
    "gemm,m=-1;n=20;k=30,bf16,1": "m is not a whole number above 0",
    "gemm,m=1e99;n=20;k=30,bf16,1": "m is not a whole number above 0",
    f"gemm,m={'9' * 40};n=20;k=30,bf16,1": "m is not a whole number above 0",
    "gemm,10x20x30,bf16,1": "dims is not name=value;name=value",
    "gemm,m=1;m=2;n=20;k=30,bf16,1": "dims says 'm' twice",
    "conv_fwd,m=10;n=20;k=30,bf16,1": "unknown op 'conv_fwd'",
    "gemm,m=10;n=20;k=30,fp7,1": "unknown dtype 'fp7'",
}


@pytest.mark.parametrize(("row", "reason"), BROKEN.items())
def test_rows_that_cannot_be_evaluated_are_counted_with_the_reason(toy, table, row, reason):
    outcomes = run_validation(table(f"{toy},{PERFECT}", f"{toy},{row}", f"{toy},{row}"))
    assert sum(outcome.rows for outcome in outcomes) == 1
    (broken,) = [outcome for outcome in outcomes if outcome.skipped]
    assert broken.reasons == {reason: 2}
    assert broken.lines == {reason: 3}


def test_every_row_is_accounted_for(toy, table):
    rows = [f"{toy},{PERFECT}", *(f"{toy},{row}" for row in BROKEN), ",,,,", "elsewhere,gemm,m=1;n=1;k=1,bf16,1"]
    outcomes = run_validation(table(*rows))
    assert sum(outcome.rows + outcome.skipped for outcome in outcomes) == len(rows)


@pytest.mark.parametrize("label", ["Zebra-1", "../../etc/passwd", "x.yaml", "/", "  ;drop "])
def test_unknown_devices_are_counted_and_never_opened(toy, table, label):
    outcome = only(run_validation(table(f"{label},{PERFECT}", f"{label},{PERFECT}")))
    assert outcome.reasons == {f"unknown device {label.strip()!r}": 2}
    assert (outcome.value, outcome.ok, outcome.rows) == (None, None, 0)


def test_a_format_the_machine_would_have_to_emulate_is_not_compared(table):
    outcomes = run_validation(table("V100-DGX1,gemm,m=64;n=64;k=64,fp8,1", "V100-DGX1,gemm,m=64;n=64;k=64,fp16,1"))
    by_group = {outcome.group: outcome for outcome in outcomes}
    assert by_group["v100-sxm2-16gb fp8"].reasons == {"unsupported dtype: v100-sxm2-16gb has no fp8": 1}
    assert by_group["v100-sxm2-16gb fp16"].rows == 1


def test_reasons_of_one_group_are_bounded(toy, table):
    outcome = only(run_validation(table(*(f"{toy},op{i},m=1;n=1;k=1,bf16,1" for i in range(50)))))
    assert outcome.skipped == 50
    assert len(outcome.reasons) == 21
    assert outcome.reasons["other reasons"] == 30


def test_a_table_of_no_rows_and_a_folder_of_no_tables(toy, table, tmp_path):
    assert run_validation(table()) == []
    (tmp_path / "empty").mkdir()
    assert run_validation(tmp_path / "empty") == []


def test_folders_that_cannot_be_used(toy, table, tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        run_validation(tmp_path / "absent")
    with pytest.raises(UsageError, match="is a file"):
        run_validation(table() / "deep" / "down" / "gemm_aiconfigurator.csv")
    table(below="data/again")
    with pytest.raises(UsageError, match=r"are both called 'gemm_aiconfigurator\.csv'"):
        run_validation(tmp_path / "data")


def test_a_missing_column_is_an_error(toy, table):
    with pytest.raises(InvalidDescriptionError, match=r"'gemm_aiconfigurator\.csv' has no column 'measured_ms'"):
        run_validation(table("x,gemm,m=1;n=1;k=1,bf16", header="device,op,dims,dtype"))


def test_checks_by_family_and_dataset(toy, table):
    folder = table(f"{toy},{PERFECT}")
    assert run_validation(folder, family="null") == []
    assert len(run_validation(folder, family="gpu", dataset="GEMM-aiconfigurator")) == 1
    with pytest.raises(UnknownNameError, match=r"unknown dataset 'gemm_aicon\.csv'; did you mean"):
        find_checks(dataset="gemm_aicon.csv")
    with pytest.raises(UnknownNameError, match="unknown family 'gpus'"):
        run_validation(folder, family="gpus")


def test_as_plain_data(toy, table):
    (entry,) = to_json(run_validation(table(f"{toy},{PERFECT}")))
    assert {"dataset", "group", "metric", "value", "limit", "rows", "skipped", "ok"} <= set(entry)
    assert entry["dataset"] == "gemm_aiconfigurator.csv"
    assert entry["metric"] == "mape"
    assert entry["spearman"] is None


def test_shipped_tables_keep_rows_for_fitting_and_show_anchors(toy, table, tmp_path):
    rows = [f"{toy},gemm,m={m};n={n};k=30,bf16,0.012" for n in range(1, 41) for m in (1, 2)]
    folder = table(*rows, f"{toy},gemm,m=10;n=20;k=30,fp16,0.024", below="models/measured/gpu")
    meta = tmp_path / "models" / "measured" / "gpu" / "gemm_aiconfigurator.meta.yaml"
    meta.write_text(
        f"title: t\nsource: s\nlicence: l\nchanged: c\nanchors: [{{dtype: fp16}}]\n"
        f'split: {{by: [n, k], rule: "{RULE}"}}\n'
    )
    assert not folder.exists()  # --data would look there
    scored = 2 * sum(side(f"n={n},k=30") == "score" for n in range(1, 41))
    by_group = {outcome.group: outcome for outcome in run_validation(dataset="gemm_aiconfigurator")}
    compared, anchored = by_group["toy bf16"], by_group["toy fp16"]
    assert 0 < scored < 80
    assert (compared.rows, compared.fit, compared.split) == (scored, 80 - scored, "score")
    assert anchored.rows == 0
    assert anchored.value is None
    assert [(anchor.name, anchor.measured) for anchor in anchored.anchors] == [("m=10;n=20;k=30", 2.4e-5)]
    assert anchored.anchors[0].predicted == pytest.approx(1.2e-5)
