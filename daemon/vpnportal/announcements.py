"""公告訊息 (T04): published to all boxes or to one institution's, until they expire or are withdrawn."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Connection, insert, or_, select, update

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.announcements import (
    BODY_LENGTH,
    MOST_ANNOUNCEMENTS,
    TITLE_LENGTH,
    Announcement,
    AnnouncementList,
)
from vpnportal.schema import announcements as table
from vpnportal.schema import institutions


def publish(
    connection: Connection,
    *,
    title: str,
    body: str,
    urgent: bool,
    now: dt.datetime,
    expires_at: dt.datetime | None = None,
    institution: str = "",
) -> Announcement:
    """``institution`` empty: for everybody. Raises FieldInvalid (``title``, ``text``, ``until``, ``institution``)."""
    for field, text, most in (("title", title.strip(), TITLE_LENGTH), ("text", body, BODY_LENGTH)):
        if len(text) > most or (field == "title" and not text):
            raise FieldInvalid(f"at most {most} characters, and not empty", field=field)
    if expires_at is not None and expires_at <= now:
        raise FieldInvalid("is over already", field="until")
    if institution and not _exists(connection, institution):
        raise FieldInvalid("no such institution", field="institution")
    made = Announcement(
        announcement_id=str(uuid.uuid4()),
        title=title.strip(),
        body=body,
        urgent=urgent,
        issued_at=now,
        expires_at=expires_at,
    )
    values = {field: getattr(made, field) for field in Announcement.__struct_fields__}
    connection.execute(insert(table).values(**values, institution=institution or None))
    return made


def withdraw(connection: Connection, announcement_id: str, now: dt.datetime) -> bool:
    """Boxes forget it with their next contact; False when none of that id stands."""
    stands = (table.c.announcement_id == announcement_id) & table.c.withdrawn_at.is_(None)
    return connection.execute(update(table).where(stands).values(withdrawn_at=now)).rowcount == 1


def standing(connection: Connection, institution: str, now: dt.datetime) -> AnnouncementList:
    """All that stand for one institution's boxes, newest first."""
    rows = connection.execute(
        select(table)
        .where(
            table.c.withdrawn_at.is_(None),
            or_(table.c.institution.is_(None), table.c.institution == institution),
            or_(table.c.expires_at.is_(None), table.c.expires_at > now),
        )
        .order_by(table.c.issued_at.desc(), table.c.announcement_id)
        .limit(MOST_ANNOUNCEMENTS)
    ).mappings()
    return AnnouncementList(
        announcements=tuple(
            Announcement(**{field: row[field] for field in Announcement.__struct_fields__}) for row in rows
        )
    )


def _exists(connection: Connection, code: str) -> bool:
    found = connection.execute(select(institutions.c.code).where(institutions.c.code == code))
    return found.scalar_one_or_none() is not None
