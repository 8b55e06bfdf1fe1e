"""Records fetched before departure: under a consent, readable without a network, gone when the consent is (L06).

What was fetched is deleted when its consent is revoked (in the revocation's transaction), when the consent ends, and at
the latest ``keep_days`` after it was fetched. Ends are judged by trusted time only; while the time is not trusted
nothing of it is shown, because nobody can tell whether it may be.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from visitbridge.domain.consents import ConsentAct, ConsentEntry
from visitbridge.errors import ClockUntrusted, ConsentMissing, DataCentreGarbled, FieldInvalid, StoreError
from visitbridge.ports.clock import Clock, TimeTrust
from visitbridge.ports.cloud import CloudRecords
from visitbridge.ports.consents import KeptRecords
from visitbridge.ports.records import AuditEntry, StaffSessionRow
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.records import LONGEST_BATCH, BatchLine, ConsentedQuery
from visitbridge.runtime.waiting import wait_first
from visitbridge.services.records.ledger import BOX, Actor, note

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 3600.0
"""How often ends are looked at besides, since wall time may be corrected meanwhile."""

_AGAIN_AFTER_S: Final = 60.0

PLANS_KEPT: Final = dt.timedelta(days=7)


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one consent in a download: ``fetched_at``, or the other side's ``words`` why not."""

    consent_id: str
    fetched_at: dt.datetime | None = None
    words: str = ""


