"""``archsim crossover``."""

import json

import pytest

COUPLED = ("--over", "width=256:2048:64", "-p", "heads=width/64", "-p", "layers=1", "-p", "sequence=64")


def test_it_says_where_and_why(cli):
    answer = cli("crossover", "transformer", "a100-sxm4-80gb", "null", *COUPLED)
    assert answer.code == 0
    for word in ("a100-sxm4-80gb", "width", "per token", "with and without", "without conversion", "decides"):
        assert word in answer.out


def test_json_holds_every_point(cli):
    said = json.loads(cli("crossover", "transformer", "a100-sxm4-80gb", "null", *COUPLED, "--json").out)
    assert {"first", "second", "metric", "size", "crossings", "points", "variants", "influences"} <= set(said)
    assert [point["size"] for point in said["points"]][:1] == [256]
    assert all(point["first_energy_per_item_j"] > 0 for point in said["points"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--over", "width"), "--over 'width'"),
        (("--over", "width=a:b"), "'a'"),
        (("--over", "width=64"), "width=64"),
        (("--over", "width=64:128", "-p", "width=3"), "both set 'width'"),
        (("--over", "width=64:1000:8", "-p", "heads=width/64"), "width=LOW:HIGH:64"),
        (("--over", "width=64:1000:8", "-p", "heads=width/x"), "'x'"),
        (("--over", "wdth=64:1000:8"), "width"),
        (("--over", "width=64:1024:64", "--metric", "enrgy"), "energy"),
    ],
)
def test_what_makes_no_sense_is_refused(cli, words, says):
    cli("crossover", "transformer", "null", "null", *words).refuses(2, says)
