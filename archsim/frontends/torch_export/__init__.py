"""PyTorch modules as workloads, through torch.export: shapes and operators, no arithmetic is run."""

from __future__ import annotations

from archsim.frontends.torch_export.load import load_torch

__all__ = ["load_torch"]
