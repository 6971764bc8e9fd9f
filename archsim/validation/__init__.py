"""Holding the models against measurements: one check per dataset, its errors, and a baseline they may not fall behind.

>>> from archsim.validation import run_validation, to_json
>>> to_json(run_validation(family="gpu"))                        # doctest: +SKIP
"""

from archsim.validation.outcome import Outcome, to_json
from archsim.validation.registry import Check, check, find_checks
from archsim.validation.runner import read_dataset, run_validation

__all__ = ["Check", "Outcome", "check", "find_checks", "read_dataset", "run_validation", "to_json"]
