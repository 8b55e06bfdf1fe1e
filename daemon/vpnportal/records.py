"""Eligibility and cloud records of the lab's invented patients (rows I03, L02-L04)."""

from __future__ import annotations

import datetime as dt

import msgspec
from sqlalchemy import Connection, select

from visitbridge.domain.records import RecordKind
from visitbridge.protocols.datacentre.records import CloudRecord
from visitbridge.protocols.datacentre.uploads import Eligibility, EligibilityRequest
from vpnportal.schema import cloud_records, home_care_lists, insured_persons


def check_eligibility(
    connection: Connection, institution: str, request: EligibilityRequest, now: dt.datetime
) -> Eligibility:
    """Insured, and on this institution's home-care list? A birth date that does not fit is nobody."""
    insured = connection.execute(
        select(insured_persons.c.insured).where(
            insured_persons.c.id_no == request.id_no, insured_persons.c.birth_date == request.birth_date
        )
    ).scalar_one_or_none()
    return Eligibility(
        insured=bool(insured),
        on_home_care_list=insured is not None and is_on_list(connection, institution, request.id_no),
        checked_at=now,
    )


def is_on_list(connection: Connection, institution: str, id_no: str) -> bool:
    listed = connection.execute(
        select(home_care_lists.c.id_no).where(
            home_care_lists.c.institution == institution, home_care_lists.c.id_no == id_no
        )
    )
    return listed.one_or_none() is not None


def find_records(
    connection: Connection, id_no: str, kinds: tuple[RecordKind, ...]
) -> tuple[CloudRecord, ...]:
    """What other places recorded of a person, newest first; all kinds when none is named."""
    query = select(cloud_records.c.document).where(cloud_records.c.id_no == id_no)
    if kinds:
        query = query.where(cloud_records.c.kind.in_(kinds))
    documents = connection.execute(query.order_by(cloud_records.c.kind, cloud_records.c.number)).scalars()
    found = [msgspec.json.decode(document, type=CloudRecord) for document in documents]
    return tuple(sorted(found, key=lambda record: record.on, reverse=True))
