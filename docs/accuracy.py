"""Bring the accuracy table of README.md up to date: what ``archsim validate --markdown`` prints now.

Run: python docs/accuracy.py
"""

from __future__ import annotations

from pathlib import Path

from archsim.validation import run_validation
from archsim.validation.present import markdown

README = Path(__file__).resolve().parent.parent / "README.md"
START, END = "<!-- accuracy -->", "<!-- /accuracy -->"


def renewed(text: str) -> str:
    """Return the README's text with the table of now between the markers."""
    head, _, rest = text.partition(START)
    _, _, tail = rest.partition(END)
    return f"{head}{START}\n\n{markdown(run_validation())}\n\n{END}{tail}"


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
