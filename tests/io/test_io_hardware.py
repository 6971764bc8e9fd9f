"""Loading a machine: everything in place, and every mistake at its line."""

from __future__ import annotations

import pytest
from toy_machines import TOY, ToySpec, write

from archsim.arch.chip import Chip
from archsim.cited import Kind
from archsim.errors import InvalidDescriptionError, UnknownNameError, UsageError
from archsim.io.hardware import load_hardware, with_, with_all


def broken(models, *changes):
    """Load the toy with lines changed; return the error's text."""
    text = TOY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = write(models / "hardware/toy/toy-one.yaml", text)
    with pytest.raises(InvalidDescriptionError) as caught:
        load_hardware("toy-one")
    return str(caught.value).replace(str(path), "toy.yaml")


def test_load(models):
    chip = load_hardware("Toy One")
    assert isinstance(chip.spec, ToySpec)
    assert (chip.name, chip.family) == ("toy-one", "toy")
    assert chip.spec.clock == 1.41e9
    assert chip.spec.memory[0].bandwidth == 100e9
    assert chip.spec.technology.multiply == 3e-12
    assert chip.origin.endswith("toy-one.yaml")


def test_every_leaf_keeps_its_text_and_source(models):
    cited = load_hardware("toy-one").cited
    assert cited["power", "limit"].kind is Kind.DATASHEET
    assert cited["power", "limit"].source == "toys"
    assert cited["clock",].text == "1.41 GHz"
    assert cited["energy",].why == "nobody has measured it"
    assert cited["memory", 1, "width"].text == "64 B/clk"
    assert cited["technology", "add"].where == "p. 2"


def test_load_by_path(models, tmp_path):
    path = write(tmp_path / "mine.yaml", "extends: toy-one\nname: mine\ntitle: Mine\nclock: 2 GHz\n")
    assert load_hardware(path).spec.clock == load_hardware(str(path)).spec.clock == 2e9
    with pytest.raises(UsageError, match="there is no file"):
        load_hardware(tmp_path / "none.yaml")
    with pytest.raises(UnknownNameError, match="did you mean 'toy-one'"):
        load_hardware("toy-on")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("clock: 1.41 GHz", "clock: 80 GB/s", 'toy.yaml:12:8: clock: "80 GB/s" is a bandwidth, not a frequency'),
        ("clock: 1.41 GHz", "clock: 1.41e9", 'toy.yaml:12:8: clock: "1.41e9" has no unit'),
        ("clock: 1.41 GHz", "clock: 1.41 ghz", 'did you mean "1.41 GHz"?'),
        ("clock: 1.41 GHz", "clock: .nan", "not a finite number"),
        ("clock: 1.41 GHz", "clok: 1.41 GHz", "did you mean 'clock'?"),
        ("clock: 1.41 GHz\n", "", 'clock: is missing; add clock, e.g. clock: "1.41 GHz" (boost clock)'),
        ("lanes: 16", "lanes: 16.5", 'toy.yaml:14:8: lanes: "16.5" is not a whole number'),
        ("lanes: 16", "lanes: [16]", "toy.yaml:14:8: lanes: [16] is not a count"),
        ("lanes: 16", "width: many", "toy.yaml:14:8: width: 'many' is not allowed"),
        ("lanes: 16", "modes: {a: 1 GHz, b: 2 W}", "toy.yaml:14:22: modes.b: "),
        ("lanes: 16", "turbo: {clock: 1 GHz}", "the turbo clock is below the clock"),
        ("lanes: 16", "turbo: {clok: 1 GHz}", "turbo.clok: there is no key 'clok' here; did you mean 'clock'?"),
        ("bandwidth: 100 GB/s", "bandwith: 100 GB/s", "toy.yaml:19:5: memory[0].bandwith: there is no key"),
        ("bandwidth: 100 GB/s", "bandwidth: -1 GB/s", 'toy.yaml:19:16: memory[0].bandwidth: "-1 GB/s" is negative'),
        ("place: off_chip", "place: offchip", "toy.yaml:17:12: memory[0].place: 'offchip' is not allowed"),
        ("    width: 64 B/clk\n", "", "toy.yaml:20:5: memory[1]: memory 'sram' needs either a bandwidth"),
        ("value: 100 W", "value: 100 V", 'toy.yaml:11:18: power.limit: "100 V" is a voltage, not a power'),
        ("low: 90 W", "low: 90 V", "power.limit: "),
        ("low: 90 W", "low: 101 W", "low '101 W' is above the value '100 W'"),
        ("source: toys,", "source: tosy,", "toy.yaml:11:33: power.limit.source: unknown source 'tosy'; did you"),
        ("kind: datasheet", "knid: datasheet", "did you mean 'kind'?"),
        ("why: nobody has measured it", "where: nowhere", "toy.yaml:13:17: energy: the value '1 pJ/OP' is assumed"),
        ("family: toy", "family: tyo", "toy.yaml:3:9: unknown family 'tyo'; did you mean 'toy'?"),
        ("family: toy\n", "", "family is missing"),
        ("technology: toy-7nm", "technology: toy-8nm", "toy.yaml:24:13: technology: unknown technology 'toy-8nm'"),
        ("schema: 1", "schema: 2", "toy.yaml:2:9: schema: 2 is not allowed"),
        ("name: toy-one", "name: Toy One", "toy.yaml:4:7: name: 'Toy One' is not allowed"),
    ],
)  # fmt: skip
def test_mistakes_are_found_at_their_place(models, old, new, said):
    assert said in broken(models, (old, new))


