"""Find keys of a JSON body that no type knows, at any depth.

Types that storage shares accept unknown keys, so that an older program can read a newer record. From a phone such a
key is a mistake, and dropping it would lose what somebody typed.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect


@cache
def _info(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


def unknown_key(kind: Any, body: bytes | bytearray) -> str | None:
    """Path of the first unknown key in ``body``, which is known to decode as ``kind``; None when all are known."""
    return _look(_info(kind), msgspec.json.decode(body), "")


def _look(info: inspect.Type, value: Any, path: str) -> str | None:
    match info, value:
        case inspect.Metadata(), _:
            return _look(info.type, value, path)
        case inspect.StructType(), dict():
            return _look_in_struct(info, value, path)
        case inspect.DictType(), dict():
            return _first(_look(info.value_type, item, f"{path}.{key}") for key, item in value.items())
        case ((inspect.VarTupleType() | inspect.ListType()), list()):
            return _first(_look(info.item_type, item, f"{path}[{n}]") for n, item in enumerate(value))
        case inspect.UnionType(), _:
            return _look_in_union(info, value, path)
    return None


def _look_in_struct(info: inspect.StructType, value: dict[str, Any], path: str) -> str | None:
    fields = {field.encode_name: field.type for field in info.fields}
    for key, item in value.items():
        here = f"{path}.{key}".removeprefix(".")
        if key not in fields:
            return here[:200]
        found = _look(fields[key], item, here)
        if found is not None:
            return found
    return None


def _look_in_union(info: inspect.UnionType, value: Any, path: str) -> str | None:
    """A body's union is one structure or null, so there is no choice to make."""
    return _first(_look(option, value, path) for option in info.types)


def _first(paths: Iterable[str | None]) -> str | None:
    return next((path for path in paths if path is not None), None)
