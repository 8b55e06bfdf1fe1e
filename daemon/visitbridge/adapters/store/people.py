"""Paired phones and their sessions; live staff sessions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects import sqlite

from visitbridge.adapters.store import tables
from visitbridge.adapters.store.session import Row, Session, Statement, from_micros, micros
from visitbridge.ports.records import PairedPhone, PhoneSessionRow, StaffSessionRow

_p = tables.phones.c
_PHONE: Final = select(_p.phone_id, _p.name, _p.token_hash, _p.paired_at, _p.used_at)
_ADD_PHONE: Final = Statement(insert(tables.phones))
_PHONES: Final = Statement(_PHONE.order_by(_p.paired_at, _p.phone_id))
_TOUCH: Final = Statement(
    update(tables.phones).where(_p.phone_id == bindparam("of_phone")).values(used_at=bindparam("used_at"))
)
_RENEW: Final = Statement(
    update(tables.phones)
    .where(_p.phone_id == bindparam("of_phone"))
    .values(token_hash=bindparam("token_hash"))
)
_REMOVE_PHONE: Final = Statement(delete(tables.phones).where(_p.phone_id == bindparam("of_phone")))

_ps = tables.phone_sessions.c
_put_phone = sqlite.insert(tables.phone_sessions)
_PUT_PHONE_SESSION: Final = Statement(
    _put_phone.on_conflict_do_update(
        index_elements=[_ps.phone_id], set_={"content": _put_phone.excluded.content}
    )
)
_PHONE_SESSIONS: Final = Statement(select(_ps.content).order_by(_ps.phone_id))
_PHONE_SESSION_DECODER: Final = msgspec.json.Decoder(PhoneSessionRow)

_s = tables.staff_sessions.c
_put = sqlite.insert(tables.staff_sessions)
_PUT_SESSION: Final = Statement(
    _put.on_conflict_do_update(
        index_elements=[_s.session_id],
        set_={"started_at": _put.excluded.started_at, "content": _put.excluded.content},
    )
)
_SESSIONS: Final = Statement(select(_s.content).order_by(_s.started_at, _s.session_id))
_REMOVE_SESSION: Final = Statement(
    delete(tables.staff_sessions).where(_s.session_id == bindparam("of_session"))
)
_SESSION_DECODER: Final = msgspec.json.Decoder(StaffSessionRow)


class SqlPhones:
    """Implements ``ports.repositories.Phones``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, phone: PairedPhone) -> None:
        self._session.run(
            _ADD_PHONE,
            phone_id=phone.phone_id,
            name=phone.name,
            token_hash=phone.token_hash,
            paired_at=micros(phone.paired_at),
            used_at=micros(phone.used_at),
        )

    def all(self) -> Sequence[PairedPhone]:
        return [_phone(row) for row in self._session.rows(_PHONES)]

    def touch(self, phone_id: str, used_at: dt.datetime) -> None:
        self._session.run(_TOUCH, of_phone=phone_id, used_at=micros(used_at))

    def renew(self, phone_id: str, token_hash: str) -> None:
        self._session.run(_RENEW, of_phone=phone_id, token_hash=token_hash)

    def remove(self, phone_id: str) -> None:
        self._session.run(_REMOVE_PHONE, of_phone=phone_id)


class SqlPhoneSessions:
    """Implements ``ports.registers.PhoneSessions``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, row: PhoneSessionRow) -> None:
        self._session.run(_PUT_PHONE_SESSION, phone_id=row.phone_id, content=msgspec.json.encode(row))

    def all(self) -> Sequence[PhoneSessionRow]:
        return [_PHONE_SESSION_DECODER.decode(row[0]) for row in self._session.rows(_PHONE_SESSIONS)]


class SqlStaffSessions:
    """Implements ``ports.repositories.StaffSessions``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, row: StaffSessionRow) -> None:
        self._session.run(
            _PUT_SESSION,
            session_id=row.session_id,
            started_at=micros(row.started_at),
            content=msgspec.json.encode(row),
        )

    def all(self) -> Sequence[StaffSessionRow]:
        return [_SESSION_DECODER.decode(row[0]) for row in self._session.rows(_SESSIONS)]

    def remove(self, session_id: str) -> None:
        self._session.run(_REMOVE_SESSION, of_session=session_id)


def _phone(row: Row) -> PairedPhone:
    phone_id, name, token_hash, paired_at, used_at = row
    return PairedPhone(
        phone_id=phone_id,
        name=name,
        token_hash=token_hash,
        paired_at=from_micros(paired_at),
        used_at=from_micros(used_at),
    )
