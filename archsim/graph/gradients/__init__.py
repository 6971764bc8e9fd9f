"""Reverse-mode differentiation: one rule per kind of op, written onto a tape."""

from __future__ import annotations

from archsim.graph.gradients.rules import differentiate
from archsim.graph.gradients.tape import Tape

__all__ = ["Tape", "differentiate"]
