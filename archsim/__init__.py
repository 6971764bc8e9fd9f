"""archsim: name a workload and machines; learn the time, the energy, the bytes, what binds, why, and how sure.

>>> import archsim as a
>>> result = a.evaluate(a.workload("resnet50", batch=8), a.hardware("a100-sxm4-80gb"))
>>> print(result)                        # doctest: +SKIP

Everything here is loaded when first used, so that importing archsim costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from archsim import workloads as workloads
    from archsim.arch.chip import Chip as Chip
    from archsim.arch.system import System as System
    from archsim.engine.evaluate import evaluate as evaluate
    from archsim.engine.evaluate import evaluate_points as evaluate_points
    from archsim.engine.policy import Policy as Policy
    from archsim.engine.result import Result as Result
    from archsim.errors import ArchsimError as ArchsimError
    from archsim.frontends.chakra import load_chakra as load_chakra
    from archsim.frontends.huggingface import load_huggingface as load_huggingface
    from archsim.frontends.load import load as load
    from archsim.frontends.native import load_workload as load_workload
    from archsim.frontends.nir import load_nir as load_nir
    from archsim.frontends.onnx import load_onnx as load_onnx
    from archsim.frontends.scalesim import load_scalesim as load_scalesim
    from archsim.frontends.torch_export import load_torch as load_torch
    from archsim.graph.builder import GraphBuilder as GraphBuilder
    from archsim.graph.counts import count as count
    from archsim.graph.graph import Graph as Graph
    from archsim.io.hardware import load_hardware as hardware  # noqa: F401
    from archsim.io.hardware import with_ as with_
    from archsim.io.systems import load_system as system  # noqa: F401
    from archsim.study.alike import Alike as Alike
    from archsim.study.alike import alike as alike
    from archsim.study.axes import Span as Span
    from archsim.study.codesign import codesign as codesign
    from archsim.study.compare import Comparison as Comparison
    from archsim.study.compare import compare as compare
    from archsim.study.crossover import Crossover as Crossover
    from archsim.study.crossover import crossover as crossover
    from archsim.study.difference import Difference as Difference
    from archsim.study.difference import difference as difference
    from archsim.study.executors import Processes as Processes
    from archsim.study.lottery import Lottery as Lottery
    from archsim.study.lottery import lottery as lottery
    from archsim.study.matrix import Matrix as Matrix
    from archsim.study.matrix import matrix as matrix
    from archsim.study.optimise.measures import Limit as Limit
    from archsim.study.optimise.result import Optimum as Optimum
    from archsim.study.optimise.search import optimise as optimise
    from archsim.study.pareto import Pareto as Pareto
    from archsim.study.pareto import pareto as pareto
    from archsim.study.points import Points as Points
    from archsim.study.points import evaluate_columns as evaluate_columns
    from archsim.study.sensitivity import Sensitivity as Sensitivity
    from archsim.study.sensitivity import sensitivity as sensitivity
    from archsim.study.serving import Prices as Prices
    from archsim.study.serving import Serving as Serving
    from archsim.study.serving import serve as serve
    from archsim.study.sweep import sweep as sweep
    from archsim.study.swept import Sweep as Sweep
    from archsim.study.turns import CoDesign as CoDesign
    from archsim.study.uncertainty.monte_carlo import Uncertainty as Uncertainty
    from archsim.study.uncertainty.monte_carlo import uncertainty as uncertainty
    from archsim.workloads.registry import workload as workload

__version__ = "0.1.0"

_HOMES: Final = {
    "Alike": ("archsim.study.alike", "Alike"),
    "ArchsimError": ("archsim.errors", "ArchsimError"),
    "Chip": ("archsim.arch.chip", "Chip"),
    "CoDesign": ("archsim.study.turns", "CoDesign"),
    "Comparison": ("archsim.study.compare", "Comparison"),
    "Crossover": ("archsim.study.crossover", "Crossover"),
    "Graph": ("archsim.graph.graph", "Graph"),
    "GraphBuilder": ("archsim.graph.builder", "GraphBuilder"),
    "Points": ("archsim.study.points", "Points"),
    "Limit": ("archsim.study.optimise.measures", "Limit"),
    "Optimum": ("archsim.study.optimise.result", "Optimum"),
    "Lottery": ("archsim.study.lottery", "Lottery"),
    "Matrix": ("archsim.study.matrix", "Matrix"),
    "Policy": ("archsim.engine.policy", "Policy"),
    "Prices": ("archsim.study.serving", "Prices"),
    "Processes": ("archsim.study.executors", "Processes"),
    "Result": ("archsim.engine.result", "Result"),
    "Serving": ("archsim.study.serving", "Serving"),
    "Span": ("archsim.study.axes", "Span"),
    "Sweep": ("archsim.study.swept", "Sweep"),
    "System": ("archsim.arch.system", "System"),
    "alike": ("archsim.study.alike", "alike"),
    "codesign": ("archsim.study.codesign", "codesign"),
    "compare": ("archsim.study.compare", "compare"),
    "count": ("archsim.graph.counts", "count"),
    "crossover": ("archsim.study.crossover", "crossover"),
    "Difference": ("archsim.study.difference", "Difference"),
    "Pareto": ("archsim.study.pareto", "Pareto"),
    "Sensitivity": ("archsim.study.sensitivity", "Sensitivity"),
    "Uncertainty": ("archsim.study.uncertainty.monte_carlo", "Uncertainty"),
    "difference": ("archsim.study.difference", "difference"),
    "pareto": ("archsim.study.pareto", "pareto"),
    "sensitivity": ("archsim.study.sensitivity", "sensitivity"),
    "uncertainty": ("archsim.study.uncertainty.monte_carlo", "uncertainty"),
    "evaluate": ("archsim.engine.evaluate", "evaluate"),
    "evaluate_columns": ("archsim.study.points", "evaluate_columns"),
    "evaluate_points": ("archsim.engine.evaluate", "evaluate_points"),
    "hardware": ("archsim.io.hardware", "load_hardware"),
    "load": ("archsim.frontends.load", "load"),
    "load_chakra": ("archsim.frontends.chakra", "load_chakra"),
    "load_huggingface": ("archsim.frontends.huggingface", "load_huggingface"),
    "load_nir": ("archsim.frontends.nir", "load_nir"),
    "load_onnx": ("archsim.frontends.onnx", "load_onnx"),
    "load_scalesim": ("archsim.frontends.scalesim", "load_scalesim"),
    "load_torch": ("archsim.frontends.torch_export", "load_torch"),
    "load_workload": ("archsim.frontends.native", "load_workload"),
    "optimise": ("archsim.study.optimise.search", "optimise"),
    "lottery": ("archsim.study.lottery", "lottery"),
    "matrix": ("archsim.study.matrix", "matrix"),
    "serve": ("archsim.study.serving", "serve"),
    "sweep": ("archsim.study.sweep", "sweep"),
    "system": ("archsim.io.systems", "load_system"),
    "with_": ("archsim.io.hardware", "with_"),
    "workload": ("archsim.workloads.registry", "workload"),
    "workloads": ("archsim.workloads", ""),
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'archsim' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    home = importlib.import_module(module)
    value = getattr(home, attribute) if attribute else home
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
