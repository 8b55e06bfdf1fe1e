"""Looking into JSON documents: paths, checks, and texts with things from earlier steps in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from visitbridge.sim.scenario.model import Check

_PART = re.compile(r"(?P<member>[^.\[\]]+)|\[(?P<index>-?[0-9]+)\]|\[(?P<key>[^=\]]+)=(?P<text>[^\]]*)\]")
_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")


class Nowhere(Exception):
    """A path that leads to nothing."""


def look_up(document: Any, path: str) -> Any:
    """The value at a path; an empty path is the whole document. Raises Nowhere."""
    value = document
    for part in _PART.finditer(path):
        try:
            if part["member"] is not None:
                value = value[part["member"]]
            elif part["index"] is not None:
                value = value[int(part["index"])]
            else:
                value = next(item for item in value if str(item.get(part["key"])) == part["text"])
        except (KeyError, IndexError, TypeError, AttributeError, StopIteration) as exc:
            raise Nowhere(f"nothing at {path}") from exc
    return value


def unmet(document: Any, check: Check) -> str:
    """Why a check does not hold, empty when it does."""
    try:
        found = look_up(document, check.at)
    except Nowhere as exc:
        absent_is_fine = check.differs is not UNSET or check.count == 0
        return "" if absent_is_fine else str(exc)
    return "; ".join(f"{check.at} is {_short(found)}, not {wanted}" for wanted in _missed(found, check))


def filled(value: Any, kept: Mapping[str, Any]) -> Any:
    """The same with every ``${name.path}`` replaced; one that stands alone keeps its type. Raises Nowhere."""
    if isinstance(value, Mapping):
        return {key: filled(item, kept) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [filled(item, kept) for item in value]
    if not isinstance(value, str):
        return value
    if whole := _PLACEHOLDER.fullmatch(value):
        return look_up(kept, whole[1])
    return _PLACEHOLDER.sub(lambda found: str(look_up(kept, found[1])), value)


def _missed(found: Any, check: Check) -> list[str]:
    missed = []
    if check.equals is not UNSET and found != check.equals:
        missed.append(repr(check.equals))
    if check.differs is not UNSET and found == check.differs:
        missed.append("anything else")
    if check.contains is not UNSET and (
        not isinstance(found, list | str | dict) or check.contains not in found
    ):
        missed.append(f"with {check.contains!r}")
    if check.count is not UNSET and (not isinstance(found, list | str | dict) or len(found) != check.count):
        missed.append(f"{check.count} long")
    if check.above is not UNSET and (not isinstance(found, int | float) or found <= check.above):
        missed.append(f"above {check.above}")
    return missed


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
