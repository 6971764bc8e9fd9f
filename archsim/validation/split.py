"""Which rows a constant may be fitted on, and which ones score the model: whole groups, told apart by a hash.

Rows that differ in one size only are near-twins, so a group (all m of one n and k, say) stays on one side. The hash
knows nothing of the values, needs no list, and gives the same sides on every machine and in every version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from archsim.errors import InvalidDescriptionError

Side = Literal["fit", "score"]

RULE: Final = "blake2b of the group's key in 8 bytes, read as a big-endian integer: even is fit, odd is score"
"""What metadata state; `side` does it."""


def side(group_key: str) -> Side:
    """Return the side a group of rows is on: about half of all groups are on each.

    Parameters
    ----------
    group_key : str
        Such as ``n=4096,k=4096``; see `key`.
    """
    digest = hashlib.blake2b(group_key.encode("utf-8"), digest_size=8).digest()
    return "score" if int.from_bytes(digest, "big") % 2 else "fit"


def key(names: Sequence[str], values: Mapping[str, object]) -> str:
    """Write the key of a row's group: ``name=value`` for each name, joined by commas.

    Raises
    ------
    InvalidDescriptionError
        The metadata split by something the check does not read.
    """
    for name in names:
        if name not in values:
            raise InvalidDescriptionError(
                f"the rows are split by {name!r}, which their check does not read",
                hint=f"split by {', '.join(values) or 'nothing'}",
            )
    return ",".join(f"{name}={values[name]}" for name in names)


def keys_of(by: Mapping[str, Sequence[str]], values: Mapping[str, object]) -> Sequence[str]:
    """Return what the rows of one kind of op are split by.

    Raises
    ------
    InvalidDescriptionError
        The metadata do not say it of that kind.
    """
    kind = str(values.get("op", ""))
    if kind not in by:
        raise InvalidDescriptionError(
            f"the metadata do not say what rows of {kind!r} are split by", hint=f"add {kind}: [...] to split.by"
        )
    return by[kind]
