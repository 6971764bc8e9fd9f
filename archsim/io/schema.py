"""The JSON schema of hardware files, so that editors complete and check them."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from archsim.arch import registry
from archsim.arch.mixed import MixedSpec
from archsim.arch.system import SystemSpec
from archsim.cited import cited_schema
from archsim.io.shared import shared_parts

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Citable(GenerateJsonSchema):
    """Lets plain numbers, switches and choices be cited too."""

    def int_schema(self, schema: core_schema.IntSchema) -> dict[str, Any]:
        return _or_cited(super().int_schema(schema))

    def float_schema(self, schema: core_schema.FloatSchema) -> dict[str, Any]:
        return _or_cited(super().float_schema(schema))

    def bool_schema(self, schema: core_schema.BoolSchema) -> dict[str, Any]:
        return _or_cited(super().bool_schema(schema))

    def literal_schema(self, schema: core_schema.LiteralSchema) -> dict[str, Any]:
        return _or_cited(super().literal_schema(schema))


def hardware_schema() -> dict[str, Any]:
    """Return the JSON schema of a hardware file: one alternative per family, and one for files that extend another.

    Quantities are a number, a text with a unit, or either with its citation.
    """
    definitions: dict[str, Any] = {"cited": cited_schema()}
    alternatives: list[dict[str, Any]] = []
    for name in registry.names():
        family = registry.get(name)
        schema = family.spec.model_json_schema(by_alias=True, mode="validation", schema_generator=_Citable)
        for key, definition in schema.pop("$defs", {}).items():
            definitions[f"{name}-{key}"] = _renamed(definition, name)
        schema = _renamed(schema, name)
        schema["title"] = family.title
        schema["properties"]["family"] = {"const": name}
        schema["required"] = sorted({*schema.get("required", ()), "family"})
        for part in shared_parts(family.spec):
            schema["properties"][part] = {"anyOf": [{"type": "string"}, _EXTENDS, schema["properties"][part]]}
        definitions[name] = schema
        alternatives.append({"$ref": f"#/$defs/{name}"})
    alternatives.append(_EXTENDS)
    return {"$schema": DIALECT, "title": "archsim hardware", "oneOf": alternatives, "$defs": definitions}


def systems_schema() -> dict[str, Any]:
    """Return the JSON schema of a system's file: many equal chips, or a host and machines of different kinds."""
    definitions: dict[str, Any] = {"cited": cited_schema()}
    alternatives = []
    for name, model in (("chips", SystemSpec), ("machines", MixedSpec)):
        schema = model.model_json_schema(by_alias=True, mode="validation", schema_generator=_Citable)
        for key, described in schema.pop("$defs", {}).items():
            definition = _renamed(described, name)
            if "link" in definition.get("properties", {}):
                link = definition["properties"]["link"]
                definition["properties"]["link"] = {"anyOf": [{"type": "string"}, _EXTENDS, link]}
            definitions[f"{name}-{key}"] = definition
        definitions[name] = _renamed(schema, name)
        alternatives.append({"$ref": f"#/$defs/{name}"})
    return {"$schema": DIALECT, "title": "archsim systems", "oneOf": alternatives, "$defs": definitions}


_EXTENDS: dict[str, Any] = {
    "type": "object",
    "title": "only what differs from another description",
    "properties": {"extends": {"type": "string"}, "name": {"type": "string"}},
    "required": ["extends"],
}


def _or_cited(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, cited_schema()]}


def _renamed(node: Any, family: str) -> Any:
    """Point references at the family's own definitions, and share the schema of citations."""
    if isinstance(node, list):
        return [_renamed(item, family) for item in node]
    if not isinstance(node, dict):
        return node
    if node == cited_schema():
        return {"$ref": "#/$defs/cited"}
    changed = {key: _renamed(value, family) for key, value in node.items()}
    reference = changed.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        changed["$ref"] = f"#/$defs/{family}-{reference.removeprefix('#/$defs/')}"
    return changed