def test_bounds_may_use_another_prefix(models):
    write(models / "hardware/toy/toy-one.yaml", TOY.replace("high: 110 W", "high: 0.1 kW"))
    assert load_hardware("toy-one").spec.power.limit == 100.0


def test_several_mistakes_at_once(models):
    text = broken(models, ("clock: 1.41 GHz", "clock: fast"), ("lanes: 16", "lanes: 0"), ("idle: 1 W", "idel: 1 W"))
    assert "4 problems" in text
    for place in ("toy.yaml:12:8", "toy.yaml:14:8", "toy.yaml:10:3"):
        assert place in text


def test_at_most_ten_are_shown(models):
    extra = "\n".join(f"extra{index}: 1" for index in range(15))
    text = broken(models, ("lanes: 16", extra))
    assert "15 problems" in text
    assert "and 5 more" in text
    assert "extra9" in text
    assert "extra10" not in text


@pytest.mark.parametrize("text", ["", "- 1\n", "toy\n"])
def test_files_that_are_no_description(models, text):
    write(models / "hardware/toy/odd.yaml", text)
    with pytest.raises(InvalidDescriptionError, match="a description is a mapping"):
        load_hardware("odd")


def test_mistakes_in_a_parent_point_into_the_parent(models):
    write(models / "hardware/toy/toy-one.yaml", TOY.replace("idle: 1 W", "idle: 1 V"))
    child = write(models / "hardware/toy/two.yaml", "extends: toy-one\nname: two\ntitle: Two\nclock: 1 V\n")
    with pytest.raises(InvalidDescriptionError) as caught:
        load_hardware("two")
    assert "toy-one.yaml:10:9: power.idle" in str(caught.value)
    assert f"{child}:4:8: clock" in str(caught.value)


def test_mistakes_in_a_technology_point_into_it(models):
    path = models / "technology/toy-7nm.yaml"
    write(path, path.read_text().replace("1 pJ", "1 nV"))
    with pytest.raises(InvalidDescriptionError, match=r"toy-7nm\.yaml:4:14: technology\.add"):
        load_hardware("toy-one")


def test_a_technology_can_be_changed_in_place(models):
    write(models / "hardware/toy/toy-one.yaml",
          TOY.replace("technology: toy-7nm", "technology: {extends: toy-7nm, add: 2 pJ}"))  # fmt: skip
    technology = load_hardware("toy-one").spec.technology
    assert (technology.add, technology.multiply) == (2e-12, 3e-12)
    write(models / "technology/toy-5nm.yaml", "extends: toy-7nm\nname: toy-5nm\nadd: 0.5 pJ\n")
    chip = load_hardware("toy-one", {"technology": "toy-5nm", "technology.multiply": "1.5 pJ"})
    assert (chip.spec.technology.add, chip.spec.technology.multiply) == (0.5e-12, 1.5e-12)


