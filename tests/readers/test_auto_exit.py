"""Debian's pcscd is started by the first client's call and leaves after a minute without any (issue 5, USB through PC/SC)."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import AsyncIterator

from tests.contract.demo_card import GET_DATA, RECORD, SELECT_NHI, DemoCard
from tests.contract.reader_benches import Watching
from tests.patience import PATIENCE_S
from tests.pcsc import clients_of, wake_ups
from visitbridge.adapters.pcsc.source import PcscReaders
from visitbridge.adapters.system_clock import SystemClock
from visitbridge.ports.cards import ReaderInfo, ReaderState
from visitbridge.sim.pcscd import PrivatePcscd, open_pcscd

OK = b"\x90\x00"
# TIME_BEFORE_SUICIDE in pcscd.
LEAVES_AFTER_S = 60.0
# For machines with much else to do.


@contextlib.asynccontextmanager
async def open_activated() -> AsyncIterator[PrivatePcscd]:
    """Behind its socket, not running."""
    async with open_pcscd(slots=2) as pcscd:
        with clients_of(pcscd.socket_path):
            await pcscd.activate()
            await wait_running(pcscd, False, PATIENCE_S)
            yield pcscd


class Box:
    """Use :func:`open_box`."""

    def __init__(self) -> None:
        self.source = PcscReaders(
            SystemClock(floor=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)), allow_virtual=True
        )
        self.watching = Watching()

    async def wait_insertion(self, number: int) -> ReaderInfo:
        return await self.watching.wait_told(
            lambda info: info.state is ReaderState.CARD and info.insertion == number
        )

    async def read(self, card: ReaderInfo) -> bytes:
        reader = next(each for each in self.source.readers() if each.info.reader_id == card.reader_id)
        async with reader.open_session("one", deadline_s=10) as channel:
            assert await channel.transmit(SELECT_NHI) == OK
            return await channel.transmit(GET_DATA)


@contextlib.asynccontextmanager
async def open_box() -> AsyncIterator[Box]:
    """The box's side of it, from its start to its end."""
    box = Box()
    task = asyncio.create_task(box.watching.follow(box.source))
    try:
        await box.watching.wait_slots(2)
        yield box
    finally:
        task.cancel()
        await asyncio.wait({task})
        await box.source.close()


async def wait_running(pcscd: PrivatePcscd, is_running: bool, within_s: float) -> None:
    until_s = time.monotonic() + within_s
    while (pcscd.pid is not None) is not is_running:
        assert time.monotonic() < until_s
        await asyncio.sleep(0.05)


async def wait_another(pcscd: PrivatePcscd, former_pid: int | None, within_s: float) -> None:
    until_s = time.monotonic() + within_s
    while pcscd.pid in (None, former_pid):
        assert time.monotonic() < until_s
        await asyncio.sleep(0.05)


async def wait_let_go(pcscd: PrivatePcscd, within_s: float) -> None:
    """pcscd has no client and goes.

    That it decided to is what is waited for: pcscd 1.9.9 gives its thread for signals one millisecond to say so, and when
    that is not enough its main thread sleeps on until the next client calls (pcscdaemon.c, SVCServiceRunLoop).
    """
    until_s = time.monotonic() + within_s
    while "Preparing for suicide" not in pcscd.read_log():
        assert time.monotonic() < until_s, pcscd.read_log()[-2000:]
        await asyncio.sleep(0.05)


async def test_the_box_calls_pcscd_keeps_it_while_it_runs_and_lets_it_go() -> None:
    async with open_activated() as pcscd:
        async with open_box() as box:
            await wait_running(pcscd, True, PATIENCE_S)
            await pcscd.slots[0].insert(DemoCard())
            before = await box.wait_insertion(1)
            assert await box.read(before) == RECORD + OK
            # Cards are looked at every 400 ms, and are in this process.
            await pcscd.slots[0].pull()
            await box.watching.wait_told(lambda info: info.insertion == 1 and info.state is ReaderState.EMPTY)
            before_count, pid = wake_ups(), pcscd.pid
            await asyncio.sleep(LEAVES_AFTER_S + 5)
            woken_per_s = (wake_ups() - before_count) / (LEAVES_AFTER_S + 5)
            assert pcscd.pid == pid
            # Two readers, one wake-up a second for each; what keeps pcscd is the box's context, and no questions.
            assert woken_per_s <= 2
        await wait_let_go(pcscd, LEAVES_AFTER_S + PATIENCE_S)

        # Gone, or going by this very call.
        async with open_box() as box:
            await wait_another(pcscd, pid, PATIENCE_S)
            await pcscd.slots[0].insert(DemoCard())
            again = await box.wait_insertion(1)
            assert await box.read(again) == RECORD + OK
        assert again.reader_id == before.reader_id


async def test_readers_are_back_by_the_boxs_own_call_when_pcscd_ended() -> None:
    async with open_activated() as pcscd, open_box() as box:
        await pcscd.slots[0].insert(DemoCard())
        for number in range(1, 4):
            card = await box.wait_insertion(number)
            assert await box.read(card) == RECORD + OK
            await pcscd.kill()
            await box.watching.wait_told(lambda info: info.state is ReaderState.UNAVAILABLE)
        await box.wait_insertion(4)
        await wait_running(pcscd, True, PATIENCE_S)
