"""The JSON schema accepts what the loader accepts."""

from __future__ import annotations

import json
import subprocess
import sys

import jsonschema
import pytest
from toy_machines import TOY, write

from archsim.io import catalogue
from archsim.io.hardware import load_hardware
from archsim.io.schema import hardware_schema, systems_schema
from archsim.io.yaml import load as load_yaml
from archsim.io.yaml import loads


def validator():
    schema = hardware_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_files_that_load_are_valid(models):
    check = validator()
    check.validate(loads(TOY).tree)
    check.validate({"extends": "toy-one", "name": "two", "clock": "2 GHz"})
    cited = TOY.replace(
        "lanes: 16",
        "lanes: {value: 16, kind: datasheet, source: toys}\nfused: {value: true, kind: datasheet, source: toys}",
    )
    write(models / "hardware/toy/toy-one.yaml", cited)
    assert load_hardware("toy-one").spec.fused
    check.validate(loads(cited).tree)
    changed = TOY.replace("technology: toy-7nm", "technology: {extends: toy-7nm, add: 2 pJ}")
    check.validate(loads(changed).tree)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("clock: 1.41 GHz", "clok: 1.41 GHz"),
        ("clock: 1.41 GHz", "clock: -1"),
        ("clock: 1.41 GHz", "clock: [1 GHz]"),
        ("family: toy", "family: other"),
        ("kind: datasheet", "kind: guessed"),
        ("kind: assumed, why", "knid: assumed, why"),
    ],
)
def test_files_that_do_not_load_are_not(models, old, new):
    assert not validator().is_valid(loads(TOY.replace(old, new)).tree)


def test_quantities_share_one_citation_schema(models):
    text = json.dumps(hardware_schema())
    assert text.count('"datasheet"') == 1
    assert "#/$defs/toy-Turbo" in text


def test_numba_is_not_imported():
    code = (
        "import sys, archsim.io.schema as s\ns.hardware_schema()\nprint('numba' in sys.modules, 'scipy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("name", ["dgx-a100", "le-2012", "xeon-a100-dota", "a100-pairwise-nvlink"])
def test_shipped_systems_are_valid_and_wrong_ones_are_not(name):
    schema = systems_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    tree = load_yaml(catalogue.find("systems", name).path).tree
    check.validate(tree)
    assert not check.is_valid({**tree, "levles": []})
    assert not check.is_valid({key: value for key, value in tree.items() if key not in ("chip", "host")})
