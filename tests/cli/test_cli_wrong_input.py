"""Every wrong input ends in the right exit code and one clear message."""

import os

import pytest

USAGE, INVALID = 2, 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["runn", "resnet50", "null"], ["'runn'", "did you mean 'run'"]),
        (["run", "resnet50", "null", "--btch", "4"], ["--btch", "did you mean '--batch'"]),
        (["run", "resnet50"], ["HARDWARE", "archsim run --help"]),
        (["run", "resnet50", "null", "extra"], ["extra"]),
        (["run", "resnet5", "null"], ["unknown workload 'resnet5'", "did you mean 'resnet50'"]),
        (["run", "resnet50", "nul"], ["unknown hardware 'nul'", "did you mean 'null'"]),
        (["run", "resnet50", ""], ["unknown hardware ''"]),
        (["run", "net.pt", "null"], [".pt", ".onnx"]),
        (["compare", "resnet50", "null", "nul"], ["unknown hardware 'nul'"]),
        (["show", "resnet5"], ["'resnet5'", "did you mean 'resnet50'"]),
        (["show", "null", "--batch", "4"], ["'null' is a machine"]),
        (["show", "resnet50", "--set", "clock=1 GHz"], ["'resnet50' is a workload"]),
        (["list", "workload"], ["'workload'", "did you mean 'workloads'"]),
        (["schema", "hardwear"], ["'hardwear'", "did you mean 'hardware'"]),
        (["cite", "nul"], ["did you mean 'null'"]),
        (["explain", "resnet18", "null", "--of", "latancy"], ["'latancy'", "did you mean 'latency'"]),
        (["explain", "resnet18", "null", "--op", "stm"], ["unknown op 'stm'", "did you mean 'stem'"]),
    ],
)
def test_names_and_commands(cli, words, said):
    cli(*words).refuses(USAGE, *said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--batch", "0"], ["--batch '0'", "at least 1"]),
        (["--batch", "-3"], ["--batch '-3'"]),
        (["--batch", "abc"], ["--batch 'abc'"]),
        (["--batch", "10**30"], ["--batch '10**30'"]),
        (["--batch", "9" * 5000], ["..."]),
        (["--batch"], ["--batch", "requires an argument"]),
        (["--batch", "2", "--param", "batch=3"], ["keep one"]),
        (["--top", "0"], ["--top '0'"]),
        (["--top", "x"], ["--top 'x'"]),
        (["--by", "opp"], ["--by 'opp'", "did you mean 'op'"]),
        (["--json", "--csv"], ["--json and --csv"]),
        (["--bind", "batch=4"], ["--bind", "--param"]),
        (["--unknown", "skip"], ["--unknown"]),
        (["--param", "depht=18"], ["'depht'", "did you mean 'depth'"]),
        (["--param", "depth"], ["--param 'depth'", "sequence=2048"]),
        (["--param", "depth=18", "--param", "depth=34"], ["'depth' twice"]),
        (["--param", "dtype=fp17"], ["'fp17'", "did you mean"]),
        (["--policy", "fusio=none"], ["'fusio'", "did you mean 'fusion'"]),
        (["--policy", "fusion=nne"], ["fusion='nne'", "did you mean 'none'"]),
        (["--policy", "fusion"], ["--policy 'fusion'"]),
        (["--policy", "precision=int9"], ["'int9'"]),
        (["--set", "rate"], ["--set 'rate'"]),
        (["--set", "rte=1 GOP/s"], ["'rte'", "did you mean 'rate'"]),
        (["--set", "memory.hbm.bandwidth=1 TB/s"], ["'hbm'", "null"]),
        (["--set", "rate.value=1 GOP/s"], ["rate"]),
        (["--set", "=3"], ["--set '=3'"]),
    ],
)
def test_options(cli, words, said):
    cli("run", "resnet18", "null", *words).refuses(USAGE, *said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("rate=1 GHz", ["null", "rate", "frequency", "OP rate"]),
        ("rate=5", ["rate", "no unit", "5 OP/s"]),
        ("memory.memory.bandwidth=-1 TB/s", ["memory[0].bandwidth", "negative"]),
        ("memory.memory.bandwidth=nan TB/s", ["memory[0].bandwidth", "finite"]),
        ("memory.memory.bandwidth=inf TB/s", ["memory[0].bandwidth", "finite"]),
        ("memory[0].bandwidth=0 TB/s", ["memory[0].bandwidth"]),
    ],
)
def test_a_set_value_that_cannot_be(cli, change, said):
    answer = cli("run", "resnet18", "null", "--set", change).refuses(INVALID, *said)
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rate: {value: 1 GOP/s", "rtae: {value: 1 GOP/s", ["there is no key 'rtae'", "did you mean 'rate'"]),
        ("value: 1 GOP/s", "value: 1 GHz", ['"1 GHz" is a frequency']),
        ("value: 1 TB/s", "value: -1 TB/s", ["negative"]),
        ("value: 1 TB/s", "value: .nan", ["memory[0].bandwidth"]),
        ("value: 1 TB/s", "value: 80 GHz", ['"80 GHz"', "GB/s"]),
        ('family: "null"', "family: nulll", ["unknown family 'nulll'", "did you mean 'null'"]),
        ("kind: assumed", "kind: asumed", ["'asumed'", "did you mean 'assumed'"]),
        ("schema: 1", "schema: [1", []),
        ("boundary: chip", "boundary: chip\nboundary: board", ["boundary"]),
    ],
)
def test_a_file_with_a_mistake_names_its_place(cli, machine, old, new, said):
    path = machine(old, new)
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if new.splitlines()[-1] in text)
    answer = cli("run", "resnet18", path).refuses(INVALID, *said)
    places = [f"{path}:{near}:" for near in range(line, line + 2)]
    assert any(place in answer.err for place in places), answer.err


