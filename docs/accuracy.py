"""Bring the accuracy tables up to date: a line per kind of machine in README.md, all else in docs/accuracy-groups.md.

Run: python docs/accuracy.py
"""

from __future__ import annotations

from pathlib import Path

from archsim.validation import run_validation, transfer
from archsim.validation.outcome import Outcome
from archsim.validation.present import as_markdown, by_kind, markdown, summary

DOCS = Path(__file__).resolve().parent
README = DOCS.parent / "README.md"
GROUPS = DOCS / "accuracy-groups.md"
START, END = "<!-- accuracy -->", "<!-- /accuracy -->"


def renewed(text: str, outcomes: list[Outcome]) -> str:
    """Return the README's text with the table of now between the markers."""
    head, _, rest = text.partition(START)
    _, _, tail = rest.partition(END)
    return f"{head}{START}\n\n{by_kind(outcomes)}\n\n{END}{tail}"


def groups(outcomes: list[Outcome]) -> str:
    """Return the page with every group, and the matrix of kernels by generation."""
    between = as_markdown(transfer.table(transfer.transfers()))
    return (
        "# Every table that is compared\n\n"
        "Written by `docs/accuracy.py`. Values are means over the rows compared.\n\n"
        f"{summary(outcomes)}\n\n"
        "# Every group that is compared\n\n"
        "What `archsim validate --markdown` prints.\n\n"
        f"{markdown(outcomes)}\n\n"
        "# Kernels of one generation on another\n\n"
        "What `archsim validate --transfer` prints: mean absolute error and bias of bf16 products, on the "
        "rows that are never fitted.\n\n"
        f"{between}\n"
    )


if __name__ == "__main__":
    found = run_validation()
    README.write_text(renewed(README.read_text(encoding="utf-8"), found), encoding="utf-8")
    GROUPS.write_text(groups(found), encoding="utf-8")
