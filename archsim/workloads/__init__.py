"""Parametric workload generators; every named network is a graph built from its definition."""

from __future__ import annotations

from archsim.workloads.registry import Generator, find, generators, workload

__all__ = ["Generator", "find", "generators", "workload"]
