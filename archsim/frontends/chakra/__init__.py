"""Execution traces of MLCommons Chakra (arXiv:2305.14516), as ASTRA-sim runs them; no protobuf library is needed."""

from __future__ import annotations

from archsim.frontends.chakra.load import load_chakra

__all__ = ["load_chakra"]
