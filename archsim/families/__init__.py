"""Families of machines, one folder each; see `archsim.arch.family` for what a family is."""
