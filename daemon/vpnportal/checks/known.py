"""What the database knows that an upload may claim: codes, staff, card records."""

from __future__ import annotations

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, select

from visitbridge.domain.people import Right
from visitbridge.protocols.datacentre.common import Receipt
from visitbridge.protocols.datacentre.uploads import UploadKind
from vpnportal.schema import card_intents, dataset_codes, receipts, staff, upload_records


def is_code(connection: Connection, dataset: str, code: str) -> bool:
    """Whether ``code`` may be claimed: in the set of any group and not a heading there.

    A set that was never imported knows every code.
    """
    billable = (
        connection.execute(
            select(dataset_codes.c.billable).where(
                dataset_codes.c.name == dataset, dataset_codes.c.code == code
            )
        )
        .scalars()
        .all()
    )
    return any(billable) if billable else not _is_loaded(connection, dataset)


def is_diagnosis(connection: Connection, code: str) -> bool:
    """Whether an ICD-10-CM code may be claimed, written with its dot or without."""
    dotted = code if "." in code or len(code) <= 3 else f"{code[:3]}.{code[3:]}"
    return is_code(connection, "icd10", dotted)


def rights_of(connection: Connection, institution: str, staff_id: str) -> tuple[Right, ...] | None:
    """The rights of a person whose card is not revoked, or None for nobody of the institution."""
    return _rights(connection, institution, staff.c.staff_id == staff_id)


def rights_of_id(connection: Connection, institution: str, id_no: str) -> tuple[Right, ...] | None:
    """The same by 身分證號."""
    return _rights(connection, institution, staff.c.id_no == id_no)


class CardRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What this side put on a card for one visit, and signed.

    ``sequence_no`` is empty for a visit that takes no number; ``order_signatures`` while no orders were written.
    """

    sequence_no: str
    signature: str
    order_signatures: tuple[str, ...]


def card_record(connection: Connection, institution: str, card_no: str, visit_time: str) -> CardRecord | None:
    """The record that a card session of this institution wrote, or None: what a box cannot make up (§1.1)."""
    documents = connection.execute(
        select(receipts.c.document)
        .join(
            card_intents,
            and_(card_intents.c.key == receipts.c.key, card_intents.c.digest == receipts.c.digest),
        )
        .where(
            card_intents.c.institution == institution,
            card_intents.c.card_no == card_no,
            card_intents.c.visit_time == visit_time,
        )
    ).scalars()
    found = {receipt.kind: receipt.insurer for receipt in map(_receipt, documents)}
    visit, prescription = found.get("card_visit"), found.get("card_prescription", {})
    if visit is None:
        return None
    return CardRecord(
        sequence_no=visit.get("sequence_no", ""),
        signature=visit.get("signature", ""),
        order_signatures=tuple(filter(None, prescription.get("order_signatures", "").split(","))),
    )


def recorded_mark(connection: Connection, kind: UploadKind, institution: str, record_key: str) -> str | None:
    """The mark of a record that was taken before, or None."""
    return connection.execute(
        select(upload_records.c.mark).where(
            upload_records.c.kind == kind,
            upload_records.c.institution == institution,
            upload_records.c.record_key == record_key,
        )
    ).scalar_one_or_none()


def _receipt(document: bytes) -> Receipt:
    return msgspec.json.decode(document, type=Receipt)


def _rights(
    connection: Connection, institution: str, person: ColumnElement[bool]
) -> tuple[Right, ...] | None:
    rights = connection.execute(
        select(staff.c.rights)
        .where(staff.c.institution == institution, staff.c.revoked.is_(False), person)
        .limit(1)
    ).scalar_one_or_none()
    return None if rights is None else tuple(Right(right) for right in rights.split(",") if right)


def _is_loaded(connection: Connection, dataset: str) -> bool:
    found = connection.execute(select(dataset_codes.c.code).where(dataset_codes.c.name == dataset).limit(1))
    return found.one_or_none() is not None
