"""Health professionals of an institution, their rights, and their sessions (rows A08, F01-F05)."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select, update

from visitbridge.domain.people import Right, StaffKind
from visitbridge.protocols.datacentre.cards import StaffToken
from visitbridge.protocols.datacentre.common import ProblemCode
from vpnportal.callers import Caller
from vpnportal.clock import next_taipei_midnight
from vpnportal.database import insert_if_absent
from vpnportal.problems import Refusal, refuse
from vpnportal.schema import staff, staff_sessions

SESSION_LIFE = dt.timedelta(hours=8)


class StaffMember(msgspec.Struct, frozen=True, kw_only=True):
    """One health-professional card and what its holder may do here."""

    hpc_no: str
    staff_id: str
    id_no: str
    name: str
    kind: StaffKind
    rights: tuple[Right, ...]
    revoked: bool = False


def add_staff(connection: Connection, institution: str, member: StaffMember) -> bool:
    """Record a person; says False when the card is recorded already, and then changes nothing."""
    values = {"institution": institution, **msgspec.structs.asdict(member), "rights": ",".join(member.rights)}
    return insert_if_absent(connection, staff, values)


def list_staff(connection: Connection, institution: str) -> tuple[StaffMember, ...]:
    rows = connection.execute(
        select(staff).where(staff.c.institution == institution).order_by(staff.c.hpc_no)
    )
    return tuple(_member(row) for row in rows.mappings())


def revoke_staff(connection: Connection, institution: str, hpc_no: str) -> bool:
    """Refuse a card from now on, its running sessions included; says False for an unknown one."""
    done = connection.execute(
        update(staff).where(staff.c.institution == institution, staff.c.hpc_no == hpc_no).values(revoked=True)
    )
    return done.rowcount == 1


def open_session(connection: Connection, caller: Caller, hpc_no: str, now: dt.datetime) -> StaffToken:
    """A session for the holder of a card that has just proved its PIN and key, until 8 h or midnight (X1).

    Raises Refusal 9130 for a revoked card, 4029 for a person without rights at this institution.
    """
    row = (
        connection.execute(
            select(staff).where(staff.c.institution == caller.institution, staff.c.hpc_no == hpc_no)
        )
        .mappings()
        .one_or_none()
    )
    if row is None or not row["rights"]:
        raise refuse(403, "4029", title="not a user of this institution", words="此醫事人員未獲機構授權。")
    member = _member(row)
    if member.revoked:
        raise revoked()
    token = secrets.token_urlsafe(32)
    valid_until = min(now + SESSION_LIFE, next_taipei_midnight(now))
    connection.execute(
        insert(staff_sessions).values(
            token_hash=_hash_of(token),
            device_id=caller.device_id,
            certificate_serial=caller.serial,
            institution=caller.institution,
            hpc_no=hpc_no,
            started_at=now,
            valid_until=valid_until,
        )
    )
    return StaffToken(
        token=token,
        staff_id=member.staff_id,
        id_no=member.id_no,
        name=member.name,
        kind=member.kind,
        rights=member.rights,
        valid_until=valid_until,
    )


def require_session(connection: Connection, caller: Caller, token: str, now: dt.datetime) -> StaffMember:
    """The person behind a token that this very box was given.

    Raises Refusal staff_required when it is unknown, over, ended, or another box's; 9130 when revoked.
    """
    session = connection.execute(
        select(staff_sessions).where(
            staff_sessions.c.token_hash == _hash_of(token),
            staff_sessions.c.certificate_serial == caller.serial,
        )
    ).one_or_none()
    if session is None or session.ended_at is not None or session.valid_until <= now:
        raise refuse(
            403,
            ProblemCode.STAFF_REQUIRED,
            title="no such staff session, or it is over",
            words="醫事人員認證已逾時，請重新認證。",
        )
    row = connection.execute(
        select(staff).where(staff.c.institution == session.institution, staff.c.hpc_no == session.hpc_no)
    )
    member = _member(row.mappings().one())
    if member.revoked:
        raise revoked()
    return member


def require_right(member: StaffMember, *rights: Right) -> None:
    """Raise Refusal right_missing unless the person has one of ``rights``."""
    if not set(rights) & set(member.rights):
        raise refuse(
            403,
            ProblemCode.RIGHT_MISSING,
            title=f"needs one of {', '.join(rights)}",
            words="此醫事人員無此項作業權限。",
        )


def end_session(connection: Connection, caller: Caller, token: str, now: dt.datetime) -> None:
    """End a session of this box; one that is unknown or over stays as it is."""
    connection.execute(
        update(staff_sessions)
        .where(
            staff_sessions.c.token_hash == _hash_of(token),
            staff_sessions.c.device_id == caller.device_id,
            staff_sessions.c.ended_at.is_(None),
        )
        .values(ended_at=now)
    )


def end_sessions_of(connection: Connection, device_id: str, now: dt.datetime) -> None:
    """End every running session of a box."""
    connection.execute(
        update(staff_sessions)
        .where(staff_sessions.c.device_id == device_id, staff_sessions.c.ended_at.is_(None))
        .values(ended_at=now)
    )


def revoked() -> Refusal:
    return refuse(403, "9130", title="the card is revoked", words="醫事人員卡已註銷。")


def _member(row: RowMapping) -> StaffMember:
    return StaffMember(
        hpc_no=row["hpc_no"],
        staff_id=row["staff_id"],
        id_no=row["id_no"],
        name=row["name"],
        kind=StaffKind(row["kind"]),
        rights=tuple(Right(right) for right in row["rights"].split(",") if right),
        revoked=row["revoked"],
    )


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
