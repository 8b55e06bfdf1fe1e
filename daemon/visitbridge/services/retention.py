"""Clear history: what was uploaded N months ago and more may go, and nothing else ever (S04, beyond #9)."""

from __future__ import annotations

import datetime as dt
import json
from typing import Final

import msgspec

from visitbridge.domain.roc import TAIPEI
from visitbridge.errors import ClockUntrusted, FieldInvalid
from visitbridge.ports.clock import Clock, TimeTrust
from visitbridge.ports.records import AuditEntry, Clearable
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.outbox.epoch import EPOCH

LONGEST_MONTHS: Final = 120
_AT_ONCE: Final = 500


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """``before``: first moment that is not touched. ``cleared``: how many visits have just been deleted."""

    months: int
    before: dt.datetime
    counts: Clearable
    cleared: int = 0


class RetentionDesk:
    """Deletes visits whose every effect is acknowledged, with their jobs and receipts; the audit stays."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def look(self, months: int) -> Retention:
        """Counts of what would go and what would stay. Raises FieldInvalid (``months``), ClockUntrusted."""
        before = self._cut(months)
        counts = await self._store.read(lambda tx: tx.visits.clearable(before, epoch=_epoch(tx)))
        return Retention(months=months, before=before, counts=counts)

    async def clear(self, months: int, *, phone_id: str = "") -> Retention:
        """Delete, in portions, so that nobody waits long behind it; all is on disk when this returns.

        What a power cut leaves undone is simply still there. Raises FieldInvalid (``months``), ClockUntrusted.
        """
        before = self._cut(months)
        cleared = 0
        while portion := await self._store.write(lambda tx: self._clear_some(tx, before, months, phone_id)):
            cleared += portion
        await self._store.write(lambda tx: tx.card_names.clear(before))
        counts = await self._store.read(lambda tx: tx.visits.clearable(before, epoch=_epoch(tx)))
        return Retention(months=months, before=before, counts=counts, cleared=cleared)

    def _clear_some(self, tx: Transaction, before: dt.datetime, months: int, phone_id: str) -> int:
        cleared = tx.visits.clear(before, epoch=_epoch(tx), limit=_AT_ONCE)
        if cleared:
            why = f"months={months} visits={cleared}"
            entry = AuditEntry(
                at=self._clock.now(), who="phone", act="history.clear", phone_id=phone_id, why=why
            )
            tx.audit.append(entry)
        return cleared

    def _cut(self, months: int) -> dt.datetime:
        """Midnight in Taipei of the day ``months`` months ago. A clock that may be ahead decides nothing."""
        if not 1 <= months <= LONGEST_MONTHS:
            raise FieldInvalid(f"1 to {LONGEST_MONTHS} months", field="months")
        if self._clock.trust is TimeTrust.UNTRUSTED:
            raise ClockUntrusted
        today = self._clock.now().astimezone(TAIPEI).date()
        return dt.datetime.combine(months_before(today, months), dt.time(), TAIPEI).astimezone(dt.UTC)


def months_before(day: dt.date, months: int) -> dt.date:
    """The same day of the month, or the month's last where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    following = dt.date(year + month // 11, (month + 1) % 12 + 1, 1)
    return min(dt.date(year, month + 1, 1) + dt.timedelta(days=day.day - 1), following - dt.timedelta(days=1))


def _epoch(tx: Transaction) -> str:
    """The epoch whose receipts have been compared with ours; empty while there was none, which no receipt has."""
    text = tx.settings.get(EPOCH)
    return "" if text is None else str(json.loads(text))
