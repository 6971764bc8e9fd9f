"""ONNX files as workloads: topology and shapes, never weights."""

from __future__ import annotations

from archsim.frontends.onnx.load import Imported, import_onnx, load_onnx

__all__ = ["Imported", "import_onnx", "load_onnx"]
