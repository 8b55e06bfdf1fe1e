"""People in the office: let in by a link that the command line gives out, held to one institution, every act noted.

There is no password to choose or to lose. The insurer's own sign-in, by a card of the institution's manager, is not
public.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import Final

import msgspec
from sqlalchemy import Connection, insert, select, update

from visitbridge.errors import FieldInvalid
from vpnportal.devices import find_institution
from vpnportal.schema import office_acts, office_links, office_sessions

LINK_LASTS: Final = dt.timedelta(minutes=10)
SESSION_LASTS: Final = dt.timedelta(hours=8)
_TOKEN_BYTES: Final = 32


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """``institution``: the only one whose boxes are seen; None for all of this portal."""

    who: str
    institution: str | None


def make_link(connection: Connection, operator: Operator, now: dt.datetime) -> str:
    """A token that is good once, for ten minutes. Raises FieldInvalid (``name``, ``institution``)."""
    if not operator.who.strip() or len(operator.who) > 80:
        raise FieldInvalid("who it is for, in 1 to 80 characters", field="name")
    if operator.institution is not None and find_institution(connection, operator.institution) is None:
        raise FieldInvalid("no such institution", field="institution")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    connection.execute(
        insert(office_links).values(
            token_hash=_hash(token),
            who=operator.who,
            institution=operator.institution,
            expires_at=now + LINK_LASTS,
        )
    )
    return token


def enter(connection: Connection, token: str, now: dt.datetime) -> str | None:
    """Use a link up and open a session: its token, or None for a link that is not good."""
    link = connection.execute(
        select(office_links).where(office_links.c.token_hash == _hash(token))
    ).one_or_none()
    if link is None or link.used_at is not None or link.expires_at <= now:
        return None
    mine = (office_links.c.token_hash == link.token_hash) & office_links.c.used_at.is_(None)
    if connection.execute(update(office_links).where(mine).values(used_at=now)).rowcount != 1:
        return None
    session = secrets.token_urlsafe(_TOKEN_BYTES)
    connection.execute(
        insert(office_sessions).values(
            token_hash=_hash(session),
            who=link.who,
            institution=link.institution,
            started_at=now,
            valid_until=now + SESSION_LASTS,
        )
    )
    note_act(connection, Operator(who=link.who, institution=link.institution), "sign-in", now)
    return session


def find_operator(connection: Connection, token: str, now: dt.datetime) -> Operator | None:
    """Whose session a token is, while it lasts."""
    row = connection.execute(
        select(office_sessions).where(
            office_sessions.c.token_hash == _hash(token),
            office_sessions.c.ended_at.is_(None),
            office_sessions.c.valid_until > now,
        )
    ).one_or_none()
    return None if row is None else Operator(who=row.who, institution=row.institution)


def leave(connection: Connection, token: str, now: dt.datetime) -> None:
    connection.execute(
        update(office_sessions).where(office_sessions.c.token_hash == _hash(token)).values(ended_at=now)
    )


def note_act(
    connection: Connection,
    operator: Operator,
    act: str,
    now: dt.datetime,
    *,
    device_id: str | None = None,
    detail: str = "",
) -> None:
    """Write down who did what, in the transaction of the act itself."""
    connection.execute(
        insert(office_acts).values(at=now, who=operator.who, act=act, device_id=device_id, detail=detail)
    )


class Act(msgspec.Struct, frozen=True, kw_only=True):
    at: dt.datetime
    who: str
    act: str
    detail: str


def acts_on(connection: Connection, device_id: str, most: int) -> tuple[Act, ...]:
    """What was done about one box, newest first."""
    rows = connection.execute(
        select(office_acts)
        .where(office_acts.c.device_id == device_id)
        .order_by(office_acts.c.number.desc())
        .limit(most)
    )
    return tuple(Act(at=row.at, who=row.who, act=row.act, detail=row.detail) for row in rows)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
