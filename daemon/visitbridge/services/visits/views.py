"""What a phone gets of a visit."""

from __future__ import annotations

import datetime as dt

import msgspec

from visitbridge.domain.signature import Signature
from visitbridge.domain.visit import Visit, VisitFlags
from visitbridge.protocols.datacentre.common import Receipt
from visitbridge.services.outbox.views import JobView


class EditorView(msgspec.Struct, frozen=True, kw_only=True):
    """The phone that may change a draft, by the name its people gave it (Y05)."""

    phone_id: str
    phone_name: str
    taken_at: dt.datetime


class VisitView(msgspec.Struct, frozen=True, kw_only=True):
    """``receipts`` by job kind. ``notice``: a key of the words catalogue, said in one sentence, or empty.

    ``editor``: None while nobody edits it.
    """

    visit: Visit
    flags: VisitFlags
    jobs: tuple[JobView, ...]
    receipts: dict[str, Receipt]
    notice: str
    editor: EditorView | None = None
    signature: Signature | None = None


class PrescriptionView(msgspec.Struct, frozen=True, kw_only=True):
    """Prescription for the pharmacy (O01, O02). ``waiting_for``: a key of the words catalogue until ``ready``.

    ``qr_text``: content of the QR code; ``passphrase``: 通關密碼, typed instead of scanning.
    """

    ready: bool
    waiting_for: str
    qr_text: str = ""
    passphrase: str = ""
