"""The other side's epoch: after a restore over there, what it lost is sent again (data-centre.md §1.5)."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from visitbridge.domain.jobs import Job
from visitbridge.errors import Retry, StoreError, VisitBridgeError
from visitbridge.ports.clock import Clock
from visitbridge.ports.datacentre import Contact
from visitbridge.ports.store import Store
from visitbridge.services.outbox.ledger import Ledger

log = logging.getLogger(__name__)

EPOCH = "outbox.epoch"
"""Setting: the epoch whose receipts have been compared with ours."""

_BATCH = 5000
_EVERYTHING = 1_000_000


class EpochSource(Protocol):
    """The part of the data centre that this needs."""

    @property
    def contact(self) -> Contact | None: ...

    async def missing_receipts(self, keys: Sequence[str]) -> tuple[str, ...]: ...


class EpochWatch:
    """Compares receipts once per epoch.

    The last confirmed point is kept per receipt: asked about are all that the present epoch has neither given
    nor confirmed, however old, since a backup may be older than the last comparison.
    """

    def __init__(self, store: Store, data_centre: EpochSource, clock: Clock, *, look_again_s: float) -> None:
        self._store = store
        self._data_centre = data_centre
        self._clock = clock
        self._look_again_s = look_again_s
        self._known = ""
        self._busy = False
        self._not_before_s = 0.0

    async def load(self) -> None:
        text = await self._store.read(lambda tx: tx.settings.get(EPOCH))
        self._known = "" if text is None else json.loads(text)

    def due_s(self) -> float:
        """Monotonic second at which to compare; infinity when there is nothing to compare or it is under way."""
        contact = self._data_centre.contact
        if self._busy or contact is None or contact.epoch == self._known:
            return float("inf")
        return self._not_before_s

    async def reconcile(self, ledger: Ledger) -> tuple[str, ...]:
        """Queue again what the present epoch lacks; returns the visits concerned.

        What could not be asked is asked again later. Raises StoreError for a store that is beyond repair.
        """
        self._busy = True
        concerned: dict[str, None] = {}
        try:
            async for job in self._compare(ledger):
                concerned[job.visit_id] = None
        except VisitBridgeError as error:
            if isinstance(error, StoreError) and error.retry is Retry.NEVER:
                raise
            log.info("receipts could not be compared with the new epoch yet: %s", error.code)
            self._not_before_s = self._clock.monotonic() + self._look_again_s
        finally:
            self._busy = False
        return tuple(concerned)

    async def _compare(self, ledger: Ledger) -> AsyncIterator[Job]:
        contact = self._data_centre.contact
        if contact is None:
            return
        epoch = contact.epoch
        keys = await self._store.read(lambda tx: tuple(tx.receipts.unconfirmed(epoch, limit=_EVERYTHING)))
        for start in range(0, len(keys), _BATCH):
            asked = keys[start : start + _BATCH]
            missing = set(await self._data_centre.missing_receipts(asked))
            held = [key for key in asked if key not in missing]
            for job in await ledger.resend([k for k in asked if k in missing], held=held, epoch=epoch):
                yield job
        await self._store.write(lambda tx: tx.settings.set(EPOCH, json.dumps(epoch)))
        self._known = epoch
