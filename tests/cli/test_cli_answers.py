"""What people read: summaries, tables, CSV, files."""

import csv
import io
import json

import pytest


def test_run_says_what_matters(cli):
    answer = cli("run", "resnet50", "null", "--batch", "8")
    assert answer.code == 0
    for word in ("resnet50 on null", "latency", "images/s", "energy by cause", "compute", "bound by", "operations"):
        assert word in answer.out
    assert "100.0 % of the time" in answer.out
    assert "8 values of null are assumed: archsim cite null" in answer.out
    assert "\x1b" not in answer.out


def test_run_and_python_agree(cli):
    import archsim

    result = archsim.evaluate(archsim.workload("resnet18", batch=4, dtype="int8"), archsim.hardware("null"))
    said = json.loads(cli("run", "ResNet_18", "NULL", "-b", "4", "-p", "dtype=int8", "--json").out)
    assert said == json.loads(result.to_json())


def test_top_and_by_choose_rows(cli):
    lines = cli("run", "resnet50", "null", "--top", "3").out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("3 of "))
    shares = [float(line.split("%")[0].split()[-1]) for line in lines[start + 3 : start + 6]]
    assert shares == sorted(shares, reverse=True)
    assert lines[start + 6] == ""
    kinds = cli("run", "resnet50", "null", "--by", "kind").out
    assert "by kind of op" in kinds
    assert "distinct ops" not in kinds
    for view in ("op", "cause", "level", "resource"):
        assert cli("run", "resnet18", "null", "--by", view).code == 0


def rows_of(answer):
    return list(csv.DictReader(io.StringIO(answer.out)))


def test_csv_holds_plain_numbers_in_si_units(cli):
    whole = json.loads(cli("run", "resnet18", "null", "--json").out)
    rows = rows_of(cli("run", "resnet18", "null", "--csv"))
    assert len(rows) == len(whole["ops"])
    assert sum(float(row["latency_s"]) * int(row["count"]) for row in rows) == pytest.approx(whole["latency_s"])
    assert len(rows_of(cli("run", "resnet18", "null", "--csv", "--top", "5"))) == 5
    assert {row["kind"] for row in rows_of(cli("run", "resnet18", "null", "--csv", "--by", "kind"))} >= {
        "conv",
        "matmul",
    }


def test_cores_of_a_spiking_machine(cli):
    asked = ("run", "spiking-mlp", "loihi1-sanafe", "--by", "core")
    rows = rows_of(cli(*asked, "--csv"))
    assert [int(row["core"]) for row in rows] == list(range(len(rows)))
    assert all(0.0 <= float(row["busy"]) <= 1.0 for row in rows)
    said = json.loads(cli(*asked, "--json").out)
    assert [row["messages"] for row in said["cores"]] == [float(row["messages"]) for row in rows]
    assert "limited by" in cli(*asked, "--top", "3").out
    refused = cli("run", "spiking-mlp", "a100-sxm4-80gb", "--by", "core")
    assert refused.code != 0 and "'a100-sxm4-80gb' has no cores of neurons" in refused.err


def test_a_set_value_changes_the_answer(cli):
    def latency(*words):
        return json.loads(cli("run", "resnet18", "null", "--json", *words).out)["latency_s"]

    assert latency("--set", "rate=2 GOP/s") == pytest.approx(latency() / 2)


def test_a_policy_reaches_the_evaluation(cli):
    def ops(*words):
        return json.loads(cli("run", "resnet18", "null", "--json", *words).out)["ops"]

    assert len(ops("--policy", "fusion=none")) > len(ops("--policy", "fusion=epilogue"))


def test_a_yaml_file_is_a_machine(cli, machine):
    answer = cli("run", "resnet18", machine("value: 1 GOP/s", "value: 2 GOP/s"))
    assert answer.code == 0
    assert "resnet18 on mine" in answer.out
    assert "mine.yaml" in answer.out.splitlines()[-1]


def test_an_onnx_file_is_a_workload(cli, network):
    path = network()
    assert "512 MAC" in cli("run", path, "null").out
    assert json.loads(cli("show", path, "--json").out)["macs"] == 4 * 16 * 8


def test_compare_has_a_row_per_machine_and_warns_of_boundaries(cli):
    answer = cli("compare", "resnet18", "null", "a100-sxm4-80gb", "v100-sxm2-16gb")
    assert answer.code == 0
    for name in ("null", "a100-sxm4-80gb", "v100-sxm2-16gb"):
        assert any(line.startswith(name) for line in answer.out.splitlines())
    assert answer.err.startswith("warning: ")
    assert "boundar" in answer.err or "include" in answer.err
    rows = rows_of(cli("compare", "resnet18", "null", "a100-sxm4-80gb", "--csv"))
    assert [row["hardware"] for row in rows] == ["null", "a100-sxm4-80gb"]
    rows = rows_of(cli("compare", "resnet18", "null", "a100-sxm4-80gb", "--csv", "--by", "cause"))
    assert {row["hardware"] for row in rows} == {"null", "a100-sxm4-80gb"}


