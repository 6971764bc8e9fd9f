"""Figures and traces of results."""
