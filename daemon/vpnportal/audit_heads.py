"""Heads of the boxes' audit trails, and the alerts when one does not go on from those before (rewound box, rows cut off).

A head that was told once is kept, so that a trail which was written anew shows at the first number that both have told.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.audit_head import SignedHead
from vpnportal.database import insert_if_absent
from vpnportal.schema import audit_alerts, audit_heads, devices

_log = logging.getLogger(__name__)

_OVERTAKEN = 200
"""Rows by which an upload sent earlier may arrive later: more than a box writes while one is under way."""

AlertKind = Literal["fork", "step_back", "other_key", "missing", "broken"]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """``fork``: a number was told before with another value. ``step_back``: far behind what was told. ``other_key``: signed by
    another key than this life of the box began with. ``missing``: an upload without a head, though there were some before.
    ``broken``: rows that do not follow from each other.
    ``number`` is the head's, ``known_number`` the newest before; both 0 where there is none.
    """

    alert_id: str
    device_id: str
    device_name: str
    raised_at: dt.datetime
    kind: AlertKind
    number: int
    known_number: int
    seen_at: dt.datetime | None


def newest_head(connection: Connection, device_id: str, sheet_id: str) -> SignedHead | None:
    """The head with the highest number that this life of the box has told."""
    row = connection.execute(
        select(audit_heads)
        .where(audit_heads.c.device_id == device_id, audit_heads.c.sheet_id == sheet_id)
        .order_by(audit_heads.c.number.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else SignedHead(number=row.number, chain=row.chain, key_hex=row.key_hex)


def note_head(
    connection: Connection, device_id: str, sheet_id: str, head: SignedHead | None, now: dt.datetime
) -> AlertKind | None:
    """Keep what came with an upload, and raise an alert when it does not follow. The upload itself is taken all the same.

    Uploads overtake each other, so a smaller number alone proves nothing while it is near.
    """
    known = newest_head(connection, device_id, sheet_id)
    kind = _judge(connection, device_id, sheet_id, head, known)
    if head is not None:
        values = {
            "device_id": device_id,
            "sheet_id": sheet_id,
            "number": head.number,
            "chain": head.chain,
            "key_hex": head.key_hex,
            "told_at": now,
        }
        insert_if_absent(connection, audit_heads, values)
    if kind is not None:
        raise_alert(
            connection,
            device_id,
            kind,
            number=0 if head is None else head.number,
            known=0 if known is None else known.number,
            now=now,
        )
    return kind


def list_alerts(connection: Connection, *, with_seen: bool = False) -> Sequence[Alert]:
    """Oldest first; those that somebody has taken care of only on request."""
    query = select(audit_alerts, devices.c.name.label("device_name")).join(devices)
    if not with_seen:
        query = query.where(audit_alerts.c.seen_at.is_(None))
    rows = connection.execute(query.order_by(audit_alerts.c.raised_at)).mappings()
    return [Alert(**{name: row[name] for name in Alert.__struct_fields__}) for row in rows]


def mark_seen(connection: Connection, alert_id: str, now: dt.datetime) -> None:
    """Somebody has taken care of it; it stays on record. Raises FieldInvalid (``alert``)."""
    done = connection.execute(
        update(audit_alerts)
        .where(audit_alerts.c.alert_id == alert_id, audit_alerts.c.seen_at.is_(None))
        .values(seen_at=now)
    )
    if done.rowcount == 0:
        raise FieldInvalid("no such open alert", field="alert")


def count_alerts(connection: Connection, device_id: str) -> int:
    """Open ones of a box."""
    query = select(func.count()).where(
        audit_alerts.c.device_id == device_id, audit_alerts.c.seen_at.is_(None)
    )
    return connection.execute(query).scalar_one()


def _judge(
    connection: Connection, device_id: str, sheet_id: str, head: SignedHead | None, known: SignedHead | None
) -> AlertKind | None:
    if known is None:
        return None
    if head is None:
        return "missing"
    if head.key_hex != known.key_hex:
        return "other_key"
    told = connection.execute(
        select(audit_heads.c.chain).where(
            audit_heads.c.device_id == device_id,
            audit_heads.c.sheet_id == sheet_id,
            audit_heads.c.number == head.number,
        )
    ).scalar_one_or_none()
    if told is not None and told != head.chain:
        return "fork"
    return "step_back" if head.number < known.number - _OVERTAKEN else None


def raise_alert(
    connection: Connection,
    device_id: str,
    kind: AlertKind,
    *,
    number: int,
    known: int,
    now: dt.datetime,
) -> None:
    """One open alert of a kind and box is enough; what comes later would only repeat it."""
    standing = connection.execute(
        select(audit_alerts.c.alert_id).where(
            audit_alerts.c.device_id == device_id,
            audit_alerts.c.kind == kind,
            audit_alerts.c.seen_at.is_(None),
        )
    ).first()
    if standing is not None:
        return
    _log.warning("audit trail of device %s: %s", device_id, kind)
    connection.execute(
        insert(audit_alerts).values(
            alert_id=str(uuid.uuid4()),
            device_id=device_id,
            raised_at=now,
            kind=kind,
            number=number,
            known_number=known,
        )
    )