@pytest.mark.parametrize("name", ["absent.yaml", "nowhere/absent.yaml"])
def test_hardware_files_that_are_not_there(cli, tmp_path, name):
    cli("run", "resnet18", tmp_path / name).refuses(USAGE, "there is no")


def test_a_misspelt_file_is_found_nearby(cli, machine, network):
    path, net = machine(), network("network.onnx")
    cli("run", "resnet18", path.with_name("mien.yaml")).refuses(USAGE, "did you mean 'mine.yaml'")
    cli("run", net.with_name("netwrok.onnx"), "null").refuses(USAGE, "did you mean 'network.onnx'")
    cli("run", net.with_name("zzz.onnx"), "null").refuses(USAGE, "holds network.onnx")


def test_folders_in_the_place_of_files(cli, tmp_path):
    folder = tmp_path / "folder.onnx"
    folder.mkdir()
    cli("run", folder, "null").refuses(USAGE, "is a folder")
    cli("run", "resnet18", f"{tmp_path}/").refuses(USAGE, "is a folder")
    cli("run", "resnet18", "null", "--output", tmp_path).refuses(USAGE, "it is a folder")


def test_an_onnx_file_that_is_cut_off_or_something_else(cli, tmp_path, network):
    whole = network().read_bytes()
    cut, text, empty = (tmp_path / f"{name}.onnx" for name in ("cut", "text", "empty"))
    cut.write_bytes(whole[: len(whole) // 2])
    text.write_text("this is no network\n")
    empty.write_bytes(b"")
    cli("run", cut, "null").refuses(INVALID, "cut.onnx")
    cli("run", text, "null").refuses(INVALID, "text.onnx")
    cli("run", empty, "null").refuses(INVALID, "empty.onnx", "is empty")


def test_an_onnx_graph_without_nodes(cli, network):
    cli("run", network(nodes=()), "null").refuses(INVALID, "no nodes")
    cli("show", network(nodes=())).refuses(INVALID, "no nodes")


def test_an_open_dimension_says_how_to_bind_it(cli, network):
    path = network(batch="items")
    cli("run", path, "null").refuses(INVALID, "'items'", "--bind items=1")
    assert cli("run", path, "null", "--bind", "items=4").code == 0
    assert cli("run", path, "null", "--batch", "4").code == 0
    cli("run", path, "null", "--bind", "itmes=4").refuses(USAGE, "'itmes'", "did you mean 'items'")
    cli("run", path, "null", "--bind", "items=four").refuses(USAGE, "--bind items 'four'")
    cli("run", path, "null", "--bind", "items").refuses(USAGE, "--bind 'items'")
    cli("run", path, "null", "--param", "batch=4").refuses(USAGE, "--param", "--bind")


def test_an_unknown_operator(cli, network):
    path = network(nodes=(("Fancy", ["x", "w"], ["y"], "my.domain"),))
    cli("run", path, "null").refuses(INVALID, "'Fancy'", "my.domain", "--unknown opaque")
    answer = cli("run", path, "null", "--unknown", "opaque")
    assert answer.code == 0
    assert "warning: " in answer.err
    assert "Fancy" in answer.err
    cli("run", path, "null", "--unknown", "opak").refuses(USAGE, "'opak'")


def test_huge_sizes_are_answered(cli):
    answer = cli("run", "resnet18", "null", "--batch", 10**30, "--json")
    assert answer.code in (0, INVALID, 4)
    assert "Traceback" not in answer.err
    cli("run", "resnet18", "null", "--batch", "9" * 4000).refuses(INVALID, "too large")


def test_outputs_that_cannot_be_written(cli, tmp_path):
    cli("run", "resnet18", "null", "-o", tmp_path / "no" / "x.json").refuses(USAGE, "there is no folder")
    cli("run", "resnet18", "null", "-o", "").refuses(USAGE)
    if os.path.exists("/dev/full"):
        cli("run", "resnet18", "null", "-o", "/dev/full").refuses(USAGE, "No space left")
    if os.getuid():
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o500)
        cli("run", "resnet18", "null", "-o", closed / "x.json").refuses(USAGE, "permission denied")


def test_what_a_machine_cannot_run_is_unsupported(cli, machine):
    path = machine("rate: {", "kinds: [matmul]\nrate: {")
    cli("run", "resnet18", path, "--policy", "fallback=forbid").refuses(4, "cannot run")
