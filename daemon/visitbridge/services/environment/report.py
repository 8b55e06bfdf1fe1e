"""What the survey found, for people and for programs."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence

import msgspec


class CheckState(enum.StrEnum):
    """``UNKNOWN``: an earlier item is broken, so this one could not be tried. ``ABSENT``: not part of this box."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    ABSENT = "absent"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One item. ``code`` chooses the words ``environment.ITEM.CODE.what`` and ``.now``; ``params`` fill them."""

    item: str
    state: CheckState
    code: str
    params: dict[str, str | int] = {}


class EnvironmentReport(msgspec.Struct, frozen=True, kw_only=True):
    """``ready``: nothing failed; what is UNKNOWN counts as failed."""

    at: dt.datetime
    ready: bool
    items: tuple[Check, ...]


def report_of(at: dt.datetime, items: Sequence[Check]) -> EnvironmentReport:
    broken = {CheckState.FAIL, CheckState.UNKNOWN}
    return EnvironmentReport(
        at=at, ready=not any(check.state in broken for check in items), items=tuple(items)
    )


def ok(item: str, code: str = "ok", **params: str | int) -> Check:
    return Check(item=item, state=CheckState.OK, code=code, params=params)


def warn(item: str, code: str, **params: str | int) -> Check:
    return Check(item=item, state=CheckState.WARN, code=code, params=params)


def fail(item: str, code: str, **params: str | int) -> Check:
    return Check(item=item, state=CheckState.FAIL, code=code, params=params)


def unknown(item: str) -> Check:
    return Check(item=item, state=CheckState.UNKNOWN, code="unknown")


def absent(item: str) -> Check:
    return Check(item=item, state=CheckState.ABSENT, code="absent")
