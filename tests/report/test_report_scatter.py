"""Pictures of predicted against measured rows: every row is in them, once."""

from __future__ import annotations

import pytest

from archsim.cli import main
from archsim.errors import UsageError
from archsim.report.figures.scatter import scatter


def points(figure):
    return sum(len(line.get_xdata()) for line in figure.axes[0].lines if line.get_linestyle() == "None")


def test_every_row_is_drawn_once_and_rows_judged_twice_are_not():
    pairs = [("a", 1.0, 2.0), ("a", 3.0, 4.0), ("b", 10.0, 9.0), ("a order", 1.0, 2.0), ("a order", 3.0, 4.0)]
    figure = scatter("table.csv", pairs)
    assert points(figure) == 3 and figure.axes[0].get_xscale() == "log"
    assert figure.axes[0].get_title(loc="left") == "table.csv, 3 rows"


def test_differences_are_drawn_on_linear_axes():
    assert scatter("table.csv", [("a", -1.0, 2.0), ("a", 0.0, 0.0)]).axes[0].get_xscale() == "linear"


def test_nothing_cannot_be_drawn():
    with pytest.raises(UsageError, match="no rows to draw"):
        scatter("table.csv", [])


def test_the_command_draws_a_picture_per_table(tmp_path, capsys):
    assert main(["validate", "--dataset", "horowitz_45nm_energy", "--plots", str(tmp_path / "new")]) == 0
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["horowitz_45nm_energy.svg"]
    assert "1 pictures" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main(["validate", "--dataset", "horowitz_45nm_energy", "--plots", str(tmp_path / "file")]) == 2
