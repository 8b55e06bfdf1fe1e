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


def unknown_key(kind: Any, body: bytes | bytearray | msgspec.Raw) -> str | None:
    """Path of the first unknown key in ``body``, which is known to decode as ``kind``; None when all are known.

    Only what has members is decoded, never a plain value: one of them may be a PIN.
    """
    return _look(_info(kind), body, "")


_Bytes = bytes | bytearray | msgspec.Raw


def _look(info: inspect.Type, body: _Bytes, path: str) -> str | None:
    match info:
        case inspect.Metadata():
            return _look(info.type, body, path)
        case inspect.StructType() if _starts(body, b"{"):
            return _look_in_struct(info, _members(body), path)
        case inspect.DictType() if _starts(body, b"{"):
            return _first(
                _look(info.value_type, item, f"{path}.{key}") for key, item in _members(body).items()
            )
        case inspect.VarTupleType() | inspect.ListType() if _starts(body, b"["):
            items = msgspec.json.decode(body, type=list[msgspec.Raw])
            return _first(_look(info.item_type, item, f"{path}[{n}]") for n, item in enumerate(items))
        case inspect.UnionType():
            # A body's union is one structure or null, so there is no choice to make.
            return _first(_look(option, body, path) for option in info.types)
    return None


def _members(body: _Bytes) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(body, type=dict[str, msgspec.Raw])


def _starts(body: _Bytes, bracket: bytes) -> bool:
    return (
        bytes(memoryview(body)[:1]) == bracket
        if isinstance(body, msgspec.Raw)
        else body.lstrip()[:1] == bracket
    )


def _look_in_struct(info: inspect.StructType, members: dict[str, msgspec.Raw], path: str) -> str | None:
    fields = {field.encode_name: field.type for field in info.fields}
    for key, item in members.items():
        here = f"{path}.{key}".removeprefix(".")
        if key not in fields:
            return here[:200]
        found = _look(fields[key], item, here)
        if found is not None:
            return found
    return None


def _first(paths: Iterable[str | None]) -> str | None:
    return next((path for path in paths if path is not None), None)
