"""One Bluetooth reader: kept connected, its slot watched, its card lent to one session at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

import msgspec

from visitbridge.adapters.ble.care import Care
from visitbridge.adapters.ble.channel import BleChannel
from visitbridge.adapters.ble.families import Family, Talk
from visitbridge.adapters.ble.line import Line
from visitbridge.domain.backoff import BackoffClass, delay_s
from visitbridge.errors import (
    CardAbsent,
    CardBeingRead,
    CardError,
    CardMute,
    DeviceError,
    DeviceTimeout,
    PairingLost,
    ReaderRemoved,
    ReaderUnavailable,
    Retry,
)
from visitbridge.ports.cards import ReaderInfo, ReaderState
from visitbridge.ports.clock import Clock
from visitbridge.ports.gatt import GattLink, Peripheral
from visitbridge.ports.reader_facts import ReaderFacts
from visitbridge.protocols.reader_talk import Dialogue, Notice
from visitbridge.runtime.hold import Hold, Lease
from visitbridge.runtime.jitter import draw
from visitbridge.runtime.waiting import wait_at_most

log = logging.getLogger(__name__)

TRANSPORT = "ble"
# Four voltages of a mute card, each for as long as a card may take to answer a reset.
_POWER_S = 10.0
_ROTATION_S = 30.0
_BATTERY_EVERY_S = 600.0

R = TypeVar("R")


class BleReader(Generic[R]):
    """A reader with one slot (``ports.cards.CardReader``). ``care``: what its family speaks and wants."""

    def __init__(
        self,
        peripheral: Peripheral,
        care: Care[R],
        clock: Clock,
        *,
        jitter: Callable[[], float] = draw,
    ) -> None:
        self._peripheral = peripheral
        self._care = care
        self._clock = clock
        self._hold = Hold(clock)
        self._lease: Lease | None = None
        self._connection: tuple[Line[R], Talk[R]] | None = None
        self._jitter = jitter
        self._failures = 0
        self._is_looking = False
        self._is_wanted = asyncio.Event()
        self._tell: Callable[[ReaderInfo], None] = _tell_nobody
        self._told: ReaderInfo | None = None
        self._info = ReaderInfo(
            reader_id=peripheral.reader_id,
            name=peripheral.label,
            transport=TRANSPORT,
            state=ReaderState.UNAVAILABLE,
            virtual=peripheral.virtual,
            capability=care.capability,
        )

    @property
    def info(self) -> ReaderInfo:
        return self._info

    async def run(self, tell: Callable[[ReaderInfo], None]) -> None:
        """Stay connected, for ever; ``tell`` hears of the slot once it is known and of every change.

        A lost connection is tried again at once, then with growing pauses.
        """
        self._tell, self._told = tell, None
        strangers = 0
        while True:
            try:
                await self._serve()
            except DeviceError as exc:
                log.info("%s: %s", self._info.reader_id, exc)
                strangers = strangers + 1 if isinstance(exc, PairingLost) else 0
            finally:
                self._connection = None
                self._info = msgspec.structs.replace(self._info, state=ReaderState.UNAVAILABLE, atr="")
            # Of two keys that it may have, each connection tries one.
            self._show(ReaderState.UNAVAILABLE, trouble=PairingLost.code if strangers > 1 else "")
            self._failures += 1
            if self._failures > 1:
                pause_s = delay_s(BackoffClass.DEVICE, self._failures - 1, self._jitter())
                self._is_wanted.clear()
                await wait_at_most(self._clock, self._is_wanted.wait(), pause_s)

    def wake(self) -> None:
        """There is reason to believe that it can be reached: try now."""
        self._is_wanted.set()

    def rename(self, name: str) -> None:
        """Show another name from now on."""
        self._info = msgspec.structs.replace(self._info, name=name)
        if self._told is not None:
            self._show(self._info.state, atr=self._info.atr, trouble=self._info.trouble)

    async def rotate_key(self) -> None:
        """Give the reader a new key. Raises ReaderUnavailable, ReaderBusy, DeviceError, StoreError."""
        await self._tend(self._care.rotate_key)

    async def give_back(self) -> None:
        """Leave the reader as it came from the factory. Raises as :meth:`rotate_key`."""
        await self._tend(self._care.give_back)

    async def _tend(self, act: Callable[[Line[R]], Awaitable[None]]) -> None:
        if self._connection is None:
            raise ReaderUnavailable(self._info.reader_id)
        line, _ = self._connection
        lease = self._hold.take("key rotation", _ROTATION_S)
        try:
            await act(line)
        finally:
            lease.release()

    @contextlib.asynccontextmanager
    async def open_session(self, owner: str, *, deadline_s: float) -> AsyncIterator[BleChannel[R]]:
        """See ``ports.cards.CardReader``; the card loses its power at the end."""
        if self._connection is None:
            raise ReaderUnavailable(self._info.reader_id)
        line, talk = self._connection
        lease = self._hold.take(owner, deadline_s)
        try:
            if self._info.state is ReaderState.EMPTY:
                raise CardBeingRead if self._is_looking else CardAbsent
            insertion = self._info.insertion
            self._lease = lease
            try:
                atr = await line.hold(talk.power_on(), deadline_s=min(_POWER_S, deadline_s))
            except (ReaderRemoved, DeviceTimeout) as exc:
                raise ReaderUnavailable(f"{self._info.reader_id} does not answer") from exc
            try:
                yield BleChannel(line, talk, lease, atr, lambda: self._still_has(insertion))
            finally:
                if self._hold.is_with(lease) and line.is_up:
                    await self._let_go(line, talk)
        finally:
            lease.release()

    async def read_facts(self) -> ReaderFacts:
        """See ``ports.reader_facts.Described``."""
        if self._connection is None:
            raise ReaderUnavailable(self._info.reader_id)
        return await self._care.read_facts(self._connection[0])

    async def _let_go(self, line: Line[R], talk: Talk[R]) -> None:
        try:
            await line.hold(talk.power_off(), deadline_s=_POWER_S)
        except (CardError, DeviceError) as exc:
            log.warning("%s: the card could not be powered down: %s", self._info.reader_id, exc)

    async def _serve(self) -> None:
        """One connection. Raises DeviceError at its end."""
        heard: asyncio.Queue[Notice | DeviceError] = asyncio.Queue()
        async with self._peripheral.open_link() as link:
            family = self._care.new_family(link)
            line = Line(link, family, heard.put_nowait)
            await self._greet(line)
            await self._look_at_battery(link, family)
            if await line.hold(family.talk.presence(), deadline_s=_POWER_S):
                await self._look(line, family.talk)
            else:
                self._show(ReaderState.EMPTY)
            self._connection = (line, family.talk)
            battery = asyncio.create_task(self._watch_battery(link, family))
            try:
                while True:
                    await self._heed(await heard.get(), line, family.talk)
            finally:
                battery.cancel()
                await asyncio.wait({battery})

    async def _greet(self, line: Line[R]) -> None:
        try:
            await line.open()
        except DeviceError as exc:
            if exc.retry is Retry.NEVER:
                self._care.refused()
            raise
        await self._care.greeted(line)

    async def _watch_battery(self, link: GattLink, family: Family[R]) -> None:
        while True:
            await self._clock.wait_until(self._clock.monotonic() + _BATTERY_EVERY_S)
            await self._look_at_battery(link, family)
            self._show(self._info.state, atr=self._info.atr)

    async def _look_at_battery(self, link: GattLink, family: Family[R]) -> None:
        if not link.flags(family.battery_pipe):
            return
        try:
            charge = family.charge(await link.read(family.battery_pipe))
        except DeviceError as exc:
            log.info("%s: its battery is not known: %s", self._info.reader_id, exc)
            return
        self._info = msgspec.structs.replace(
            self._info, battery_percent=charge.percent, battery_low=charge.is_low
        )

    async def _heed(self, item: Notice | DeviceError, line: Line[R], talk: Talk[R]) -> None:
        if isinstance(item, DeviceError):
            raise item
        if item is Notice.SLEEPING:
            raise ReaderUnavailable("the reader goes to sleep")
        if item is Notice.CARD_OUT:
            self._show(ReaderState.EMPTY)
        # A repeated notice must not take the power from a card that is in use.
        elif item is Notice.CARD_IN and not self._is_in_use:
            await self._look(line, talk)

    def _show(
        self, state: ReaderState, *, insertion: int | None = None, atr: str = "", trouble: str = ""
    ) -> None:
        insertion = self._info.insertion if insertion is None else insertion
        self._info = msgspec.structs.replace(
            self._info,
            state=state,
            insertion=insertion,
            atr=atr,
            virtual=self._peripheral.virtual,
            signal_dbm=self._peripheral.signal_dbm,
            trouble=trouble,
        )
        if state is not ReaderState.UNAVAILABLE:
            self._failures = 0
        if self._info != self._told:
            self._told = self._info
            self._tell(self._info)

    def _still_has(self, insertion: int) -> bool:
        return self._info.insertion == insertion and self._info.state is not ReaderState.EMPTY

    @property
    def _is_in_use(self) -> bool:
        in_use = self._lease is not None and self._lease.remaining_s > 0
        return in_use and self._info.state is ReaderState.CARD

    async def _look(self, line: Line[R], talk: Talk[R]) -> None:
        """Take note of a card that was put in. Until then the slot counts as empty, so that no session opens."""
        self._info = msgspec.structs.replace(self._info, state=ReaderState.EMPTY, atr="")
        insertion = self._info.insertion + 1
        self._is_looking = True
        try:
            atr = await line.hold(_probe(talk), deadline_s=_POWER_S)
        except CardAbsent:
            self._show(ReaderState.EMPTY)
        except CardMute:
            self._show(ReaderState.MUTE, insertion=insertion)
        else:
            self._show(ReaderState.CARD, insertion=insertion, atr=atr.hex().upper())
        finally:
            self._is_looking = False


def _probe(talk: Talk[R]) -> Dialogue[R, bytes]:
    """Read the card's ATR and take its power again, in one go."""
    atr = yield from talk.power_on()
    yield from talk.power_off()
    return atr


def _tell_nobody(_info: ReaderInfo) -> None:
    """Nobody watches."""
