"""Networks from the ``config.json`` of a Hugging Face model: hyper-parameters in, graph out, no weights, no network.

archsim has a table of its own of model types, so that neither the transformers library nor access to a gated model
is needed.
"""

from __future__ import annotations

from archsim.frontends.huggingface.load import load_huggingface, model_types

__all__ = ["load_huggingface", "model_types"]
