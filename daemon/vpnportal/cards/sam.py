"""The signatures that the insurer's security module would give, as far as an upload needs them.

The real 安全簽章 (A22) and 處方簽章 (A79) are made by the SAM with keys that are not public; only their lengths are:
256 characters from hisGetSeqNumber256, 40 for each order (nhi-domain §2.2, §3.1). These stand-ins are keyed hashes under a published key: they bind an upload
to what was written on a card in the lab, and protect nothing.
"""

from __future__ import annotations

import hashlib
import hmac

from visitbridge.protocols.nhi.records import OrderRecord, VisitRecord

_PUBLISHED_KEY = b"visitbridge stand-in security module: this key is published"
_ORDER_SIGNATURE_LENGTH = 40


def visit_signature(card_no: str, record: VisitRecord) -> str:
    """256 upper-case hex characters over the card's number and the visit record."""
    message = b"visit\x00" + card_no.encode("ascii") + record.encode()
    halves = (hmac.new(_PUBLISHED_KEY, half + message, hashlib.sha512).hexdigest() for half in (b"1", b"2"))
    return "".join(halves).upper()


def order_signature(card_no: str, record: OrderRecord) -> str:
    """40 upper-case hex characters over the card's number and one order record."""
    message = b"order\x00" + card_no.encode("ascii") + record.encode()
    digest = hmac.new(_PUBLISHED_KEY, message, hashlib.sha256).hexdigest()
    return digest[:_ORDER_SIGNATURE_LENGTH].upper()
