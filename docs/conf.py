"""Sphinx: Markdown pages by hand, reference pages from the code."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import tables  # noqa: E402

import archsim  # noqa: E402

project = "archsim"
author = "the archsim authors"
project_copyright = "the archsim authors, Apache-2.0"
version = release = archsim.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.mathjax", "numpydoc", "myst_parser"]
exclude_patterns = ["_build", "generated"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

smartquotes = False
html_theme = "furo"
html_title = f"archsim {release}"

myst_enable_extensions = ["amsmath", "dollarmath", "colon_fence"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "member-order": "bysource"}
numpydoc_show_class_members = False
numpydoc_xref_param_type = False


def _literal_table(app, what, name, obj, options, lines):
    """Set the tables of symbols that open the law modules as they stand: their columns are aligned with spaces."""
    if what != "module":
        return
    start = next((i for i, line in enumerate(lines) if line.startswith("Quantity ") and "Symbol" in line), None)
    if start is None:
        return
    end = next((i for i in range(start, len(lines)) if not lines[i].strip()), len(lines))
    lines[start:end] = ["::", "", *("   " + line for line in lines[start:end])]


def setup(app):
    app.connect("autodoc-process-docstring", _literal_table)
    app.connect("builder-inited", lambda _: tables.write(HERE / "generated"))
