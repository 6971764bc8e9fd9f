"""One value by path, and whole descriptions over others."""

from __future__ import annotations

import copy

import pytest
from toy_machines import write

from archsim.errors import InvalidDescriptionError, UnknownNameError, UsageError
from archsim.io import yaml
from archsim.io.merge import extend, merge
from archsim.io.overrides import apply, resolve
from archsim.io.yaml import loads

TREE = {
    "clock": {"value": "1 GHz", "source": "s", "kind": "measured"},
    "memory": [{"name": "hbm", "bandwidth": "3 TB/s"}, {"name": "l2", "bandwidth": "9 TB/s"}],
    "launch": {"latency": "5 us"},
    "sizes": [1, 2],
    "host": None,
}


@pytest.mark.parametrize(
    ("path", "exact"),
    [
        ("clock", ("clock",)),
        ("launch.latency", ("launch", "latency")),
        ("memory.hbm.bandwidth", ("memory", 0, "bandwidth")),
        ("memory[1].bandwidth", ("memory", 1, "bandwidth")),
        ("memory.1.bandwidth", ("memory", 1, "bandwidth")),
        ("sizes[1]", ("sizes", 1)),
        ("host", ("host",)),
    ],
)
def test_apply_replaces_one_value(path, exact):
    before = copy.deepcopy(TREE)
    assert resolve(TREE, path) == exact
    changed = apply(TREE, path, "new")
    node = changed
    for step in exact:
        node = node[step]
    assert node == "new"
    assert before == TREE
    assert {key: value for key, value in changed.items() if key != exact[0]} == {
        key: value for key, value in TREE.items() if key != exact[0]
    }


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("clok", "there is no 'clok'; did you mean 'clock'?"),
        ("memory.hbn.bandwidth", "did you mean 'hbm'? memory has hbm, l2"),
        ("memory[7].bandwidth", "there is no '7'"),
        ("memory.hbm.bandwith", "did you mean 'bandwidth'? memory[0] has name, bandwidth"),
        ("launch.latency.x", "launch.latency is the value '5 us' and has no parts"),
        ("clock.value", "clock is the value '1 GHz' and has no parts; set clock itself"),
        ("sizes[2]", "positions 0 to 1"),
        ("", "is not a path"),
    ],
)
def test_unknown_segments(path, said):
    with pytest.raises(UsageError) as caught:
        apply(TREE, path, 1)
    assert said in str(caught.value)


def test_names_allow_what_the_file_left_out():
    allowed = {(): ["turbo"], ("turbo",): ["clock"]}
    changed = apply(TREE, "turbo.clock", "2 GHz", lambda path: allowed.get(path, []))
    assert changed["turbo"] == {"clock": "2 GHz"}
    with pytest.raises(UsageError, match="did you mean 'clock'"):
        apply(TREE, "turbo.clok", "2 GHz", lambda path: allowed.get(path, []))


def test_equal_names_must_be_told_apart_by_position():
    tree = {"link": [{"name": "a"}, {"name": "a"}]}
    with pytest.raises(UsageError, match="2 items named 'a'"):
        resolve(tree, "link.a.x")


BASE = """\
clock: {value: 1 GHz, source: s, kind: measured}
power: {idle: 1 W, limit: 9 W}
memory:
  - {name: hbm, bandwidth: 3 TB/s, capacity: 80 GiB}
  - {name: l2, bandwidth: 9 TB/s}
sizes: [1, 2, 3]
"""
OVER = """\
clock: 2 GHz
power:
  limit: 7 W
memory:
  - name: l2
    bandwidth: 8 TB/s
  - name: l1
    bandwidth: 20 TB/s
sizes: [4]
"""


def test_merge():
    merged = merge(loads(BASE, "base"), loads(OVER, "over"))
    assert merged.tree == {
        "clock": "2 GHz",
        "power": {"idle": "1 W", "limit": "7 W"},
        "memory": [
            {"name": "hbm", "bandwidth": "3 TB/s", "capacity": "80 GiB"},
            {"name": "l2", "bandwidth": "8 TB/s"},
            {"name": "l1", "bandwidth": "20 TB/s"},
        ],
        "sizes": [4],
    }


def test_merged_parts_keep_their_places():
    merged = merge(loads(BASE, "base"), loads(OVER, "over"))
    assert merged.locate(("power", "idle")) == "base:2:15"
    assert merged.locate(("power", "limit")) == "over:3:10"
    assert merged.locate(("memory", 0, "capacity")) == "base:4:46"
    assert merged.locate(("memory", 1, "bandwidth")) == "over:6:16"
    assert merged.locate(("memory", 2, "bandwidth")) == "over:8:16"
    assert merged.locate(("clock",)) == "over:1:8"
    assert merged.locate(("sizes", 0)) == "over:9:9"


def test_a_citation_is_replaced_whole():
    over = "clock: {value: 3 GHz, kind: assumed, why: faster}"
    assert merge(loads(BASE), loads(over)).tree["clock"] == {"value": "3 GHz", "kind": "assumed", "why": "faster"}


def test_extends_follows_the_chain_and_leaves_names_behind(models, tmp_path):
    write(models / "hardware/toy/toy-two.yaml", "extends: toy-one\nname: toy-two\ntitle: Two\nclock: 2 GHz\n")
    path = write(tmp_path / "mine.yaml", "extends: Toy Two\nname: mine\nlanes: 32\n")
    tree = extend(yaml.load(path), "hardware").tree
    assert (tree["name"], tree["clock"], tree["lanes"], tree["family"]) == ("mine", "2 GHz", 32, "toy")
    assert not {"aliases", "title", "extends"} & set(tree)


def test_extends_by_path_starts_at_the_file(models, tmp_path):
    write(tmp_path / "a/base.yaml", "clock: 1 GHz\nlanes: 2\n")
    path = write(tmp_path / "a/top.yaml", "extends: base.yaml\nlanes: 3\n")
    assert extend(yaml.load(path), "hardware").tree == {"clock": "1 GHz", "lanes": 3}


def test_circles_and_unknown_parents(models, tmp_path):
    write(models / "hardware/toy/a.yaml", "extends: b\nname: a\n")
    path = write(models / "hardware/toy/b.yaml", "name: b\nextends: a\n")
    with pytest.raises(InvalidDescriptionError, match=r"circle: b\.yaml -> a\.yaml -> b\.yaml"):
        extend(yaml.load(path), "hardware")
    lost = write(tmp_path / "lost.yaml", "name: x\nextends: toy-oen\n")
    with pytest.raises((InvalidDescriptionError, UnknownNameError), match=r"lost\.yaml:2:10: .*did you mean 'toy-one'"):
        extend(yaml.load(lost), "hardware")
    odd = write(tmp_path / "odd.yaml", "extends: [a]\n")
    with pytest.raises(InvalidDescriptionError, match="is not a name"):
        extend(yaml.load(odd), "hardware")
