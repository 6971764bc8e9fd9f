"""SCALE-Sim's configuration file in place of a machine: array, buffers and dataflow from it, the rest as shipped."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Final

from archsim.cited import Path
from archsim.errors import ArchsimError, InvalidDescriptionError, did_you_mean
from archsim.io.text import read_text
from archsim.io.yaml import Document, Mark

SUFFIX: Final = ".cfg"
BASE: Final = "scalesim"
"""Machine whose values stand for what the file does not say."""
VERSION: Final = "scalesim-3.0.0"
SOURCE: Final = "scale-sim"
USER: Final = "InterfaceBandwidth = USER"
"""Begins the note of a machine whose file gives bandwidths, which SCALE-Sim would stall for."""
DATAFLOWS: Final = ("ws", "os", "is")
LARGEST_FILE: Final = 2**20
LARGEST: Final = 10**9
FILLED: Final = 10
"""Words a cycle read for inputs, and for weights, where the file gives no bandwidths."""

GENERAL, ARRAY, RUN, SPARSITY = "general", "architecture_presets", "run_presets", "sparsity"
_SECTION: Final = re.compile(r"\[([^\]]*)\]")
_ENTRY: Final = re.compile(r"([^=:]+?)\s*[=:]\s*(.*)")
_WHOLE: Final = re.compile(r"\d{1,18}")


@dataclass(frozen=True)
class _Entry:
    """One setting: its name and value as written, and where both stand."""

    name: str
    text: str
    line: int
    column: int
    key_column: int


@dataclass
class _File:
    """A file read: settings by section and name, both in lower case, and the line each section begins on."""

    name: str
    sections: dict[str, dict[str, _Entry]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def find(self, section: str, *names: str) -> _Entry | None:
        """Return a setting by one of its names."""
        found = self.sections.get(section, {})
        return next((found[name.lower()] for name in names if name.lower() in found), None)

    def need(self, section: str, *names: str) -> _Entry:
        """Return a setting.

        Raises
        ------
        InvalidDescriptionError
            It is missing, or its section is.
        """
        entry = self.find(section, *names)
        if entry is not None:
            return entry
        if section not in self.sections:
            raise InvalidDescriptionError(f"there is no section [{section}]", where=self.name,
                                          hint=f"add it, with {names[0]}")  # fmt: skip
        there = [each.name for each in self.sections[section].values()]
        raise InvalidDescriptionError(f"{names[0]} is missing from [{section}]",
                                      hint=did_you_mean(names[0], there) or f"add {names[0]} : ...",
                                      where=f"{self.name}:{self.lines[section]}")  # fmt: skip

    def number(self, section: str, *names: str) -> tuple[int, _Entry]:
        """Return a setting that is a whole number above 0."""
        entry = self.need(section, *names)
        if not _WHOLE.fullmatch(entry.text) or not 0 < int(entry.text) <= LARGEST:
            raise self.wrong(entry, f"{entry.name} is {entry.text!r}", "write a whole number above 0")
        return int(entry.text), entry

    def wrong(self, entry: _Entry, message: str, hint: str) -> ArchsimError:
        """Return the error of a setting that is not valid."""
        return InvalidDescriptionError(message, hint=hint, where=f"{self.name}:{entry.line}:{entry.column}")


def is_config(path: FilePath | str) -> bool:
    """Whether a name is meant as such a file."""
    return str(path).lower().endswith(SUFFIX)


def load(path: FilePath) -> Document:
    """Read a configuration as a description that extends the shipped machine of SCALE-Sim.

    Parameters
    ----------
    path : Path
        An INI file with ``[general]``, ``[architecture_presets]`` and ``[run_presets]``.

    Returns
    -------
    Document
        Each number cited as from that file, and marked with its place in it.

    Raises
    ------
    UsageError
        There is no such file, or it cannot be read.
    InvalidDescriptionError
        A setting is missing, or not valid.
    """
    file = _read(path)
    written = _Written(file)
    rows, height = file.number(ARRAY, "ArrayHeight")
    columns, width = file.number(ARRAY, "ArrayWidth")
    written.put(("array", "rows"), rows, height)
    written.put(("array", "columns"), columns, width)
    dataflow = file.need(ARRAY, "Dataflow")
    if dataflow.text.lower() not in DATAFLOWS:
        raise file.wrong(dataflow, f"unknown dataflow {dataflow.text!r}", f"write one of {', '.join(DATAFLOWS)}")
    written.put(("array", "dataflow"), dataflow.text.lower(), dataflow)
    sizes = 0
    for part, name in (("input", "Ifmap"), ("weight", "Filter"), ("output", "Ofmap")):
        size, entry = file.number(ARRAY, f"{name}SramSzkB", f"{name}SramSz")
        written.put(("buffers", part), f"{size} KiB", entry)
        sizes += size
    written.put(("memory", "sram", "capacity"), f"{sizes} KiB", height, "the three scratchpads together")
    written.put(("memory", "sram", "width"), f"{rows + 2 * columns} B/clk", height,
                "a word a cycle for each row, and two for each column")  # fmt: skip
    user = _bandwidths(file, written, columns)
    _only_dense(file)
    run = file.find(GENERAL, "run_name")
    title = run.text.strip("\"' ") if run is not None else ""
    name = re.sub(r"[^a-z0-9.]+", "-", (title or path.stem).lower()).strip("-.") or BASE
    note = f"From {file.name}. {USER}: stalls for it are not simulated." if user else f"From {file.name}."
    tree = {"extends": BASE, "family": "systolic", "name": name, "title": title or path.stem, "note": note,
            "compatible": VERSION, **written.tree}  # fmt: skip
    return Document(tree, path, written.marks | {(): Mark(file.name, 1, 1, 1, 1)}, file.name)


@dataclass
class _Written:
    """The description so far: values with their citations, and their places."""

    file: _File
    tree: dict[str, Any] = field(default_factory=dict)
    marks: dict[Path, Mark] = field(default_factory=dict)

    def put(self, path: tuple[str, ...], value: str | int, entry: _Entry, why: str = "") -> None:
        """Write a value that follows from a setting."""
        node = self.tree
        for part in path[:-1]:
            node = node.setdefault(part, {})
        said = f"{entry.name} : {entry.text}, {FilePath(self.file.name).name} line {entry.line}"
        node[path[-1]] = {"value": value, "source": SOURCE, "where": f"{why}: {said}" if why else said,
                          "kind": "simulated"}  # fmt: skip
        mark = Mark(self.file.name, entry.line, entry.column, entry.line, entry.key_column, entry.text)
        self.marks |= {path: mark, (*path, "value"): mark}


def _bandwidths(file: _File, written: _Written, columns: int) -> bool:
    """Write what the main memory moves in a cycle; return whether the file says it."""
    mode = file.find(RUN, "InterfaceBandwidth")
    if mode is not None and mode.text.upper() not in ("CALC", "USER"):
        raise file.wrong(mode, f"InterfaceBandwidth is {mode.text!r}", "write CALC or USER")
    if mode is None or mode.text.upper() == "CALC":
        written.put(("memory", "dram", "width"), f"{2 * FILLED + columns} B/clk", file.need(ARRAY, "ArrayWidth"),
                    "10 words a cycle for inputs and for weights, one for each column for outputs")  # fmt: skip
        return False
    entry = file.need(ARRAY, "Bandwidth")
    words = [part.strip() for part in entry.text.split(",")]
    if not all(_WHOLE.fullmatch(word) and 0 < int(word) <= LARGEST for word in words):
        raise file.wrong(entry, f"Bandwidth is {entry.text!r}", "write whole numbers of words a cycle, such as 10")
    written.put(("memory", "dram", "width"), f"{sum(int(word) for word in words)} B/clk", entry)
    return True


def _only_dense(file: _File) -> None:
    support = file.find(SPARSITY, "SparsitySupport")
    if support is not None and support.text.lower() == "true":
        raise file.wrong(support, "SparsitySupport is true, and only dense weights are counted as SCALE-Sim does",
                         "write false; a machine of archsim's own skips N:M zeros with array.structured")  # fmt: skip


def _read(path: FilePath) -> _File:
    text = read_text(path, LARGEST_FILE)
    file = _File(str(path))
    here: dict[str, _Entry] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        if section := _SECTION.fullmatch(bare):
            name = section[1].strip().lower()
            file.lines.setdefault(name, number)
            here = file.sections.setdefault(name, {})
            continue
        match = _ENTRY.fullmatch(bare)
        if match is None or here is None:
            problem = "this is no setting" if match is None else "a setting before the first [section]"
            raise InvalidDescriptionError(f"{problem}: {bare[:60]!r}", where=f"{file.name}:{number}",
                                          hint="write Name : value, below a line such as [general]")  # fmt: skip
        begin = len(line) - len(line.lstrip()) + 1
        entry = _Entry(match[1], match[2].strip(), number, begin + match.start(2), begin)
        here[match[1].lower()] = entry
    return file
