"""Trusted time (Y10): from the data centre, GNSS, the mobile network or the RTC, never from a phone.

The clock itself ranks the sources; this service collects them, refuses moments that cannot be, tells the board,
and remembers the last trusted moment, so that a reboot without any source never takes the box back before it
(Y06), and what this boot's own clock stands for, by which a visit of this boot is timed even after the next.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable
from typing import Protocol

import msgspec

from visitbridge.domain.position import Fix
from visitbridge.errors import StoreError
from visitbridge.ports.clock import Clock, TimeTrust
from visitbridge.ports.modem import ModemSession
from visitbridge.ports.store import Store, Transaction
from visitbridge.runtime.waiting import wait_at_most
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import TimeTopic
from visitbridge.services.true_time import note_boot

log = logging.getLogger(__name__)

_SETTING = "time.last_trusted"
FURTHEST_AHEAD = dt.timedelta(days=3660)
"""A source that names a moment ten years after the release is broken (GPS week roll-over goes 19.6 years)."""


class CorrectableClock(Clock, Protocol):
    """The clock of the process, which sources may set right."""

    def correct_at(self, moment: dt.datetime, monotonic_s: float, source: TimeTrust) -> None: ...

    def go_on_from(self, moment: dt.datetime) -> None:
        """Stand at ``moment`` if the machine's clock stands before it; that earns no trust."""
        ...


class MachineClock(Protocol):
    """The clock of the machine, by which TLS judges certificates."""

    def set(self, moment: dt.datetime) -> None: ...


class Rtc(Protocol):
    """A battery-backed clock, which ran while the box was off."""

    def read(self) -> dt.datetime | None:
        """None when it tells no time."""
        ...


class TimePolicy(msgspec.Struct, frozen=True, kw_only=True):
    keep_every_s: float = 300.0
    ask_network_every_s: float = 3600.0


class Timekeeping:
    """Service. ``released_at``: no moment before it is believed. ``machine``: None leaves its clock alone.
    ``rtc``: asked once, at start; None for a machine without one.
    """

    name = "time"
    critical = False

    def __init__(
        self,
        clock: CorrectableClock,
        store: Store,
        board: LiveBoard,
        *,
        released_at: dt.datetime,
        policy: TimePolicy,
        machine: MachineClock | None = None,
        rtc: Rtc | None = None,
    ) -> None:
        self._machine = machine
        self._rtc = rtc
        self._clock = clock
        self._store = store
        self._board = board
        self._released_at = released_at
        self._policy = policy
        self._on_trusted: list[Callable[[], None]] = []
        self._became_trusted = asyncio.Event()
        self._publish()

    def when_trusted(self, listener: Callable[[], None]) -> None:
        """``listener`` runs when untrusted time becomes trusted."""
        self._on_trusted.append(listener)

    async def load(self) -> None:
        """Go on from the last trusted moment. Call once, before anything asks for the time."""
        text = await self._store.read(lambda tx: tx.settings.get(_SETTING))
        last_trusted = None if text is None else dt.datetime.fromisoformat(text)
        if last_trusted is not None:
            self._clock.go_on_from(last_trusted)
        self._ask_rtc(last_trusted)
        self._publish()

    def _ask_rtc(self, last_trusted: dt.datetime | None) -> None:
        moment = None if self._rtc is None else self._rtc.read()
        if moment is None:
            return
        if last_trusted is not None and moment < last_trusted:
            log.warning(
                "time from %s refused: before the last trusted moment, so its battery failed", TimeTrust.RTC
            )
            return
        self.offer(moment, TimeTrust.RTC)

    def offer(self, moment: dt.datetime, source: TimeTrust, *, monotonic_s: float | None = None) -> bool:
        """A source says that it is ``moment`` (at ``monotonic_s``, else now); whether it was believed.

        Refused: before the release, absurdly far ahead.
        """
        if not self._released_at <= moment <= self._released_at + FURTHEST_AHEAD:
            log.warning("time from %s refused: %s", source, moment.date())
            return False
        before = self._clock.trust
        at_s = self._clock.monotonic() if monotonic_s is None else monotonic_s
        self._clock.correct_at(moment, at_s, source)
        if self._machine is not None:
            self._machine.set(self._clock.now())
        self._publish()
        if before is TimeTrust.UNTRUSTED and self._clock.trust is not TimeTrust.UNTRUSTED:
            log.info("time is trusted now, from %s", source)
            self._became_trusted.set()
            for listener in self._on_trusted:
                listener()
        return True

    def offer_fix(self, fix: Fix) -> None:
        """A satellite fix carries the time; it is a second old at the most."""
        self.offer(fix.at, TimeTrust.GNSS)

    async def ask_network(self, session: ModemSession) -> None:
        """A chore of the modem watch."""
        moment = await session.network_time()
        if moment is not None:
            self.offer(moment, TimeTrust.NETWORK)

    async def run(self, ready: Callable[[], None]) -> None:
        ready()
        try:
            while True:
                await wait_at_most(self._clock, self._became_trusted.wait(), self._policy.keep_every_s)
                self._became_trusted.clear()
                await self._keep()
        finally:
            await self._keep()

    async def _keep(self) -> None:
        if self._clock.trust is TimeTrust.UNTRUSTED:
            return
        now = self._clock.now().isoformat()

        def work(tx: Transaction) -> None:
            tx.settings.set(_SETTING, now)
            note_boot(tx, self._clock)

        try:
            await self._store.write(work)
        except StoreError as exc:
            log.warning("time not kept: %s", exc)

    def _publish(self) -> None:
        self._board.put("time", TimeTopic(trust=self._clock.trust))
