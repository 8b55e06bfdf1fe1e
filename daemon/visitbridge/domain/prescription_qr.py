"""The prescription as the text of a QR code (門診處方箋二維條碼, O01).

The official layout is not public. This is the de-facto one that pharmacy software reads (nhi-domain §6.2,
certainty C: one third-party source), so it stands here as one profile among others to come.
"""

from __future__ import annotations

from visitbridge.domain.people import mask_id
from visitbridge.domain.roc import TAIPEI, roc_date
from visitbridge.domain.visit import Order, OrderKind, Visit

_ORDINARY, _REPEAT = "1", "2"
_HEADER = "VB"
# The characters that the layout itself uses, and what stands for them in free text.
_SEPARATORS = str.maketrans({";": "；", "#": "＃", ",": "，", "\n": " ", "\r": " "})


def prescription_text(visit: Visit) -> str:
    """``;``-separated fields 0-13, then five per drug: code, single dose, frequency, route, total.

    Only drugs go to the pharmacy. The id is masked; fields 2, 9, 12 and 13 are unused by readers.
    """
    content = visit.content
    drugs = [order for order in content.orders if order.kind is OrderKind.DRUG]
    fields = (
        f"{_HEADER}{visit.institution.code}",
        _REPEAT if any(order.chronic for order in drugs) else _ORDINARY,
        "",
        _plain(visit.patient.name),
        mask_id(visit.patient.id_no),
        roc_date(visit.patient.birth_date),
        _plain(content.claim.department),
        roc_date(visit.visit_at.astimezone(TAIPEI).date()),
        visit.sequence.number if visit.sequence else "",
        "",
        _plain(content.claim.copay),
        "#".join(_plain(diagnosis.code) for diagnosis in content.diagnoses),
        "",
        "",
    )
    return ";".join((*fields, *(part for drug in drugs for part in _drug(drug))))


def _drug(order: Order) -> tuple[str, ...]:
    return (
        _plain(order.code),
        f"{order.dose:g}",
        _plain(order.frequency),
        _plain(order.route),
        f"{order.total:g}",
    )


def _plain(text: str) -> str:
    return text.translate(_SEPARATORS)
