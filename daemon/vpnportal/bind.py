"""Binding a box: the single-use token of QR-2 and its registration number for a client certificate (B05-B08)."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
import uuid

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from visitbridge.protocols.datacentre.common import ProblemCode
from visitbridge.protocols.datacentre.device import BindAnswer, BindRequest, DeviceInfo
from vpnportal.ca import DEVICE_DAYS, Authority, pem_of, public_key_hash, read_csr, serial_text
from vpnportal.clock import PortalClock, machine_now
from vpnportal.database import Database
from vpnportal.devices import Device, device_disabled, find_device, revoke_certificates
from vpnportal.problems import Refusal, malformed, refuse
from vpnportal.receipts import ReceiptBook
from vpnportal.schema import certificates, devices, tickets

PIN_TRIES = 5
TEXT_LENGTH = 80
TICKET_LIFE = dt.timedelta(days=7)
_PIN_DIGITS = 4


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What the institution's web page shows once: the QR-2 token and the registration number."""

    token: str
    pin: str


class _Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket of which one try has been spent, durably."""

    device_id: str
    pin_fits: bool
    tries_left: int


def issue_ticket(connection: Connection, device_id: str, now: dt.datetime) -> Ticket:
    """A fresh token and number for a device; tokens given out before stop working."""
    token, pin, salt = (
        secrets.token_urlsafe(24),
        f"{secrets.randbelow(10**_PIN_DIGITS):04d}",
        secrets.token_bytes(16),
    )
    connection.execute(delete(tickets).where(tickets.c.device_id == device_id))
    connection.execute(
        insert(tickets).values(
            token_hash=_hash_of(token),
            device_id=device_id,
            pin_salt=salt,
            pin_hash=_pin_hash(token, pin, salt),
            tries_left=PIN_TRIES,
            expires_at=now + TICKET_LIFE,
        )
    )
    return Ticket(token=token, pin=pin)


class BindingDesk:
    """Turns tickets into certificates."""

    def __init__(
        self, database: Database, authority: Authority, receipts: ReceiptBook, clock: PortalClock
    ) -> None:
        self._database = database
        self._authority = authority
        self._receipts = receipts
        self._clock = clock

    async def bind(self, request: BindRequest) -> BindAnswer:
        """Certify the box's key.

        The same token, number and key again give the same answer, for the box whose first answer was lost.
        Raises Refusal bind_refused (with ``tries_left`` when the number was wrong), bound_elsewhere for a box that
        holds another institution's work, with the ticket left as it was, device_disabled, malformed for what is no
        request for a certificate or no description of a box.
        """
        key = _key_of(request.csr_pem)
        _check_device(request.device)
        now = self._clock.now()
        # Spent in a transaction of its own: a try counts even when the rest fails.
        attempt = await self._database.run(lambda connection: _spend_try(connection, request, now))
        if attempt is None:
            raise _refusal(
                "no such ticket, expired, or locked", "綁定碼無效、已過期或已鎖定，請機構重新產製。"
            )
        if not attempt.pin_fits:
            raise _refusal(
                "wrong registration number", "註冊號碼不正確。", field="pin", tries_left=attempt.tries_left
            )
        device, certificate_pem = await self._database.run(
            lambda connection: self._certify(connection, request, attempt.device_id, key, now)
        )
        return BindAnswer(
            certificate_pem=certificate_pem,
            institution=device.institution,
            sam=device.sam,
            dataset_group=device.dataset_group,
            receipt_key_hex=self._receipts.public_key_hex,
        )

    async def renew(self, device: Device, csr_pem: str) -> str:
        """Certify the box's next key; its present certificate stays good until its own end."""
        key = _key_of(csr_pem)
        return await self._database.run(
            lambda connection: (
                _certificate_of(connection, device.device_id, key) or self._issue(connection, device, key)
            )
        )

    def _certify(
        self,
        connection: Connection,
        request: BindRequest,
        device_id: str,
        key: ec.EllipticCurvePublicKey,
        now: dt.datetime,
    ) -> tuple[Device, str]:
        device = find_device(connection, device_id)
        if not device.enabled:
            raise device_disabled()
        if request.bound_to not in ("", device.institution.code):
            raise refuse(
                409,
                ProblemCode.BOUND_ELSEWHERE,
                title="the box belongs to another institution",
                field="bound_to",
                words="此裝置仍屬於其他機構，請先清除後再綁定。",
            )
        used = connection.execute(
            update(tickets)
            .where(
                tickets.c.token_hash == _hash_of(request.token),
                or_(tickets.c.used_by_key.is_(None), tickets.c.used_by_key == public_key_hash(key)),
            )
            .values(used_at=now, used_by_key=public_key_hash(key))
        )
        if used.rowcount == 0:
            raise _refusal("the ticket is used", "此綁定碼已使用過，請機構重新產製。")
        issued = _certificate_of(connection, device_id, key)
        if issued is not None:
            return device, issued
        revoke_certificates(connection, device_id, now)
        connection.execute(
            update(devices)
            .where(devices.c.device_id == device_id)
            .values(
                bound_at=now,
                sheet_id=str(uuid.UUID(request.device.sheet_id)),
                told_name=request.device.name,
                kind=request.device.kind,
                os_version=request.device.os_version,
                software_version=request.device.software_version,
            )
        )
        return device, self._issue(connection, device, key)

    def _issue(self, connection: Connection, device: Device, key: ec.EllipticCurvePublicKey) -> str:
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, device.institution.code),
                x509.NameAttribute(NameOID.COMMON_NAME, device.device_id),
            ]
        )
        issued_at = machine_now()
        certificate = self._authority.issue(key, subject, issued_at, DEVICE_DAYS)
        pem = pem_of(certificate)
        connection.execute(
            insert(certificates).values(
                serial=serial_text(certificate.serial_number),
                device_id=device.device_id,
                issued_at=issued_at,
                valid_until=certificate.not_valid_after_utc,
                public_key_hash=public_key_hash(key),
                pem=pem,
            )
        )
        return pem


