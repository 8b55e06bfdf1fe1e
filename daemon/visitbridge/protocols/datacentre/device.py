"""Binding, device status, SAM (rows B05-B12, E01-E04)."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from visitbridge.domain.people import Institution
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.common import Moment
from visitbridge.protocols.datacentre.erasure import EraseOrder

TICKET_PREFIX = "VBBIND1:"

_ADDRESS = re.compile(
    r"https://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:/[a-z0-9._~/-]*)?",
    re.IGNORECASE,
)


class BindTicket(msgspec.Struct, frozen=True, kw_only=True):
    """Content of QR-2 in the stand-in's form (the insurer's is not public).

    ``url`` is the data centre's base URL, ``token`` single use, ``ca_pem`` the certificate that the box
    trusts for this data centre from now on.
    """

    url: str
    token: str
    ca_pem: str


def encode_ticket(ticket: BindTicket) -> str:
    """Text for the QR code: prefix + unpadded base64url of JSON."""
    raw = msgspec.json.encode(ticket)
    return TICKET_PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_ticket(text: str) -> BindTicket:
    """Inverse of :func:`encode_ticket`. Raises FieldInvalid (``ticket``) for anything else.

    Only HTTPS: without it, nothing would show who answers, and nothing would keep what is said from others.
    """
    text = "".join(text.split())
    if not text.startswith(TICKET_PREFIX):
        raise FieldInvalid("not a device-binding code", field="ticket")
    body = text[len(TICKET_PREFIX) :]
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        ticket = msgspec.json.decode(raw, type=BindTicket)
    except (binascii.Error, ValueError, msgspec.DecodeError) as exc:
        raise FieldInvalid("damaged device-binding code", field="ticket") from exc
    found = _ADDRESS.fullmatch(ticket.url)
    if found is None or int(found["port"] or 443) not in range(1, 65536):
        raise FieldInvalid("a device-binding code without an HTTPS address", field="ticket")
    return ticket


class DeviceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the box tells of itself (B08). ``sheet_id`` is a UUID minted at first start."""

    sheet_id: str
    name: Annotated[str, Meta(max_length=80)]
    kind: str
    os_version: str
    software_version: str


class BindRequest(msgspec.Struct, frozen=True, kw_only=True):
    """``pin`` is the registration number of QR-2 as text: leading zeros matter (X25).

    ``bound_to``: code of the institution that the box belongs to already; empty for one that belongs to none.
    """

    token: str
    pin: str
    csr_pem: str
    device: DeviceInfo
    bound_to: str = ""


class SamRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The cloud security module given to this box: 12-character id and validity (B12)."""

    sam_id: str
    valid_from: dt.date
    valid_until: dt.date


class BindAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``receipt_key_hex``: raw Ed25519 public key that signs receipts."""

    certificate_pem: str
    institution: Institution
    sam: SamRecord
    dataset_group: str
    receipt_key_hex: str


class RenewRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Body of ``POST /device/certificate``: a request for the next client certificate, with a new key."""

    csr_pem: str


class RenewAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The next certificate; the one that asked stays good until its own end."""

    certificate_pem: str


class DeviceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """``orders``: what the institution wants of this box at its next contact (B10, B11); ``erase`` the order itself, signed.

    ``handoff_key_hex``: raw X25519 public key that hand-off files are sealed to; empty where none are taken.
    ``roots_digest``: names the announcement that ``GET /roots`` answers; empty where nothing is announced.
    ``announcements_digest``: names the list that ``GET /announcements`` answers; empty where it is empty.
    """

    enabled: bool
    orders: tuple[Literal["disable", "erase"], ...] = ()
    sam: SamRecord
    handoff_key_hex: str = ""
    erase: EraseOrder | None = None
    roots_digest: str = ""
    announcements_digest: str = ""


class SamVerification(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that the SAM was verified today; needed by cards and uploads (E01-E04)."""

    sam_id: str
    verified_at: Moment
    valid_until: Moment
