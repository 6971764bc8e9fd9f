"""Hardware files: they load, round-trip, match their schema, and say where every number comes from."""

from __future__ import annotations

from functools import cache

import jsonschema
import pytest
import yaml
from contract_machines import MACHINES, machine

import archsim
from archsim.arch.columns import columns, place_of
from archsim.cited import Kind, dotted
from archsim.errors import UsageError
from archsim.io import catalogue
from archsim.io.hardware import load_hardware
from archsim.io.schema import hardware_schema
from archsim.io.sources import sources
from archsim.io.yaml import load

REFERENCE_SIZE = ("small_array.capacity", "large_array.capacity")
"""Sizes that say at which point a cited energy stands; exact by definition."""


@cache
def checker():
    schema = hardware_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", MACHINES)
def test_the_schema_accepts_the_file(name):
    checker().validate(load(catalogue.find("hardware", name).path).tree)


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_written_out_loads_as_the_same_machine(name, tmp_path):
    chip = machine(name)
    path = tmp_path / "again.yaml"
    path.write_text(yaml.safe_dump(chip.tree, sort_keys=False, allow_unicode=True), encoding="utf-8")
    again = load_hardware(path)
    assert again.spec == chip.spec
    assert again.cited == chip.cited
    checker().validate(load(path).tree)


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_answers_to_its_name_and_aliases(name):
    chip = machine(name)
    assert chip.name == name and chip.family == MACHINES[name]
    for alias in (name.upper(), name.replace("-", "_"), *chip.spec.aliases):
        assert archsim.hardware(alias).spec == chip.spec


def numbers_of(chip):
    """Path and citation of every leaf that holds a number or a quantity."""
    for path, cited in chip.cited.items():
        try:
            place = place_of(chip.spec, dotted(path))
        except UsageError:  # text, or a list's length
            continue
        if not place.column.choices:
            yield dotted(path), cited


@pytest.mark.parametrize("name", MACHINES)
def test_every_number_is_cited_or_exact(name):
    found = dict(numbers_of(machine(name)))
    assert len(found) > len(columns(type(machine(name).spec))) / 4
    for path, cited in found.items():
        if cited.exact:
            whole = isinstance(cited.text, int) and not isinstance(cited.text, bool)
            assert whole or path.endswith(REFERENCE_SIZE), f"{path} = {cited.text} has no source"
        elif cited.kind is Kind.ASSUMED:
            assert cited.why, path
        else:
            assert cited.source in sources() and cited.where, path


@pytest.mark.parametrize("name", MACHINES)
def test_results_list_what_was_assumed(name):
    chip = machine(name)
    b = archsim.GraphBuilder("small")
    b.elementwise("relu", b.input("x", (64,)))
    listed = "\n".join(archsim.evaluate(b.build(), chip).assumed)
    for path, cited in numbers_of(chip):
        assert (f"{chip.name}: {path} = " in listed) == (cited.kind is Kind.ASSUMED)
