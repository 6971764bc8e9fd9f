"""Spiking networks in the Neuromorphic Intermediate Representation (Pedersen et al. 2024, arXiv:2311.14641).

A NIR file holds neurons, synapses and their parameters in continuous time. It does not say how long a timestep is,
how many there are, how often neurons fire, or how wide weights are stored; the caller does.
"""

from __future__ import annotations

from archsim.frontends.nir.load import load_nir

__all__ = ["load_nir"]
