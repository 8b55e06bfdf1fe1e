"""From PC/SC state bits (pcsclite.h) to what the rest of the box sees."""

from __future__ import annotations

import logging

import pytest

from visitbridge.adapters.pcsc.binding import SlotStatus
from visitbridge.adapters.pcsc.slots import SlotBook
from visitbridge.ports.cards import ReaderInfo, ReaderState

NAME = "ACS ACR39U ICC Reader 00 00"
ATR = bytes.fromhex("3BFA1800008131FE4550564A434F503453494493")

# pcsclite.h: SCARD_STATE_*.
CHANGED, UNKNOWN, UNAVAILABLE, EMPTY, PRESENT, EXCLUSIVE, INUSE, MUTE = 2, 4, 8, 16, 32, 128, 256, 512


def status(bits: int, events: int = 0, atr: bytes = b"", name: str = NAME) -> SlotStatus:
    return SlotStatus(name, events << 16 | bits | CHANGED, atr)


@pytest.fixture
def book() -> SlotBook:
    book = SlotBook(allow_virtual=False)
    book.keep([NAME])
    return book


def the_info(book: SlotBook) -> ReaderInfo:
    (info,) = book.infos()
    return info


@pytest.mark.parametrize(
    ("bits", "state"),
    [
        (EMPTY, ReaderState.EMPTY),
        (PRESENT, ReaderState.CARD),
        (PRESENT | INUSE | EXCLUSIVE, ReaderState.CARD),
        (PRESENT | MUTE, ReaderState.MUTE),
        (UNAVAILABLE, ReaderState.UNAVAILABLE),
        (UNKNOWN | UNAVAILABLE, ReaderState.UNAVAILABLE),
    ],
)
def test_state_bits(book: SlotBook, bits: int, state: ReaderState) -> None:
    book.update([status(EMPTY if state is ReaderState.UNAVAILABLE else UNAVAILABLE)])
    (changed,) = book.update([status(bits, 1)])
    assert changed.state is state


def test_a_card_is_an_insertion_with_its_atr(book: SlotBook) -> None:
    (changed,) = book.update([status(PRESENT, 1, ATR)])
    assert (changed.insertion, changed.atr) == (1, ATR.hex().upper())


def test_use_by_a_session_is_no_change(book: SlotBook) -> None:
    book.update([status(PRESENT, 1, ATR)])
    assert book.update([status(PRESENT | INUSE | EXCLUSIVE, 1, ATR)]) == []


@pytest.mark.parametrize("events", [3, 5])
def test_a_swap_that_was_never_seen_empty_is_another_insertion(book: SlotBook, events: int) -> None:
    book.update([status(PRESENT, 1, ATR)])
    (changed,) = book.update([status(PRESENT, events, ATR)])
    assert (changed.state, changed.insertion) == (ReaderState.CARD, 2)


def test_a_card_that_falls_silent_in_the_reader_is_the_same_insertion(book: SlotBook) -> None:
    book.update([status(PRESENT, 1, ATR)])
    (changed,) = book.update([status(PRESENT | MUTE, 1)])
    assert (changed.state, changed.insertion) == (ReaderState.MUTE, 1)


def test_the_event_count_may_wrap(book: SlotBook) -> None:
    book.update([status(PRESENT, 0xFFFF, ATR)])
    (changed,) = book.update([status(PRESENT, 1, ATR)])
    assert changed.insertion == 2


def test_a_card_found_after_an_outage_counts_as_inserted_again(book: SlotBook) -> None:
    book.update([status(PRESENT, 1, ATR)])
    (lost,) = book.lose_all()
    assert (lost.state, lost.atr) == (ReaderState.UNAVAILABLE, "")
    assert book.keep([NAME]) == []
    (back,) = book.update([status(PRESENT, 1, ATR)])
    assert (back.reader_id, back.insertion) == (lost.reader_id, 2)


def test_a_reader_that_went_away_is_told_once(book: SlotBook) -> None:
    book.update([status(EMPTY)])
    assert [info.state for info in book.keep([])] == [ReaderState.UNAVAILABLE]
    assert book.keep([]) == []
    assert book.name_of(the_info(book).reader_id) is None


def test_a_renamed_reader_is_known_by_its_new_name(book: SlotBook) -> None:
    reader_id = the_info(book).reader_id
    book.keep([])
    book.keep(["ACS ACR39U ICC Reader 01 00"])
    assert book.name_of(reader_id) == "ACS ACR39U ICC Reader 01 00"


def test_states_of_unknown_slots_are_ignored(book: SlotBook) -> None:
    assert book.update([status(PRESENT, 1, ATR, name="Somebody's 00 00")]) == []


@pytest.mark.parametrize("name", ["VisitBridge Virtual Reader 00 00", "Virtual PCD 00 01"])
def test_virtual_readers_do_not_exist_unless_allowed(name: str, caplog: pytest.LogCaptureFixture) -> None:
    strict, lenient = SlotBook(allow_virtual=False), SlotBook(allow_virtual=True)
    with caplog.at_level(logging.WARNING):
        strict.keep([name])
        strict.keep([name])
    lenient.keep([name])
    assert strict.infos() == ()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert [info.virtual for info in lenient.infos()] == [True]
