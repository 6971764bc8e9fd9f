"""A models folder of its own for every test."""

from __future__ import annotations

import pytest
from toy_machines import SOURCES, TECHNOLOGY, TOY, TOYS, write

from archsim.arch import registry


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A models folder with one toy, its technology and its source; no shipped data."""
    root = tmp_path / "models"
    for path, text in {
        "hardware/toy/toy-one.yaml": TOY,
        "technology/toy-7nm.yaml": TECHNOLOGY,
        "sources.yaml": SOURCES,
    }.items():
        write(root / path, text)
    monkeypatch.setenv("ARCHSIM_MODELS", str(root))
    monkeypatch.setattr("archsim.io.catalogue.models_root", lambda: tmp_path / "nothing")
    monkeypatch.setattr(registry, "names", lambda: sorted(TOYS))
    monkeypatch.setattr(registry, "get", TOYS.__getitem__)
    return root
