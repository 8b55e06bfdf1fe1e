"""One editor for each draft, take-over, and what is thrown away comes back (Y04, Y05, M22), on the real store."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.outbox.samples import visit
from tests.services.visits.room import PHONE, READER, Room
from visitbridge.domain.visit import FinishMode, Visit, VisitContent, VisitState
from visitbridge.errors import DraftHeld, StaleRevision, VisitClosed
from visitbridge.services.topics import EditorNotice

OTHER = "phone-2"


def typed(text: str) -> VisitContent:
    return VisitContent(subjective=text)


@pytest.fixture
async def draft(room: Room) -> Visit:
    """Begun on the first of two paired phones."""
    await room.pair(PHONE, "林護理師 iPhone")
    await room.pair(OTHER, "陳醫師 Pixel")
    return await room.desk.start(READER, PHONE)


def notices(room: Room) -> list[tuple[str, str]]:
    changes = room.world.board.since(0) or ()
    return [
        (change.value.phone_id, change.value.phone_name)
        for change in changes
        if isinstance(change.value, EditorNotice)
    ]


async def test_Y05_whoever_begins_a_visit_edits_it(room: Room, draft: Visit) -> None:
    editor = (await room.desk.get(draft.visit_id)).editor
    assert editor is not None
    assert (editor.phone_id, editor.phone_name) == (PHONE, "林護理師 iPhone")
    assert notices(room) == [(PHONE, "林護理師 iPhone")]


async def test_Y05_another_phone_changes_nothing(room: Room, draft: Visit) -> None:
    with pytest.raises(DraftHeld):
        await room.desk.drafts.save(draft.visit_id, 1, typed("別人"), OTHER)
    with pytest.raises(DraftHeld):
        await room.desk.drafts.discard(draft.visit_id, 1, OTHER)
    with pytest.raises(DraftHeld):
        await room.desk.finish(draft.visit_id, 1, FinishMode.SAVE, OTHER)
    assert await room.visit(draft.visit_id) == draft


async def test_Y05_asking_alone_takes_nothing_over(room: Room, draft: Visit) -> None:
    editor = await room.desk.drafts.edit(draft.visit_id, OTHER, take=False)
    assert editor is not None
    assert editor.phone_id == PHONE
    assert notices(room) == [(PHONE, "林護理師 iPhone")]


async def test_Y05_a_take_over_is_told_and_kept_on_record(room: Room, draft: Visit) -> None:
    await room.desk.drafts.edit(draft.visit_id, OTHER, take=True)
    assert notices(room)[-1] == (OTHER, "陳醫師 Pixel")
    assert (await room.audit())[-1] == "visit.take_over"
    saved = await room.desk.drafts.save(draft.visit_id, 1, typed("接手"), OTHER)
    with pytest.raises(DraftHeld):
        await room.desk.drafts.save(draft.visit_id, 2, typed("原來的人"), PHONE)
    assert await room.visit(draft.visit_id) == saved


async def test_Y05_a_save_that_meets_a_take_over_is_whole_or_refused(room: Room, draft: Visit) -> None:
    save = asyncio.ensure_future(room.desk.drafts.save(draft.visit_id, 1, typed("同時"), PHONE))
    take = asyncio.ensure_future(room.desk.drafts.edit(draft.visit_id, OTHER, take=True))
    done, editor = await asyncio.gather(save, take, return_exceptions=True)
    assert not isinstance(editor, BaseException)
    stored = await room.visit(draft.visit_id)
    assert stored == (draft if isinstance(done, DraftHeld) else done)


async def test_Y04_a_phone_that_left_lets_the_next_one_go_on(room: Room, draft: Visit) -> None:
    await room.desk.drafts.save(draft.visit_id, 1, typed("頭暈"), PHONE)
    await room.desk.drafts.leave(draft.visit_id, PHONE)
    assert (await room.desk.get(draft.visit_id)).editor is None
    assert notices(room)[-1] == ("", "")
    again = await room.desk.start(READER, OTHER)
    assert (again.visit_id, again.content.subjective) == (draft.visit_id, "頭暈")
    await room.desk.drafts.save(draft.visit_id, 2, typed("頭暈兩天"), OTHER)


async def test_Y04_going_on_with_a_draft_takes_nothing_from_its_editor(room: Room, draft: Visit) -> None:
    await room.desk.start(READER, OTHER)
    editor = (await room.desk.get(draft.visit_id)).editor
    assert editor is not None
    assert editor.phone_id == PHONE


async def test_Y04_a_phone_that_is_paired_no_longer_holds_nothing(room: Room, draft: Visit) -> None:
    await room.store.write(lambda tx: tx.phones.remove(PHONE))
    assert (await room.desk.get(draft.visit_id)).editor is None
    await room.desk.drafts.save(draft.visit_id, 1, typed("接著寫"), OTHER)


async def test_leaving_what_another_phone_edits_changes_nothing(room: Room, draft: Visit) -> None:
    await room.desk.drafts.leave(draft.visit_id, OTHER)
    assert (await room.desk.get(draft.visit_id)).editor is not None


async def test_nobody_edits_a_finished_visit(room: Room, draft: Visit) -> None:
    await room.desk.finish(draft.visit_id, 1, FinishMode.SAVE, PHONE)
    assert (await room.desk.get(draft.visit_id)).editor is None
    with pytest.raises(VisitClosed):
        await room.desk.drafts.edit(draft.visit_id, OTHER, take=True)


async def test_M22_a_draft_that_was_thrown_away_comes_back(room: Room, draft: Visit) -> None:
    saved = await room.desk.drafts.save(draft.visit_id, 1, visit().content, PHONE)
    gone = await room.desk.drafts.discard(draft.visit_id, saved.revision, PHONE)
    back = await room.desk.drafts.restore(draft.visit_id, gone.revision, PHONE)
    assert (back.state, back.content) == (VisitState.DRAFT, saved.content)
    assert (await room.audit())[-2:] == ["visit.discard", "visit.restore"]
    with pytest.raises(StaleRevision):
        await room.desk.drafts.restore(draft.visit_id, gone.revision, PHONE)
    with pytest.raises(VisitClosed):
        await room.desk.drafts.restore(draft.visit_id, back.revision, PHONE)