def _spend_try(connection: Connection, request: BindRequest, now: dt.datetime) -> _Attempt | None:
    token_hash = _hash_of(request.token)
    spent = connection.execute(
        update(tickets)
        .where(tickets.c.token_hash == token_hash, tickets.c.tries_left > 0, tickets.c.expires_at > now)
        .values(tries_left=tickets.c.tries_left - 1)
    )
    if spent.rowcount == 0:
        return None
    ticket = connection.execute(select(tickets).where(tickets.c.token_hash == token_hash)).one()
    fits = _pin_fits(ticket, request)
    if fits:
        connection.execute(
            update(tickets)
            .where(tickets.c.token_hash == token_hash)
            .values(tries_left=tickets.c.tries_left + 1)
        )
    return _Attempt(
        device_id=ticket.device_id,
        pin_fits=fits,
        tries_left=ticket.tries_left,
    )


def _pin_fits(ticket: Row[tuple[object, ...]], request: BindRequest) -> bool:
    return hmac.compare_digest(_pin_hash(request.token, request.pin, ticket.pin_salt), ticket.pin_hash)


def _certificate_of(connection: Connection, device_id: str, key: ec.EllipticCurvePublicKey) -> str | None:
    return connection.execute(
        select(certificates.c.pem).where(
            certificates.c.device_id == device_id,
            certificates.c.public_key_hash == public_key_hash(key),
            certificates.c.revoked_at.is_(None),
        )
    ).scalar_one_or_none()


def _key_of(csr_pem: str) -> ec.EllipticCurvePublicKey:
    key = read_csr(csr_pem)
    if key is None:
        raise malformed("not a well-signed request for a P-256 key", field="csr_pem")
    return key


def _check_device(device: DeviceInfo) -> None:
    try:
        uuid.UUID(device.sheet_id)
    except ValueError as exc:
        raise malformed("not a UUID", field="device.sheet_id") from exc
    for member in ("name", "kind", "os_version", "software_version"):
        text = getattr(device, member)
        if len(text) > TEXT_LENGTH or not text.isprintable():
            raise malformed("too long, or not plain text", field=f"device.{member}")


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _pin_hash(token: str, pin: str, salt: bytes) -> bytes:
    """Keyed by the token, of which the database has the digest only: four digits are too few for any stretching."""
    return hmac.digest(token.encode(), salt + pin.encode(), hashlib.sha256)


def _refusal(title: str, words: str, *, field: str = "token", tries_left: int | None = None) -> Refusal:
    return refuse(403, ProblemCode.BIND_REFUSED, title=title, field=field, words=words, tries_left=tries_left)
