"""公告訊息 on the box (T04) and the tour's marks (B04, T03): kept without a line, read per person, over in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from tests.adapters.store.builders import KEY
from visitbridge.adapters.store import open_store
from visitbridge.errors import LinkDown, NotFound
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.announcements import Announcement
from visitbridge.services.announcements import AnnouncementDesk, AnnouncementsTopic
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import PerReader
from visitbridge.services.tours import TourBook, TourTopic
from visitbridge.sim.clock import FakeClock

NURSE, DOCTOR = "person:NURSE-1", "person:DOCTOR-1"
NEWS = "00000000-0000-4000-8000-000000000001"
OLD = "00000000-0000-4000-8000-000000000002"


def announcement(announcement_id: str, now: dt.datetime, *, hours: float | None = None) -> Announcement:
    return Announcement(
        announcement_id=announcement_id,
        title="系統維護",
        body="今晚 22:00 起",
        urgent=True,
        issued_at=now,
        expires_at=None if hours is None else now + dt.timedelta(hours=hours),
    )


class Publisher:
    def __init__(self) -> None:
        self.standing: Sequence[Announcement] = ()
        self.asked = 0
        self.is_down = False

    async def announcements(self) -> Sequence[Announcement]:
        self.asked += 1
        if self.is_down:
            raise LinkDown("cut")
        return self.standing


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "store.db", KEY, clock=clock) as opened:
        yield opened


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


@pytest.fixture
def board() -> LiveBoard:
    return LiveBoard()


@pytest.fixture
async def desk(store: Store, clock: FakeClock, board: LiveBoard, publisher: Publisher) -> AnnouncementDesk:
    made = AnnouncementDesk(store, clock, board, publisher)
    await made.load()
    return made


def shown(board: LiveBoard, topic: str, reader: str) -> msgspec.Struct:
    value = board.snapshot()[topic]
    assert isinstance(value, PerReader)
    return value.for_reader(reader)


def unread(board: LiveBoard, reader: str) -> list[str]:
    topic = shown(board, "announcements", reader)
    assert isinstance(topic, AnnouncementsTopic)
    return [line.announcement_id for line in topic.items if not line.read]


async def test_T04_they_are_fetched_when_the_list_is_another_and_not_before(
    desk: AnnouncementDesk, publisher: Publisher, clock: FakeClock
) -> None:
    await desk.tend("")
    publisher.standing = (announcement(NEWS, clock.now()),)
    for digest in ("a", "a", "a"):
        await desk.tend(digest)

    assert publisher.asked == 1
    assert [view.title for view in desk.for_reader(NURSE)] == ["系統維護"]


async def test_T04_they_are_there_without_a_line_and_after_a_restart(
    desk: AnnouncementDesk, store: Store, publisher: Publisher, clock: FakeClock, board: LiveBoard
) -> None:
    publisher.standing = (announcement(NEWS, clock.now()),)
    await desk.tend("a")
    await desk.mark_read(NEWS, NURSE)
    publisher.is_down = True
    await desk.tend("b")
    again = AnnouncementDesk(store, clock, board, publisher)
    await again.load()

    assert [view.read for view in again.for_reader(NURSE)] == [True]
    publisher.is_down = False
    await again.tend("b")
    assert publisher.asked == 3


async def test_T04_what_one_person_has_read_is_new_to_the_next(
    desk: AnnouncementDesk, publisher: Publisher, clock: FakeClock, board: LiveBoard
) -> None:
    publisher.standing = (announcement(NEWS, clock.now()),)
    await desk.tend("a")
    await desk.mark_read(NEWS, NURSE)

    assert (unread(board, NURSE), unread(board, DOCTOR)) == ([], [NEWS])


async def test_T04_one_that_is_over_is_shown_no_more(
    desk: AnnouncementDesk, publisher: Publisher, clock: FakeClock
) -> None:
    publisher.standing = (announcement(NEWS, clock.now(), hours=1), announcement(OLD, clock.now()))
    await desk.tend("a")
    clock.advance(3601)

    assert [view.announcement_id for view in desk.for_reader(NURSE)] == [OLD]


async def test_T04_marks_go_with_what_was_withdrawn(
    desk: AnnouncementDesk, store: Store, publisher: Publisher, clock: FakeClock
) -> None:
    publisher.standing = (announcement(NEWS, clock.now()), announcement(OLD, clock.now()))
    await desk.tend("a")
    await desk.mark_read(NEWS, NURSE)
    await desk.mark_read(OLD, NURSE)
    publisher.standing = publisher.standing[:1]
    await desk.tend("b")
    kept = await store.read(lambda tx: tx.settings.get("announcements.read"))

    assert msgspec.json.decode(kept or "") == {NURSE: [NEWS]}
    publisher.asked = 0
    await desk.tend("")
    assert (desk.for_reader(NURSE), publisher.asked) == ((), 0)


async def test_what_does_not_stand_cannot_be_read(desk: AnnouncementDesk) -> None:
    with pytest.raises(NotFound):
        await desk.mark_read(NEWS, NURSE)


async def test_B04_T03_the_tour_is_taken_once_by_each_person_on_whatever_phone(
    store: Store, board: LiveBoard
) -> None:
    book = TourBook(store, board)
    await book.load()
    before = shown(board, "tour", NURSE)
    await book.note_taken(NURSE)
    await TourBook(store, board).load()

    assert (before, shown(board, "tour", NURSE), shown(board, "tour", DOCTOR)) == (
        TourTopic(taken=False),
        TourTopic(taken=True),
        TourTopic(taken=False),
    )
