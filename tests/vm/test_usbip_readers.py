"""USB readers of our own over USB/IP: the kernel's USB, libccid and pcscd are real, and no case of the contract is left out.

Every test gets readers that were just plugged in, so that nothing of the one before is left in pcscd or in the kernel.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.contract import test_readers as contract
from tests.contract.demo_card import GET_DATA, SELECT_NHI, DemoCard
from tests.contract.reader_benches import Bench
from tests.vm.usb_cable import Cable, open_cables
from tests.vm.wires import SOON_S, USB, Wires
from visitbridge.adapters.pcsc.source import PcscReaders
from visitbridge.errors import ReaderRemoved, Retry
from visitbridge.ports.cards import ReaderState
from visitbridge.sim.clock import FakeClock

globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})


@pytest.fixture
async def cables(without_qemus_readers: None, wires: Wires) -> AsyncIterator[tuple[Cable, Cable]]:
    async with open_cables(wires.ports[USB]) as cables:
        yield cables


@pytest.fixture
async def bench(cables: tuple[Cable, Cable], clock: FakeClock) -> AsyncIterator[Bench]:
    source = PcscReaders(clock)
    slots = tuple(cable.reader for cable in cables)
    bench = Bench(source, slots, clock, are_virtual=False, soon_s=SOON_S)
    try:
        async with bench.watched():
            yield bench
    finally:
        await source.close()


async def test_a_reader_pulled_out_in_the_middle_of_a_command_leaves_doubt_and_comes_back(
    bench: Bench, cables: tuple[Cable, Cable]
) -> None:
    """The kernel takes the device away while libccid waits for it."""
    card = DemoCard()
    reader = await contract.put(bench, card)
    async with reader.open_session("one", deadline_s=60) as channel:
        await channel.transmit(SELECT_NHI)
        bench.slots[0].hold_answers()
        command = asyncio.create_task(channel.transmit(GET_DATA, deadline_s=60))
        await card.wait_executed(2)
        await cables[0].pull_out()
        with pytest.raises(ReaderRemoved) as lost:
            await command
    assert lost.value.retry is Retry.UNKNOWN
    await contract.wait_info(bench, 0, lambda info: info.state is ReaderState.UNAVAILABLE)
    bench.slots[0].give_answers()
    await cables[0].plug_in()
    await contract.wait_info(bench, 0, lambda info: info.state is ReaderState.CARD)
    async with bench.source.readers()[0].open_session("two", deadline_s=60) as channel:
        assert await channel.transmit(GET_DATA) == b"\x69\x85"
