"""Systems: what ships loads, links are put in the place of their names, and mistakes are told at their line."""

from __future__ import annotations

import pytest

from archsim.arch.mixed import MixedSystem
from archsim.arch.system import System
from archsim.cited import Kind
from archsim.errors import InvalidDescriptionError, UnknownNameError, UsageError
from archsim.io import catalogue
from archsim.io.systems import load_system, with_values

MINE = """
schema: 1
name: mine
title: Mine
chip: a100-sxm4-80gb
levels:
  - {name: nvlink, members: 8, lanes: 12, link: link-nvlink-3}
"""


def written(tmp_path, old="", new=""):
    assert old in MINE
    path = tmp_path / "mine.yaml"
    path.write_text(MINE.replace(old, new))
    return path


@pytest.mark.parametrize("name", [entry.name for entry in catalogue.entries("systems")])
def test_shipped_systems_load(name):
    system = load_system(name)
    assert isinstance(system, System)
    assert system.name == name and (system.chips >= 2 or isinstance(system, MixedSystem))
    assert catalogue.find("hardware", system.chip.name)
    for alias in system.spec.aliases:
        assert load_system(alias).name == name
    for index, level in enumerate(system.spec.levels):
        assert 0 < level.bandwidth < 2e12
        assert system.cited["levels", index, "link", "lane"].kind in (Kind.DATASHEET, Kind.ASSUMED)


def test_eight_a100():
    system = load_system("DGX_A100")
    assert (system.chips, system.chip.name) == (8, "a100-sxm4-80gb")
    assert system.spec.levels[0].lanes * system.spec.levels[0].link.lane == 300e9
    assert repr(system) == "<system dgx-a100: 8 x a100-sxm4-80gb>"


def test_values_change_by_path(tmp_path):
    system = load_system(written(tmp_path))
    changed = with_values(system, {"levels.nvlink.link.lane": "50 GB/s", "memory.hbm.bandwidth": "4 TB/s"})
    assert changed.spec.levels[0].link.lane == 50e9
    assert changed.chip.spec.memory[0].bandwidth == 4e12
    assert system.spec.levels[0].link.lane == 25e9 and system.chip.spec.memory[0].bandwidth < 4e12
    with pytest.raises(UsageError, match="there is no 'nvlynk'"):
        with_values(system, {"levels.nvlynk.lanes": 3})
    with pytest.raises(UsageError, match="there is no 'memori'"):
        with_values(system, {"memori.hbm.bandwidth": "1 TB/s"})


def test_a_link_may_differ_in_part(tmp_path):
    path = written(tmp_path, "link: link-nvlink-3", "link: {extends: link-nvlink-3, hop: 3 us}")
    link = load_system(path).spec.levels[0].link
    assert (link.hop, link.lane, link.name) == (3e-6, 25e9, "link-nvlink-3")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("link: link-nvlink-3", "link: link-nvlink-33", "mine.yaml:7:49: link: unknown technology 'link-nvlink-33'"),
        ("link: link-nvlink-3", "link: {extends: link-nvlink-3, hop: 3}", 'hop: "3" has no unit'),
        ("link: link-nvlink-3", "link: {extends: link-nvlink-3, hopp: 3 us}", "did you mean 'hop'"),
        ("chip: a100-sxm4-80gb", "chip: a100-sxm5", "mine.yaml:5:7: chip: unknown hardware 'a100-sxm5'"),
        ("members: 8", "members: 0", "members"),
        ("lanes: 12", "lane: 12", "there is no key 'lane' here; did you mean 'lanes'"),
        ("link: link-nvlink-3", "link: {extends: link-nvlink-3, efficiency: 0}", "efficiency"),
        ("link: link-nvlink-3", "link: {extends: link-nvlink-3, burst: 3 MB}", "give both, or none"),
    ],
)
def test_mistakes_are_told_at_their_line(tmp_path, old, new, said):
    with pytest.raises(InvalidDescriptionError) as caught:
        load_system(written(tmp_path, old, new))
    assert said in str(caught.value)


def test_names_nobody_has():
    with pytest.raises(UnknownNameError, match="did you mean 'dgx-a100'"):
        load_system("dgx-a1000")
    with pytest.raises(UsageError, match="no name of a system"):
        load_system(3)


def test_the_system_of_the_how_to_loads(tmp_path):
    import re
    from pathlib import Path

    text = (Path(__file__).resolve().parents[2] / "docs" / "howto" / "serving.md").read_text(encoding="utf-8")
    path = tmp_path / "my-box.yaml"
    path.write_text(re.search(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[1], encoding="utf-8")
    system = load_system(str(path))
    assert (system.name, system.chips) == ("my-box", 4)
