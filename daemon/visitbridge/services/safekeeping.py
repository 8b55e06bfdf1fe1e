"""Backups while the box works, and saying that one had to be used."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from visitbridge.errors import StoreError
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.live import LiveBoard
from visitbridge.services.topics import StoreTopic

log = logging.getLogger(__name__)

EVERY_S: Final = 1800.0
"""What a damaged file can cost at most, against the wear of copying the whole file."""

_SETTING: Final = "store.rescue"


class Safekeeping:
    """Service. ``take_backup`` makes one checked copy; ``load`` comes first."""

    name = "backups"
    critical = False

    def __init__(
        self, store: Store, clock: Clock, board: LiveBoard, *, take_backup: Callable[[], Awaitable[None]]
    ) -> None:
        self._store = store
        self._clock = clock
        self._board = board
        self._take_backup = take_backup

    async def load(self, *, at: dt.datetime | None = None, backup_at: dt.datetime | None = None) -> None:
        """Publish what people must know; with ``at``, that a backup took the file's place at this start."""
        topic = StoreTopic(rescued_at=at, backup_at=backup_at)
        if at is None:
            text = await self._store.read(lambda tx: tx.settings.get(_SETTING))
            topic = StoreTopic() if text is None else msgspec.json.decode(text, type=StoreTopic)
        else:
            await self._keep(topic, who="box", act="store.rescue")
        self._board.put("store", topic)

    async def seen(self, *, phone_id: str) -> None:
        """A technician has taken care of it: stop saying so. The damaged file stays."""
        await self._keep(None, who="phone", act="store.rescue_seen", phone_id=phone_id)
        self._board.put("store", StoreTopic())

    async def run(self, ready: Callable[[], None]) -> None:
        ready()
        while True:
            await self._clock.wait_until(self._clock.monotonic() + EVERY_S)
            try:
                await self._take_backup()
            except StoreError as error:
                log.warning("no backup this time: %s", error.code)

    async def _keep(self, topic: StoreTopic | None, *, who: str, act: str, phone_id: str = "") -> None:
        text = None if topic is None else msgspec.json.encode(topic).decode()
        entry = AuditEntry(at=self._clock.now(), who=who, act=act, phone_id=phone_id)

        def work(tx: Transaction) -> None:
            tx.settings.set(_SETTING, text)
            tx.audit.append(entry)

        await self._store.write(work)
