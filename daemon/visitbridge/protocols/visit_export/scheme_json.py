"""The scheme's own visit export: a JSON array in Big5, one object for each visit (nhi-domain §3.4).

Certainty C: the keys are those that two clinics' programs read from the insurer's file; the official schema is not public. What
stands here under other names than theirs would be an invention, so there is nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from visitbridge.domain.roc import roc_date, roc_time
from visitbridge.domain.visit import Diagnosis, Order
from visitbridge.errors import FieldInvalid
from visitbridge.protocols.ic_upload.from_visit import ON_CARD
from visitbridge.protocols.visit_export.transcript import Substitutes, Transcript, to_big5

NO_NUMBER = "NA"
_CODES = ("i10_code_p", "i10_code_s1", "i10_code_s2")


class SchemeDiagnoses(msgspec.Struct, frozen=True, kw_only=True):
    """Main and up to two further diagnoses; the array that holds it has one element."""

    i10_code_p: str
    i10_code_s1: str = ""
    i10_code_s2: str = ""


class SchemeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``p01_2``: code. ``A79``: the card's signature."""

    p01_2: str
    A79: str = ""


class SchemeVisit(msgspec.Struct, frozen=True, kw_only=True):
    """One element. ``A11`` card number, ``A12`` id, ``A13`` birth date, ``A17`` visit time, ``A18`` sequence number or
    ``NA``, ``A22`` the card's signature, ``enc`` 就醫識別碼, ``d14`` payment category, ``pa_type`` insured status.
    """

    A11: str
    A12: str
    A13: str
    A17: str
    A18: str
    A22: str
    enc: str
    d14: str
    drname: str
    paname: str
    pa_type: str
    subjective: str
    objective: str
    assessment: str
    memo: str
    icd: tuple[SchemeDiagnoses]
    pres: tuple[SchemeOrder, ...]
    ic_xml: str


def scheme_visit(found: Transcript, chosen: Substitutes) -> SchemeVisit:
    """Raises NotInBig5, and FieldInvalid (``content.diagnoses``) without a diagnosis."""
    visit = found.visit
    content = visit.content
    if not content.diagnoses:
        raise FieldInvalid("a visit without a diagnosis", field="content.diagnoses")
    return SchemeVisit(
        A11=visit.patient.card_no,
        A12=visit.patient.id_no,
        A13=roc_date(visit.patient.birth_date),
        A17=roc_time(visit.visit_at),
        A18=visit.sequence.number if visit.sequence else NO_NUMBER,
        A22=found.card_signature,
        enc=found.visit_identifier,
        d14=content.claim.payment_category,
        drname=to_big5(visit.practitioner.name, "practitioner.name", chosen),
        paname=to_big5(visit.patient.name, "patient.name", chosen),
        pa_type="",
        subjective=to_big5(content.subjective, "content.subjective", chosen),
        objective=to_big5(content.objective, "content.objective", chosen),
        assessment=_assessment(content.diagnoses, chosen),
        memo=to_big5(content.special_note, "content.special_note", chosen),
        icd=(_codes(content.diagnoses),),
        pres=_orders(content.orders, found.order_signatures),
        ic_xml=found.ic_xml,
    )


def encode(visits: Sequence[Transcript], chosen: Substitutes) -> bytes:
    """The file. Raises what :func:`scheme_visit` raises; nothing is replaced unless a person chose it."""
    items = [msgspec.to_builtins(scheme_visit(found, chosen)) for found in visits]
    return json.dumps(items, ensure_ascii=False, indent=1).encode("big5")


def decode(data: bytes) -> tuple[SchemeVisit, ...]:
    """Inverse of :func:`encode`, and its validator. Raises FieldInvalid (``file``)."""
    try:
        return msgspec.json.decode(data.decode("big5"), type=tuple[SchemeVisit, ...])
    except (UnicodeDecodeError, msgspec.DecodeError) as exc:
        raise FieldInvalid(f"not the scheme's export: {type(exc).__name__}", field="file") from exc


def _assessment(diagnoses: Sequence[Diagnosis], chosen: Substitutes) -> str:
    lines = (f"{each.code} {each.name_zh or each.name_en}".strip() for each in diagnoses)
    return to_big5("\n".join(lines), "content.diagnoses", chosen)


def _codes(diagnoses: Sequence[Diagnosis]) -> SchemeDiagnoses:
    codes = [each.code.replace(".", "") for each in diagnoses]
    return SchemeDiagnoses(**dict(zip(_CODES, codes, strict=False)))


def _orders(orders: Sequence[Order], signatures: Sequence[str]) -> tuple[SchemeOrder, ...]:
    """Each with its signature: the card gives them for its own orders, which self-paid ones are not."""
    signed = sum(order.kind in ON_CARD for order in orders) == len(signatures)
    marks = iter(signatures if signed else ())
    return tuple(
        SchemeOrder(p01_2=order.code, A79=next(marks, "") if order.kind in ON_CARD else "")
        for order in orders
    )
