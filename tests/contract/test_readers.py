"""What every reader must do, whatever it is connected by (``ports.cards``). The same tests on every transport."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.contract.demo_card import (
    ATR_T0,
    ATR_T1,
    GET_DATA,
    RECORD,
    SELECT_NHI,
    DemoCard,
    pattern,
    read_pattern,
)
from tests.contract.reader_benches import BENCHES, Bench
from visitbridge.errors import (
    CardAbsent,
    CardError,
    CardMute,
    CardRefused,
    CardRemoved,
    DeviceTimeout,
    ReaderBusy,
    Retry,
)
from visitbridge.ports.card_channel import Reset
from visitbridge.ports.cards import CardReader, ReaderInfo, ReaderState
from visitbridge.protocols.conversation import Conversation
from visitbridge.sim.clock import FakeClock

OK = b"\x90\x00"


@pytest.fixture(params=BENCHES)
async def bench(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[Bench]:
    async with BENCHES[request.param](clock) as bench:
        yield bench


async def put(bench: Bench, card: DemoCard, slot: int = 0) -> CardReader:
    """Insert a card and give the reader that says it has it."""
    before = bench.watching.newest()[bench.reader_ids[slot]].insertion
    await bench.slots[slot].insert(card)
    await wait_info(bench, slot, lambda info: info.insertion > before)
    return bench.source.readers()[slot]


async def wait_info(bench: Bench, slot: int, condition: Callable[[ReaderInfo], bool]) -> ReaderInfo:
    reader_id = bench.reader_ids[slot]
    return await bench.watching.wait_told(lambda info: info.reader_id == reader_id and condition(info))


async def test_every_slot_is_told_of_once_and_is_empty(bench: Bench) -> None:
    told = bench.watching.told
    assert [info.state for info in told] == [ReaderState.EMPTY] * len(bench.slots)
    assert {info.reader_id: info.name for info in told} == {
        slot.reader_id: slot.label for slot in bench.slots
    }
    assert {info.virtual for info in told} == {bench.are_virtual}


async def test_a_reader_tells_of_nothing_that_it_cannot_know(bench: Bench) -> None:
    infos = [reader.info for reader in bench.source.readers()]
    charged = {info.reader_id for info in infos if (info.battery_percent, info.battery_low) != (None, None)}
    heard = {info.reader_id for info in infos if info.signal_dbm is not None}
    assert charged <= {info.reader_id for info in infos if info.capability.battery}
    assert heard <= {info.reader_id for info in infos if info.capability.signal}


async def test_a_card_is_told_of_when_it_comes_and_goes(bench: Bench) -> None:
    reader = await put(bench, DemoCard(ATR_T1))
    assert (reader.info.state, reader.info.atr, reader.info.insertion) == (
        ReaderState.CARD,
        ATR_T1.hex().upper(),
        1,
    )
    await bench.slots[0].pull()
    gone = await wait_info(bench, 0, lambda info: info.state is ReaderState.EMPTY)
    assert (gone.atr, gone.insertion) == ("", 1)


async def test_slots_do_not_mix(bench: Bench) -> None:
    last = len(bench.slots) - 1
    first_reader = await put(bench, DemoCard(ATR_T0))
    last_reader = await put(bench, DemoCard(ATR_T1), last)
    assert (first_reader.info.atr, last_reader.info.atr) == (ATR_T0.hex().upper(), ATR_T1.hex().upper())
    async with (
        first_reader.open_session("one", deadline_s=10) as one,
        last_reader.open_session("two", deadline_s=10) as two,
    ):
        answers = await asyncio.gather(one.transmit(SELECT_NHI), two.transmit(GET_DATA))
    assert tuple(answers) == (OK, b"\x69\x85")


@pytest.mark.parametrize("atr", [ATR_T0, ATR_T1], ids=["T=0", "T=1"])
async def test_D06_the_public_record_is_read(bench: Bench, atr: bytes) -> None:
    reader = await put(bench, DemoCard(atr))
    async with reader.open_session("reading", deadline_s=10) as channel:
        assert channel.atr == atr
        assert await channel.transmit(SELECT_NHI) == OK
        answer = await channel.transmit(GET_DATA)
    assert len(answer) == 59
    assert answer == RECORD + OK


@pytest.mark.parametrize("atr", [ATR_T0, ATR_T1], ids=["T=0", "T=1"])
@pytest.mark.parametrize("data", [b"", b"\x01\x02\x03"], ids=["case 2", "case 4"])
async def test_answers_arrive_whole_whatever_the_card_protocol(bench: Bench, atr: bytes, data: bytes) -> None:
    lengths = [1, 57, 255, 256]
    card = DemoCard(atr)
    reader = await put(bench, card)
    async with reader.open_session("reading", deadline_s=10) as channel:
        answers = [await channel.transmit(read_pattern(length, data)) for length in lengths]
    assert answers == [pattern(length) + OK for length in lengths]
    assert card.executed == len(lengths)


async def test_an_answer_longer_than_asked_is_asked_for_again_with_its_length(bench: Bench) -> None:
    reader = await put(bench, DemoCard(ATR_T0))
    async with reader.open_session("reading", deadline_s=10) as channel:
        assert await channel.transmit(read_pattern(57, le=20)) == pattern(57) + OK


@pytest.mark.parametrize("atr", [ATR_T1], ids=["T=1"])
async def test_extended_apdus_arrive_whole(bench: Bench, atr: bytes) -> None:
    reader = await put(bench, DemoCard(atr))
    async with reader.open_session("reading", deadline_s=10) as channel:
        long_answer = await channel.transmit(bytes.fromhex("00B00258000258"))
        long_command = await channel.transmit(bytes.fromhex("00B00005000258") + bytes(600) + b"\x00\x05")
    assert long_answer == pattern(600) + OK
    assert long_command == pattern(5) + OK


async def test_an_extended_apdu_for_a_card_of_T0_is_refused_before_it_is_sent(bench: Bench) -> None:
    card = DemoCard(ATR_T0)
    reader = await put(bench, card)
    async with reader.open_session("reading", deadline_s=10) as channel:
        with pytest.raises(CardError):
            await channel.transmit(bytes.fromhex("00B00258000258"))
    assert card.executed == 0


async def test_bytes_that_are_no_command_never_reach_the_card(bench: Bench) -> None:
    card = DemoCard()
    reader = await put(bench, card)
    async with reader.open_session("reading", deadline_s=10) as channel:
        with pytest.raises(CardError):
            await channel.transmit(b"\x00\xa4")
    assert card.executed == 0


def read_record() -> Conversation[bytes]:
    select = yield SELECT_NHI
    assert select == OK
    return (yield GET_DATA)


def select_without_end() -> Conversation[bytes]:
    while True:
        yield SELECT_NHI


def refuse_the_card() -> Conversation[bytes]:
    yield SELECT_NHI
    raise CardRefused


async def test_a_conversation_is_held_in_one_go(bench: Bench) -> None:
    reader = await put(bench, DemoCard(ATR_T0))
    async with reader.open_session("reading", deadline_s=10) as channel:
        assert await channel.converse(read_record()) == RECORD + OK
        assert await channel.transmit(GET_DATA) == RECORD + OK


async def test_what_a_conversation_finds_wrong_does_not_end_the_session(bench: Bench) -> None:
    reader = await put(bench, DemoCard())
    async with reader.open_session("reading", deadline_s=10) as channel:
        with pytest.raises(CardRefused):
            await channel.converse(refuse_the_card())
        assert await channel.transmit(GET_DATA) == RECORD + OK


async def test_a_conversation_past_its_deadline_sends_nothing_more(bench: Bench) -> None:
    card = DemoCard()
    reader = await put(bench, card)
    bench.slots[0].hold_answers()
    async with reader.open_session("one", deadline_s=10) as channel:
        with pytest.raises(DeviceTimeout) as late:
            await channel.converse(select_without_end(), deadline_s=bench.soon_s)
    assert late.value.retry is Retry.UNKNOWN
    bench.slots[0].give_answers()
    again = await put(bench, DemoCard())
    async with again.open_session("two", deadline_s=10) as channel:
        assert await channel.transmit(SELECT_NHI) == OK
    assert card.executed == 1


async def test_D04_a_second_session_is_refused_with_owner_and_time_left(bench: Bench) -> None:
    reader = await put(bench, DemoCard())
    async with reader.open_session("phone of the nurse", deadline_s=30):
        bench.clock.advance(10.5)
        with pytest.raises(ReaderBusy) as refused:
            async with reader.open_session("another", deadline_s=30):
                pass
    assert refused.value.params == {"owner": "phone of the nurse", "remaining_s": 20}
    async with reader.open_session("another", deadline_s=30) as channel:
        assert await channel.transmit(SELECT_NHI) == OK


async def test_a_session_whose_time_is_over_sends_nothing_and_can_be_taken_over(bench: Bench) -> None:
    card = DemoCard()
    reader = await put(bench, card)
    async with reader.open_session("one", deadline_s=5) as lapsed:
        bench.clock.advance(5)
        with pytest.raises(DeviceTimeout) as over:
            await lapsed.transmit(SELECT_NHI)
        assert over.value.retry is Retry.LATER
        async with reader.open_session("two", deadline_s=30) as channel:
            assert await channel.transmit(SELECT_NHI) == OK
            with pytest.raises(DeviceTimeout):
                await lapsed.transmit(SELECT_NHI)
        assert card.executed == 1


async def test_leaving_a_lapsed_session_does_not_end_the_one_that_took_over(bench: Bench) -> None:
    reader = await put(bench, DemoCard())
    lapsed = reader.open_session("one", deadline_s=5)
    await lapsed.__aenter__()
    bench.clock.advance(5)
    async with reader.open_session("two", deadline_s=30) as channel:
        assert await channel.transmit(SELECT_NHI) == OK
        await lapsed.__aexit__(None, None, None)
        assert await channel.transmit(GET_DATA) == RECORD + OK
        with pytest.raises(ReaderBusy):
            async with reader.open_session("three", deadline_s=1):
                pass


async def test_the_card_forgets_its_selection_after_a_session(bench: Bench) -> None:
    card = DemoCard()
    reader = await put(bench, card)
    async with reader.open_session("one", deadline_s=10) as channel:
        await channel.transmit(SELECT_NHI)
        assert card.is_selected
    async with reader.open_session("two", deadline_s=10) as channel:
        assert await channel.transmit(GET_DATA) == b"\x69\x85"
    assert reader.info.insertion == 1


@pytest.mark.parametrize(("atr", "protocol"), [(ATR_T0, "T=0"), (ATR_T1, "T=1")], ids=["T=0", "T=1"])
async def test_a_channel_tells_what_card_and_reader_speak(bench: Bench, atr: bytes, protocol: str) -> None:
    reader = await put(bench, DemoCard(atr))
    async with reader.open_session("one", deadline_s=10) as channel:
        before = channel.protocol
        await channel.reset()
        assert (before, channel.protocol, channel.atr) == (protocol, protocol, atr)


@pytest.mark.parametrize("how", Reset)
async def test_a_reset_card_has_forgotten_its_selection_and_the_session_goes_on(
    bench: Bench, how: Reset
) -> None:
    reader = await put(bench, DemoCard())
    async with reader.open_session("one", deadline_s=10) as channel:
        await channel.transmit(SELECT_NHI)
        assert await channel.reset(how) == ATR_T0
        assert await channel.transmit(GET_DATA) == b"\x69\x85"
        assert await channel.transmit(SELECT_NHI) == OK
        assert await channel.transmit(GET_DATA) == RECORD + OK
        with pytest.raises(ReaderBusy):
            async with reader.open_session("another", deadline_s=10):
                pass
    assert reader.info.insertion == 1


async def test_nothing_reaches_a_card_whose_power_was_taken_until_it_is_reset(bench: Bench) -> None:
    card = DemoCard()
    reader = await put(bench, card)
    async with reader.open_session("one", deadline_s=10) as channel:
        await channel.transmit(SELECT_NHI)
        powered = [channel.is_powered]
        await channel.power_off()
        powered.append(channel.is_powered)
        with pytest.raises(CardError) as refused:
            await channel.transmit(GET_DATA)
        assert (card.executed, refused.value.retry) == (1, Retry.NEVER)
        await channel.reset(Reset.WARM)
        powered.append(channel.is_powered)
        assert powered == [True, False, True]
        assert await channel.transmit(GET_DATA) == b"\x69\x85"
    assert reader.info.insertion == 1


@pytest.mark.parametrize("times_off", [0, 1], ids=["powered", "not powered"])
async def test_a_reset_never_begins_with_another_card(bench: Bench, times_off: int) -> None:
    reader = await put(bench, DemoCard())
    other = DemoCard()
    async with reader.open_session("one", deadline_s=60) as channel:
        for _ in range(times_off):
            await channel.power_off()
        await bench.slots[0].pull()
        await wait_info(bench, 0, lambda info: info.state is ReaderState.EMPTY)
        with pytest.raises(CardRemoved):
            await channel.reset()
        await put(bench, other)
        with pytest.raises(CardRemoved):
            await channel.reset()
        with pytest.raises(CardError):
            await channel.transmit(SELECT_NHI)
    assert other.executed == 0
    async with reader.open_session("two", deadline_s=10) as channel:
        assert await channel.transmit(SELECT_NHI) == OK


async def test_a_session_whose_time_is_over_takes_no_power_and_resets_nothing(bench: Bench) -> None:
    reader = await put(bench, DemoCard())
    async with reader.open_session("one", deadline_s=5) as lapsed:
        bench.clock.advance(5)
        async with reader.open_session("two", deadline_s=30) as channel:
            await channel.transmit(SELECT_NHI)
            with pytest.raises(DeviceTimeout) as late_power:
                await lapsed.power_off()
            with pytest.raises(DeviceTimeout) as late_reset:
                await lapsed.reset()
            assert await channel.transmit(GET_DATA) == RECORD + OK
    assert {late_power.value.retry, late_reset.value.retry} == {Retry.LATER}


async def test_an_empty_slot_says_so(bench: Bench) -> None:
    with pytest.raises(CardAbsent):
        async with bench.source.readers()[0].open_session("one", deadline_s=10):
            pass
    await put(bench, DemoCard())


async def test_a_mute_card_is_told_of_and_refused(bench: Bench) -> None:
    reader = await put(bench, DemoCard(b""))
    assert (reader.info.state, reader.info.atr) == (ReaderState.MUTE, "")
    with pytest.raises(CardMute):
        async with reader.open_session("one", deadline_s=10):
            pass
    await bench.slots[0].pull()
    await wait_info(bench, 0, lambda info: info.state is ReaderState.EMPTY)


async def test_a_card_pulled_in_the_middle_of_a_command_leaves_doubt(bench: Bench) -> None:
    card = DemoCard()
    reader = await put(bench, card)
    async with reader.open_session("one", deadline_s=10) as channel:
        await channel.transmit(SELECT_NHI)
        bench.slots[0].hold_answers()
        command = asyncio.create_task(channel.transmit(GET_DATA))
        await card.wait_executed(2)
        await bench.slots[0].pull()
        with pytest.raises(CardRemoved) as lost:
            await command
        assert lost.value.retry is Retry.UNKNOWN
        with pytest.raises(CardRemoved):
            await channel.transmit(GET_DATA)
    bench.slots[0].give_answers()
    again = await put(bench, DemoCard())
    async with again.open_session("two", deadline_s=10) as channel:
        assert await channel.transmit(SELECT_NHI) == OK


async def test_a_silent_card_ends_in_doubt_and_its_reader_recovers(bench: Bench) -> None:
    card = DemoCard()
    reader = await put(bench, card)
    bench.slots[0].hold_answers()
    async with reader.open_session("one", deadline_s=10) as channel:
        with pytest.raises(DeviceTimeout) as silent:
            await channel.transmit(SELECT_NHI, deadline_s=bench.soon_s)
    assert silent.value.retry is Retry.UNKNOWN
    assert card.executed == 1
    bench.slots[0].give_answers()
    again = await put(bench, DemoCard())
    async with again.open_session("two", deadline_s=10) as channel:
        assert await channel.transmit(SELECT_NHI) == OK


async def test_a_swapped_card_is_another_insertion(bench: Bench) -> None:
    reader = await put(bench, DemoCard(ATR_T1))
    await bench.slots[0].pull()
    await bench.slots[0].insert(DemoCard(ATR_T0))
    await wait_info(bench, 0, lambda info: info.atr == ATR_T0.hex().upper())
    assert reader.info.insertion == 2


async def test_the_same_card_put_back_quickly_is_another_insertion(bench: Bench) -> None:
    card = DemoCard()
    reader = await put(bench, card)
    await bench.slots[0].pull()
    await bench.slots[0].insert(card)
    await wait_info(bench, 0, lambda info: info.insertion == 2 and info.state is ReaderState.CARD)
    assert reader.info.insertion == 2


async def test_a_new_watch_tells_every_slot_again(bench: Bench) -> None:
    ids = bench.reader_ids
    await bench.end_watch()
    async with bench.watched():
        assert bench.arranged(bench.watching.newest()) == bench.arranged(ids)
