"""The effective configuration as TOML, each key with where its value comes from."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from visitbridge.config.load import Loaded
from visitbridge.config.sections import Config


def dump(loaded: Loaded) -> str:
    """All sections and keys. There are no secrets in it, because no key of ours holds one.

    A key without a value (no path given) is shown as a comment, since TOML has no null.
    """
    lines: list[str] = []
    for section in msgspec.structs.fields(loaded.config):
        lines += ["", f"[{section.name}]"]
        values = getattr(loaded.config, section.name)
        for key in msgspec.structs.fields(values):
            origin = loaded.origins.get(f"{section.name}.{key.name}", "default")
            value = getattr(values, key.name)
            line = f"# {key.name} is not set" if value is None else f"{key.name} = {toml_value(value)}"
            lines.append(f"{line}  # {origin}")
    return "\n".join(lines[1:]) + "\n"


def toml_value(value: object) -> str:
    """One value in TOML notation; text as a basic string, whose escapes are those of JSON."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case Path() | str():
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
        case tuple():
            return "[" + ", ".join(toml_value(item) for item in value) + "]"
        case _:
            raise TypeError(f"no TOML notation for {type(value).__name__}")


def plain_settings(config: Config) -> dict[str, bool | int | float]:
    """Numbers and switches by ``section.key``: what can be told to anybody, since no name or address is among them."""
    found: dict[str, bool | int | float] = {}
    for section in msgspec.structs.fields(config):
        values = getattr(config, section.name)
        for key in msgspec.structs.fields(values):
            value = getattr(values, key.name)
            if isinstance(value, bool | int | float):
                found[f"{section.name}.{key.name}"] = value
    return found
