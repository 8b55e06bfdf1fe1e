"""Sending the audit trail on, row by row, to where it is kept for as long as the law asks (medical law: 7 years)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, Protocol

from visitbridge.errors import DataCentreError, LinkError, StoreError
from visitbridge.ports.records import AuditRow
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.audit_trail import MOST_ROWS

log = logging.getLogger(__name__)

_SETTING: Final = "audit.forwarded"
_BATCHES_AT_ONCE: Final = 4


class Keeper(Protocol):
    """The part of the data centre that keeps trails."""

    async def keep_trail(self, after: int, rows: Sequence[AuditRow]) -> int:
        """Hand over rows from ``after`` + 1 on; the number of the last one that is held then."""
        ...


class AuditForwarding:
    """The rows stay on the box, too: nothing here deletes any."""

    def __init__(self, store: Store, keeper: Keeper) -> None:
        self._store = store
        self._keeper = keeper

    async def forward(self) -> None:
        """Send what is not kept there yet, a few thousand rows at the most; what fails is sent at the next contact.

        The other side says up to where it holds the trail: after a restore there, that is less than it once was.
        """
        for _ in range(_BATCHES_AT_ONCE):
            after, rows = await self._store.read(_next_rows)
            if not rows:
                return
            try:
                told = await self._keeper.keep_trail(after, rows)
                # Nobody holds more than was sent: what is told beyond that would keep rows back for good.
                kept = min(max(told, 0), after + len(rows))
                await self._remember(kept)
            except (LinkError, DataCentreError, StoreError) as error:
                # A full disk costs no more than sending the same rows once more.
                log.info("audit trail not forwarded: %s", error.code)
                return
            if kept == after:
                log.warning("the audit trail is not taken on from row %d", after)
                return

    async def _remember(self, kept: int) -> None:
        await self._store.write(lambda tx: tx.settings.set(_SETTING, str(kept)))


def _next_rows(tx: Transaction) -> tuple[int, tuple[AuditRow, ...]]:
    after = min(int(tx.settings.get(_SETTING) or 0), tx.audit.head()[0])
    return after, tuple(tx.audit.rows(after=after, limit=MOST_ROWS))