class RecordKeeper:
    """Service: deletes in time. ``changed`` is called when something was fetched or deleted."""

    name = "records"
    critical = False

    def __init__(
        self,
        store: Store,
        clock: Clock,
        cloud: CloudRecords,
        *,
        keep_days: int,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._cloud = cloud
        self._keep = dt.timedelta(days=keep_days)
        self._changed = changed
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """An end may have moved, or the time may be trusted now."""
        self._wake.set()

    async def run(self, ready: Callable[[], None]) -> None:
        end_s = await self._tend()
        ready()
        while True:
            await wait_first(self._wake.wait(), self._clock.wait_until(end_s))
            # Before looking: what changes while it looks has to wake it again.
            self._wake.clear()
            end_s = await self._tend()

    async def _tend(self) -> float:
        """Delete what is due, and when to look again; on a full disk soon, and nothing that has ended is shown until then."""
        try:
            await self.purge()
            return await self._next_end()
        except StoreError as exc:
            log.error("records are still to be deleted: %s", exc.code)
            return self._clock.monotonic() + _AGAIN_AFTER_S

    async def purge(self) -> int:
        """Delete what has to be gone by now; how many copies went. Nothing while the time is not trusted."""
        if self._clock.trust is TimeTrust.UNTRUSTED:
            return 0
        now = self._clock.now()
        gone = await self._store.write(lambda tx: _purge(tx, now))
        if gone:
            self._changed()
        return gone

    async def fetch(
        self, consent_ids: Sequence[str], session: StaffSessionRow, phone_id: str
    ) -> tuple[Fetched, ...]:
        """Download what the consents allow; each is stored when this returns, or says why not.

        Raises ConsentMissing when one of them does not count, ClockUntrusted, and what the data centre raises;
        nothing has been stored then.
        """
        if not 1 <= len(consent_ids) <= LONGEST_BATCH or len(set(consent_ids)) != len(consent_ids):
            raise FieldInvalid(f"1 to {LONGEST_BATCH} consents, each once", field="consent_ids")
        entries = await self._store.read(lambda tx: [self._counting(tx, each) for each in consent_ids])
        answer = await self._cloud.fetch_consented(session.token, [_query(entry) for entry in entries])
        if [line.consent for line in answer.lines] != list(consent_ids):
            raise DataCentreGarbled("records for other consents than were asked for")
        actor = Actor(who=session.staff_id, phone_id=phone_id)

        def work(tx: Transaction) -> tuple[Fetched, ...]:
            return tuple(
                self._take(tx, entry, line, answer.as_of, actor)
                for entry, line in zip(entries, answer.lines, strict=True)
            )

        outcome = await self._store.write(work)
        self.wake()
        self._changed()
        return outcome

    async def read(self, consent_id: str, actor: Actor) -> KeptRecords:
        """The copy of one consent; that it was looked at is on the audit trail.

        Raises ConsentMissing when it does not count or nothing was fetched, ClockUntrusted.
        """
        (kept,) = await self._read(lambda tx: [tx.record_copies.get(consent_id)], actor)
        return kept

    async def of_person(self, id_no: str, actor: Actor) -> tuple[KeptRecords, ...]:
        """Every copy of a person that may be read, the oldest first. Raises ConsentMissing, ClockUntrusted."""
        return await self._read(lambda tx: tx.record_copies.of_person(id_no), actor)

    async def known_of(self, id_no: str) -> tuple[KeptRecords, ...]:
        """As :meth:`of_person` for the box's own arithmetic: nothing where nothing may be read, and no audit row."""
        if self._clock.trust is TimeTrust.UNTRUSTED:
            return ()
        now = self._clock.now()
        return await self._store.read(
            lambda tx: tuple(kept for kept in tx.record_copies.of_person(id_no) if _readable(tx, kept, now))
        )

    async def _read(
        self, find: Callable[[Transaction], Sequence[KeptRecords | None]], actor: Actor
    ) -> tuple[KeptRecords, ...]:
        now = self._trusted_now()

        def work(tx: Transaction) -> tuple[KeptRecords, ...]:
            found = tuple(kept for kept in find(tx) if kept is not None and _readable(tx, kept, now))
            if not found:
                raise ConsentMissing
            for kept in found:
                _audit(tx, "records.view", kept.consent_id, actor, now)
            return found

        return await self._store.write(work)

    def _counting(self, tx: Transaction, consent_id: str) -> ConsentEntry:
        entry = tx.consents.of(consent_id)
        if entry is None or not entry.counts_at(self._trusted_now()):
            raise ConsentMissing
        return entry

    def _take(
        self, tx: Transaction, entry: ConsentEntry, line: BatchLine, as_of: dt.datetime, actor: Actor
    ) -> Fetched:
        if line.problem is not None:
            return Fetched(consent_id=entry.consent_id, words=line.problem.words or line.problem.title)
        present = tx.consents.of(entry.consent_id)
        now = self._clock.now()
        if present is None or not present.counts_at(now):
            # Revoked while the answer was on its way.
            return Fetched(consent_id=entry.consent_id)
        allowed = set(present.terms.kinds)
        tx.record_copies.put(
            KeptRecords(
                consent_id=entry.consent_id,
                id_no=entry.person.id_no,
                kinds=tuple(kind for kind in entry.terms.kinds if kind in allowed),
                fetched_at=now,
                as_of=as_of,
                purge_at=min(present.terms.ends_at, now + self._keep),
                records=tuple(record for record in line.records if record.kind in allowed),
            )
        )
        _audit(tx, "records.fetch", entry.consent_id, actor, now)
        return Fetched(consent_id=entry.consent_id, fetched_at=now)

    def _trusted_now(self) -> dt.datetime:
        if self._clock.trust is TimeTrust.UNTRUSTED:
            raise ClockUntrusted
        return self._clock.now()

    async def _next_end(self) -> float:
        """Monotonic seconds at which something ends, at most an hour from now."""
        now, now_s = self._clock.now(), self._clock.monotonic()
        if self._clock.trust is TimeTrust.UNTRUSTED:
            return now_s + _LOOK_EVERY_S

        def ends(tx: Transaction) -> list[dt.datetime | None]:
            return [tx.record_copies.next_purge(), *(entry.terms.ends_at for entry in tx.consents.open())]

        found = [end for end in await self._store.read(ends) if end is not None]
        return now_s + min([_LOOK_EVERY_S, *((end - now).total_seconds() for end in found)])


def _purge(tx: Transaction, now: dt.datetime) -> int:
    """Note the consents that have ended and delete what was fetched under them, and what is old; in one transaction."""
    gone = 0
    for entry in tx.consents.open():
        if not entry.counts_at(now):
            note(
                tx,
                msgspec.structs.replace(
                    entry, at=now, act=ConsentAct.EXPIRED, who=BOX.who, phone_id=BOX.phone_id, why=""
                ),
            )
            gone += tx.record_copies.purge(entry.consent_id)
    for consent_id in tx.record_copies.due(now):
        tx.record_copies.purge(consent_id)
        _audit(tx, "records.purge", consent_id, BOX, now)
        gone += 1
    tx.plans.forget_before(now - PLANS_KEPT)
    return gone


def _readable(tx: Transaction, kept: KeptRecords, now: dt.datetime) -> bool:
    entry = tx.consents.of(kept.consent_id)
    return entry is not None and entry.counts_at(now) and now < kept.purge_at


def _query(entry: ConsentEntry) -> ConsentedQuery:
    return ConsentedQuery(
        id_no=entry.person.id_no,
        kinds=entry.terms.kinds,
        consent=entry.consent_id,
        signed_on=entry.terms.signed_on,
        until=entry.terms.until,
    )


def _audit(tx: Transaction, act: str, consent_id: str, actor: Actor, now: dt.datetime) -> None:
    tx.audit.append(AuditEntry(at=now, who=actor.who, act=act, record=consent_id, phone_id=actor.phone_id))
