"""``archsim compare --iso``."""

import csv
import io
import json

import pytest

TWO = ("compare", "resnet18", "t4", "v100-pcie-32gb")


def test_equal_terms_are_shown_with_law_and_source(cli):
    answer = cli(*TWO, "--iso", "node=7nm", "--iso", "area")
    assert answer.code == 0
    for word in ("equal terms", "copies", "from node to node", "area of logic", "stillmaker-baas-2017", "12 nm"):
        assert word in answer.out
    assert "not scaled to 7 nm" in answer.err


def test_json_holds_the_terms(cli):
    said = json.loads(cli(*TWO, "--iso", "power=140W,cost=t4:2000,v100-pcie-32gb:8000", "--json").out)
    assert [entry["copies"] for entry in said["iso"]["machines"]] == pytest.approx([1.0, 0.25])
    assert said["iso"]["budgets"] == {"power_w": 140.0, "cost_price": None}
    assert [result["label"] for result in said["results"]] == list(TWO[2:])


def test_csv_counts_all_copies(cli):
    plain, equal = (
        list(csv.DictReader(io.StringIO(cli(*TWO, *more, "--csv").out))) for more in ((), ("--iso", "power"))
    )
    assert float(equal[1]["copies"]) == pytest.approx(70 / 250)
    ratio = float(equal[1]["throughput_per_s"]) / float(plain[1]["throughput_per_s"])
    assert ratio == pytest.approx(70 / 250)


def test_the_same_machine_twice_is_told_apart(cli):
    out = cli("compare", "resnet18", "t4", "t4").out
    assert "t4 (2)" in out


@pytest.mark.parametrize(
    ("code", "words", "says"),
    [
        (2, ("--iso", "aera"), "did you mean 'area'"),
        (2, ("--iso", "node=7"), "node=7 nm"),
        (2, ("--iso", "cost=t4:1"), "no price for 'v100-pcie-32gb'"),
        (2, ("--iso", "area", "--iso", "area=3mm2"), "'area' twice"),
        (2, ("--iso", "cost=t4"), "iso cost=t4 names no price; write cost=t4:PRICE"),
        (2, ("--iso", "cost=t4:1,t4:5,v100-pcie-32gb:2"), "prices 't4' twice; keep one of them"),
        (4, ("--iso", "node=5nm"), "ask for 7 nm"),
    ],
)
def test_what_makes_no_sense_is_refused(cli, code, words, says):
    cli(*TWO, *words).refuses(code, says)


def test_mixed_systems_meet_on_equal_terms(cli):
    answer = cli("compare", "resnet18", "a100-sxm4-80gb", "xeon-a100-dota", "--iso", "node=7nm,area", "--json")
    one, mixed = json.loads(answer.out)["iso"]["machines"]
    assert answer.code == 0
    assert set(mixed["parts_before_m"]) == {"gpu", "optical", "host"}
    assert mixed["copies"] == pytest.approx(one["area_m2"] / mixed["area_m2"])
