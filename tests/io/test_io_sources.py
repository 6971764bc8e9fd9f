"""The list of sources."""

from __future__ import annotations

import pytest
from toy_machines import write

from archsim.errors import InvalidDescriptionError, UnknownNameError
from archsim.io.sources import bibtex, sources


def test_sources(models):
    source = sources()["toys"]
    assert source.authors == "Ada Lovelace and Alan Turing"
    assert (source.year, source.accessed) == (1950, "2020-01-01")


def test_bibtex(models):
    text = bibtex("toys")
    assert text.startswith("@misc{toys,")
    assert r"title = {{A book of toys \& games}}" in text
    assert "author = {Ada Lovelace and Alan Turing}" in text
    assert "url = {https://example.org/toys_1}" in text
    assert text.count("{") == text.count("}")
    with pytest.raises(UnknownNameError, match="did you mean 'toys'"):
        bibtex("tosy")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: {year: 2000}", "the source 'a' has no title"),
        ("a: just text", "the source 'a' has no title"),
        (
            "a: {title: t, auhtors: x}",
            "sources.yaml:1:15: unknown key 'auhtors' of the source 'a'; did you mean 'authors'?",
        ),
        ("a: {title: t, year: soon}", "the year 'soon'"),
        ("- a", "mapping of keys"),
    ],
)
def test_mistakes(models, text, said):
    write(models / "sources.yaml", text)
    with pytest.raises(InvalidDescriptionError) as caught:
        sources()
    assert said in str(caught.value)


def test_empty_and_absent(models):
    write(models / "sources.yaml", "# none\n")
    assert sources() == {}
    (models / "sources.yaml").unlink()
    assert sources() == {}
