from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from tests.api.house import IDLE_S, House, Phone
from tests.patience import PATIENCE_S
from visitbridge.api.dispatch import COOKIE
from visitbridge.api.events import HEARTBEAT_S, PHONE_BURST, STREAMS_A_PHONE, STREAMS_AT_ONCE
from visitbridge.domain.visit import VisitFlags, VisitState
from visitbridge.services.topics import (
    CardsTopic,
    ModeTopic,
    PowerTopic,
    Slot,
    SlotCard,
    StaffTopic,
    TimeTopic,
    VisitNotice,
)


@dataclass(frozen=True)
class Event:
    """One event as an EventSource would give it; a comment has the name ``:``."""

    name: str
    data: Any = None
    event_id: str = ""


class Stream:
    """Reads events off an open response."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self) -> Event:
        block = (await self.response.content.readuntil(b"\n\n")).decode()
        fields = dict(line.split(": ", 1) for line in block.strip().splitlines() if not line.startswith(":"))
        if not fields:
            return Event(":")
        return Event(fields["event"], json.loads(fields["data"]), fields["id"])

    async def rest(self) -> int:
        """Bytes that still come until the stream ends, by a word of the box or without one."""
        taken = 0
        with contextlib.suppress(aiohttp.ClientError):
            while piece := await self.response.content.readany():
                taken += len(piece)
        return taken


@contextlib.asynccontextmanager
async def open_stream(house: House, phone: Phone, last_id: str = "") -> AsyncIterator[Stream]:
    headers = {"Cookie": f"{COOKIE}={phone.cookie}", "Last-Event-ID": last_id}
    async with house.http.get(f"{house.origin}/api/events", headers=headers) as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert response.headers["Cache-Control"] == "no-store"
        yield Stream(response)


async def settle(house: House, sleepers: int = 1) -> None:
    """Until every open stream waits for news or time."""
    while house.clock.sleepers < sleepers:  # noqa: ASYNC110 - the fake clock has no event for it
        await asyncio.sleep(0)


def notice(visit_id: str, revision: int) -> VisitNotice:
    return VisitNotice(visit_id=visit_id, revision=revision, state=VisitState.DRAFT, flags=VisitFlags())


def power(percent: int) -> PowerTopic:
    return PowerTopic(battery_percent=percent, under_voltage=False)


async def test_a_stream_begins_with_the_whole_state(house: House, phone: Phone) -> None:
    house.board.put("mode", ModeTopic(virtual=True, training=False))

    async with open_stream(house, phone) as stream:
        event = await stream.next()

    assert event.name == "snapshot"
    assert event.data == {
        "phone": {
            "phone_id": phone.phone_id,
            "name": "測試手機",
            "role": "owner",
            "state": "open",
            "session_id": "",
            "reduced": False,
            "idle_s": IDLE_S,
            "has_code": False,
        },
        "presence": {"questions": []},
        "mode": {"virtual": True, "training": False, "lessons": False},
    }


async def test_a_stream_says_what_time_it_is_by_the_boxs_own_clock(house: House, phone: Phone) -> None:
    house.clock.jump(8 * 3600)

    async with open_stream(house, phone) as stream:
        said = parsedate_to_datetime(stream.response.headers["Date"])

    assert abs((said - house.clock.now()).total_seconds()) < 1


async def test_the_state_can_also_be_asked_for(house: House, phone: Phone) -> None:
    house.board.put("time", TimeTopic(trust="network"))

    assert (await phone.get("/api/state")).json["time"] == {"trust": "network"}


async def test_each_change_follows(house: House, phone: Phone) -> None:
    async with open_stream(house, phone) as stream:
        await stream.next()
        house.board.put("time", TimeTopic(trust="network"))
        first = await stream.next()
        house.board.put("power", power(62))
        second = await stream.next()

    assert (first.name, first.data) == ("change", {"topic": "time", "value": {"trust": "network"}})
    assert second.data == {
        "topic": "power",
        "value": {
            "battery_percent": 62,
            "under_voltage": False,
            "battery_silent": False,
            "switching_off": False,
        },
    }


async def test_a_noisy_topic_is_sent_once_a_second_and_then_its_newest_value(
    house: House, phone: Phone
) -> None:
    async with open_stream(house, phone) as stream:
        await stream.next()
        house.board.put("power", power(90))
        assert (await stream.next()).data["value"]["battery_percent"] == 90
        for percent in (89, 88, 87):
            house.board.put("power", power(percent))
        house.board.put("time", TimeTopic(trust="network"))
        assert (await stream.next()).data["topic"] == "time"
        await settle(house)
        house.clock.advance(1)
        event = await stream.next()

    assert event.data["value"]["battery_percent"] == 87


def cards(insertion: int) -> CardsTopic:
    slot = Slot(
        reader_id="pcsc-1",
        name="reader",
        transport="pcsc",
        state="card",
        virtual=True,
        battery_percent=None,
        signal_dbm=None,
        card=SlotCard(kind="reading", insertion=insertion, error_code="", patient=None),
    )
    return CardsTopic(readers=(slot,))


async def test_a_swap_of_cards_is_told_of_at_once_and_what_follows_once_a_second(
    house: House, phone: Phone
) -> None:
    async with open_stream(house, phone) as stream:
        await stream.next()
        told = []
        for insertion in (1, 2, 3):
            house.board.put("cards", cards(insertion))
            told.append((await stream.next()).data["value"]["readers"][0]["card"]["insertion"])
        house.board.put("cards", cards(4))
        house.board.put("time", TimeTopic(trust="network"))
        assert (await stream.next()).data["topic"] == "time"
        house.board.put("cards", cards(5))
        await settle(house)
        house.clock.advance(1)
        told.append((await stream.next()).data["value"]["readers"][0]["card"]["insertion"])

    assert told == [1, 2, 3, 5]


async def test_a_phone_is_woken_once_a_second_however_many_things_change(house: House, phone: Phone) -> None:
    async with open_stream(house, phone) as stream:
        await stream.next()
        for number in range(PHONE_BURST):
            house.board.announce("visit", notice(f"v{number}", 1))
            assert (await stream.next()).data["value"]["visit_id"] == f"v{number}"

        for number in range(100):
            house.board.announce("visit", notice(f"w{number % 3}", number))
            await settle(house)
        house.clock.advance(1)
        block = await stream.response.content.readany()
        house.board.announce("visit", notice("w9", 1))
        await settle(house)
        house.clock.advance(1)
        last = await stream.next()

    assert block.count(b"event: change") == 3
    assert [f'"revision":{newest}'.encode() in block for newest in (97, 98, 99)] == [True, True, True]
    assert last.data["value"]["visit_id"] == "w9"


async def test_notices_of_different_visits_are_not_merged(house: House, phone: Phone) -> None:
    async with open_stream(house, phone) as stream:
        await stream.next()
        house.board.announce("visit", notice("a", 1))
        house.board.announce("visit", notice("b", 1))
        house.board.announce("visit", notice("a", 2))
        events = [await stream.next() for _ in range(2)]

    assert [(e.data["value"]["visit_id"], e.data["value"]["revision"]) for e in events] == [
        ("b", 1),
        ("a", 2),
    ]


async def test_a_phone_that_comes_back_gets_only_what_it_missed(house: House, phone: Phone) -> None:
    async with open_stream(house, phone) as stream:
        await stream.next()
        house.board.put("power", power(50))
        last = await stream.next()
    house.board.put("power", power(49))
    house.board.put("time", TimeTopic(trust="gnss"))

    async with open_stream(house, phone, last.event_id) as stream:
        missed = [await stream.next() for _ in range(2)]

    assert [event.name for event in missed] == ["change", "change"]
    assert [event.data["topic"] for event in missed] == ["power", "time"]


async def test_a_change_that_was_held_back_is_not_lost_to_a_reconnect(house: House, phone: Phone) -> None:
    async with open_stream(house, phone) as stream:
        await stream.next()
        house.board.put("power", power(50))
        await stream.next()
        house.board.put("power", power(40))
        house.board.put("time", TimeTopic(trust="gnss"))
        last = await stream.next()
        assert last.data["topic"] == "time"

    async with open_stream(house, phone, last.event_id) as stream:
        missed = [await stream.next() for _ in range(2)]

    assert missed[0].data["value"]["battery_percent"] == 40


@pytest.mark.parametrize(
    "last_id", ["0000dead-0", "0000dead-1", "x", "-", "17", "{run}-999999", "{run}-x", "{run}-" + "9" * 5000]
)
async def test_an_id_of_another_life_or_too_old_gets_a_snapshot(
    house: House, phone: Phone, last_id: str
) -> None:
    async with open_stream(house, phone) as stream:
        run = (await stream.next()).event_id.partition("-")[0]

    async with open_stream(house, phone, last_id.replace("{run}", run)) as stream:
        assert (await stream.next()).name == "snapshot"


async def test_a_phone_that_fell_too_far_behind_gets_a_snapshot(house: House, phone: Phone) -> None:
    async with open_stream(house, phone) as stream:
        first = await stream.next()
    for percent in range(300):
        house.board.put("power", power(percent))

    async with open_stream(house, phone, first.event_id) as stream:
        event = await stream.next()

    assert event.name == "snapshot"
    assert event.data["power"]["battery_percent"] == 299


async def test_a_quiet_stream_says_every_15_s_that_the_box_is_there(house: House, phone: Phone) -> None:
    async with open_stream(house, phone) as stream:
        await stream.next()
        for _ in range(3):
            await settle(house)
            house.clock.advance(HEARTBEAT_S)
            assert await stream.next() == Event(":")


async def test_the_stream_of_a_removed_phone_ends(house: House, phone: Phone) -> None:
    other = await house.pair("other")

    async with open_stream(house, other) as stream:
        await stream.next()
        await phone.delete(f"/api/phones/{other.phone_id}")
        await stream.rest()


async def test_the_stream_of_an_idle_phone_shows_that_it_locked(house: House, phone: Phone) -> None:
    house.board.put("staff", StaffTopic(sessions=()))
    async with open_stream(house, phone) as stream:
        assert "staff" in (await stream.next()).data
        await settle(house)
        house.clock.advance(IDLE_S)
        locked = await stream.next()

    assert (locked.name, locked.data["phone"]["state"]) == ("snapshot", "locked")
    assert "staff" not in locked.data


async def test_streams_of_strangers_are_refused(house: House) -> None:
    answer = await house.ask("GET", "/api/events")

    assert (answer.status, answer.code) == (401, "GW-ACC-01")


async def test_many_phones_get_every_change(house: House) -> None:
    phones = [await house.pair(f"phone {number}") for number in range(8)]

    async with contextlib.AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(open_stream(house, phone)) for phone in phones]
        for stream in streams:
            await stream.next()
        house.board.put("time", TimeTopic(trust="network"))
        events = [await stream.next() for stream in streams]

    assert {event.data["value"]["trust"] for event in events} == {"network"}


async def test_there_is_a_limit_of_streams_and_it_frees_itself(house: House, phone: Phone) -> None:
    phones = [await house.pair(f"phone {number}") for number in range(STREAMS_AT_ONCE)]
    async with contextlib.AsyncExitStack() as stack:
        for each in phones:
            await (await stack.enter_async_context(open_stream(house, each))).next()
        refused = await phone.get("/api/events")

    assert (refused.status, refused.code) == (429, "GW-ACC-08")
    await house.phones.remove(phones[0].phone_id, by=phone.phone_id)
    await until_taken(house, phone)


async def until_taken(house: House, phone: Phone) -> None:
    """A stream that was closed is noticed with the next write or look at it."""
    headers = {"Cookie": f"{COOKIE}={phone.cookie}"}
    status = 429
    async with asyncio.timeout(PATIENCE_S):
        while status == 429:
            async with house.http.get(f"{house.origin}/api/events", headers=headers) as response:
                status = response.status
    assert status == 200


async def test_one_phone_takes_no_streams_from_the_others(house: House, phone: Phone) -> None:
    """Whatever it opens: the oldest of its own go."""
    hostile = await house.pair("hostile")
    async with contextlib.AsyncExitStack() as stack:
        theirs = [
            await stack.enter_async_context(open_stream(house, hostile)) for _ in range(STREAMS_AT_ONCE + 2)
        ]
        for stream in theirs[:-STREAMS_A_PHONE]:
            await stream.rest()
        async with open_stream(house, phone) as mine:
            assert (await mine.next()).name == "snapshot"
        assert [(await stream.next()).name for stream in theirs[-STREAMS_A_PHONE:]] == [
            "snapshot"
        ] * STREAMS_A_PHONE


async def test_a_removed_phone_gets_nothing_of_what_it_had_not_taken(house: House, phone: Phone) -> None:
    """It stopped reading, so that the box still holds what it would be sent."""
    other = await house.pair("other")
    whole = 32 * 1024 * 1024
    house.board.put("time", TimeTopic(trust="x" * whole))
    async with open_stream(house, other) as stream:
        taken = len(await stream.response.content.readexactly(100_000))
        await phone.delete(f"/api/phones/{other.phone_id}")
        taken += await stream.rest()

    assert taken < whole
