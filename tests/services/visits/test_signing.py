"""The signature under a visit: kept with it, drawn anew in a draft, left alone afterwards."""

from __future__ import annotations

import pytest

from tests.services.visits.room import PHONE, READER, Room
from visitbridge.domain.signature import Drawing, Signer
from visitbridge.domain.visit import FinishMode
from visitbridge.errors import DraftHeld, FieldInvalid, VisitClosed

FIRST = Drawing(signer=Signer.PATIENT, strokes=((10, 10, 20, 20),))
SECOND = Drawing(signer=Signer.FAMILY, relation="女兒", strokes=((10, 10, 90, 90), (5, 5)))


async def test_a_signature_is_kept_with_who_signed_when_and_what(room: Room) -> None:
    draft = await room.desk.start(READER, PHONE)
    signature = await room.desk.signatures.sign(draft.visit_id, FIRST, PHONE)
    assert (signature.drawing, signature.signed_at, signature.revision) == (FIRST, room.clock.now(), 1)
    assert (await room.desk.get(draft.visit_id)).signature == signature
    assert (await room.audit())[-1] == "visit.sign"


async def test_a_drafts_signature_may_be_drawn_anew_or_cleared(room: Room) -> None:
    draft = await room.desk.start(READER, PHONE)
    await room.desk.signatures.sign(draft.visit_id, FIRST, PHONE)
    again = await room.desk.signatures.sign(draft.visit_id, SECOND, PHONE)
    assert (await room.desk.get(draft.visit_id)).signature == again
    await room.desk.signatures.clear(draft.visit_id, PHONE)
    assert (await room.desk.get(draft.visit_id)).signature is None


async def test_under_a_finished_visit_one_may_still_be_put_and_stays(room: Room) -> None:
    draft = await room.desk.start(READER, PHONE)
    await room.desk.finish(draft.visit_id, 1, FinishMode.SAVE, PHONE)
    signature = await room.desk.signatures.sign(draft.visit_id, FIRST, PHONE)
    with pytest.raises(VisitClosed):
        await room.desk.signatures.sign(draft.visit_id, SECOND, PHONE)
    with pytest.raises(VisitClosed):
        await room.desk.signatures.clear(draft.visit_id, PHONE)
    assert (await room.desk.get(draft.visit_id)).signature == signature


async def test_what_was_thrown_away_is_not_signed(room: Room) -> None:
    draft = await room.desk.start(READER, PHONE)
    await room.desk.drafts.discard(draft.visit_id, 1, PHONE)
    with pytest.raises(VisitClosed):
        await room.desk.signatures.sign(draft.visit_id, FIRST, PHONE)


async def test_Y05_only_the_editor_has_it_signed(room: Room) -> None:
    await room.pair(PHONE, "甲")
    await room.pair("phone-2", "乙")
    draft = await room.desk.start(READER, PHONE)
    with pytest.raises(DraftHeld):
        await room.desk.signatures.sign(draft.visit_id, FIRST, "phone-2")
    with pytest.raises(DraftHeld):
        await room.desk.signatures.clear(draft.visit_id, "phone-2")


async def test_half_a_point_is_refused(room: Room) -> None:
    draft = await room.desk.start(READER, PHONE)
    with pytest.raises(FieldInvalid):
        await room.desk.signatures.sign(
            draft.visit_id, Drawing(signer=Signer.PATIENT, strokes=((1, 2, 3),)), PHONE
        )
    assert (await room.desk.get(draft.visit_id)).signature is None
