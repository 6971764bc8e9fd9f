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

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "generated", "gallery/*.md5", "gallery/*.ipynb", "gallery/*.py", "gallery/*.zip",
                    "gallery/*.json", "gallery/searchindex"]  # fmt: skip
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

smartquotes = False
html_theme = "furo"
html_title = f"archsim {release}"

myst_enable_extensions = ["amsmath", "dollarmath", "colon_fence"]
myst_heading_anchors = 3

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "plot_gallery": "False",  # tests run them; here their text and the pictures they drew are shown
    "filename_pattern": r"\.py$",
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "default_thumb_file": str(HERE / "images" / "roofline_resnet50.svg"),
    "write_computation_times": False,
}

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


def _picture(app, docname, source):
    """Make the first line of an example its title, and set the picture it drew last below its text."""
    stem = docname.removeprefix("gallery/")
    label = f".. _sphx_glr_gallery_{stem}.py:\n\n"
    head, found, rest = source[0].partition(label)
    if not docname.startswith("gallery/") or not found:
        return
    title, _, text = rest.partition("\n")
    words, line, code = text.partition(".. GENERATED FROM PYTHON SOURCE")
    drawn = f".. image:: /images/{stem}.svg\n\n" if (HERE / "images" / f"{stem}.svg").is_file() else ""
    source[0] = f"{head}{found}{title}\n{'=' * len(title)}\n{words}{drawn}{line}{code}"


def _thumbnails(app):
    """Put the pictures that examples drew in the place of the one that stands for all of them."""
    for thumb in (HERE / "gallery" / "images" / "thumb").glob("sphx_glr_*_thumb.svg"):
        drawn = HERE / "images" / f"{thumb.stem.removeprefix('sphx_glr_').removesuffix('_thumb')}.svg"
        if drawn.is_file():
            thumb.write_bytes(drawn.read_bytes())


def setup(app):
    app.connect("source-read", _picture)
    app.connect("autodoc-process-docstring", _literal_table)
    app.connect("builder-inited", lambda _: tables.write(HERE / "generated"))
    app.connect("builder-inited", _thumbnails, priority=900)
