"""Recognising a card by its applications, and saying who is in which reader (G01, D05)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import msgspec
import pytest

from tests.contract.demo_card import DemoCard
from tests.services.conftest import READER, Room, wait_for
from visitbridge.errors import (
    BluetoothUnavailable,
    CardAbsent,
    CardBeingRead,
    CardError,
    CardMute,
    CardRealmMixed,
    CardRefused,
    CardRemoved,
    DeviceError,
    DeviceTimeout,
    NotFound,
    NotNhiCard,
    PcscUnavailable,
    ReaderBusy,
    ReaderRemoved,
    ReaderUnavailable,
    VisitBridgeError,
    WrongCardKind,
)
from visitbridge.ports.card_channel import CardChannel
from visitbridge.ports.cards import CardReader, ReaderInfo, ReaderState
from visitbridge.protocols.nhi.basic import READ_BASIC
from visitbridge.services.cards import CardDesk
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import CardsTopic
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.contacts import Contacts
from visitbridge.sim.readers import VirtualReaders

Cards = Callable[[str], Contacts]


@pytest.mark.parametrize(
    ("card_id", "kind", "error_code"),
    [
        ("patient-wang", "nhi", ""),
        ("patient-rare", "nhi", ""),
        ("hpc-doctor", "hpc", ""),
        ("hpc-pharmacist", "hpc", ""),
        ("institution-card", "institution", ""),
        ("other-card", "unknown", "GW-CRD-04"),
        ("mute-card", "mute", "GW-CRD-03"),
    ],
)
async def test_D05_G01_every_kind_of_card_is_told_apart(
    room: Room, card: Cards, card_id: str, kind: str, error_code: str
) -> None:
    present = await room.insert(card(card_id))
    assert (present.kind, present.error_code) == (kind, error_code)


async def test_G01_G02_the_patient_is_known_from_the_public_record_alone(room: Room, card: Cards) -> None:
    room.set_line("down")
    present = await room.insert(card("patient-wang"))
    assert present.basic is not None
    assert (present.basic.name, present.basic.card_no) == ("王測試", "900000000001")


async def test_a_card_is_found_by_its_number_while_it_is_in(room: Room, card: Cards) -> None:
    await room.insert(card("patient-lin"), slot=1)
    found = room.desk.find_card("900000000002")
    assert found is not None
    assert found.reader_id == "virtual-2"
    await room.pull(slot=1)
    assert room.desk.find_card("900000000002") is None


async def test_a_quick_swap_shows_the_second_card(room: Room, card: Cards) -> None:
    await room.insert(card("patient-wang"))
    await room.readers.slots[0].insert(card("patient-lin"))
    await wait_for(lambda: room.desk.find_card("900000000002") is not None)
    assert room.desk.find_card("900000000001") is None


async def test_G04_phones_see_the_header_with_a_masked_id(room: Room, card: Cards) -> None:
    await room.insert(card("patient-wang"))
    topic = room.board.snapshot()["cards"]
    assert isinstance(topic, CardsTopic)
    patient = topic.readers[0].card.patient
    assert patient is not None
    assert (patient.name, patient.id_masked, patient.card_no_tail) == ("王測試", "A12****788", "0001")


@pytest.mark.parametrize(
    ("card_id", "error"),
    [
        ("other-card", NotNhiCard),
        ("hpc-doctor", NotNhiCard),
        ("institution-card", NotNhiCard),
        ("mute-card", CardMute),
    ],
)
async def test_A06_D05_what_is_no_patient_card_is_refused_by_name(
    room: Room, card: Cards, card_id: str, error: type[CardError]
) -> None:
    await room.insert(card(card_id))
    with pytest.raises(error):
        room.desk.require_nhi(READER)


async def told_of(card: Contacts, clock: FakeClock, *, realm: str) -> tuple[CardDesk, CardReader]:
    """A desk that has been told of a card, and has not asked it yet."""
    readers = VirtualReaders(clock, slots=1)
    desk = CardDesk(LiveBoard(), clock, realm=realm)
    await readers.slots[0].insert(card)
    (reader,) = readers.readers()
    desk.slot_changed(reader.info, reader)
    return desk, reader


async def test_D05_a_card_that_nobody_has_asked_yet_is_not_called_a_wrong_one(
    clock: FakeClock, card: Cards
) -> None:
    desk, reader = await told_of(card("patient-wang"), clock, realm="test")
    with pytest.raises(CardBeingRead):
        desk.require_nhi(READER)
    with pytest.raises(CardBeingRead):
        desk.require_hpc(READER)
    await desk.recognise(reader)
    assert desk.require_nhi(READER)[1].card_no == "900000000001"
    with pytest.raises(WrongCardKind):
        desk.require_hpc(READER)


async def test_an_empty_reader_and_an_unknown_one_are_different_errors(room: Room) -> None:
    with pytest.raises(CardAbsent):
        room.desk.require_nhi(READER)
    with pytest.raises(NotFound) as caught:
        room.desk.require_nhi("no-such-reader")
    assert caught.value.field == "reader_id"


@pytest.mark.parametrize("card_id", ["hpc-doctor", "institution-card"])
async def test_T08_no_card_of_the_test_realm_meets_production_data(
    card_id: str, clock: FakeClock, card: Cards
) -> None:
    desk, reader = await told_of(card(card_id), clock, realm="production")
    await desk.recognise(reader)
    assert desk.at(READER).error_code == CardRealmMixed.code


async def test_T08_a_professional_of_the_test_realm_is_not_asked_for_a_pin_on_a_production_box(
    clock: FakeClock, card: Cards
) -> None:
    desk, reader = await told_of(card("hpc-doctor"), clock, realm="production")
    await desk.recognise(reader)

    with pytest.raises(CardRealmMixed):
        desk.require_hpc(READER)


class ProductionCard(DemoCard):
    """With a number as production cards have: a leading 0 (nhi-domain §1.4)."""

    def execute(self, apdu: bytes) -> bytes:
        return super().execute(apdu).replace(b"900000000099", b"000000000099")


async def test_T08_a_production_card_meets_no_test_data(room: Room) -> None:
    present = await room.insert(ProductionCard())
    assert present.basic is not None
    assert present.basic.card_no == "000000000099"
    assert present.error_code == CardRealmMixed.code
    with pytest.raises(CardRealmMixed):
        room.desk.require_nhi(READER)


async def test_T08_a_test_card_on_a_production_box_is_refused(clock: FakeClock, card: Cards) -> None:
    desk, reader = await told_of(card("patient-wang"), clock, realm="production")
    await desk.recognise(reader)
    with pytest.raises(CardRealmMixed):
        desk.require_nhi(READER)
    assert desk.find_card("900000000001") is None


async def test_a_card_that_somebody_else_holds_is_read_when_it_is_free(room: Room, card: Cards) -> None:
    reader = room.readers.readers()[0]
    await room.readers.slots[0].insert(card("patient-wang"))
    async with reader.open_session("another program", deadline_s=30):
        await wait_for(lambda: room.desk.at(READER).error_code == ReaderBusy.code)
        with pytest.raises(CardBeingRead):
            room.desk.require_nhi(READER)
        with pytest.raises(ReaderBusy):
            await room.desk.refresh(READER)
        room.clock.advance(1)
        await settle()
        assert room.desk.at(READER).kind == "reading"
    room.clock.advance(1)
    await wait_for(lambda: room.desk.at(READER).kind == "nhi")
    assert room.desk.at(READER).error_code == ""


class FlakyReader:
    """A reader whose first sessions fail."""

    def __init__(
        self,
        reader: CardReader,
        failures: list[VisitBridgeError],
        *,
        meanwhile: Callable[[], object] = list,
    ) -> None:
        self._reader = reader
        self._failures = failures
        self._meanwhile = meanwhile

    @property
    def info(self) -> ReaderInfo:
        return self._reader.info

    def open_session(self, owner: str, *, deadline_s: float) -> AbstractAsyncContextManager[CardChannel]:
        if self._failures:
            self._meanwhile()
            raise self._failures.pop(0)
        return self._reader.open_session(owner, deadline_s=deadline_s)


@pytest.mark.parametrize("failure", [PcscUnavailable, DeviceTimeout, CardAbsent, CardBeingRead, CardRemoved])
async def test_a_card_that_could_not_be_asked_is_asked_again(
    clock: FakeClock, card: Cards, failure: type[VisitBridgeError]
) -> None:
    readers = VirtualReaders(clock, slots=1)
    desk = CardDesk(LiveBoard(), clock, realm="test")
    await readers.slots[0].insert(card("patient-wang"))
    reader = FlakyReader(readers.readers()[0], [failure(), failure()])
    desk.slot_changed(reader.info, reader)
    reading = asyncio.create_task(desk.recognise(reader))
    kinds = []
    for pause_s in (1, 2, 0):
        await settle()
        kinds.append((desk.at(READER).kind, desk.at(READER).error_code))
        clock.advance(pause_s)
    await reading
    assert kinds == [("reading", failure.code)] * 2 + [("nhi", "")]


async def test_a_reader_that_is_forgotten_while_its_card_is_read_is_let_go(
    clock: FakeClock, card: Cards
) -> None:
    """Its connection ends by that, which ends the reading."""
    readers = VirtualReaders(clock, slots=1)
    desk = CardDesk(LiveBoard(), clock, realm="test")
    await readers.slots[0].insert(card("patient-wang"))

    reader = FlakyReader(readers.readers()[0], [ReaderRemoved()], meanwhile=lambda: desk.forget(READER))
    desk.slot_changed(reader.info, reader)
    reading = asyncio.create_task(desk.recognise(reader))
    await settle()
    clock.advance(1)
    await reading

    assert desk.present() == ()


async def test_a_contact_that_bounces_is_read_once_more(room: Room, card: Cards) -> None:
    slot, reader = room.readers.slots[0], room.readers.readers()[0]
    slot.hold_answers()
    await slot.insert(card("patient-wang"))
    await wait_for(lambda: room.desk.at(READER).kind == "reading")
    await settle()
    assert slot._line is not None
    reader.connect(slot._line)
    await wait_for(lambda: room.desk.at(READER).insertion == 2)
    await settle()
    slot.give_answers()
    await wait_for(lambda: room.desk.at(READER).kind == "nhi")
    assert room.desk.at(READER).insertion == 2


async def settle() -> None:
    """Let everybody go on who can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_vanished_reader_shows_no_card(room: Room, card: Cards) -> None:
    await room.insert(card("patient-wang"))
    room.readers.slots[0].unplug()
    await wait_for(lambda: room.desk.at(READER).kind == "none")
    assert room.desk.find_card("900000000001") is None


