"""Estimate how far the models are from rows for fitting, and write how often intervals cover scored rows.

Writes models/uncertainty/model-errors.yaml and docs/coverage.md. Takes some minutes: every row is evaluated with dozens
of draws of the machines' numbers. Run: python docs/coverage_table.py
"""

from __future__ import annotations

from pathlib import Path

from archsim.cli.progress import progress
from archsim.study.uncertainty.spreads import spreads
from archsim.validation.coverage import coverage, estimate, markdown, to_yaml
from archsim.validation.residuals import residuals

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "coverage.md"
ERRORS = DOCS.parent / "models" / "uncertainty" / "model-errors.yaml"
TEXT = """# How often intervals cover

Written by `docs/coverage_table.py`. The error of the model is estimated on rows that constants may be fitted on; the
interval that should hold 80 % is then held against the scored rows, which played no part. *With bounds as written*
leaves out the factor by which rows for fitting narrow what uncertain numbers do on fitted machines (`bounds` in
`models/uncertainty/model-errors.yaml`). Misses stay in the table. Fewer than 20 rows for fitting give no error of their
own: the family's over all kinds stands in.

{coverage}

Crossbar, optical and spiking machines have no rows for fitting, or too few: their bands hold the uncertainty of their
numbers only, and `archsim uncertainty` says so.

## Numbers without bounds

A number whose author gave no `low` and `high` lies within a factor of its value, by how it is known. Sizes, counts,
areas, lengths, voltages, shares and ratios without bounds are choices of a designer, and stay. All factors are assumed.

| known as | within a factor of | why |
| --- | ---: | --- |
{spreads}
"""


def page(table: str) -> str:
    """Return the page with the table of coverages and that of spreads."""
    rows = [f"| {kind} | {about.text} | {about.why} |" for kind, about in spreads().items()]
    return TEXT.format(coverage=table, spreads="\n".join(rows))


if __name__ == "__main__":
    with progress("rows") as report:
        found = residuals(report)
    errors = estimate(found)
    ERRORS.write_text(to_yaml(errors), encoding="utf-8")
    PAGE.write_text(page(markdown(coverage(found, errors))), encoding="utf-8")
