"""What a family's description model allows at a path."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from archsim.cited import Path


def annotations_at(spec: type[BaseModel], path: Path) -> list[Any]:
    """Return the annotations of the leaf or part at `path`; more than one behind a union, none if nothing is there."""
    found: list[Any] = [spec]
    for step in path:
        found = [inner for annotation in found for inner in _step(annotation, step)]
    return found


def fields_at(spec: type[BaseModel], path: Path) -> dict[str, FieldInfo]:
    """Return the fields, by the name files use, of the part at `path`; a part with free keys has none."""
    found: dict[str, FieldInfo] = {}
    for annotation in annotations_at(spec, path):
        for model in models_in(annotation):
            found |= fields_of(model)
    return found


@cache
def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a model by the name files use."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """List the models behind an annotation, through ``Annotated`` and unions but not through containers."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if _is_container(annotation):
        return []
    return [model for part in get_args(annotation) for model in models_in(part)]


def _step(annotation: Any, step: str | int) -> list[Any]:
    found: list[Any] = []
    if isinstance(step, str):
        for model in models_in(annotation):
            info = fields_of(model).get(step)
            if info is not None:
                found.append(Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation)
    return found + [item for container in _containers(annotation) for item in _items(container, step)]


def _items(container: Any, step: str | int) -> list[Any]:
    arguments = get_args(container)
    if issubclass(get_origin(container) or object, Mapping):
        return list(arguments[1:2]) if isinstance(step, str) else []
    if not isinstance(step, int) or not arguments:
        return []
    fixed = get_origin(container) is tuple and arguments[-1] is not Ellipsis
    return [arguments[step]] if fixed and step < len(arguments) else [] if fixed else [arguments[0]]


def _containers(annotation: Any) -> list[Any]:
    if _is_container(annotation):
        return [annotation]
    return [found for part in get_args(annotation) for found in _containers(part)]


def _is_container(annotation: Any) -> bool:
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, list | tuple | Mapping)
