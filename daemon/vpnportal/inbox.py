"""The upload inbox as a person in a lab looks at it."""

from __future__ import annotations

import datetime as dt

import msgspec
from sqlalchemy import Connection, select

from visitbridge.protocols.datacentre.common import Receipt
from visitbridge.protocols.datacentre.uploads import UploadKind
from vpnportal.schema import receipts, uploads


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """One upload. ``body``: JSON as it came; an IC record's XML as text."""

    key: str
    received_at: dt.datetime
    body: msgspec.Raw | str


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """Receipts of all kinds, card sessions included, and what was uploaded, in the order of arrival."""

    receipts: tuple[Receipt, ...]
    visits: tuple[Arrived, ...]
    ic_records: tuple[Arrived, ...]
    recognitions: tuple[Arrived, ...]
    deliveries: tuple[Arrived, ...]


def read_inbox(connection: Connection) -> Inbox:
    documents = connection.execute(
        select(receipts.c.document).order_by(receipts.c.accepted_at, receipts.c.key)
    ).scalars()
    return Inbox(
        receipts=tuple(msgspec.json.decode(document, type=Receipt) for document in documents),
        visits=_arrived(connection, UploadKind.VISIT),
        ic_records=_arrived(connection, UploadKind.IC_RECORD),
        recognitions=_arrived(connection, UploadKind.RECOGNITION),
        deliveries=_arrived(connection, UploadKind.DELIVERY),
    )


def _arrived(connection: Connection, kind: UploadKind) -> tuple[Arrived, ...]:
    rows = connection.execute(
        select(uploads).where(uploads.c.kind == kind).order_by(uploads.c.received_at, uploads.c.key)
    )
    as_text = kind is UploadKind.IC_RECORD
    return tuple(
        Arrived(
            key=row.key,
            received_at=row.received_at,
            body=row.body.decode("big5", "replace") if as_text else msgspec.Raw(row.body),
        )
        for row in rows
    )
