"""The shipped table of process nodes, and the technology whose energies every node's are between."""

from __future__ import annotations

from functools import cache
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from archsim.arch.scaling import ProcessTable
from archsim.arch.technology import Technology
from archsim.cited import split
from archsim.errors import InvalidDescriptionError
from archsim.io import catalogue, yaml
from archsim.io.merge import extend
from archsim.io.shared import KIND

TABLE: Final = "cmos-180-7"
LOGIC: Final = "logic-45-7"
_Model = TypeVar("_Model", bound=BaseModel)


@cache
def process_table() -> ProcessTable:
    """Return delay, energy and area from node to node, oldest first."""
    return _load(TABLE, ProcessTable)


@cache
def technology() -> Technology:
    """Return the energies of operations at the two nodes that they are published for."""
    return _load(LOGIC, Technology)


def _load(name: str, model: type[_Model]) -> _Model:
    document = extend(yaml.load(catalogue.find(KIND, name).path), KIND)
    plain, _ = split({key: value for key, value in document.tree.items() if key in ("name", *model.model_fields)})
    try:
        return model.model_validate(plain, context={"require_units": True})
    except ValidationError as error:
        raise InvalidDescriptionError(str(error.errors()[0]["msg"]), where=document.name) from error
