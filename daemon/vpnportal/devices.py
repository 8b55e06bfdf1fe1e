"""Boxes of an institution: applied for, bound, enabled, disabled (rows B05-B12)."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection, RowMapping, Select, insert, select, update

from visitbridge.domain.people import Institution
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.common import ProblemCode
from visitbridge.protocols.datacentre.device import SamRecord
from vpnportal.clock import taipei_day
from vpnportal.database import insert_if_absent
from vpnportal.problems import Refusal, refuse
from vpnportal.schema import certificates, devices, institutions, sam_verifications

Order = Literal["disable", "erase"]

DEFAULT_GROUP = "default"
SAM_YEARS = 3
NOTE_LENGTH = 200

_CONTACT_STEP = dt.timedelta(minutes=1)


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One box as the institution sees it. ``orders``: what it is told at its next contact (B10, B11).

    ``kind``, ``os_version``, ``software_version``: as told at binding. ``note``: for people, of the institution.
    """

    device_id: str
    institution: Institution
    name: str
    dataset_group: str
    enabled: bool
    orders: tuple[Order, ...]
    created_at: dt.datetime
    bound_at: dt.datetime | None
    sam: SamRecord
    sheet_id: str = ""
    told_name: str = ""
    kind: str = ""
    os_version: str = ""
    software_version: str = ""
    note: str = ""
    last_upload_at: dt.datetime | None = None
    last_contact_at: dt.datetime | None = None


def add_institution(connection: Connection, institution: Institution) -> None:
    """Record an institution, or its new name."""
    if not insert_if_absent(connection, institutions, {"code": institution.code, "name": institution.name}):
        connection.execute(
            update(institutions).where(institutions.c.code == institution.code).values(name=institution.name)
        )


def find_institution(connection: Connection, code: str) -> Institution | None:
    name = connection.execute(
        select(institutions.c.name).where(institutions.c.code == code)
    ).scalar_one_or_none()
    return None if name is None else Institution(code=code, name=name)


def add_device(
    connection: Connection, *, institution: str, name: str, now: dt.datetime, group: str = DEFAULT_GROUP
) -> Device:
    """Record an approved application for a box and give it a SAM (A12, B12).

    Raises FieldInvalid for an unknown ``institution`` or a ``name`` that it uses already.
    """
    if find_institution(connection, institution) is None:
        raise FieldInvalid("no such institution", field="institution")
    if find_device_by_name(connection, institution, name) is not None:
        raise FieldInvalid("the institution has a device of this name", field="name")
    device_id = str(uuid.uuid4())
    today = taipei_day(now)
    connection.execute(
        insert(devices).values(
            device_id=device_id,
            institution=institution,
            name=name,
            dataset_group=group,
            enabled=True,
            created_at=now,
            # Numbers of the test environment start with 9 (nhi-domain §1.4).
            sam_id=f"9{secrets.randbelow(10**11):011d}",
            sam_valid_from=today,
            sam_valid_until=today.replace(year=today.year + SAM_YEARS, day=min(today.day, 28)),
        )
    )
    return find_device(connection, device_id)


def find_device(connection: Connection, device_id: str) -> Device:
    """The device of an id that this program gave out itself."""
    return _device(connection.execute(_joined.where(devices.c.device_id == device_id)).mappings().one())


def find_device_by_name(connection: Connection, institution: str, name: str) -> Device | None:
    row = (
        connection.execute(_joined.where(devices.c.institution == institution, devices.c.name == name))
        .mappings()
        .one_or_none()
    )
    return None if row is None else _device(row)


