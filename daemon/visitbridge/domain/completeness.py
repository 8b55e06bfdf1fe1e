"""What a visit lacks before it is written or sent (N01), in the order in which the screen shows it.

``params['rule']`` of each refusal names the sentence that tells a person why (``rule.*`` of the words catalogue).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from visitbridge.domain.dispensing import PrescriptionKind, check_may_repeat, prescription_kind
from visitbridge.domain.orders import check_complete
from visitbridge.domain.virtual_orders import Proof, proofs_for
from visitbridge.domain.visit import OrderKind, Visit, VisitContent
from visitbridge.domain.visit_time import stay_of
from visitbridge.errors import FieldInvalid

_LONGEST_STAY: Final = dt.timedelta(days=1)


def lacking(visit: Visit) -> Iterator[FieldInvalid]:
    """Everything that keeps the visit from leaving the box; of each order the first thing."""
    content = visit.content
    yield from _diagnoses(content)
    for index, order in enumerate(content.orders):
        field = f"content.orders[{index}]"
        try:
            check_complete(order, field)
            if order.kind is OrderKind.DRUG and prescription_kind(order) is PrescriptionKind.REPEAT:
                check_may_repeat(visit.identification, None, field)
        except FieldInvalid as problem:
            yield problem
    yield from _proofs(content)
    yield from _stay(visit)


def _diagnoses(content: VisitContent) -> Iterator[FieldInvalid]:
    if not content.diagnoses:
        yield FieldInvalid(
            "a visit needs a main diagnosis", field="content.diagnoses", params={"rule": "diagnosis"}
        )
    seen: set[str] = set()
    for index, diagnosis in enumerate(content.diagnoses):
        if diagnosis.code in seen:
            yield FieldInvalid(
                "the same diagnosis twice",
                field=f"content.diagnoses[{index}].code",
                params={"rule": "diagnosis_twice"},
            )
        seen.add(diagnosis.code)


def proofs_missing(content: VisitContent) -> tuple[Proof, ...]:
    """What the virtual orders ask for and nobody has said to be with the chart (M18).

    An affidavit or a note in the chart: the affidavit serves, and so does what is noted with the virtual order.
    """
    kept = set(content.proofs_kept)
    if Proof.AFFIDAVIT in kept or content.virtual_order_note.strip():
        kept.add(Proof.AFFIDAVIT_OR_NOTE)
    return tuple(proof for proof in proofs_for(content.virtual_orders) if proof not in kept)


def _proofs(content: VisitContent) -> Iterator[FieldInvalid]:
    for proof in proofs_missing(content):
        yield FieldInvalid(
            "a virtual order needs its proof",
            field="content.virtual_orders",
            params={"rule": f"proof_{proof.value}"},
        )


def _stay(visit: Visit) -> Iterator[FieldInvalid]:
    arrived_at, departed_at = stay_of(visit)
    if departed_at is not None and not dt.timedelta(0) <= departed_at - arrived_at <= _LONGEST_STAY:
        yield FieldInvalid(
            "a visit ends after it began and within a day",
            field="content.occasion.departed_at",
            params={"rule": "stay"},
        )
