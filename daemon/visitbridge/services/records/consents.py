"""Consents: given, renewed, revoked, looked at; and the ledger read back (L06, Y07, beyond #18)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from visitbridge.domain.consents import (
    ConsentAct,
    ConsentEntry,
    ConsentTerms,
    Person,
    check_person,
    check_terms,
)
from visitbridge.domain.roc import TAIPEI
from visitbridge.errors import ClockUntrusted, ConsentMissing, NotFound
from visitbridge.ports.clock import Clock, TimeTrust
from visitbridge.ports.consents import ConsentRow
from visitbridge.ports.records import AuditEntry, AuditRow
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.audit_trail import FIRST_CHAIN, first_break
from visitbridge.services.audit import AuditHead
from visitbridge.services.records.ledger import Actor, head_in, note

_PAGE: Final = 500


class ConsentState(msgspec.Struct, frozen=True, kw_only=True):
    """A consent as it stands. ``counts``: it holds now. ``fetched_at``: when records came under it, if they are here."""

    entry: ConsentEntry
    counts: bool
    fetched_at: dt.datetime | None


class LedgerPage(msgspec.Struct, frozen=True, kw_only=True):
    """``rows`` in order; ``head`` of the whole ledger at that moment."""

    rows: tuple[ConsentRow, ...]
    head: AuditHead


class LedgerCheck(msgspec.Struct, frozen=True, kw_only=True):
    """``broken_at``: the first line that does not follow from those before it, or is not the one that the audit trail
    witnessed when it was written; one after the last for lines cut off the end. None when the ledger is whole.
    """

    head: AuditHead
    broken_at: int | None


class ConsentDesk:
    """``changed`` is called after every act."""

    def __init__(
        self, store: Store, clock: Clock, *, new_id: Callable[[], str], changed: Callable[[], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._changed = changed

    async def give(self, person: Person, terms: ConsentTerms, actor: Actor) -> ConsentState:
        """Record a consent that was signed on paper. Raises FieldInvalid, ClockUntrusted."""
        check_person(person)
        self._check(terms)
        entry = self._line(self._new_id(), ConsentAct.GIVEN, person, terms, actor)
        state = await self._store.write(lambda tx: self._note(tx, entry))
        self._changed()
        return state

    async def renew(self, consent_id: str, terms: ConsentTerms, actor: Actor) -> ConsentState:
        """A new paper for a consent that may have run out.

        Raises NotFound, FieldInvalid, ClockUntrusted, ConsentMissing for a revoked one, which has to be given anew.
        """
        self._check(terms)

        def line(before: ConsentEntry) -> ConsentEntry:
            if before.act is ConsentAct.REVOKED:
                raise ConsentMissing
            return self._line(consent_id, ConsentAct.RENEWED, before.person, terms, actor)

        return await self._follow(consent_id, line)

    async def revoke(self, consent_id: str, why: str, actor: Actor) -> ConsentState:
        """Withdrawn by the person: what was fetched under it is deleted in the same transaction.

        Possible at any time, whatever the clock says and whoever is signed in. Raises NotFound.
        """

        def line(before: ConsentEntry) -> ConsentEntry | None:
            if before.is_over:
                return None
            return self._line(consent_id, ConsentAct.REVOKED, before.person, before.terms, actor, why)

        return await self._follow(consent_id, line)

    async def all(self) -> tuple[ConsentState, ...]:
        """Those that are neither revoked nor over, the oldest first."""
        return await self._store.read(lambda tx: self._states(tx, tx.consents.open()))

    async def of_person(self, id_no: str) -> tuple[ConsentState, ...]:
        return await self._store.read(lambda tx: self._states(tx, tx.consents.of_person(id_no)))

    async def export(self, *, after: int, limit: int, actor: Actor) -> LedgerPage:
        """Lines from number ``after`` + 1 on. That somebody read them is on the audit trail."""
        entry = AuditEntry(at=self._clock.now(), who=actor.who, act="ledger.export", phone_id=actor.phone_id)

        def work(tx: Transaction) -> LedgerPage:
            tx.audit.append(entry)
            number, chain = tx.consents.head()
            rows = tx.consents.rows(after=after, limit=limit)
            return LedgerPage(rows=tuple(rows), head=AuditHead(number=number, chain=chain))

        return await self._store.write(work)

    async def check(self) -> LedgerCheck:
        """Walk ledger and audit trail side by side."""
        witnessed = await self._witnessed()
        after, previous = 0, FIRST_CHAIN
        while rows := await self._rows(after):
            broken_at = first_break(rows, previous=previous, after=after)
            unwitnessed = next((row.number for row in rows if witnessed.get(row.number) != row.chain), None)
            if broken_at is not None or unwitnessed is not None:
                first = min(number for number in (broken_at, unwitnessed) if number is not None)
                return LedgerCheck(head=AuditHead(number=after, chain=previous), broken_at=first)
            after, previous = rows[-1].number, rows[-1].chain
        cut_off = after + 1 if max(witnessed, default=0) > after else None
        return LedgerCheck(head=AuditHead(number=after, chain=previous), broken_at=cut_off)

    async def _follow(
        self, consent_id: str, line: Callable[[ConsentEntry], ConsentEntry | None]
    ) -> ConsentState:
        """Add the next line of a consent; none when ``line`` gives none."""

        def work(tx: Transaction) -> ConsentState:
            before = tx.consents.of(consent_id)
            if before is None:
                raise NotFound("consent", field="consent_id")
            entry = line(before)
            return self._state(tx, before) if entry is None else self._note(tx, entry)

        state = await self._store.write(work)
        self._changed()
        return state

    def _note(self, tx: Transaction, entry: ConsentEntry) -> ConsentState:
        """Write the line, and let go of what it does not cover."""
        note(tx, entry)
        kept = tx.record_copies.get(entry.consent_id)
        if kept is not None:
            if entry.is_over or not set(kept.kinds) <= set(entry.terms.kinds):
                tx.record_copies.purge(entry.consent_id)
            elif entry.terms.ends_at < kept.purge_at:
                tx.record_copies.put(msgspec.structs.replace(kept, purge_at=entry.terms.ends_at))
        return self._state(tx, entry)

    def _states(self, tx: Transaction, entries: Sequence[ConsentEntry]) -> tuple[ConsentState, ...]:
        return tuple(self._state(tx, entry) for entry in entries)

    def _state(self, tx: Transaction, entry: ConsentEntry) -> ConsentState:
        return ConsentState(
            entry=entry,
            counts=entry.counts_at(self._clock.now()),
            fetched_at=tx.record_copies.fetched_at(entry.consent_id),
        )

    def _check(self, terms: ConsentTerms) -> None:
        if self._clock.trust is TimeTrust.UNTRUSTED:
            raise ClockUntrusted
        check_terms(terms, self._clock.now().astimezone(TAIPEI).date())

    def _line(
        self,
        consent_id: str,
        act: ConsentAct,
        person: Person,
        terms: ConsentTerms,
        actor: Actor,
        why: str = "",
    ) -> ConsentEntry:
        return ConsentEntry(
            at=self._clock.now(),
            consent_id=consent_id,
            act=act,
            who=actor.who,
            person=person,
            terms=terms,
            phone_id=actor.phone_id,
            why=why,
        )

    async def _rows(self, after: int) -> Sequence[ConsentRow]:
        return await self._store.read(lambda tx: tx.consents.rows(after=after, limit=_PAGE))

    async def _witnessed(self) -> dict[int, str]:
        """Chain values of the ledger's lines, as the audit trail has them."""
        found: dict[int, str] = {}
        after = 0
        while rows := await self._audit_rows(after):
            found |= dict(filter(None, map(head_in, rows)))
            after = rows[-1].number
        return found

    async def _audit_rows(self, after: int) -> Sequence[AuditRow]:
        return await self._store.read(lambda tx: tx.audit.rows(after=after, limit=_PAGE))
