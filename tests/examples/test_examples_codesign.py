"""The loop of models and hardware: headlines beside ratios, regret on every machine, where turns end."""

import re

import pytest

pytest.importorskip("pymoo")
pytest.importorskip("optuna")


def row(said, what):
    """Return the numbers behind the start of a line."""
    (line,) = [line for line in said.splitlines() if line.startswith(what)]
    return [float(text) for text in re.findall(r"(?<=\s)\d+\.?\d*(?=\s|x|$)", line[len(what) :])]


def test_searches_beat_chance_at_equal_samples(run_example):
    said = run_example("codesign_loop")
    assert row(said, "EDP: chance over differential evolution")[0] == 2.8
    assert row(said, "EDP: chance over NSGA-II")[1] > 1.0
    assert row(said, "volume of NSGA-II over chance")[0] > 1.0
    assert row(said, "differential evolution over all designs")[1] == pytest.approx(1.0, abs=0.01)


def test_one_machine_for_all_does_less_than_one_each(run_example):
    said = run_example("codesign_loop")
    published, single = row(said, "items per joule, one machine each")[:2]
    also, shared = row(said, "items per joule, one machine for all")[:2]
    assert (published, also) == (3.7, 2.4)
    assert single >= shared > 1.0
    assert row(said, "price of generality")[:2] == pytest.approx([3.7 / 2.4, single / shared], rel=1e-3)


def test_every_network_is_best_on_its_own_machine(run_example):
    said = run_example("codesign_loop")
    names = ["resnet50", "deit-s", "resmlp-s24", "poolformer-s24"]
    matrix = said[said.index("edp of each model") : said.index("best model on the hardware")]
    regret = [row(matrix, f"{name} ") for name in names]
    assert all(len(line) == len(names) for line in regret)
    assert [line[place] for place, line in enumerate(regret)] == [1.0] * len(names)
    assert min(map(min, regret)) == 1.0
    assert row(said, "C, kinds, largest regret:")[0] == pytest.approx(max(map(max, regret)), abs=0.01)


def test_turns_of_widths_end_at_fixed_points(run_example):
    said = run_example("codesign_loop")
    turns = said[said.rindex("best model on the hardware") : said.index("D, widths, fixed")]
    ends = {re.findall(r"width=\d+", line)[-1] for line in turns.splitlines() if "width=" in line}
    (line,) = [line for line in said.splitlines() if line.startswith("D, widths, fixed points:")]
    fixed = line.split("): ")[1].split("; ")
    assert ends <= set(fixed)
    assert row(said, "D, widths, fixed points:")[0] == len(fixed)
    assert row(said, "D, widths, lock-in:")[0] >= 1.0