def test_sets(models):
    chip = load_hardware("toy-one", {"memory.dram.bandwidth": "200 GB/s", "lanes": "32", "fused": "true"})
    assert (chip.spec.memory[0].bandwidth, chip.spec.lanes, chip.spec.fused) == (200e9, 32, True)
    assert chip.cited["memory", 0, "bandwidth"].text == "200 GB/s"
    assert chip.cited["power", "limit"].source == "toys"


def test_with_leaves_the_first_chip_alone(models):
    chip = load_hardware("toy-one")
    faster = with_(chip, "clock", 2.5e9)
    assert (chip.spec.clock, faster.spec.clock) == (1.41e9, 2.5e9)
    assert faster.origin == chip.origin
    again = with_(faster, "memory[0].capacity", "16 GiB")
    assert (again.spec.clock, again.spec.memory[0].capacity) == (2.5e9, 2.0**34)
    cited = with_(chip, "clock", {"value": "2 GHz", "kind": "assumed", "why": "a what-if"})
    assert (cited.spec.clock, cited.cited["clock",].why) == (2e9, "a what-if")


def test_with_can_set_what_the_file_left_out(models):
    chip = load_hardware("toy-one")
    assert with_(chip, "link", "1 GB/s").spec.link == 1e9
    assert with_(chip, "turbo.clock", "2 GHz").spec.turbo.clock == 2e9


@pytest.mark.parametrize(
    ("path", "value", "kind", "said"),
    [
        ("clok", "1 GHz", UsageError, "did you mean 'clock'?"),
        ("memory.drma.bandwidth", "1 GB/s", UsageError, "did you mean 'dram'?"),
        ("memory.dram.bandwidth", "80 GHz", InvalidDescriptionError, 'memory[0].bandwidth: "80 GHz" is a frequency'),
        ("clock", "1.4e9", InvalidDescriptionError, '"1.4e9" has no unit'),
        ("clock", -1.0, InvalidDescriptionError, "a frequency must be > 0"),
        ("clock", float("nan"), InvalidDescriptionError, "not a finite number"),
        ("technology", "toy-8nm", InvalidDescriptionError, "unknown technology 'toy-8nm'"),
    ],
)
def test_with_mistakes(models, path, value, kind, said):
    with pytest.raises(kind) as caught:
        with_(load_hardware("toy-one"), path, value)
    assert said in str(caught.value)


def test_with_all_validates_once_all_are_in_place(models):
    chip = with_(load_hardware("toy-one"), "turbo.clock", "2 GHz")
    assert with_all(chip, {"clock": "3 GHz", "turbo.clock": "4 GHz"}).spec.turbo.clock == 4e9
    with pytest.raises(InvalidDescriptionError, match="turbo clock is below"):
        with_(chip, "clock", "3 GHz")


def test_with_works_on_chips_made_in_python(models):
    made = Chip(load_hardware("toy-one").spec)
    changed = with_(made, "memory.dram.bandwidth", 5e9)
    assert changed.spec.memory[0].bandwidth == 5e9
    assert changed.spec.model_copy(update={"memory": made.spec.memory}) == made.spec


def test_items_of_a_list_are_overridden_by_name(tmp_path):
    file = tmp_path / "mine.yaml"
    text = "extends: a100-sxm4-80gb\nname: mine\ntitle: Mine\nmemory:\n  {}: {{bandwidth: 3.35 TB/s}}\n"
    file.write_text(text.format("hbm"))
    chip, base = load_hardware(file), load_hardware("a100-sxm4-80gb")
    assert chip.spec.memory[0].bandwidth == 3.35e12
    assert chip.spec.memory[1:] == base.spec.memory[1:]
    file.write_text(text.format("hbmx"))
    with pytest.raises(InvalidDescriptionError, match=r"mine.yaml:5:\d+: there is no 'hbmx'.*did you mean 'hbm'"):
        load_hardware(file)