def find_device_by_sheet(connection: Connection, institution: str, sheet_id: str) -> Device | None:
    """The device that was bound last under this id of its own; a disabled one's work still comes in by file (B11)."""
    row = (
        connection.execute(
            _joined.where(devices.c.institution == institution, devices.c.sheet_id == sheet_id)
            .order_by(devices.c.bound_at.desc())
            .limit(1)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _device(row)


def valid_keys(
    connection: Connection, device_id: str, at: dt.datetime
) -> tuple[ec.EllipticCurvePublicKey, ...]:
    """The keys of a device's certificates that are neither revoked nor expired."""
    found = connection.execute(
        select(certificates.c.pem).where(
            certificates.c.device_id == device_id,
            certificates.c.revoked_at.is_(None),
            certificates.c.valid_until > at,
        )
    ).scalars()
    keys = (x509.load_pem_x509_certificate(pem.encode()).public_key() for pem in found)
    return tuple(key for key in keys if isinstance(key, ec.EllipticCurvePublicKey))


def list_devices(connection: Connection) -> tuple[Device, ...]:
    rows = connection.execute(_joined.order_by(devices.c.institution, devices.c.name))
    return tuple(_device(row) for row in rows.mappings())


def set_enabled(connection: Connection, device_id: str, *, enabled: bool, erase: bool = False) -> None:
    """Enable or disable a box; ``erase`` adds the order to wipe itself (a lost box, Y09)."""
    orders = "" if enabled else "disable,erase" if erase else "disable"
    connection.execute(
        update(devices).where(devices.c.device_id == device_id).values(enabled=enabled, orders=orders)
    )


def set_dataset_group(connection: Connection, device_id: str, group: str) -> None:
    """Whose data sets the box uses from now on (S02)."""
    connection.execute(update(devices).where(devices.c.device_id == device_id).values(dataset_group=group))


def note_contact(connection: Connection, device: Device, now: dt.datetime) -> None:
    """Remember that the box was heard of, to the minute: most calls write nothing."""
    if device.last_contact_at is None or now - device.last_contact_at >= _CONTACT_STEP:
        connection.execute(
            update(devices).where(devices.c.device_id == device.device_id).values(last_contact_at=now)
        )


def set_note(connection: Connection, device_id: str, note: str) -> None:
    """Raises FieldInvalid (``note``) for one of more than 200 characters."""
    if len(note) > NOTE_LENGTH:
        raise FieldInvalid(f"a note has {NOTE_LENGTH} characters at most", field="note")
    connection.execute(update(devices).where(devices.c.device_id == device_id).values(note=note))


def revoke_certificates(connection: Connection, device_id: str, now: dt.datetime) -> None:
    """Refuse all certificates that the box has; it must be bound again."""
    connection.execute(
        update(certificates)
        .where(certificates.c.device_id == device_id, certificates.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def verify_sam(connection: Connection, device_id: str, now: dt.datetime) -> dt.datetime:
    """Record that the box verified its SAM today; returns when it first did."""
    day = taipei_day(now)
    insert_if_absent(connection, sam_verifications, {"device_id": device_id, "day": day, "verified_at": now})
    return connection.execute(_verification_of(device_id, day)).scalar_one()


def sam_is_verified(connection: Connection, device_id: str, now: dt.datetime) -> bool:
    verified_at = connection.execute(_verification_of(device_id, taipei_day(now))).scalar_one_or_none()
    return verified_at is not None


def device_disabled() -> Refusal:
    return refuse(
        403,
        ProblemCode.DEVICE_DISABLED,
        title="the institution disabled this device",
        words="此裝置已由機構停用；未上傳的資料仍保存在裝置內。",
    )


_joined = select(devices, institutions.c.name.label("institution_name")).join(institutions)


def _verification_of(device_id: str, day: dt.date) -> Select[dt.datetime]:
    return select(sam_verifications.c.verified_at).where(
        sam_verifications.c.device_id == device_id, sam_verifications.c.day == day
    )


def _device(row: RowMapping) -> Device:
    return Device(
        device_id=row["device_id"],
        institution=Institution(code=row["institution"], name=row["institution_name"]),
        name=row["name"],
        dataset_group=row["dataset_group"],
        enabled=row["enabled"],
        orders=msgspec.convert([order for order in row["orders"].split(",") if order], tuple[Order, ...]),
        created_at=row["created_at"],
        bound_at=row["bound_at"],
        sam=SamRecord(
            sam_id=row["sam_id"], valid_from=row["sam_valid_from"], valid_until=row["sam_valid_until"]
        ),
        sheet_id=row["sheet_id"] or "",
        told_name=row["told_name"] or "",
        kind=row["kind"] or "",
        os_version=row["os_version"] or "",
        software_version=row["software_version"] or "",
        note=row["note"] or "",
        last_upload_at=row["last_upload_at"],
        last_contact_at=row["last_contact_at"],
    )
