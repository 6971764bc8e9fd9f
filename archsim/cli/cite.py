"""``archsim cite``: where the numbers of a machine come from, and which are assumed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.cited import Cited
    from archsim.cli.screen import Block


def cite(hardware: options.Hardware, as_json: options.AsJson = False, output: options.Output = None) -> None:
    """Print the sources of a machine's numbers as BibTeX, and what is assumed."""
    from archsim.cli import inputs
    from archsim.cli.output import deliver, target

    where = target(as_json, output=output)
    chip = inputs.load_machine(hardware)
    deliver(where, data=lambda: _data(chip), blocks=lambda: _blocks(chip))


def cited_values(path: str, cited: Cited) -> dict[str, Any]:
    """Return one leaf with its citation, ready for JSON."""
    return {
        "path": path,
        "value": cited.text,
        "kind": cited.kind.value if cited.kind else "exact",
        "source": cited.source,
        "where": cited.where,
        "why": cited.why,
        "low": cited.low,
        "high": cited.high,
    }


def source_entries(keys: Iterable[str | None]) -> dict[str, dict[str, Any]]:
    """Return the sources behind some keys, each once, with its BibTeX."""
    from archsim.io.sources import bibtex, sources

    known = sources()
    wanted = sorted({key for key in keys if key in known})
    return {key: {**asdict(known[key]), "bibtex": bibtex(key)} for key in wanted}


def _values(chip: Chip | System) -> list[dict[str, Any]]:
    from archsim.cited import dotted

    return [cited_values(dotted(path), cited) for path, cited in chip.cited.items() if not cited.exact]


def _data(chip: Chip | System) -> dict[str, Any]:
    values = _values(chip)
    return {
        "schema_version": 1,
        "hardware": chip.name,
        "family": chip.family,
        "values": values,
        "sources": source_entries(value["source"] for value in values),
        "assumed": [value for value in values if value["kind"] == "assumed"],
    }


def _blocks(chip: Chip | System) -> list[Block]:
    """Return text that is also a BibTeX file: what is no entry stands behind a percent sign."""
    from archsim.cli.screen import Line

    values = _values(chip)
    blocks: list[Block] = [Line(f"% sources of {chip.name}, {chip.spec.title}", "bold")]
    blocks += [Line(entry["bibtex"]) for entry in source_entries(value["source"] for value in values).values()]
    assumed = [value for value in values if value["kind"] == "assumed"]
    lines = [f"% {len(assumed)} of {len(values)} values are assumed:" if assumed else "% nothing is assumed"]
    lines += [f"%   {value['path']} = {value['value']}: {value['why']}" for value in assumed]
    # BibTeX reads an entry wherever it meets the sign.
    blocks.append(Line("\n".join(lines).replace("@", "(at)"), "yellow" if assumed else ""))
    return blocks
