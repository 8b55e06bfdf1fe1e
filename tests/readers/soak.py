"""Cards going in and out of a real pcscd's readers thousands of times, and pcscd itself dying: what the box keeps of it.

vpcd is asked every 400 ms whether a card is there, so one reader manages less than one card a second; pcscd holds
sixteen, and all of them are used at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from tests.contract.demo_card import ATR_T0, DemoCard
from tests.pcsc import clients_of
from visitbridge.adapters.pcsc.source import PcscReaders
from visitbridge.runtime.supervisor import Supervisor
from visitbridge.services.cards import CardDesk
from visitbridge.services.live import LiveBoard
from visitbridge.sim.clock import FakeClock
from visitbridge.sim.pcscd import PrivatePcscd, open_pcscd

MOST_READERS = 16
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICK_S = 0.01


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """What this process, in which the cards live too, holds while all readers are empty. ``cycles``: cards so far."""

    cycles: int
    threads: int
    descriptors: int
    resident_bytes: int


class Bay:
    """Use :func:`open_bay`. ``reader_ids`` in the order of the slots."""

    def __init__(self, cards: CardDesk, pcscd: PrivatePcscd) -> None:
        self._cards = cards
        self._pcscd = pcscd
        self.reader_ids = [slot.reader_id for slot in pcscd.slots]

    async def cycle(self) -> None:
        """A card into every reader until the box knows whose it is, and out again."""
        for slot in self._pcscd.slots:
            await slot.insert(DemoCard(ATR_T0))
        await self.wait_kind("nhi")
        for slot in self._pcscd.slots:
            await slot.pull()
        await self.wait_kind("none")

    async def restart(self) -> None:
        """pcscd dies with a card in every reader; the box tells each of them again once it is back."""
        await self._pcscd.kill()
        await self.wait_kind("none")
        await self._pcscd.start()
        await self.wait_kind("nhi")

    async def fill(self) -> None:
        for slot in self._pcscd.slots:
            await slot.insert(DemoCard(ATR_T0))
        await self.wait_kind("nhi")

    async def wait_kind(self, kind: str) -> None:
        """Until every reader's card is of this kind. Raises TimeoutError, which tells of the others."""
        try:
            await wait_for(lambda: not self._others(kind))
        except TimeoutError as exc:
            raise TimeoutError(f"not {kind}: {self._others(kind)}") from exc

    def _others(self, kind: str) -> list[str]:
        return [
            f"{card.reader_id} {card.kind} {card.error_code}"
            for card in self._cards.present()
            if card.kind != kind
        ]


async def wait_for(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    limit_s = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > limit_s:
            raise TimeoutError("what was waited for did not come about")
        await asyncio.sleep(_TICK_S)


@contextlib.asynccontextmanager
async def open_bay(readers: int) -> AsyncIterator[Bay]:
    """A card desk on a private pcscd with so many empty readers."""
    clock = FakeClock()
    async with open_pcscd(slots=readers) as pcscd:
        with clients_of(pcscd.socket_path):
            source = PcscReaders(clock, allow_virtual=True)
            cards = CardDesk(LiveBoard(), clock, realm="test")
            supervisor = Supervisor((cards.watcher("readers", source),), clock)
            tasks = [
                asyncio.create_task(supervisor.run(lambda: None)),
                asyncio.create_task(_pass_time(clock)),
            ]
            try:
                await wait_for(lambda: len(cards.present()) == readers)
                yield Bay(cards, pcscd)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                await source.close()


async def insert_and_pull(
    bay: Bay, count: int, note: Callable[[Footprint], None] = lambda _: None
) -> list[Footprint]:
    """At least so many cards; what was held after each round."""
    footprints = []
    for cycles in range(len(bay.reader_ids), count + len(bay.reader_ids), len(bay.reader_ids)):
        await bay.cycle()
        footprints.append(footprint(cycles))
        note(footprints[-1])
    return footprints


async def restart_pcscd(
    bay: Bay, times: int, note: Callable[[Footprint], None] = lambda _: None
) -> list[Footprint]:
    """What was held after each restart, with a card in every reader."""
    await bay.fill()
    footprints = []
    for number in range(1, times + 1):
        await bay.restart()
        footprints.append(footprint(number))
        note(footprints[-1])
    return footprints


def footprint(cycles: int) -> Footprint:
    process = Path("/proc/self")
    return Footprint(
        cycles=cycles,
        threads=len(list((process / "task").iterdir())),
        descriptors=len(list((process / "fd").iterdir())),
        resident_bytes=int((process / "statm").read_text().split()[1]) * _PAGE_BYTES,
    )


async def _pass_time(clock: FakeClock) -> None:
    while True:
        await asyncio.sleep(_TICK_S)
        clock.advance(10 * _TICK_S)
