"""The bytes that a visit's jobs carry to the card and to the data centre; the upload of the IC record has a module of its own."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from visitbridge.domain.roc import roc_time
from visitbridge.domain.visit import Identification, Visit
from visitbridge.protocols.datacentre.cards import WriteIntent
from visitbridge.protocols.datacentre.common import Receipt
from visitbridge.protocols.datacentre.uploads import Recognition, VisitUpload


def visit_intent(visit: Visit, key: str) -> bytes:
    """What the data centre is asked to write on the card for this visit: a ``WriteIntent`` in UTF-8 JSON, its keys sorted."""
    return _encode(_intent(visit, key))


def prescription_intent(visit: Visit, key: str) -> bytes:
    """``visit_intent`` with the orders that go on the card."""
    intent = _intent(visit, key)
    return _encode(msgspec.structs.replace(intent, orders=visit.content.orders))


def _intent(visit: Visit, key: str) -> WriteIntent:
    content = visit.content
    return WriteIntent(
        key=key,
        card_no=visit.patient.card_no,
        visit_time=roc_time(visit.visit_at),
        institution=visit.institution.code,
        visit_type=content.claim.visit_type,
        diagnoses=content.diagnoses,
        fee_points=content.fee_points,
        copay_points=content.copay_points,
        make_up=visit.make_up or visit.identification is Identification.CARD_OFFLINE,
        dispensing=content.claim.dispensing,
    )


def visit_body(visit: Visit, sam_id: str) -> bytes:
    """The whole visit for the data centre, with the SAM that vouches for the box: a ``VisitUpload`` in UTF-8 JSON."""
    return _encode(VisitUpload(visit=visit, sam_id=sam_id))


def recognition(visit: Visit, _receipts: Mapping[str, Receipt]) -> bytes:
    """That this patient's card was read, when, and whether without the VPN: a ``Recognition`` in UTF-8 JSON."""
    return _encode(
        Recognition(
            card_no=visit.patient.card_no,
            id_no=visit.patient.id_no,
            recognised_at=visit.visit_at,
            visit_id=visit.visit_id,
            offline=visit.identification is Identification.CARD_OFFLINE,
        )
    )


def _encode(message: msgspec.Struct) -> bytes:
    """Sorted keys: the digest of these bytes is what the data centre computes too."""
    return msgspec.json.encode(message, order="sorted")
