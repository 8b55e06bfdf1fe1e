"""Eligibility and cloud records of the lab's invented patients (rows I03, L02-L06).

Records are for who has the patient's card in the reader, or the patient's consent in writing. That this is what the
insurer asks for is public (L06); how it asks is not, so the rules here are this stand-in's own.
"""

from __future__ import annotations

import datetime as dt

import msgspec
from sqlalchemy import Connection, delete, insert, select

from visitbridge.domain.records import RecordKind
from visitbridge.domain.roc import TAIPEI
from visitbridge.protocols.datacentre.common import ProblemCode
from visitbridge.protocols.datacentre.records import BatchLine, CloudRecord, ConsentedQuery, RecordsQuery
from visitbridge.protocols.datacentre.uploads import Eligibility, EligibilityRequest
from vpnportal.callers import Caller
from vpnportal.problems import Refusal, refuse
from vpnportal.schema import card_sightings, cloud_records, consent_uses, home_care_lists, insured_persons

SIGHTING_LIFE = dt.timedelta(hours=1)
"""How long a card that was read through a session counts as being at hand."""

CONSENT_LIFE = dt.timedelta(days=366)


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


def note_sighting(connection: Connection, caller: Caller, id_no: str, now: dt.datetime) -> None:
    """A card session with this box has identified this person's card."""
    connection.execute(
        delete(card_sightings).where(
            card_sightings.c.device_id == caller.device_id, card_sightings.c.id_no == id_no
        )
    )
    connection.execute(insert(card_sightings).values(device_id=caller.device_id, id_no=id_no, seen_at=now))


def query_with_card(
    connection: Connection, caller: Caller, query: RecordsQuery, now: dt.datetime
) -> tuple[CloudRecord, ...]:
    """Raises Refusal records_refused for somebody else's patient, and without the card."""
    _require_on_list(connection, caller.institution, query.id_no)
    seen = connection.execute(
        select(card_sightings.c.seen_at).where(
            card_sightings.c.device_id == caller.device_id, card_sightings.c.id_no == query.id_no
        )
    ).one_or_none()
    if seen is None or now - seen.seen_at > SIGHTING_LIFE:
        raise refuse(
            403,
            ProblemCode.RECORDS_REFUSED,
            title="this person's card has not been read within the last hour",
            field="id_no",
            words="一小時內未讀取此人的健保卡，無法查詢雲端資料。",
        )
    return find_records(connection, query.id_no, query.kinds)


def query_with_consent(
    connection: Connection, caller: Caller, staff_id: str, query: ConsentedQuery, now: dt.datetime
) -> BatchLine:
    """One line of a batch; what was allowed is kept with who used it, and a refusal is the line's answer."""
    try:
        _check_consent(query, now.astimezone(TAIPEI).date())
        _require_on_list(connection, caller.institution, query.id_no)
    except Refusal as refusal:
        return BatchLine(consent=query.consent, problem=refusal.problem)
    connection.execute(
        insert(consent_uses).values(
            institution=caller.institution,
            consent=query.consent,
            used_at=now,
            device_id=caller.device_id,
            staff_id=staff_id,
            id_no=query.id_no,
            kinds=",".join(query.kinds),
            signed_on=query.signed_on,
            until=query.until,
        )
    )
    return BatchLine(consent=query.consent, records=find_records(connection, query.id_no, query.kinds))


def _check_consent(query: ConsentedQuery, today: dt.date) -> None:
    signed_late = query.signed_on > today
    if signed_late or query.until < today or query.until - query.signed_on > CONSENT_LIFE:
        raise refuse(
            403,
            ProblemCode.RECORDS_REFUSED,
            title="the consent does not cover today, or covers more than a year",
            field="signed_on" if signed_late else "until",
            words="同意書的日期不涵蓋今天，或超過一年，無法下載。",
        )


def _require_on_list(connection: Connection, institution: str, id_no: str) -> None:
    if not is_on_list(connection, institution, id_no):
        raise refuse(
            403,
            ProblemCode.RECORDS_REFUSED,
            title="not on the home-care list of this institution",
            field="id_no",
            words="此人不在貴院居家照護名單內，無法查詢。",
        )
