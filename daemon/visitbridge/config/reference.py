"""``docs/configuration.md``, made from the sections' types: what stands there is what the loader takes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from visitbridge.config.sections import Config
from visitbridge.config.show import toml_value

_HEAD = """# Configuration

Made by `visitbridge config reference`; a test fails when it is stale.

The box reads `/etc/visitbridge/visitbridge.toml`, then `conf.d/*.toml` beside it in the order of their names; a later file
overrides single keys. A key that is not listed here is refused, and all problems are reported at once: `visitbridge config
check`. `visitbridge config dump` shows the values in force and the file each comes from. What people change on a phone
is kept in the box's store and not here; secrets are in neither.
"""


def reference() -> str:
    """The whole page in Markdown."""
    parts = [_HEAD]
    for section in msgspec.structs.fields(Config):
        parts += [f"## [{section.name}]\n", *_table(section.type)]
    return "\n".join(parts)


def _table(section: type[msgspec.Struct]) -> Iterator[str]:
    yield "| key | takes | default | meaning |"
    yield "| --- | --- | --- | --- |"
    hints = get_type_hints(section, include_extras=True)
    for key in msgspec.structs.fields(section):
        meaning = next((meta.description for meta in _metas(hints[key.name]) if meta.description), "")
        default = "none" if key.default is None else f"`{toml_value(key.default)}`"
        yield f"| `{key.name}` | {_takes(hints[key.name])} | {default} | {meaning} |"
    yield ""


def _metas(hint: Any) -> tuple[Meta, ...]:
    found = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return tuple(meta for meta in found if isinstance(meta, Meta))


def _takes(hint: Any) -> str:
    metas = _metas(hint)
    kind = get_args(hint)[0] if metas else hint
    bounds = ", ".join(bound for meta in metas for bound in _bounds(meta))
    return f"{_kind(kind)}{f', {bounds}' if bounds else ''}"


def _kind(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(kind))
    if get_origin(kind) in {UnionType, Union}:
        return " or ".join(_kind(option) for option in get_args(kind) if option is not NoneType)
    if get_origin(kind) is tuple:
        return f"list of {_takes(get_args(kind)[0])}"
    return {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path"}[kind]


def _bounds(meta: Meta) -> Iterator[str]:
    named = (
        ("at least {}", meta.ge),
        ("more than {}", meta.gt),
        ("at most {}", meta.le),
        ("length at least {}", meta.min_length),
        ("length at most {}", meta.max_length),
    )
    for words, value in named:
        if value is not None:
            yield words.format(value)
