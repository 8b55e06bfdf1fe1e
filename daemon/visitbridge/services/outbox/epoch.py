"""The other side's epoch: after a restore over there, what it lost is sent again (data-centre.md §1.5)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

from visitbridge.domain.jobs import Job
from visitbridge.ports.datacentre import Contact
from visitbridge.ports.store import Store
from visitbridge.services.outbox.ledger import Ledger

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

    def __init__(self, store: Store, data_centre: EpochSource) -> None:
        self._store = store
        self._data_centre = data_centre
        self._known = ""

    async def load(self) -> None:
        text = await self._store.read(lambda tx: tx.settings.get(EPOCH))
        self._known = "" if text is None else json.loads(text)

    def has_changed(self) -> bool:
        contact = self._data_centre.contact
        return contact is not None and contact.epoch != self._known

    async def reconcile(self, ledger: Ledger) -> tuple[Job, ...]:
        """Queue again what the present epoch lacks.

        Raises whatever the question raises; what was not answered is asked again next time.
        """
        contact = self._data_centre.contact
        if contact is None:
            return ()
        epoch = contact.epoch
        keys = await self._store.read(lambda tx: tuple(tx.receipts.unconfirmed(epoch, limit=_EVERYTHING)))
        again: list[Job] = []
        for start in range(0, len(keys), _BATCH):
            asked = keys[start : start + _BATCH]
            missing = set(await self._data_centre.missing_receipts(asked))
            held = [key for key in asked if key not in missing]
            again += await ledger.resend([key for key in asked if key in missing], held=held, epoch=epoch)
        await self._store.write(lambda tx: tx.settings.set(EPOCH, json.dumps(epoch)))
        self._known = epoch
        return tuple(again)
