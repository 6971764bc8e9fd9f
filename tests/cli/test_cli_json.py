"""``--json`` prints one strict JSON value of a known form, and nothing else."""

import json

import jsonschema
import pytest

NUMBER, TEXT, COUNT = {"type": "number", "minimum": 0}, {"type": "string"}, {"type": "integer", "minimum": 0}
AMOUNTS = {"type": "object", "additionalProperties": NUMBER}
TEXTS = {"type": "array", "items": TEXT}
OPTIONAL = {"type": ["string", "number", "null"]}


def record(**properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


RESULT = record(
    schema_version={"const": 1},
    workload=TEXT,
    hardware=TEXT,
    boundary=TEXT,
    latency_s=NUMBER,
    energy_j=NUMBER,
    power_w=NUMBER,
    throughput_per_s=NUMBER,
    macs=COUNT,
    bound=TEXT,
    energy_by_cause_j=AMOUNTS,
    bytes_by_level=AMOUNTS,
    latency_by_resource_s=AMOUNTS,
    warnings=TEXTS,
    assumed=TEXTS,
    ops={
        "type": "array",
        "minItems": 1,
        "items": record(
            name=TEXT,
            kind=TEXT,
            count={"type": "integer", "minimum": 1},
            macs=COUNT,
            latency_s=NUMBER,
            energy_j=NUMBER,
            bound=TEXT,
            utilisation={"type": "number", "minimum": 0, "maximum": 1},
            placed_on=TEXT,
        ),
    },
)
VALUE = record(path=TEXT, kind=TEXT, why=TEXT, where=TEXT, low=OPTIONAL, high=OPTIONAL)
LEAF = record(unit=TEXT, text=TEXT, source=TEXT, **VALUE["properties"])
TENSOR = record(name=TEXT, shape={"type": "array", "items": COUNT}, dtype=TEXT, role=TEXT)
SCHEMAS = {
    "run resnet18 null": RESULT,
    "run resnet18 a100-sxm4-80gb --batch 8": RESULT,
    "compare resnet18 null a100-sxm4-80gb": record(
        schema_version={"const": 1}, workload=TEXT, results={"type": "array", "items": RESULT}, warnings=TEXTS
    ),
    "explain resnet18 null": record(
        schema_version={"const": 1}, latency_s=NUMBER, of={"const": "latency"}, sources={"type": "object"},
        explanation=record(text=TEXT, children={"type": "array", "minItems": 1}, laws={"type": "object"}),
    ),
    "explain resnet18 a100-sxm4-80gb --of energy --op stem": record(energy_j=NUMBER, of={"const": "energy"}),
    "list hardware": {
        "type": "array", "minItems": 1, "items": record(name=TEXT, family=TEXT, aliases=TEXTS, title=TEXT, file=TEXT),
    },
    "list workloads": {
        "type": "array", "minItems": 1,
        "items": record(name=TEXT, group=TEXT, aliases=TEXTS, parameters={"type": "object"}),
    },
    "list families": {"type": "array", "minItems": 1, "items": record(name=TEXT, title=TEXT, machines=COUNT)},
    "list datasets": {"type": "array", "minItems": 1, "items": record(name=TEXT, topic=TEXT, file=TEXT)},
    "list technologies": {"type": "array", "items": record(name=TEXT, title=TEXT, file=TEXT)},
    "show resnet18": record(
        schema_version={"const": 1}, name={"const": "resnet18"}, parameters=COUNT, macs=COUNT, warnings=TEXTS,
        ops={"type": "array", "minItems": 1, "items": record(
            name=TEXT, kind=TEXT, count={"const": 1}, macs=COUNT, parameters=COUNT, bytes=NUMBER, flop_per_byte=NUMBER,
            inputs={"type": "array", "items": TENSOR}, outputs={"type": "array", "items": TENSOR},
        )},
    ),
    "show null": record(
        name={"const": "null"}, family={"const": "null"}, boundary=TEXT, aliases=TEXTS,
        values={"type": "array", "minItems": 10, "items": LEAF},
    ),
    "show a100-sxm4-80gb": record(values={"type": "array", "minItems": 50, "items": VALUE}),
    "cite a100-sxm4-80gb": record(
        schema_version={"const": 1}, hardware={"const": "a100-sxm4-80gb"},
        values={"type": "array", "minItems": 10, "items": VALUE}, assumed={"type": "array", "items": VALUE},
        sources={"type": "object", "minProperties": 1, "additionalProperties": record(title=TEXT, bibtex=TEXT)},
    ),
    "doctor": record(
        schema_version={"const": 1}, ok={"const": True},
        checks={"type": "array", "items": record(name=TEXT, ok={"type": "boolean"}, detail=TEXT, hint=TEXT)},
    ),
}  # fmt: skip


def strict(text):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("command", SCHEMAS)
def test_json_has_its_form(cli, command):
    answer = cli(*command.split(), "--json")
    assert (answer.code, answer.err) == (0, "")
    jsonschema.validate(strict(answer.out), SCHEMAS[command])


def test_the_schema_is_a_schema_that_shipped_machines_obey(cli):
    import yaml

    from archsim.io import catalogue

    schema = strict(cli("schema", "hardware").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    text = catalogue.find("hardware", "null").path.read_text()
    jsonschema.validate(yaml.safe_load(text), schema)


def test_a_result_adds_up(cli):
    result = strict(cli("run", "resnet18", "a100-sxm4-80gb", "--json").out)
    assert sum(op["latency_s"] * op["count"] for op in result["ops"]) == pytest.approx(result["latency_s"], rel=1e-6)
    assert sum(op["macs"] * op["count"] for op in result["ops"]) == result["macs"]
    assert sum(result["energy_by_cause_j"].values()) == pytest.approx(result["energy_j"])


def test_show_gives_published_counts(cli):
    shown = strict(cli("show", "resnet50", "--json").out)
    assert (shown["parameters"], shown["macs"]) == (25_557_032, 4_089_184_256)
    assert sum(op["macs"] for op in shown["ops"]) == shown["macs"]
    assert shown["arguments"]["batch"] == 1


def test_json_carries_warnings_instead_of_stderr(cli, network):
    path = network(nodes=(("Fancy", ["x", "w"], ["y"], "my.domain"),))
    answer = cli("run", path, "null", "--unknown", "opaque", "--json")
    assert answer.err == ""
    assert any("Fancy" in text for text in strict(answer.out)["warnings"])


def test_numbers_json_does_not_have_become_null():
    import numpy as np

    from archsim.cli.output import json_text

    data = {
        "a": float("nan"),
        "b": float("inf"),
        "c": (np.float64(2), np.int64(3), np.bool_(True)),
        4: {5},
        "d": np.inf,
    }
    assert strict(json_text(data)) == {"a": None, "b": None, "c": [2.0, 3, True], "4": [5], "d": None}
