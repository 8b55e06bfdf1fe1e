"""D-Bus values as Python's, and Python's as arguments of BlueZ's methods."""

from __future__ import annotations

from typing import Any

import dbus


def write_arguments(piece: bytes, *, is_acknowledged: bool) -> tuple[object, object]:
    """For WriteValue."""
    kind = "request" if is_acknowledged else "command"
    return dbus.ByteArray(piece), dbus.Dictionary({"type": kind}, signature="sv")


def options(**values: object) -> object:
    """A dictionary argument of BlueZ's methods."""
    return dbus.Dictionary(values, signature="sv")


def plain(value: Any) -> Any:
    """A D-Bus value as Python's own types; an array of bytes as bytes."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, dbus.Array):
        return bytes(value) if value.signature == "y" else [plain(inner) for inner in value]
    if isinstance(value, dbus.Boolean):
        return bool(value)
    if isinstance(value, int):
        return int(value)
    return str(value) if isinstance(value, str) else value
