"""Every carried table is held against the models, or says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from archsim.validation import find_checks
from archsim.validation.metadata import read_metadata

MEASURED = Path(__file__).parents[2] / "models" / "measured"
TABLES = sorted(MEASURED.rglob("*.csv"))
CHECKED = {check.dataset for check in find_checks()}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_a_table_has_a_check_or_a_reason(table):
    about = read_metadata(table)
    assert (table.name in CHECKED) != bool(about.unscored), "a table has a check, or says why it has none"
    assert len(about.unscored) > 30 or not about.unscored
    assert f"`{table.name}`" in (table.parent / "SOURCES.md").read_text()


def test_every_check_has_its_table():
    assert {table.name for table in TABLES} >= CHECKED
