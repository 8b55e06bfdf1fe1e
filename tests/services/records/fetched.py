"""Copies of a patient's records as a download leaves them on the box."""

from __future__ import annotations

import datetime as dt

from visitbridge.domain.records import RecordKind
from visitbridge.ports.consents import KeptRecords
from visitbridge.protocols.datacentre.records import CloudRecord

TODAY = dt.date(2026, 11, 23)
AS_OF = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)


def copy(
    *records: CloudRecord, kinds: tuple[RecordKind, ...] = (RecordKind.DRUGS,), hours: int = 0
) -> KeptRecords:
    """Fetched ``hours`` after :data:`AS_OF`."""
    at = AS_OF + dt.timedelta(hours=hours)
    return KeptRecords(
        consent_id="c",
        id_no="A123456788",
        kinds=kinds,
        fetched_at=at,
        as_of=at,
        purge_at=at + dt.timedelta(days=7),
        records=records,
    )
