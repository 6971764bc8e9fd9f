"""The form of a rule: a node and the emitter in, the values of its outputs out."""

from __future__ import annotations

from collections.abc import Callable

from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.node import Node

Mapper = Callable[[Node, Emitter], Results]
"""Raises `Unmapped` when the node uses a form that has no counterpart."""
