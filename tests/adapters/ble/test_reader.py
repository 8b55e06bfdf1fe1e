"""Bluetooth readers that misbehave: the card acts once, doubt is said, and the reader is back by itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from tests.contract.demo_card import ATR_T1, GET_DATA, RECORD, SELECT_NHI, DemoCard, pattern
from tests.contract.reader_benches import Watching
from tests.patience import PATIENCE_S
from visitbridge.adapters.ble.care import PlainCare
from visitbridge.adapters.ble.families import AcsFamily, FeitianFamily
from visitbridge.adapters.ble.fleet import BleReaders
from visitbridge.adapters.ble.line import Line
from visitbridge.adapters.ble.reader import BleReader
from visitbridge.errors import (
    CardBeingRead,
    CardRemoved,
    DeviceError,
    PairingLost,
    ReaderRemoved,
    ReaderUnavailable,
    Retry,
    VisitBridgeError,
)
from visitbridge.ports.cards import CardReader, ReaderInfo, ReaderState
from visitbridge.ports.clock import Clock
from visitbridge.protocols.acs.secure import FACTORY_MASTER_KEY
from visitbridge.sim.ble.acr3901 import SimulatedAcr3901
from visitbridge.sim.ble.br301 import SimulatedBr301
from visitbridge.sim.ble.reader import Fault, SimulatedReader
from visitbridge.sim.clock import FakeClock

OK = b"\x90\x00"

Setup = Callable[[Clock], tuple[SimulatedReader, CardReader, BleReaders]]


def acr3901(clock: Clock) -> tuple[SimulatedReader, CardReader, BleReaders]:
    simulated = SimulatedAcr3901("ACR3901U-S1", "ble-1")
    reader = BleReader(simulated, PlainCare(AcsFamily), clock, jitter=lambda: 0.0)
    return simulated, reader, BleReaders([reader])


def br301(clock: Clock) -> tuple[SimulatedReader, CardReader, BleReaders]:
    simulated = SimulatedBr301("FT_1", "ble-1")
    reader = BleReader(simulated, PlainCare(FeitianFamily), clock, jitter=lambda: 0.0)
    return simulated, reader, BleReaders([reader])


SETUPS: dict[str, Setup] = {"ACR3901": acr3901, "bR301": br301}
both = pytest.mark.parametrize("setup", SETUPS.values(), ids=SETUPS)


class Desk:
    """A watched reader."""

    def __init__(self, simulated: SimulatedReader, reader: CardReader, watching: Watching) -> None:
        self.simulated = simulated
        self.reader = reader
        self.watching = watching

    async def wait(self, condition: Callable[[ReaderInfo], bool]) -> ReaderInfo:
        return await self.watching.wait_told(condition)

    async def wait_state(self, state: ReaderState) -> ReaderInfo:
        return await self.wait(lambda info: info.state is state)

    async def wait_told_more(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S), self.watching.changed:
            await self.watching.changed.wait_for(lambda: len(self.watching.told) >= count)

    async def put(self, card: DemoCard) -> None:
        await self.simulated.insert(card)
        await self.wait_state(ReaderState.CARD)

    def spoil_next(self, fault: Fault) -> None:
        self.simulated.faults = {self.simulated.replies + 1: fault}


@contextlib.asynccontextmanager
async def open_desk(setup: Setup, clock: Clock) -> AsyncIterator[Desk]:
    simulated, reader, source = setup(clock)
    watching = Watching()
    task = asyncio.create_task(watching.follow(source))
    try:
        yield Desk(simulated, reader, watching)
    finally:
        task.cancel()
        await asyncio.wait({task})


HARMLESS = [
    (acr3901, Fault.SPLIT),
    (acr3901, Fault.MERGED),
    (br301, Fault.SPLIT),
    (br301, Fault.MERGED),
    (br301, Fault.DUPLICATE),
    (br301, Fault.STALE),
    (br301, Fault.TIME_EXTENSION),
]


@pytest.mark.parametrize(("setup", "fault"), HARMLESS)
async def test_what_the_protocol_provides_for_goes_unnoticed(
    setup: Setup, fault: Fault, clock: FakeClock
) -> None:
    card = DemoCard(ATR_T1)
    async with open_desk(setup, clock) as desk:
        await desk.wait_state(ReaderState.EMPTY)
        await desk.put(card)
        async with desk.reader.open_session("reading", deadline_s=10) as channel:
            await channel.transmit(SELECT_NHI)
            desk.spoil_next(fault)
            assert await channel.transmit(GET_DATA) == RECORD + OK
            assert await channel.transmit(GET_DATA) == RECORD + OK
    assert (card.executed, desk.simulated.connections) == (3, 1)


HARMFUL = [
    (acr3901, Fault.DAMAGED),
    (acr3901, Fault.SLEEP),
    (acr3901, Fault.DROP),
    (acr3901, Fault.SILENCE),
    (br301, Fault.SLEEP),
    (br301, Fault.DROP),
    (br301, Fault.SILENCE),
]


@pytest.mark.parametrize(("setup", "fault"), HARMFUL)
async def test_a_lost_answer_leaves_doubt_and_the_reader_comes_back(
    setup: Setup, fault: Fault, clock: FakeClock
) -> None:
    card = DemoCard(ATR_T1)
    async with open_desk(setup, clock) as desk:
        await desk.wait_state(ReaderState.EMPTY)
        await desk.put(card)
        async with desk.reader.open_session("one", deadline_s=10) as channel:
            await channel.transmit(SELECT_NHI)
            desk.spoil_next(fault)
            with pytest.raises(DeviceError) as doubt:
                await channel.transmit(GET_DATA, deadline_s=1)
            assert doubt.value.retry is Retry.UNKNOWN
            with pytest.raises(ReaderRemoved):
                await channel.transmit(GET_DATA)
        assert card.executed == 2
        await desk.wait(lambda info: info.state is ReaderState.CARD and info.insertion == 2)
        async with desk.reader.open_session("two", deadline_s=10) as channel:
            await channel.transmit(SELECT_NHI)
            assert await channel.transmit(GET_DATA) == RECORD + OK
    assert desk.simulated.connections == 2


async def test_a_reply_that_nobody_asked_for_ends_a_connection_without_numbers(clock: FakeClock) -> None:
    card = DemoCard(ATR_T1)
    async with open_desk(acr3901, clock) as desk:
        await desk.wait_state(ReaderState.EMPTY)
        await desk.put(card)
        async with desk.reader.open_session("one", deadline_s=10) as channel:
            desk.spoil_next(Fault.DUPLICATE)
            assert await channel.transmit(SELECT_NHI) == OK
            with pytest.raises(ReaderRemoved):
                await channel.transmit(GET_DATA)
    assert card.executed == 1


@both
@pytest.mark.parametrize("nth", range(1, 9))
async def test_the_link_may_drop_at_every_reply(setup: Setup, nth: int, clock: FakeClock) -> None:
    card = DemoCard(ATR_T1)
    async with open_desk(setup, clock) as desk:
        desk.simulated.faults = {nth: Fault.DROP}
        await desk.simulated.insert(card)
        with contextlib.suppress(VisitBridgeError):
            await read_when_ready(desk)
        await desk.wait(
            lambda _info: desk.simulated.connections == 2 and desk.reader.info.state is ReaderState.CARD
        )
        assert await read_when_ready(desk) == RECORD + OK
    assert desk.simulated.connections == 2


async def read_when_ready(desk: Desk) -> bytes:
    await desk.wait_state(ReaderState.CARD)
    async with desk.reader.open_session("reading", deadline_s=10) as channel:
        await channel.transmit(SELECT_NHI)
        return await channel.transmit(GET_DATA)


@both
async def test_a_reader_out_of_reach_is_looked_for_with_growing_pauses(
    setup: Setup, clock: FakeClock
) -> None:
    async with open_desk(setup, clock) as desk:
        await desk.wait_state(ReaderState.EMPTY)
        desk.simulated.disappear()
        await desk.wait_state(ReaderState.UNAVAILABLE)
        with pytest.raises(ReaderUnavailable):
            async with desk.reader.open_session("one", deadline_s=10):
                pass
        desk.simulated.in_reach = True
        clock.advance(31)
        await desk.wait_state(ReaderState.EMPTY)
    assert desk.simulated.connections == 2


@both
async def test_500_reconnections_leave_nothing_behind(setup: Setup, clock: FakeClock) -> None:
    async with open_desk(setup, clock) as desk:
        await desk.wait_state(ReaderState.EMPTY)
        tasks = len(asyncio.all_tasks())
        for _ in range(500):
            told = len(desk.watching.told)
            desk.simulated.go_to_sleep()
            await desk.wait_told_more(told + 2)
        assert desk.reader.info.state is ReaderState.EMPTY
        assert len(asyncio.all_tasks()) == tasks
    assert desk.simulated.connections == 501


@both
async def test_a_repeated_notice_takes_no_power_from_a_card_in_use(setup: Setup, clock: FakeClock) -> None:
    card = DemoCard(ATR_T1)
    async with open_desk(setup, clock) as desk:
        await desk.wait_state(ReaderState.EMPTY)
        await desk.put(card)
        async with desk.reader.open_session("one", deadline_s=10) as channel:
            await channel.transmit(SELECT_NHI)
            desk.simulated.note(card_in=True)
            assert await channel.transmit(GET_DATA) == RECORD + OK
            assert await channel.transmit(GET_DATA) == RECORD + OK
    assert desk.reader.info.insertion == 1


@both
async def test_a_card_that_the_reader_still_looks_at_is_not_called_absent(
    setup: Setup, clock: FakeClock
) -> None:
    async with open_desk(setup, clock) as desk:
        await desk.wait_state(ReaderState.EMPTY)
        desk.spoil_next(Fault.SILENCE)
        await desk.simulated.insert(DemoCard(ATR_T1))
        for _ in range(50):
            await asyncio.sleep(0)
        with pytest.raises(CardBeingRead):
            async with desk.reader.open_session("one", deadline_s=10):
                pass


@both
async def test_extended_apdus_go_in_blocks(setup: Setup, clock: FakeClock) -> None:
    async with open_desk(setup, clock) as desk:
        await desk.wait_state(ReaderState.EMPTY)
        await desk.put(DemoCard(ATR_T1))
        async with desk.reader.open_session("one", deadline_s=10) as channel:
            long_answer = await channel.transmit(bytes.fromhex("00B00258000258"))
            long_command = await channel.transmit(
                bytes.fromhex("00B00005000258") + bytes(600) + bytes.fromhex("0005")
            )
    assert long_answer == pattern(600) + OK
    assert long_command == pattern(5) + OK


@both
async def test_a_session_does_not_go_on_with_another_card(setup: Setup, clock: FakeClock) -> None:
    other = DemoCard(ATR_T1)
    async with open_desk(setup, clock) as desk:
        await desk.wait_state(ReaderState.EMPTY)
        await desk.put(DemoCard(ATR_T1))
        async with desk.reader.open_session("one", deadline_s=10) as channel:
            await desk.simulated.insert(other)
            await desk.wait(lambda info: info.insertion == 2)
            with pytest.raises(CardRemoved):
                await channel.transmit(SELECT_NHI)
    assert other.executed == 0


async def test_a_reader_that_refuses_in_the_middle_leaves_doubt_too(clock: FakeClock) -> None:
    async with open_desk(br301, clock) as desk:
        await desk.wait_state(ReaderState.EMPTY)
        await desk.put(DemoCard(ATR_T1))
        async with desk.reader.open_session("one", deadline_s=10) as channel:
            desk.simulated.hold_answers()
            busy = bytes.fromhex("80 00000000 00 06 40E000")
            # The command is on its way before anything else gets its turn.
            asyncio.get_running_loop().call_soon(desk.simulated.send, busy)
            with pytest.raises(DeviceError) as refused:
                await channel.transmit(SELECT_NHI, deadline_s=PATIENCE_S)
    assert (refused.value.detail, refused.value.retry) == ("the slot is busy", Retry.UNKNOWN)


async def test_a_write_that_fails_ends_the_line() -> None:
    simulated = SimulatedBr301("FT_1", "ble-1")
    ends: list[object] = []
    async with simulated.open_link() as link:
        family = FeitianFamily(link)
        line = Line(link, family, ends.append)
        await line.open()
        simulated.command_pipe = "another"
        with pytest.raises(ReaderRemoved) as failed:
            await line.hold(family.talk.presence(), deadline_s=1)
    assert failed.value.retry is Retry.UNKNOWN
    assert not line.is_up
    assert len(ends) == 1


async def test_a_reader_that_asks_for_more_time_gets_it() -> None:
    simulated = SimulatedBr301("FT_1", "ble-1")
    await simulated.insert(DemoCard(ATR_T1))
    async with simulated.open_link() as link:
        family = FeitianFamily(link)
        line = Line(link, family, lambda _item: None, reply_s=0.5)
        await line.open()
        await line.hold(family.talk.power_on(), deadline_s=PATIENCE_S)
        simulated.hold_answers()
        asked = bytes.fromhex("80 00000000 00 03 80FF00")
        # The command is on its way before anything else gets its turn.
        asyncio.get_running_loop().call_soon(simulated.send, asked)
        asyncio.get_running_loop().call_later(0.7, simulated.give_answers)
        assert await line.hold(family.talk.transmit(SELECT_NHI), deadline_s=PATIENCE_S) == OK


async def test_a_reader_with_another_master_key_is_not_used(clock: FakeClock) -> None:
    async with open_desk(acr3901, clock) as desk:
        stranger = desk.simulated
        assert isinstance(stranger, SimulatedAcr3901)
        stranger.master_key = bytes(16)
        await desk.wait_state(ReaderState.UNAVAILABLE)
        with pytest.raises(ReaderUnavailable):
            async with desk.reader.open_session("one", deadline_s=10):
                pass


async def test_a_reader_that_does_not_know_the_box_any_more_is_not_called_asleep(clock: FakeClock) -> None:
    async with open_desk(acr3901, clock) as desk:
        stranger = desk.simulated
        assert isinstance(stranger, SimulatedAcr3901)
        stranger.master_key = bytes(16)
        lost = await desk.wait(lambda info: info.trouble != "")
        assert (lost.state, lost.trouble) == (ReaderState.UNAVAILABLE, PairingLost.code)
        assert stranger.connections == 2

        stranger.master_key = FACTORY_MASTER_KEY
        clock.advance(31)
        assert (await desk.wait_state(ReaderState.EMPTY)).trouble == ""


async def test_a_new_name_leaves_it_said_that_the_pairing_was_lost(clock: FakeClock) -> None:
    async with open_desk(acr3901, clock) as desk:
        stranger = desk.simulated
        assert isinstance(stranger, SimulatedAcr3901)
        stranger.master_key = bytes(16)
        await desk.wait(lambda info: info.trouble != "")
        assert isinstance(desk.reader, BleReader)
        desk.reader.rename("another name")
        renamed = await desk.wait(lambda info: info.name == "another name")
    assert renamed.trouble == PairingLost.code


async def test_a_master_key_is_rotated_and_the_old_one_is_of_no_use_any_more() -> None:
    simulated = SimulatedAcr3901("ACR3901U-S1", "ble-1")
    new_key = bytes(range(16))
    async with simulated.open_link() as link:
        family = AcsFamily(link)
        line = Line(link, family, lambda _item: None)
        await line.open()
        await line.hold(family.talk.rotate_master_key(new_key), deadline_s=1)
        assert await line.hold(family.talk.firmware(), deadline_s=1) == "V6.00.00"
    assert simulated.master_key == new_key
    async with simulated.open_link() as link:
        await Line(link, AcsFamily(link, new_key), lambda _item: None).open()
    async with simulated.open_link() as link:
        line = Line(link, AcsFamily(link), lambda _item: None)
        with pytest.raises(DeviceError):
            await line.open()
