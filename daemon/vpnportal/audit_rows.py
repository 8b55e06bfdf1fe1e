"""The rows of the boxes' audit trails, kept for as long as the law asks, whatever anybody wants (Y08)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.audit_trail import (
    FIRST_CHAIN,
    TrailEntry,
    TrailRow,
    TrailUpload,
    first_break,
)
from vpnportal.schema import audit_rows

KEPT_YEARS = 7
"""醫療法 art. 70 for records, 電子病歷辦法 art. 13 for who saw and changed them."""

Trouble = Literal["broken", "fork"]


def take_rows(
    connection: Connection, device_id: str, sheet_id: str, upload: TrailUpload, now: dt.datetime
) -> tuple[int, Trouble | None]:
    """Keep what goes on from what is kept; returns up to where that is, and what is wrong with what came.

    ``broken``: the rows do not follow from each other. ``fork``: they differ from rows that were kept before. Nothing is
    taken then, and nothing that was kept is ever changed.
    """
    kept = kept_up_to(connection, device_id, sheet_id)
    if upload.after > kept or not upload.rows:
        return kept, None
    previous = _chain_at(connection, device_id, sheet_id, upload.after)
    if previous is None:
        return kept, None
    if first_break(upload.rows, previous=previous, after=upload.after) is not None:
        return kept, "broken" if upload.after == kept else "fork"
    known = [row for row in upload.rows if row.number <= kept]
    if known and _chain_at(connection, device_id, sheet_id, known[-1].number) != known[-1].chain:
        return kept, "fork"
    fresh = [row for row in upload.rows if row.number > kept]
    if fresh:
        connection.execute(insert(audit_rows), [_values(device_id, sheet_id, row, now) for row in fresh])
    return max(kept, upload.rows[-1].number), None


def kept_up_to(connection: Connection, device_id: str, sheet_id: str) -> int:
    """Number of the last row of this life of a box; 0 for none."""
    query = select(func.max(audit_rows.c.number)).where(
        audit_rows.c.device_id == device_id, audit_rows.c.sheet_id == sheet_id
    )
    return connection.execute(query).scalar_one() or 0


def read_rows(connection: Connection, device_id: str) -> Iterator[TrailRow]:
    """All that is kept of a box, life by life, in order."""
    query = (
        select(audit_rows)
        .where(audit_rows.c.device_id == device_id)
        .order_by(audit_rows.c.sheet_id, audit_rows.c.number)
    )
    for row in connection.execute(query):
        entry = msgspec.json.decode(row.document, type=TrailEntry)
        yield TrailRow(number=row.number, entry=entry, chain=row.chain)


def purge_rows(connection: Connection, before: dt.date, today: dt.date) -> int:
    """Delete rows of days before ``before``. Raises FieldInvalid (``before``) for days that have to be kept."""
    last = today.replace(year=today.year - KEPT_YEARS, day=min(today.day, 28))
    if before > last:
        raise FieldInvalid(f"rows are kept for {KEPT_YEARS} years: not after {last}", field="before")
    midnight = dt.datetime.combine(before, dt.time(), dt.UTC)
    return connection.execute(delete(audit_rows).where(audit_rows.c.at < midnight)).rowcount


def _chain_at(connection: Connection, device_id: str, sheet_id: str, number: int) -> str | None:
    if number == 0:
        return FIRST_CHAIN
    return connection.execute(
        select(audit_rows.c.chain).where(
            audit_rows.c.device_id == device_id,
            audit_rows.c.sheet_id == sheet_id,
            audit_rows.c.number == number,
        )
    ).scalar_one_or_none()


def _values(device_id: str, sheet_id: str, row: TrailRow, now: dt.datetime) -> dict[str, object]:
    return {
        "device_id": device_id,
        "sheet_id": sheet_id,
        "number": row.number,
        "at": row.entry.at,
        "chain": row.chain,
        "document": msgspec.json.encode(row.entry),
        "kept_at": now,
    }
