"""The whole id number is shown to who asks, and that it was is on the trail before (ux §3.4)."""

from __future__ import annotations

import pytest

from tests.services.visits.room import PHONE, READER, Room
from visitbridge.errors import NotFound


async def test_who_was_shown_whose_number_on_which_phone_is_on_the_trail(room: Room) -> None:
    """Y08."""
    draft = await room.desk.start(READER, PHONE)

    shown = await room.desk.identities.show(draft.visit_id, who="D900000009", phone_id=PHONE)

    assert shown == draft.patient.id_no
    last = (await room.store.read(lambda tx: tx.audit.rows()))[-1].entry
    assert (last.act, last.who, last.record, last.phone_id) == (
        "visit.show_id",
        "D900000009",
        draft.visit_id,
        PHONE,
    )
    assert shown not in repr(last)


async def test_a_visit_that_is_not_there_shows_nothing_and_leaves_no_row(room: Room) -> None:
    before = await room.audit()

    with pytest.raises(NotFound):
        await room.desk.identities.show("nobody", who="D900000009", phone_id=PHONE)

    assert await room.audit() == before
