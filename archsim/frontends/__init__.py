"""Importers: foreign files in, graphs out, with a report of what became of every node."""
