"""Pairing, naming and forgetting Bluetooth readers, through D-Bus and into a real store (D01-D03)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.bluetooth import acr3901_unit, br301_unit, open_bus
from tests.patience import PATIENCE_S
from visitbridge.adapters.ble.source import BluetoothReaders
from visitbridge.adapters.store import SqlStore, open_store
from visitbridge.errors import (
    BluetoothUnavailable,
    FieldInvalid,
    NotFound,
    ReaderBusy,
)
from visitbridge.ports.bluetooth import RadioState
from visitbridge.ports.cards import ReaderState
from visitbridge.runtime.supervisor import Service
from visitbridge.services.cards import CardDesk
from visitbridge.services.live import LiveBoard
from visitbridge.services.readers.desk import SCAN_LEASE_S, ReaderDesk
from visitbridge.services.readers.roster import Roster
from visitbridge.services.readers.topic import BluetoothTopic, PairingPhase, PairingView
from visitbridge.services.topics import Slot
from visitbridge.sim.ble.acr3901 import SimulatedAcr3901
from visitbridge.sim.bluez.device import Unit
from visitbridge.sim.bluez.double import BluezDouble, open_bluez
from visitbridge.sim.bluez.shapes import AdapterState, Bonding
from visitbridge.sim.clock import FakeClock

KEY = bytes(range(32))
FACTORY = b"\xff" * 16
PHONE = "phone-1"


class Den:
    """A box with Bluetooth, and the double behind it."""

    def __init__(self, desk: ReaderDesk, cards: CardDesk, store: SqlStore, board: LiveBoard) -> None:
        self.desk = desk
        self.cards = cards
        self.store = store
        self._board = board

    @property
    def topic(self) -> BluetoothTopic:
        topic = self._board.snapshot()["bluetooth"]
        assert isinstance(topic, BluetoothTopic)
        return topic

    async def wait(self, condition: Callable[[BluetoothTopic], bool]) -> BluetoothTopic:
        """Return once what phones see fulfils the condition."""
        async with asyncio.timeout(PATIENCE_S):
            seq = self._board.seq
            if condition(self.topic):
                return self.topic
            async for _ in self._board.changes(seq):
                if condition(self.topic):
                    return self.topic
        raise AssertionError("the board closed")

    async def wait_phase(self, phase: PairingPhase) -> PairingView:
        topic = await self.wait(lambda topic: topic.pairing is not None and topic.pairing.phase is phase)
        assert topic.pairing is not None
        return topic.pairing

    async def wait_slot(self, condition: Callable[[Slot], bool]) -> None:
        """Return once some slot fulfils the condition."""
        async with asyncio.timeout(PATIENCE_S):
            seq = self._board.seq
            if any(map(condition, self.cards.topic().readers)):
                return
            async for _ in self._board.changes(seq):
                if any(map(condition, self.cards.topic().readers)):
                    return

    async def hear(self, unit: Unit) -> None:
        """Scan until the unit is heard."""
        await self.wait(lambda topic: topic.state is RadioState.ON)
        await self.desk.keep_scanning()
        await self.wait(lambda topic: any(heard.address == unit.address for heard in topic.heard))

    async def pair(self, unit: Unit, name: str = "") -> None:
        await self.hear(unit)
        self.desk.begin_pairing(unit.address, name, by=PHONE)
        await self.wait_phase(PairingPhase.DONE)
        await self.wait_slot(is_in(ReaderState.EMPTY))


def is_in(state: ReaderState) -> Callable[[Slot], bool]:
    return lambda slot: slot.state == state


@contextlib.asynccontextmanager
async def open_den(path: Path, clock: FakeClock) -> AsyncIterator[Den]:
    async with open_store(path, KEY, clock=clock) as store:
        board = LiveBoard()
        cards = CardDesk(board, clock, realm="test")
        source = BluetoothReaders(clock, allow_virtual=True)
        desk = ReaderDesk(source, Roster(store, clock), cards, board, clock)
        await desk.load()
        services: list[Service] = [cards.watcher("bluetooth", source), desk]
        tasks = [asyncio.create_task(service.run(lambda: None)) for service in services]
        try:
            yield Den(desk, cards, store, board)
        finally:
            for task in reversed(tasks):
                task.cancel()
                await asyncio.wait({task})


@contextlib.asynccontextmanager
async def open_all(
    path: Path, clock: FakeClock, *units: Unit, state: AdapterState = AdapterState.ON
) -> AsyncIterator[tuple[Den, BluezDouble]]:
    async with (
        open_bus() as bus,
        open_bluez(bus.address, units, state) as double,
        open_den(path, clock) as den,
    ):
        yield den, double


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


async def test_D02_nothing_is_scanned_until_a_page_asks(path: Path, clock: FakeClock) -> None:
    unit = acr3901_unit(is_paired=False)
    async with open_all(path, clock, unit) as (den, double):
        await den.wait(lambda topic: topic.state is RadioState.ON)
        assert (double.is_scanning, den.topic.heard) == (False, ())
        await den.hear(unit)
        assert den.topic.scanning
        assert [(heard.name, heard.signal_dbm, heard.remembered) for heard in den.topic.heard] == [
            ("ACR3901U-S1 1", -60, False)
        ]


async def test_D02_a_scan_ends_when_the_page_is_left(path: Path, clock: FakeClock) -> None:
    unit = acr3901_unit(is_paired=False)
    async with open_all(path, clock, unit) as (den, double):
        await den.hear(unit)
        await den.desk.stop_scanning()
        assert not double.is_scanning


async def test_a_scan_ends_when_nobody_asks_for_it_any_more(path: Path, clock: FakeClock) -> None:
    unit = acr3901_unit(is_paired=False)
    async with open_all(path, clock, unit) as (den, double):
        await den.hear(unit)
        clock.advance(SCAN_LEASE_S - 1)
        await den.desk.keep_scanning()
        clock.advance(SCAN_LEASE_S - 1)
        await asyncio.sleep(0)
        assert double.is_scanning
        clock.advance(1)
        await den.wait(lambda topic: not topic.scanning)
        assert not double.is_scanning


async def test_D03_S01_a_paired_reader_is_remembered_under_its_name_after_a_restart(
    path: Path, clock: FakeClock
) -> None:
    unit = acr3901_unit(is_paired=False)
    async with open_bus() as bus, open_bluez(bus.address, [unit]):
        async with open_den(path, clock) as den:
            await den.pair(unit, "一號讀卡機")
            assert den.topic.heard[0].remembered
            assert den.cards.topic().readers[0].name == "一號讀卡機"
        async with open_den(path, clock) as den:
            await den.wait_slot(is_in(ReaderState.EMPTY))
            reader = den.topic.remembered[0]
            rows = await den.store.read(lambda tx: list(tx.audit.rows()))
    assert (reader.name, reader.model, reader.own_key) == ("一號讀卡機", "ACR3901U-S1 1", True)
    assert [(row.entry.act, row.entry.phone_id) for row in rows] == [
        ("reader.pair", PHONE),
        ("reader.key", ""),
    ]
    assert isinstance(unit.reader, SimulatedAcr3901)
    assert unit.reader.master_key != FACTORY


async def test_without_a_name_a_reader_keeps_its_own(path: Path, clock: FakeClock) -> None:
    unit = br301_unit(is_paired=False)
    async with open_all(path, clock, unit) as (den, _):
        await den.pair(unit)
        assert [(reader.name, reader.own_key) for reader in den.topic.remembered] == [("FT_1", None)]


@pytest.mark.parametrize(
    ("bonding", "phase", "number", "answer"),
    [
        (Bonding.COMPARE, PairingPhase.COMPARE, "012345", ""),
        (Bonding.ENTER, PairingPhase.ENTER, "", "012345"),
    ],
)
async def test_a_person_answers_at_the_phone(
    bonding: Bonding, phase: PairingPhase, number: str, answer: str, path: Path, clock: FakeClock
) -> None:
    unit = acr3901_unit(is_paired=False)
    unit.bonding, unit.passkey = bonding, 12345
    async with open_all(path, clock, unit) as (den, _):
        await den.hear(unit)
        den.desk.begin_pairing(unit.address, "讀卡機", by=PHONE)
        assert (await den.wait_phase(phase)).number == number
        with pytest.raises(ReaderBusy):
            den.desk.begin_pairing(unit.address, "讀卡機", by=PHONE)
        den.desk.answer(agree=True, number=answer)
        await den.wait_phase(PairingPhase.DONE)
    assert unit.is_paired


@pytest.mark.parametrize("number", ["", "12345", "1234567", "１２３４５６", "12345a"])
async def test_a_passkey_is_six_digits(number: str, path: Path, clock: FakeClock) -> None:
    unit = acr3901_unit(is_paired=False)
    unit.bonding = Bonding.ENTER
    async with open_all(path, clock, unit) as (den, _):
        await den.hear(unit)
        den.desk.begin_pairing(unit.address, "讀卡機", by=PHONE)
        await den.wait_phase(PairingPhase.ENTER)
        with pytest.raises(FieldInvalid) as invalid:
            den.desk.answer(agree=True, number=number)
    assert invalid.value.field == "number"


async def test_a_refused_number_fails_the_pairing_and_nothing_is_remembered(
    path: Path, clock: FakeClock
) -> None:
    unit = acr3901_unit(is_paired=False)
    unit.bonding = Bonding.COMPARE
    async with open_all(path, clock, unit) as (den, _):
        await den.hear(unit)
        den.desk.begin_pairing(unit.address, "讀卡機", by=PHONE)
        await den.wait_phase(PairingPhase.COMPARE)
        den.desk.answer(agree=False)
        failed = await den.wait_phase(PairingPhase.FAILED)
        assert (failed.error_code, den.topic.remembered) == ("GW-DEV-16", ())
        await den.desk.cancel_pairing()
        assert den.topic.pairing is None


async def test_a_pairing_is_cancelled_and_can_begin_again(path: Path, clock: FakeClock) -> None:
    unit = acr3901_unit(is_paired=False)
    unit.bonding = Bonding.COMPARE
    async with open_all(path, clock, unit) as (den, _):
        await den.hear(unit)
        den.desk.begin_pairing(unit.address, "讀卡機", by=PHONE)
        await den.wait_phase(PairingPhase.COMPARE)
        await den.desk.cancel_pairing()
        assert not unit.is_paired
        den.desk.begin_pairing(unit.address, "讀卡機", by=PHONE)
        await den.wait_phase(PairingPhase.COMPARE)
        den.desk.answer(agree=True)
        await den.wait_phase(PairingPhase.DONE)


async def test_only_what_was_heard_is_paired_and_only_what_is_asked_is_answered(
    path: Path, clock: FakeClock
) -> None:
    async with open_all(path, clock) as (den, _):
        with pytest.raises(NotFound):
            den.desk.begin_pairing("02:00:00:00:00:99", "讀卡機", by=PHONE)
        with pytest.raises(NotFound):
            den.desk.answer(agree=True)


async def test_S01_a_reader_is_renamed_while_it_is_in_use(path: Path, clock: FakeClock) -> None:
    unit = br301_unit(is_paired=False)
    async with open_all(path, clock, unit) as (den, _):
        await den.pair(unit, "舊名")
        await den.desk.rename(unit.reader.reader_id, "  新名 ", by=PHONE)
        assert den.topic.remembered[0].name == "新名"
        await den.wait_slot(lambda slot: slot.name == "新名")
    assert unit.reader.connections == 2


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "a\nb"])
async def test_a_name_is_one_line_of_up_to_forty_characters(name: str, path: Path, clock: FakeClock) -> None:
    unit = br301_unit(is_paired=False)
    async with open_all(path, clock, unit) as (den, _):
        await den.pair(unit)
        with pytest.raises(FieldInvalid) as invalid:
            await den.desk.rename(unit.reader.reader_id, name, by=PHONE)
    assert invalid.value.field == "name"


async def test_a_forgotten_reader_is_gone_everywhere_and_has_the_factorys_key(
    path: Path, clock: FakeClock
) -> None:
    unit = acr3901_unit(is_paired=False)
    async with open_all(path, clock, unit) as (den, _):
        await den.pair(unit)
        await den.desk.forget(unit.reader.reader_id, by=PHONE)
        assert (den.topic.remembered, den.cards.topic().readers) == ((), ())
        assert await den.store.read(lambda tx: list(tx.bluetooth_readers.all())) == []
        with pytest.raises(NotFound):
            await den.desk.forget(unit.reader.reader_id, by=PHONE)
    assert isinstance(unit.reader, SimulatedAcr3901)
    assert (unit.reader.master_key, unit.is_paired) == (FACTORY, False)


async def test_a_reader_forgotten_out_of_reach_can_be_paired_again_with_its_own_key(
    path: Path, clock: FakeClock
) -> None:
    unit = acr3901_unit(is_paired=False)
    assert isinstance(unit.reader, SimulatedAcr3901)
    async with open_all(path, clock, unit) as (den, _):
        await den.pair(unit)
        key = unit.reader.master_key
        unit.reader.disappear()
        await den.wait_slot(is_in(ReaderState.UNAVAILABLE))
        await den.desk.forget(unit.reader.reader_id, by=PHONE)
        assert den.topic.remembered == ()

        unit.reader.in_reach = True
        await den.desk.stop_scanning()
        await den.pair(unit)
    assert unit.reader.master_key == key


async def test_a_key_is_rotated_when_a_person_asks(path: Path, clock: FakeClock) -> None:
    unit = acr3901_unit(is_paired=False)
    assert isinstance(unit.reader, SimulatedAcr3901)
    async with open_all(path, clock, unit) as (den, _):
        await den.pair(unit)
        key = unit.reader.master_key
        await den.desk.rotate_key(unit.reader.reader_id)
        stored = await den.store.read(lambda tx: tx.bluetooth_readers.get(unit.reader.reader_id))
    assert stored is not None
    assert unit.reader.master_key == stored.key != key


@pytest.mark.parametrize("state", [AdapterState.BLOCKED, AdapterState.MISSING])
async def test_without_an_adapter_the_page_says_why(
    state: AdapterState, path: Path, clock: FakeClock
) -> None:
    async with open_all(path, clock, state=state) as (den, _):
        await den.wait(lambda topic: topic.state == state.value)
        with pytest.raises(BluetoothUnavailable):
            await den.desk.keep_scanning()


async def test_an_adapter_that_was_switched_off_is_switched_on_by_a_person(
    path: Path, clock: FakeClock
) -> None:
    async with open_all(path, clock) as (den, double):
        await den.wait(lambda topic: topic.state is RadioState.ON)
        await double.set_state(AdapterState.OFF)
        await den.wait(lambda topic: topic.state is RadioState.OFF)
        await den.desk.power_on()
        await den.wait(lambda topic: topic.state is RadioState.ON)
