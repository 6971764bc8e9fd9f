"""Front ends: what other tools write, read as graphs. Each loads its library when it is used."""

from __future__ import annotations

from archsim.frontends.load import load

__all__ = ["load"]
