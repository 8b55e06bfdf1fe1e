"""ROC calendar forms used on cards and in every upload (nhi-domain §8.4).

ROC year = western year − 1911, three digits. Dates are ``YYYMMDD`` (7 digits), visit times
``YYYMMDDhhmmss`` (13 digits), always Taipei time.
"""

from __future__ import annotations

import datetime as dt

from visitbridge.errors import FieldInvalid

TAIPEI = dt.timezone(dt.timedelta(hours=8), "Asia/Taipei")
_EPOCH_OFFSET = 1911


def roc_date(day: dt.date) -> str:
    """``2026-11-22`` → ``1151122``."""
    return f"{day.year - _EPOCH_OFFSET:03d}{day.month:02d}{day.day:02d}"


def roc_time(moment: dt.datetime) -> str:
    """An aware moment as 13 digits of Taipei time. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place on a card")
    local = moment.astimezone(TAIPEI)
    return roc_date(local.date()) + local.strftime("%H%M%S")


def parse_roc_date(text: str, *, field: str = "date") -> dt.date:
    """``1151122`` → ``2026-11-22``. Raises FieldInvalid naming ``field``."""
    if len(text) != 7 or not (text.isascii() and text.isdigit()):
        raise FieldInvalid("not a 7-digit ROC date", field=field)
    try:
        return dt.date(int(text[:3]) + _EPOCH_OFFSET, int(text[3:5]), int(text[5:7]))
    except ValueError as exc:
        raise FieldInvalid("no such day", field=field) from exc


def parse_roc_time(text: str, *, field: str = "time") -> dt.datetime:
    """13 digits → aware moment (Taipei). Raises FieldInvalid naming ``field``."""
    if len(text) != 13 or not (text.isascii() and text.isdigit()):
        raise FieldInvalid("not a 13-digit ROC time", field=field)
    day = parse_roc_date(text[:7], field=field)
    try:
        return dt.datetime(
            day.year, day.month, day.day, int(text[7:9]), int(text[9:11]), int(text[11:13]), tzinfo=TAIPEI
        )
    except ValueError as exc:
        raise FieldInvalid("no such time", field=field) from exc
