"""What a new visit starts with: the practitioner's own last choices, and the type that the month asks for."""

from __future__ import annotations

import msgspec
import pytest

from tests.services.outbox.samples import patient, visit
from tests.services.visits.room import PHONE, READER, Room
from visitbridge.domain.visit import ClaimSettings, FinishMode, Identification, Visit, VisitContent
from visitbridge.domain.visit_types import CardKind

CONTENT = visit().content
ANOTHER = patient("900000000099", "林測試")


async def finished(room: Room, **claim: object) -> Visit:
    draft = await room.desk.start(READER, PHONE)
    content = msgspec.structs.replace(CONTENT, claim=msgspec.structs.replace(draft.content.claim, **claim))
    saved = await room.desk.drafts.save(draft.visit_id, 1, content, PHONE)
    return (await room.desk.finish(draft.visit_id, saved.revision, FinishMode.SAVE, PHONE)).visit


def other_person(room: Room) -> None:
    room.cards.inside = msgspec.structs.replace(ANOTHER, id_no="B123456788")


async def test_A01_the_first_visit_ever_starts_with_the_programmes_usual_claim(room: Room) -> None:
    draft = await room.desk.start(READER, PHONE)
    assert draft.content == VisitContent(claim=ClaimSettings(case_type="E1", special_items=("EC",)))


async def test_M03_choices_are_remembered_and_a_patients_share_is_not(room: Room) -> None:
    room.catalogue.sets["departments"].add("AC")
    await finished(room, department="AC", copay="001", case_type="A1", dispensing="1")
    other_person(room)
    claim = (await room.desk.start(READER, PHONE)).content.claim
    assert (claim.department, claim.case_type, claim.dispensing) == ("AC", "A1", "1")
    assert (claim.copay, claim.visit_type) == ("K00", "01")


async def test_A01_each_programme_keeps_its_own_choices(room: Room) -> None:
    await finished(room)
    draft = await room.desk.start(READER, PHONE)
    hospice = msgspec.structs.replace(
        CONTENT, programme="hospice", claim=msgspec.structs.replace(draft.content.claim, case_type="A5")
    )
    saved = await room.desk.drafts.save(draft.visit_id, 1, hospice, PHONE)
    await room.desk.finish(draft.visit_id, saved.revision, FinishMode.SAVE, PHONE)
    other_person(room)
    content = (await room.desk.start(READER, PHONE)).content
    assert (content.programme, content.claim.case_type) == ("hospice", "A5")


@pytest.mark.parametrize(
    ("days_later", "expected"), [(0, "AH"), (3, "AH"), (30, "01")], ids=["today", "this month", "next month"]
)
async def test_H20_the_months_next_visit_is_a_follow_up(room: Room, days_later: int, expected: str) -> None:
    await finished(room)
    room.clock.advance(60.0)
    room.clock.jump(days_later * 86400.0)
    assert (await room.desk.start(READER, PHONE)).content.claim.visit_type == expected


async def test_H20_a_follow_up_does_not_become_the_next_patients_first_visit(room: Room) -> None:
    await finished(room)
    room.clock.advance(60.0)
    await finished(room)
    other_person(room)
    assert (await room.desk.start(READER, PHONE)).content.claim.visit_type == "01"


async def test_H20_physical_and_virtual_cards_are_courses_of_their_own(room: Room) -> None:
    await finished(room)
    room.clock.advance(60.0)
    draft = await room.desk.start(READER, PHONE)
    virtual = msgspec.structs.replace(
        draft, revision=draft.revision + 1, identification=Identification.VIRTUAL_CARD
    )
    await room.store.write(lambda tx: tx.visits.put(virtual))
    advice = await room.desk.advice.about(draft.visit_id)
    assert advice.visit_type == "01"
    assert [(course.kind, course.visits) for course in advice.courses] == [(CardKind.PHYSICAL, 1)]


async def test_another_persons_visits_do_not_count(room: Room) -> None:
    await finished(room)
    other_person(room)
    draft = await room.desk.start(READER, PHONE)
    assert draft.content.claim.visit_type == "01"
    assert (await room.desk.advice.about(draft.visit_id)).courses == ()


async def test_two_visits_of_one_person_share_no_second(room: Room) -> None:
    first = await finished(room)
    second = await room.desk.start(READER, PHONE)
    assert (second.visit_at - first.visit_at).total_seconds() == 1
    assert second.content.claim.visit_type == "AH"
    view = await room.desk.finish(second.visit_id, 1, FinishMode.SAVE, PHONE)
    assert view.visit.finished_at == second.visit_at, "nothing ends before it began"
