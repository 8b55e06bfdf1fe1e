"""On the trail stands who did it, whoever signs the visit; and who signs is who acts (Y08, F05, F07)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from unittest.mock import AsyncMock

import pytest

from tests.services.outbox.samples import staff_row
from tests.services.visits.room import PHONE, READER, Room
from visitbridge.domain.signature import Drawing, Signer
from visitbridge.domain.visit import FinishMode, Visit, VisitContent
from visitbridge.errors import StaffRequired
from visitbridge.ports.records import AuditEntry
from visitbridge.services.visits.carry_in import CarryIn, Section

COLLEAGUE = "B123456788"
TYPED = VisitContent(subjective="頭暈")
DRAWING = Drawing(signer=Signer.PATIENT, strokes=((0, 0, 10, 10),))

Act = Callable[[Room, Visit], Awaitable[object]]


async def carry_in(room: Room, draft: Visit) -> None:
    desk = CarryIn(room.store, room.clock, room.catalogue, room.desk.drafts, room.staff)
    await desk.former(draft.visit_id, PHONE)


ACTS: dict[str, Act] = {
    "visit.edit": lambda room, draft: room.desk.drafts.save(draft.visit_id, 1, TYPED, PHONE),
    "visit.finish": lambda room, draft: room.desk.finish(draft.visit_id, 1, FinishMode.SAVE, PHONE),
    "visit.discard": lambda room, draft: room.desk.drafts.discard(draft.visit_id, 1, PHONE),
    "visit.sign": lambda room, draft: room.desk.signatures.sign(draft.visit_id, DRAWING, PHONE),
    "visit.unsign": lambda room, draft: room.desk.signatures.clear(draft.visit_id, PHONE),
    "visit.take_over": lambda room, draft: room.desk.drafts.edit(draft.visit_id, "phone-2", take=True),
    "visit.history": carry_in,
}


async def last(room: Room) -> AuditEntry:
    return (await room.store.read(lambda tx: tx.audit.rows()))[-1].entry


@pytest.mark.parametrize("act", ACTS)
async def test_Y08_an_act_on_a_colleagues_visit_is_put_down_to_who_did_it(room: Room, act: str) -> None:
    await room.pair(PHONE, "林護理師 iPhone")
    draft = await room.desk.start(READER, PHONE)
    room.staff.session = staff_row(COLLEAGUE)

    await ACTS[act](room, draft)

    entry = await last(room)
    assert (entry.act, entry.who, entry.record) == (act, COLLEAGUE, draft.visit_id)
    assert draft.practitioner.staff_id != COLLEAGUE


async def test_Y08_each_person_who_writes_in_a_draft_is_on_the_trail_once(room: Room) -> None:
    draft = await room.desk.start(READER, PHONE)
    for revision, text in enumerate(("a", "b"), start=1):
        await room.desk.drafts.save(draft.visit_id, revision, VisitContent(subjective=text), PHONE)
    room.staff.session = staff_row(COLLEAGUE)
    for revision, text in enumerate(("c", "d"), start=3):
        await room.desk.drafts.save(draft.visit_id, revision, VisitContent(subjective=text), PHONE)

    rows = await room.store.read(lambda tx: tx.audit.rows())
    assert [(row.entry.act, row.entry.who) for row in rows] == [
        ("visit.start", draft.practitioner.staff_id),
        ("visit.edit", draft.practitioner.staff_id),
        ("visit.edit", COLLEAGUE),
    ]


async def test_Y08_what_is_carried_in_and_its_line_are_one_act(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = await room.desk.start(READER, PHONE)
    desk = CarryIn(room.store, room.clock, room.catalogue, room.desk.drafts, room.staff)
    former = await room.desk.drafts.save(draft.visit_id, 1, TYPED, PHONE)
    await room.desk.finish(former.visit_id, former.revision, FinishMode.SAVE, PHONE)
    room.clock.advance(60)
    again = await room.desk.start(READER, PHONE)
    writes = AsyncMock(wraps=room.store.write)
    monkeypatch.setattr(room.store, "write", writes)

    await desk.carry(again.visit_id, 1, former.visit_id, [Section.SUBJECTIVE], PHONE)

    entry = await last(room)
    assert (entry.act, entry.why, entry.record) == ("visit.carry_in", former.visit_id, again.visit_id)
    assert writes.await_count == 1


async def test_F05_F07_whoever_signed_in_last_signs_after_the_session_and_not_who_began_a_visit(
    room: Room,
) -> None:
    first = await room.desk.start(READER, PHONE)
    room.staff.session = staff_row(COLLEAGUE)
    room.staff.run_out(PHONE)

    draft = await room.desk.start(READER, PHONE)

    assert draft.visit_id != first.visit_id
    assert draft.practitioner.staff_id == COLLEAGUE


async def test_F05_who_began_nothing_during_the_session_begins_a_visit_after_it(room: Room) -> None:
    room.staff.run_out(PHONE)

    draft = await room.desk.start(READER, PHONE)

    assert (draft.practitioner.staff_id, draft.practitioner.name) == (staff_row().staff_id, "陳醫師")


async def test_F07_nobody_signs_on_a_phone_whose_person_has_ended_the_session(room: Room) -> None:
    await room.desk.start(READER, PHONE)
    room.staff.session = None

    with pytest.raises(StaffRequired):
        await room.desk.start(READER, PHONE)