def test_output_writes_the_form_its_name_says(cli, tmp_path):
    for name, starts in (("x.json", "{"), ("x.csv", "name,kind,count"), ("x.txt", "resnet18 on null")):
        path = tmp_path / name
        answer = cli("run", "resnet18", "null", "-o", path)
        assert (answer.code, answer.out) == (0, "")
        assert f"wrote: {path}" in answer.err
        assert path.read_text().startswith(starts)
    path = tmp_path / "named.txt"
    assert cli("run", "resnet18", "null", "--json", "-o", path).code == 0
    assert json.loads(path.read_text())["workload"] == "resnet18"


def test_show_workload_has_layers_and_shares(cli):
    text = cli("show", "resnet18").out
    for word in ("11.69 M", "1x3x224x224 64x3x7x7 -> 1x64x112x112", "by kind of op", "FLOP/B", "depth=18"):
        assert word in text
    rows = rows_of(cli("show", "resnet18", "--csv"))
    assert sum(int(row["macs"]) * int(row["count"]) for row in rows) == 1_814_073_344
    assert sum(float(row["share"]) for row in rows) == pytest.approx(1)


def test_show_hardware_has_values_and_sources(cli):
    text = cli("show", "a100").out
    for word in ("NVIDIA A100 SXM4 80 GB", "memory[0].bandwidth", "2.039 TB/s", "datasheet", "nvidia-a100"):
        assert word in text
    shown = json.loads(cli("show", "a100", "--json").out)
    values = {value["path"]: value for value in shown["values"]}
    bandwidth = values["memory[0].bandwidth"]
    assert (bandwidth["value"], bandwidth["unit"], bandwidth["kind"]) == (2.039e12, "B/s", "datasheet")
    changed = json.loads(cli("show", "a100", "--json", "--set", "memory.hbm.bandwidth=3 TB/s").out)
    assert {v["path"]: v["value"] for v in changed["values"]}["memory[0].bandwidth"] == 3e12


def test_every_value_shown_can_be_set(cli):
    import archsim

    chip = archsim.hardware("a100")
    for value in json.loads(cli("show", "a100", "--json").out)["values"]:
        if value["unit"] and value["value"] > 0:
            assert archsim.with_(chip, value["path"], value["value"]).family == "gpu"


def test_explain_shows_laws_and_sources(cli):
    text = cli("explain", "resnet18", "a100", "--op", "stem").out
    for word in ("latency of resnet18", "roofline.bound_time", "memory.hbm.bandwidth", "sources", "laws"):
        assert word in text
    assert "energy of resnet18" in cli("explain", "resnet18", "a100", "--of", "energy").out


def test_cite_is_a_bibtex_file(cli):
    text = cli("cite", "a100").out
    outside = []
    depth = 0
    for line in text.splitlines():
        if depth == 0 and line and not line.startswith("@"):
            outside.append(line)
        depth += line.count("{") - line.count("}")
    assert depth == 0
    assert all(line.startswith("%") for line in outside)
    assert "@misc{nvidia-a100" in text
    said = json.loads(cli("cite", "a100", "--json").out)
    assert text.count("@misc{") == len(said["sources"])
    for value in said["assumed"]:
        assert f"%   {value['path']} = {value['value']}" in text
        assert value["why"]


def test_listings_leave_out_families_for_tests(cli):
    from archsim.arch import registry
    from archsim.cli.listing import HIDDEN

    assert {name for name in registry.names() if registry.get(name).internal} == HIDDEN
    names = [entry["name"] for entry in json.loads(cli("list", "hardware", "--json").out)]
    assert "null" not in names
    assert len(set(names)) == len(names)


def test_every_listed_name_is_understood(cli):
    from archsim.io import catalogue

    for entry in json.loads(cli("list", "hardware", "--json").out):
        for alias in entry["aliases"]:
            assert catalogue.find("hardware", alias).name == entry["name"]


def test_no_command_shows_help(cli):
    answer = cli()
    assert answer.code == 2
    assert "Usage: archsim" in answer.out + answer.err


@pytest.mark.parametrize("name", ["run", "compare", "explain", "list", "show", "cite", "schema", "doctor"])
def test_every_command_has_help(cli, name):
    answer = cli(name, "--help")
    assert answer.code == 0
    assert f"archsim {name}" in answer.out
    assert name in cli("--help").out


def test_version(cli):
    import archsim

    assert cli("--version").out == f"archsim {archsim.__version__}\n"


def test_work_that_takes_no_time_divides_by_nothing(cli, network):
    path = network(nodes=(("Transpose", ["x"], ["y"], ""),), shape=(16, 4))
    for words in (["run", path, "null"], ["compare", path, "null", "null"], ["explain", path, "null"], ["show", path]):
        assert cli(*words).code == 0
    assert json.loads(cli("run", path, "null", "--json").out)["latency_s"] == 0
