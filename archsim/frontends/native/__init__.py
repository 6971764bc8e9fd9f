"""The native workload format: a network written by hand in ten lines, or any graph written down without loss."""

from __future__ import annotations

from archsim.frontends.native.dump import dump_graph, dump_text
from archsim.frontends.native.load import load_workload, read_workload

__all__ = ["dump_graph", "dump_text", "load_workload", "read_workload"]
