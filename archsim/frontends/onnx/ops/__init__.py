"""How each ONNX operator becomes work: one file per group, one table for all."""

from __future__ import annotations

from functools import cache

from archsim.frontends.onnx.node import STANDARD
from archsim.frontends.onnx.ops.rule import Mapper

MICROSOFT = "com.microsoft"


@cache
def _table() -> dict[tuple[str, str], Mapper]:
    from archsim.frontends.onnx.ops import (
        attending,
        contracting,
        convolving,
        fused,
        indexing,
        moving,
        normalising,
        pointwise,
        quantised,
        recurrent,
        reducing,
        resizing,
        views,
    )

    table: dict[tuple[str, str], Mapper] = {}
    modules = (
        attending,
        contracting,
        convolving,
        indexing,
        moving,
        normalising,
        pointwise,
        quantised,
        recurrent,
        reducing,
        resizing,
        views,
    )
    for module in modules:
        for op, rule in module.RULES.items():
            # Fused graphs of ONNX Runtime carry some standard operators under its own domain, and the other way round.
            table["", op] = rule
            table.setdefault((MICROSOFT, op), rule)
    for op, rule in fused.RULES.items():
        table[MICROSOFT, op] = rule
        table.setdefault(("", op), rule)
    return table


def mapper(domain: str, op: str) -> Mapper | None:
    """Return the rule for an operator, or None when there is none."""
    return _table().get(("" if domain in STANDARD else domain, op))


def operators() -> tuple[str, ...]:
    """Names of all mapped operators, with the domain unless it is the standard one."""
    return tuple(sorted(f"{domain}::{op}" if domain else op for domain, op in _table()))
