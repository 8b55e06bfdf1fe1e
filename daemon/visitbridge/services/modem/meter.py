"""The data meter: bytes through the modem's interface in the current month (beyond #16)."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

import msgspec

from visitbridge.domain.roc import TAIPEI
from visitbridge.errors import StoreError
from visitbridge.ports.clock import Clock, TimeTrust
from visitbridge.ports.store import Store
from visitbridge.ports.uplink import Interfaces, Traffic

log = logging.getLogger(__name__)

_SETTING = "modem.meter"
_WORTH_KEEPING_BYTES = 64 * 1024


class MeterReading(msgspec.Struct, frozen=True, kw_only=True):
    """``month`` as 2026-11, by the day the carrier's month begins; ``counter``: the kernel's at last look."""

    month: str = ""
    received_bytes: int = 0
    sent_bytes: int = 0
    counter: Traffic = Traffic(received_bytes=0, sent_bytes=0)
    boot_id: str = ""


class DataMeter:
    """Service. ``begins_on_day``: first day of the carrier's billing month, 1 to 28."""

    name = "data-meter"
    critical = False

    def __init__(
        self,
        store: Store,
        clock: Clock,
        interfaces: Interfaces,
        *,
        interface: str,
        begins_on_day: int = 1,
        every_s: float = 60.0,
    ) -> None:
        self._store = store
        self._clock = clock
        self._interfaces = interfaces
        self._interface = interface
        self._begins_on_day = begins_on_day
        self._every_s = every_s
        self._reading = MeterReading()
        self._kept = MeterReading()

    @property
    def reading(self) -> MeterReading:
        return self._reading

    async def run(self, ready: Callable[[], None]) -> None:
        text = await self._store.read(lambda tx: tx.settings.get(_SETTING))
        if text is not None:
            self._reading = self._kept = msgspec.json.decode(text, type=MeterReading)
        ready()
        try:
            while True:
                await self.look()
                await self._clock.wait_until(self._clock.monotonic() + self._every_s)
        finally:
            await self._keep()

    async def look(self) -> None:
        """Add what went through since the last look; a month that began starts from zero, the first one of a box with
        what went through before it knew the time.
        """
        now = self._interfaces.traffic(self._interface)
        if now is None:
            return
        before = self._reading
        fresh = (
            before.boot_id != self._clock.boot_id
            or now.received_bytes < before.counter.received_bytes
            or now.sent_bytes < before.counter.sent_bytes
        )
        since = Traffic(received_bytes=0, sent_bytes=0) if fresh else before.counter
        month = self._month() or before.month
        same = before.month in ("", month)
        self._reading = MeterReading(
            month=month,
            received_bytes=(before.received_bytes if same else 0) + now.received_bytes - since.received_bytes,
            sent_bytes=(before.sent_bytes if same else 0) + now.sent_bytes - since.sent_bytes,
            counter=now,
            boot_id=self._clock.boot_id,
        )
        if not same or self._total(self._reading) - self._total(self._kept) >= _WORTH_KEEPING_BYTES:
            await self._keep()

    def _month(self) -> str:
        """Empty while the time is not trusted: a wrong clock must not begin a month."""
        if self._clock.trust is TimeTrust.UNTRUSTED:
            return ""
        day = self._clock.now().astimezone(TAIPEI).date() - dt.timedelta(days=self._begins_on_day - 1)
        return f"{day:%Y-%m}"

    async def _keep(self) -> None:
        if self._reading == self._kept:
            return
        text = msgspec.json.encode(self._reading).decode()
        try:
            await self._store.write(lambda tx: tx.settings.set(_SETTING, text))
        except StoreError as exc:
            log.warning("data meter not kept: %s", exc)
            return
        self._kept = self._reading

    @staticmethod
    def _total(reading: MeterReading) -> int:
        return reading.received_bytes + reading.sent_bytes
