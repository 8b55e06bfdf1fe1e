"""Taking turns at a reader (rows A02, D04)."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import pytest

from tests.contract.demo_card import DemoCard
from tests.services.conftest import READER, wait_for
from visitbridge.errors import NotFound, ReaderTaken
from visitbridge.ports.records import PairedPhone
from visitbridge.services.cards import CardDesk
from visitbridge.services.live import LiveBoard
from visitbridge.services.turns import TURN_S, ReaderTurns, ReaderUse, UsesTopic
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.readers import VirtualReaders


def phone(phone_id: str, name: str) -> PairedPhone:
    at = FakeClock().now()
    return PairedPhone(phone_id=phone_id, name=name, token_hash=phone_id, paired_at=at, used_at=at)


NURSE, DOCTOR = phone("phone-1", "護理師手機"), phone("phone-2", "醫師手機")


class Desk:
    """One reader with a card in it, and what phones are shown."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.board = LiveBoard()
        self.readers = VirtualReaders(clock, slots=1)
        self.cards = CardDesk(self.board, clock, realm="test")
        self.turns = ReaderTurns(self.cards, self.board, clock)

    async def swap_card(self) -> None:
        await self.readers.slots[0].insert(DemoCard())
        self._look()

    async def pull(self) -> None:
        await self.readers.slots[0].pull()
        self._look()

    def shown(self) -> tuple[ReaderUse, ...]:
        topic = self.board.snapshot()["uses"]
        assert isinstance(topic, UsesTopic)
        return topic.uses

    def _look(self) -> None:
        (reader,) = self.readers.readers()
        self.cards.slot_changed(reader.info, reader)


@pytest.fixture
async def desk(clock: FakeClock) -> AsyncIterator[Desk]:
    desk = Desk(clock)
    await desk.swap_card()
    await wait_for(lambda: bool(desk.cards.present()))
    yield desk
    await desk.pull()


async def test_A02_D04_the_phone_that_uses_a_reader_is_shown_with_the_time_it_has_left(desk: Desk) -> None:
    desk.turns.use(READER, NURSE)
    ends_at = desk.clock.now() + dt.timedelta(seconds=TURN_S)
    assert desk.shown() == (
        ReaderUse(reader_id=READER, by="phone", phone_id="phone-1", name="護理師手機", ends_at=ends_at),
    )


async def test_A02_D04_another_phone_is_refused_with_owner_and_time_left(desk: Desk) -> None:
    desk.turns.use(READER, NURSE)
    desk.clock.advance(10.5)
    with pytest.raises(ReaderTaken) as refused:
        desk.turns.use(READER, DOCTOR)
    assert refused.value.params == {"owner": "護理師手機", "remaining_s": 50}
    assert desk.shown()[0].phone_id == "phone-1"


async def test_D04_every_use_renews_the_turn(desk: Desk) -> None:
    for _ in range(3):
        desk.turns.use(READER, NURSE)
        desk.clock.advance(TURN_S - 1)
    with pytest.raises(ReaderTaken):
        desk.turns.use(READER, DOCTOR)


async def test_D04_a_reader_that_was_released_is_free_at_once(desk: Desk) -> None:
    desk.turns.use(READER, NURSE)
    desk.turns.release(READER, NURSE)
    assert desk.shown() == ()
    desk.turns.use(READER, DOCTOR)
    assert desk.shown()[0].phone_id == "phone-2"


async def test_D04_nobody_releases_another_phones_turn(desk: Desk) -> None:
    desk.turns.use(READER, NURSE)
    with pytest.raises(ReaderTaken):
        desk.turns.release(READER, DOCTOR)
    assert desk.shown()[0].phone_id == "phone-1"


async def test_D04_releasing_what_nobody_holds_is_no_error(desk: Desk) -> None:
    desk.turns.release(READER, DOCTOR)
    assert desk.shown() == ()


async def test_A02_D04_a_turn_whose_time_is_up_is_taken_over(desk: Desk) -> None:
    desk.turns.use(READER, NURSE)
    desk.clock.advance(TURN_S)
    desk.turns.use(READER, DOCTOR)
    assert desk.shown()[0].phone_id == "phone-2"
    with pytest.raises(ReaderTaken):
        desk.turns.use(READER, NURSE)


async def test_D04_taking_the_card_out_hands_the_reader_on(desk: Desk) -> None:
    desk.turns.use(READER, NURSE)
    await desk.pull()
    assert desk.shown() == ()
    desk.turns.use(READER, DOCTOR)
    assert desk.shown() == ()


async def test_D04_another_card_is_another_turn(desk: Desk) -> None:
    desk.turns.use(READER, NURSE)
    await desk.swap_card()
    desk.turns.use(READER, DOCTOR)
    assert desk.shown()[0].phone_id == "phone-2"


async def test_D04_the_boxs_own_session_is_shown_before_a_phones_turn(desk: Desk) -> None:
    desk.turns.use(READER, NURSE)
    with desk.turns.session(READER, 60.0):
        (use,) = desk.shown()
        assert (use.by, use.ends_at) == ("box", desk.clock.now() + dt.timedelta(seconds=60))
    assert [use.by for use in desk.shown()] == ["phone"]


async def test_a_reader_that_this_box_has_never_seen_is_told_by_its_field(desk: Desk) -> None:
    for ask in (desk.turns.use, desk.turns.release):
        with pytest.raises(NotFound) as unknown:
            ask("no-such-reader", NURSE)
        assert unknown.value.field == "reader_id"


async def test_a_session_that_was_taken_over_does_not_end_the_next_ones_show(desk: Desk) -> None:
    lapsed = desk.turns.session(READER, 60.0)
    lapsed.__enter__()
    desk.clock.advance(60)
    with desk.turns.session(READER, 60.0):
        lapsed.__exit__(None, None, None)
        assert [use.ends_at for use in desk.shown()] == [desk.clock.now() + dt.timedelta(seconds=60)]
    assert desk.shown() == ()
