"""What every call has in common: headers, problems, receipts."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

BASE_PATH = "/dc/v1"

HEADER_KEY = "Idempotency-Key"
HEADER_EPOCH = "DC-Epoch"
HEADER_STAFF = "Staff-Token"
"""The token of a staff session, on the calls that act for a person and carry no body member for it."""
HEADER_TIME = "DC-Time"
"""``DC-Time`` is RFC 3339 UTC with milliseconds, on every answer, errors included."""

PROBLEM_TYPE = "application/problem+json"


Moment = Annotated[dt.datetime, Meta(tz=True)]
"""With its offset: one without could be compared with nothing."""


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """RFC 9457 problem document with the members of data-centre.md §1.8.

    ``code``: the insurer's number where one is public (nhi-domain §2.3), else one of :class:`ProblemCode`.
    ``retry`` speaks of the request as sent. ``words`` are shown to people verbatim.
    """

    status: int
    code: str
    retry: Literal["later", "never", "unknown"]
    title: str = ""
    field: str = ""
    words: str = ""
    checks: tuple[CheckFinding, ...] = ()
    tries_left: int | None = None


class CheckFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One check code of an upload with the field it names (nhi-domain §3.3)."""

    code: str
    field: str
    words: str


class ProblemCode(enum.StrEnum):
    """Codes of this protocol, for cases without a public number of the insurer's."""

    MALFORMED = "malformed"
    KEY_CONFLICT = "key_conflict"
    IN_PROGRESS = "in_progress"
    UNKNOWN_SESSION = "unknown_session"
    BATCH_MISMATCH = "batch_mismatch"
    CERTIFICATE_REQUIRED = "certificate_required"
    CERTIFICATE_REFUSED = "certificate_refused"
    DEVICE_DISABLED = "device_disabled"
    BIND_REFUSED = "bind_refused"
    BOUND_ELSEWHERE = "bound_elsewhere"
    SAM_REQUIRED = "sam_required"
    STAFF_REQUIRED = "staff_required"
    RIGHT_MISSING = "right_missing"
    CHECKS_FAILED = "checks_failed"
    CARD_MISMATCH = "card_mismatch"
    RECORDS_REFUSED = "records_refused"
    SEQUENCE_RANGE = "sequence_range"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    NOT_FOUND = "not_found"


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The data centre's durable acknowledgement, stored there before it is answered.

    ``digest``: SHA-256 (hex) of the request body as sent. ``insurer``: values the insurer's side adds, such
    as ``sequence_no`` or ``prescription_code`` (通關密碼). ``signature``: Ed25519 over :meth:`signed_bytes`,
    hex; the key's public half was handed over at binding.
    """

    key: str
    kind: str
    digest: str
    epoch: str
    accepted_at: Moment
    insurer: dict[str, str]
    signature: str = ""

    def signed_bytes(self) -> bytes:
        """Canonical JSON (sorted keys) of everything but the signature."""
        return msgspec.json.encode(msgspec.structs.replace(self, signature=""), order="sorted")


class ReceiptStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of ``GET /receipts/{key}``. ``unknown_key``: never seen, so it is safe to send."""

    state: Literal["receipt", "in_progress", "unknown_key"]
    receipt: Receipt | None = None


class MissingRequest(msgspec.Struct, frozen=True, kw_only=True):
    keys: Annotated[tuple[str, ...], Meta(max_length=5000)]


class MissingAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of the request that the answering epoch does not hold."""

    missing: tuple[str, ...]


def digest_of(body: bytes) -> str:
    """SHA-256 of a request body in hex: the digest that a key is bound to."""
    return hashlib.sha256(body).hexdigest()
