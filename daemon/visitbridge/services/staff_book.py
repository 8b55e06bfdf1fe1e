"""The staff sessions of this box, and what a person may still do after one: in memory as the store has it (F05, Y06)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec

from visitbridge.errors import NotFound, StoreError
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry, StaffSessionRow
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.countdown import KEEP_EVERY_S, kept, left_s, settled
from visitbridge.services.grants import Acting, Former, Granted

log = logging.getLogger(__name__)

_GRANTED = "staff.granted"


class StaffBook:
    """What changes is stored before it counts here."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._sessions: dict[str, StaffSessionRow] = {}
        self._granted = Granted()
        self._kept_s = clock.monotonic()
        # Held from looking at what people may still do until it is on disk: of two changes at once neither is undone.
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Take up the sessions of the box's former life."""
        rows, granted = await self._store.read(_stored)
        if granted is not None:
            self._granted = msgspec.json.decode(granted, type=Granted)
        self._sessions = {row.session_id: row for row in rows}

    def all(self) -> tuple[StaffSessionRow, ...]:
        """Those that are over included, until they are taken out."""
        return tuple(self._sessions.values())

    def live(self) -> tuple[StaffSessionRow, ...]:
        """The oldest first."""
        self.settle()
        live = (row for row in self._sessions.values() if self.is_live(row))
        return tuple(sorted(live, key=lambda row: row.started_at))

    def session(self, session_id: str) -> StaffSessionRow:
        """Raises NotFound."""
        row = self._sessions.get(session_id)
        if row is None:
            raise NotFound("staff session", field="session_id")
        return row

    def live_session(self, session_id: str) -> StaffSessionRow:
        """Raises NotFound."""
        row = self.session(session_id)
        if not self.is_live(row):
            raise NotFound("staff session", field="session_id")
        return row

    def is_live(self, row: StaffSessionRow) -> bool:
        """A session of an earlier boot counts only by trusted time."""
        return bool(left_s(row.countdown, self._clock))

    def settle(self) -> None:
        """Decide, once, which sessions of an earlier boot go on."""
        for row in self.all():
            countdown = settled(row.countdown, self._clock)
            if countdown is not row.countdown:
                self.replace(msgspec.structs.replace(row, countdown=countdown))

    def replace(self, row: StaffSessionRow) -> None:
        """Stored with the next :meth:`keep`."""
        self._sessions[row.session_id] = row

    def acting_after(self, phone_id: str) -> Acting | None:
        """What whoever signed in last on this phone may still do."""
        return self._granted.acting(phone_id, self._clock)

    def take_up(self, phone_id: str) -> None:
        """Stored with the next :meth:`keep`."""
        self._granted = self._granted.taken_up(phone_id, self._clock)

    def forget_phone(self, phone_id: str) -> None:
        """Stored with the next :meth:`keep`."""
        self._granted = self._granted.without((phone_id,))

    async def put(self, row: StaffSessionRow, phone_id: str, former: Former, entry: AuditEntry) -> None:
        """A session that begins, or begins on one more phone; ``former``: what that leaves its person afterwards."""

        def work(tx: Transaction) -> None:
            tx.staff_sessions.put(row)
            tx.audit.append(entry)

        await self._change(lambda granted: granted.with_phone(phone_id, former), work)
        self._sessions[row.session_id] = row

    async def take_out(
        self, row: StaffSessionRow, *, act: str, phone_id: str = "", for_good: bool = False
    ) -> None:
        """``for_good``: its person may do nothing more afterwards, either."""
        entry = AuditEntry(at=self._clock.now(), who=row.staff_id, act=act, phone_id=phone_id)

        def work(tx: Transaction) -> None:
            tx.staff_sessions.remove(row.session_id)
            tx.audit.append(entry)

        def left(granted: Granted) -> Granted:
            return granted.without(row.phone_ids, row.staff_id) if for_good else granted

        await self._change(left, work)
        self._sessions.pop(row.session_id, None)

    async def _change(
        self, change: Callable[[Granted], Granted], also: Callable[[Transaction], None]
    ) -> None:
        async with self._changing:
            text = msgspec.json.encode(change(self._granted)).decode()

            def work(tx: Transaction) -> None:
                also(tx)
                tx.settings.set(_GRANTED, text)

            await self._store.write(work)
            # Of what there is now: a phone may have been forgotten meanwhile.
            self._granted = change(self._granted)

    async def note(self, act: str, *, why: str, phone_id: str) -> None:
        """One line of the box's own on the audit trail, of what came from this phone."""
        entry = AuditEntry(at=self._clock.now(), who="box", act=act, why=why, phone_id=phone_id)
        await self._store.write(lambda tx: tx.audit.append(entry))

    @property
    def keep_is_due(self) -> bool:
        return self._clock.monotonic() - self._kept_s >= KEEP_EVERY_S

    async def keep(self) -> None:
        """Store what is left of every session, for the next start."""
        self._kept_s = self._clock.monotonic()
        async with self._changing:
            rows = [
                msgspec.structs.replace(row, countdown=kept(row.countdown, self._clock)) for row in self.all()
            ]
            self._granted = self._granted.kept(self._clock)
            granted = msgspec.json.encode(self._granted).decode()

            def work(tx: Transaction) -> None:
                for row in rows:
                    tx.staff_sessions.put(row)
                tx.settings.set(_GRANTED, granted)

            try:
                await self._store.write(work)
            except StoreError as exc:
                log.warning("what is left of staff sessions not stored: %s", exc.code)


def _stored(tx: Transaction) -> tuple[tuple[StaffSessionRow, ...], str | None]:
    return tuple(tx.staff_sessions.all()), tx.settings.get(_GRANTED)