async def test_a_reader_that_is_away_is_not_called_an_empty_one(room: Room) -> None:
    room.readers.slots[0].unplug()
    await wait_for(lambda: room.desk.topic().readers[0].state == "unavailable")
    with pytest.raises(ReaderUnavailable):
        room.desk.require_nhi(READER)
    with pytest.raises(ReaderUnavailable):
        room.desk.require_hpc(READER)


class DamagedCard(DemoCard):
    """An NHI card whose public record says ``answer``."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self._answer = answer

    def execute(self, apdu: bytes) -> bytes:
        return self._answer if apdu == READ_BASIC else super().execute(apdu)


@pytest.mark.parametrize(
    ("answer", "error_code"),
    [(b"\x6f\x00", CardRefused.code), (bytes(57) + b"\x90\x00", CardError.code)],
    ids=["refused", "damaged"],
)
async def test_an_nhi_card_whose_record_cannot_be_read_is_not_called_another_kind(
    room: Room, answer: bytes, error_code: str
) -> None:
    present = await room.insert(DamagedCard(answer))
    assert (present.kind, present.error_code) == ("nhi", error_code)
    with pytest.raises(CardError) as refused:
        room.desk.require_nhi(READER)
    assert refused.value.code == CardError.code


async def test_a_mute_card_that_answers_after_all_is_read(clock: FakeClock, card: Cards) -> None:
    """Another program may have powered it again, which is no other insertion."""
    readers = VirtualReaders(clock, slots=1)
    desk = CardDesk(LiveBoard(), clock, realm="test")
    await readers.slots[0].insert(card("patient-wang"))
    reader = readers.readers()[0]
    desk.slot_changed(msgspec.structs.replace(reader.info, state=ReaderState.MUTE), reader)
    with pytest.raises(CardMute):
        desk.require_nhi(READER)
    assert desk.slot_changed(reader.info, reader)
    await desk.recognise(reader)
    assert desk.at(READER).kind == "nhi"


async def test_an_empty_reader_cannot_be_read_again(room: Room) -> None:
    with pytest.raises(CardAbsent):
        await room.desk.refresh(READER)


async def test_listeners_hear_of_insertion_and_removal(room: Room, card: Cards) -> None:
    heard: list[str] = []
    room.desk.when_changed(lambda: heard.append(room.desk.at(READER).kind))
    await room.insert(card("patient-wang"))
    await room.pull()
    assert heard == ["reading", "nhi", "none"]


async def test_refresh_reads_the_card_again(room: Room, card: Cards) -> None:
    await room.insert(card("patient-wang"))
    assert (await room.desk.refresh(READER)).kind == "nhi"


async def test_phones_are_told_when_no_reader_can_be_looked_for(clock: FakeClock) -> None:
    board = LiveBoard()
    desk = CardDesk(board, clock, realm="test")
    desk.transport_fails("pcsc", PcscUnavailable.code)
    assert board.snapshot()["cards"] == CardsTopic(readers=(), troubles=(PcscUnavailable.code,))
    desk.transport_works("pcsc")
    assert board.snapshot()["cards"] == CardsTopic(readers=())


class BrokenSource:
    """Tells of one reader, then fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def readers(self) -> tuple[CardReader, ...]:
        return ()

    async def watch(self) -> AsyncIterator[ReaderInfo]:
        yield ReaderInfo(reader_id=READER, name="reader", transport="test", state=ReaderState.EMPTY)
        raise self._error


