"""Whoever opens a visit is on the trail, once for each person, sign-in and phone (Y08)."""

from __future__ import annotations

import asyncio
import datetime as dt
from unittest.mock import AsyncMock

import msgspec
import pytest

from tests.services.visits.room import PHONE, READER, Room
from visitbridge.errors import StoreFull
from visitbridge.services.grants import Acting

BEGAN = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)
NURSE = Acting(staff_id="N-1", rights=frozenset(), live=True, signed_in_at=BEGAN)
DOCTOR = msgspec.structs.replace(NURSE, staff_id="D-1")
LATER = msgspec.structs.replace(NURSE, signed_in_at=BEGAN + dt.timedelta(hours=8))


async def looks(room: Room, visit_id: str) -> list[tuple[str, str]]:
    rows = [row.entry for row in await room.store.read(lambda tx: tx.audit.rows())]
    return [(row.who, row.phone_id) for row in rows if (row.act, row.record) == ("visit.view", visit_id)]


async def test_Y08_who_opened_whose_visit_on_which_phone(room: Room) -> None:
    visit_id = (await room.desk.start(READER, PHONE)).visit_id
    for acting, phone_id in [
        (NURSE, PHONE),
        (NURSE, PHONE),
        (NURSE, "phone-2"),
        (DOCTOR, PHONE),
        (LATER, PHONE),
    ]:
        await room.desk.looks.opened(acting, visit_id, phone_id=phone_id)

    assert await looks(room, visit_id) == [("N-1", PHONE), ("N-1", "phone-2"), ("D-1", PHONE), ("N-1", PHONE)]


async def test_a_page_that_asks_for_several_parts_at_once_is_one_look(room: Room) -> None:
    visit_id = (await room.desk.start(READER, PHONE)).visit_id

    await asyncio.gather(*(room.desk.looks.opened(NURSE, visit_id, phone_id=PHONE) for _ in range(5)))

    assert await looks(room, visit_id) == [("N-1", PHONE)]


async def test_a_visit_that_is_not_there_leaves_no_row(room: Room) -> None:
    await room.desk.looks.opened(NURSE, "nobody", phone_id=PHONE)

    assert await room.audit() == []


async def test_a_full_disk_keeps_nobody_from_a_visit_and_the_look_is_noted_later(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit_id = (await room.desk.start(READER, PHONE)).visit_id
    with monkeypatch.context() as full:
        full.setattr(room.store, "write", AsyncMock(side_effect=StoreFull("no space")))
        await room.desk.looks.opened(NURSE, visit_id, phone_id=PHONE)
    assert await looks(room, visit_id) == []

    await room.desk.looks.opened(NURSE, visit_id, phone_id=PHONE)
    assert await looks(room, visit_id) == [("N-1", PHONE)]
