"""What the database knows that an upload may claim: codes, staff, card records."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select

from visitbridge.domain.people import Right
from visitbridge.protocols.datacentre.common import Receipt
from vpnportal.schema import card_intents, dataset_codes, receipts, staff

CARD_VISIT = "card_visit"
"""Kind of the receipts that card sessions give for a visit record."""


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


def rights_of(connection: Connection, institution: str, staff_id: str) -> tuple[Right, ...] | None:
    """The rights of a person whose card is not revoked, or None for nobody of the institution."""
    rights = connection.execute(
        select(staff.c.rights)
        .where(staff.c.institution == institution, staff.c.staff_id == staff_id, staff.c.revoked.is_(False))
        .limit(1)
    ).scalar_one_or_none()
    return None if rights is None else tuple(Right(right) for right in rights.split(",") if right)


def sequence_on_card(connection: Connection, institution: str, card_no: str, visit_time: str) -> str | None:
    """The sequence number of the record that a card session put on this card, empty for a record without one.

    None when there is no such record: the one thing a box cannot make up (data-centre.md §1.1).
    """
    document = connection.execute(
        select(receipts.c.document)
        .join(card_intents, card_intents.c.key == receipts.c.key)
        .where(
            card_intents.c.institution == institution,
            card_intents.c.card_no == card_no,
            card_intents.c.visit_time == visit_time,
            receipts.c.kind == CARD_VISIT,
        )
        .limit(1)
    ).scalar_one_or_none()
    if document is None:
        return None
    return msgspec.json.decode(document, type=Receipt).insurer.get("sequence_no", "")


def _is_loaded(connection: Connection, dataset: str) -> bool:
    found = connection.execute(select(dataset_codes.c.code).where(dataset_codes.c.name == dataset).limit(1))
    return found.one_or_none() is not None