@pytest.mark.parametrize("error", [PcscUnavailable(), BluetoothUnavailable()])
async def test_a_source_that_fails_is_for_the_supervisor_to_start_again(
    error: DeviceError, clock: FakeClock
) -> None:
    desk = CardDesk(LiveBoard(), clock, realm="test")
    with pytest.raises(type(error)):
        await desk.watcher("broken", BrokenSource(error)).run(lambda: None)
    assert desk.topic().readers[0].state == "unavailable"


class SilentSource:
    """Knows a reader and never tells of it."""

    def __init__(self, readers: VirtualReaders) -> None:
        self._readers = readers

    def readers(self) -> tuple[CardReader, ...]:
        return self._readers.readers()

    async def watch(self) -> AsyncIterator[ReaderInfo]:
        await asyncio.Event().wait()
        yield self._readers.readers()[0].info


async def test_a_known_reader_that_is_not_reached_yet_is_away_and_not_unknown(clock: FakeClock) -> None:
    readers = VirtualReaders(clock, slots=2)
    readers.slots[0].unplug()
    desk = CardDesk(LiveBoard(), clock, realm="test")
    watching = asyncio.create_task(desk.watcher("radio", SilentSource(readers)).run(lambda: None))
    await wait_for(lambda: bool(desk.topic().readers))
    assert [(slot.reader_id, slot.state) for slot in desk.topic().readers] == [(READER, "unavailable")]
    with pytest.raises(ReaderUnavailable):
        desk.require_nhi(READER)
    watching.cancel()
    await asyncio.wait({watching})


async def test_a_mistake_in_a_source_is_no_device_error(clock: FakeClock) -> None:
    desk = CardDesk(LiveBoard(), clock, realm="test")
    with pytest.raises(ExceptionGroup) as mistake:
        await desk.watcher("broken", BrokenSource(LookupError())).run(lambda: None)
    assert isinstance(mistake.value.exceptions[0], LookupError)
