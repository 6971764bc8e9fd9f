"""Citations: separated from values, complete, and never silently misread."""

from __future__ import annotations

import pytest

from archsim.cited import CitationError, Cited, Kind, dotted, split
from archsim.errors import InvalidDescriptionError
from archsim.units import BANDWIDTH, parse

HBM = {
    "value": "3.35 TB/s",
    "source": "h100",
    "where": "table 2",
    "kind": "datasheet",
    "low": "3 TB/s",
    "high": "3.4 TB/s",
}


def bandwidth(text):
    return parse(text, BANDWIDTH)


def test_split_keeps_values_and_citations_apart():
    tree = {"name": "x", "memory": [{"name": "hbm", "bandwidth": HBM, "banks": 16}], "off": None, "on": True}
    plain, cited = split(tree)
    assert plain == {
        "name": "x",
        "memory": [{"name": "hbm", "bandwidth": "3.35 TB/s", "banks": 16}],
        "off": None,
        "on": True,
    }
    assert cited["memory", 0, "bandwidth"] == Cited(
        "3.35 TB/s", "h100", "table 2", Kind.DATASHEET, low="3 TB/s", high="3.4 TB/s"
    )
    assert cited["memory", 0, "banks"] == Cited(16)
    assert cited["memory", 0, "banks"].exact
    assert not cited["memory", 0, "bandwidth"].exact
    assert set(cited) == {("name",), ("memory", 0, "name"), ("memory", 0, "bandwidth"), ("memory", 0, "banks"), ("on",)}
    assert tree["memory"][0]["bandwidth"] is HBM


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind(kind):
    _, cited = split({"a": {"value": 1, "kind": kind.value, "source": "s", "why": "because"}})
    assert cited["a",].kind is kind


@pytest.mark.parametrize(
    ("node", "said"),
    [
        ({"value": 1, "kind": "measured", "soruce": "s", "source": "s"}, "did you mean 'source'?"),
        ({"value": 1, "kind": "measured", "bits": 3, "source": "s"}, "unknown key 'bits'"),
        ({"value": 1, "source": "s"}, "without kind"),
        ({"value": 1, "kind": "mesured", "source": "s"}, "did you mean 'measured'?"),
        ({"value": 1, "kind": "guessed"}, "unknown kind 'guessed'"),
        ({"value": 1, "kind": "assumed"}, "assumed without a reason"),
        ({"value": "2 W", "kind": "estimated"}, "'2 W' is estimated but names no source"),
        ({"value": 1, "kind": "measured", "source": "s", "low": 3, "high": 2}, "low 3 is above high 2"),
        ({"value": [1, 2], "kind": "measured", "source": "s"}, "is not one value"),
        ({"value": None, "kind": "measured", "source": "s"}, "empty value"),
        ({"value": 1, "kind": "measured", "source": 7}, "'source' of a citation is not text: 7"),
        (
            {"vale": 1, "kind": "measured", "source": "s"},
            "without its value; write value: beside kind: and source: (it has vale, kind, source)",
        ),
    ],
)
def test_incomplete_citations(node, said):
    with pytest.raises(CitationError) as caught:
        split({"memory": [{"energy": node}]})
    assert said in str(caught.value)
    assert str(caught.value).startswith("memory[0].energy")
    assert caught.value.path[:3] == ("memory", 0, "energy")


def test_all_problems_can_be_collected():
    problems = []
    split({"a": {"value": 1, "kind": "assumed"}, "b": {"value": 1}, "c": {"value": 2, "kind": "measured"}}, problems)
    assert [problem.path[0] for problem in problems] == ["a", "b", "c"]


def test_a_part_that_has_a_kind_or_a_source_is_no_citation():
    tree = {"converter": {"kind": "sar", "bits": 8}, "light": {"source": "laser", "kind": "comb"}}
    assert split(tree)[0] == tree


def test_bounds_are_compared_in_the_leafs_dimension():
    assert split({"a": HBM})[1]["a",].bounds(bandwidth) == (3e12, 3.4e12)
    assert Cited("1 GB/s").bounds(bandwidth) == (None, None)
    assert Cited("1 GB/s", low="900 MB/s").bounds(bandwidth) == (0.9e9, None)
    with pytest.raises(InvalidDescriptionError, match="'2 TB/s' is above the value '900 GB/s'"):
        Cited("900 GB/s", low="2 TB/s").bounds(bandwidth)
    with pytest.raises(InvalidDescriptionError, match="is below the value"):
        Cited("900 GB/s", high="2 GB/s").bounds(bandwidth)


def test_dotted():
    assert dotted(("memory", 2, "bandwidth")) == "memory[2].bandwidth"
    assert dotted(()) == ""
