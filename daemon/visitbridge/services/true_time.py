"""The true time of a visit that began on an untrusted clock (Y10), also when the box was switched off since (Y06).

A visit keeps a reading of its boot's own clock. What such readings stand for is kept for each boot in which the time
became known, so it does not matter whether the visit is looked at in that boot or in a later one.
"""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Final

import msgspec

from visitbridge.domain.visit import Visit
from visitbridge.domain.visit_time import with_true_time
from visitbridge.ports.clock import Clock, TimeTrust
from visitbridge.ports.store import Transaction

_SETTING: Final = "time.boots"
_BOOTS_KEPT: Final = 50
_SAME: Final = dt.timedelta(seconds=1)


class _Moment(msgspec.Struct, frozen=True, kw_only=True):
    """``at`` was the trusted time when the boot's own clock showed ``monotonic_s``."""

    at: dt.datetime
    monotonic_s: float


def note_boot(tx: Transaction, clock: Clock) -> None:
    """Keep what readings of this boot's clock stand for. The clock's time has to be a trusted one."""
    boots = _boots(tx)
    now = _Moment(at=clock.now(), monotonic_s=clock.monotonic())
    known = boots.pop(clock.boot_id, None)
    if known is not None and abs(_beginning(known) - _beginning(now)) < _SAME:
        return
    newest = itertools.islice(boots.items(), max(0, len(boots) + 1 - _BOOTS_KEPT), None)
    tx.settings.set(_SETTING, msgspec.json.encode({**dict(newest), clock.boot_id: now}).decode())


def in_true_time(tx: Transaction, visit: Visit, clock: Clock) -> Visit | None:
    """The next revision with true times; None for a visit that has them, and while they cannot be known."""
    if visit.clock_trusted or visit.started is None:
        return None
    boot_id = visit.started.boot_id
    if boot_id == clock.boot_id and clock.trust is not TimeTrust.UNTRUSTED:
        return with_true_time(visit, now=clock.now(), monotonic_s=clock.monotonic(), boot_id=boot_id)
    moment = _boots(tx).get(boot_id)
    if moment is None:
        return None
    return with_true_time(visit, now=moment.at, monotonic_s=moment.monotonic_s, boot_id=boot_id)


def _beginning(moment: _Moment) -> dt.datetime:
    """When the boot's clock showed 0."""
    return moment.at - dt.timedelta(seconds=moment.monotonic_s)


def _boots(tx: Transaction) -> dict[str, _Moment]:
    """By boot, the one noted last at the end."""
    text = tx.settings.get(_SETTING)
    return {} if text is None else msgspec.json.decode(text, type=dict[str, _Moment])
