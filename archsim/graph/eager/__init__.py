"""Graphs as a framework runs them one call at a time: formulas and attention written out into their kernels."""

from __future__ import annotations

from archsim.graph.eager.attention import STYLES, Style, style
from archsim.graph.eager.expand import eager

__all__ = ["STYLES", "Style", "eager", "style"]
