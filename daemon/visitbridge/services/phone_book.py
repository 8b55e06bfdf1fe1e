"""Which phones are paired, with which cookies and roles: in memory as the store has it, and stored before it counts here."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Iterable

import msgspec

from visitbridge.domain.people import BoxRole
from visitbridge.errors import NotFound, NotPaired, PhoneRemoved, StoreError
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry, PairedPhone, PhoneSessionRow
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.phone_session import KnownPhone

log = logging.getLogger(__name__)

_ROLES = "phones.roles"
_REMOVED = "phones.removed"
_REMEMBERED = 64


class PhoneBook:
    """Call :meth:`load` before anything else. ``grace_s``: how long a former cookie still counts for requests under way."""

    def __init__(self, store: Store, clock: Clock, *, grace_s: float) -> None:
        self._store = store
        self._clock = clock
        self._grace_s = grace_s
        self.ever_paired = False
        self._roles: dict[str, BoxRole] = {}
        self._phones: dict[str, KnownPhone] = {}
        self._by_hash: dict[str, str] = {}
        self._removed: tuple[str, ...] = ()
        # Held from looking at who is paired until the change is on disk: phones that come together are told apart.
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        def work(tx: Transaction) -> tuple[list[PairedPhone], list[PhoneSessionRow], str | None, str | None]:
            roles, removed = tx.settings.get(_ROLES), tx.settings.get(_REMOVED)
            return list(tx.phones.all()), list(tx.phone_sessions.all()), roles, removed

        phones, rows, roles, removed = await self._store.read(work)
        self._removed = msgspec.json.decode(removed or "[]", type=tuple[str, ...])
        self.ever_paired = roles is not None
        self._roles = msgspec.json.decode(roles or "{}", type=dict[str, BoxRole])
        sessions = {row.phone_id: row for row in rows}
        for phone in phones:
            row = sessions.get(phone.phone_id, PhoneSessionRow(phone_id=phone.phone_id))
            self._know(KnownPhone(phone, row, self._clock.monotonic()))

    def all(self) -> tuple[KnownPhone, ...]:
        return tuple(self._phones.values())

    def find(self, phone_id: str) -> KnownPhone | None:
        return self._phones.get(phone_id)

    def existing(self, phone_id: str) -> KnownPhone:
        """Raises NotFound."""
        known = self._phones.get(phone_id)
        if known is None:
            raise NotFound("phone", field="phone_id")
        return known

    def role(self, phone_id: str) -> BoxRole:
        return self._roles.get(phone_id, BoxRole.USER)

    def shown(self, cookie: str) -> PairedPhone:
        """The phone that shows this cookie, the present or the former one. Raises NotPaired, PhoneRemoved."""
        digest = _digest(cookie)
        known = self._phones.get(self._by_hash.get(digest, ""))
        if known is None and digest in self._removed:
            raise PhoneRemoved("this phone was removed")
        if known is None:
            raise NotPaired("cookie unknown")
        if digest == known.phone.token_hash:
            self._forget_former(known)
            return known.phone
        return msgspec.structs.replace(known.phone, token_hash=digest)

    async def add(
        self, phone_id: str, name: str, role: BoxRole, row: PhoneSessionRow
    ) -> tuple[KnownPhone, str]:
        """A new phone with its session, and its cookie. The first one of a box is its owner, whatever ``role`` says."""
        now = self._clock.now()
        cookie = secrets.token_urlsafe(32)
        phone = PairedPhone(
            phone_id=phone_id, name=name, token_hash=_digest(cookie), paired_at=now, used_at=now
        )
        async with self._changing:
            given = role if self._phones else BoxRole.OWNER
            roles = self._roles | {phone_id: given}

            def work(tx: Transaction) -> None:
                tx.phones.add(phone)
                tx.phone_sessions.put(row)
                tx.settings.set(_ROLES, msgspec.json.encode(roles).decode())
                tx.audit.append(
                    AuditEntry(at=now, who="box", act="phone.pair", phone_id=phone_id, why=given.value)
                )

            await self._store.write(work)
            self.ever_paired = True
            self._roles = roles
            known = KnownPhone(phone, row, self._clock.monotonic())
            self._know(known)
        return known, cookie

    async def give_cookie(
        self, known: KnownPhone, used: PairedPhone, row: PhoneSessionRow, *, act: str, why: str
    ) -> str:
        """The cookie that the phone came with stays good for ``grace_s``, and afterwards only says which phone it
        is, until the new one was seen: an answer that was lost on the way must not cost the pairing.

        Raises PhoneRemoved.
        """
        cookie = secrets.token_urlsafe(32)
        digest = _digest(cookie)
        row = msgspec.structs.replace(row, former_hash=used.token_hash)
        entry = AuditEntry(at=self._clock.now(), who="box", act=act, phone_id=row.phone_id, why=why)

        def work(tx: Transaction) -> None:
            tx.phones.renew(row.phone_id, digest)
            tx.phone_sessions.put(row)
            tx.audit.append(entry)

        async with self._changing:
            self._require_paired(known)
            await self._store.write(work)
            for former in (known.phone.token_hash, known.row.former_hash):
                self._by_hash.pop(former, None)
            known.phone = msgspec.structs.replace(known.phone, token_hash=digest)
            known.row = row
            known.grace_ends_s = self._clock.monotonic() + self._grace_s
            self._know(known)
        return cookie

    async def remove(self, known: KnownPhone, *, by: str) -> None:
        """Its cookies are remembered as those of a removed phone. Raises NotFound for one that somebody else removed first."""
        phone_id, now = known.phone.phone_id, self._clock.now()
        async with self._changing:
            self.existing(phone_id)
            roles = {other: role for other, role in self._roles.items() if other != phone_id}
            digests = [digest for digest in (known.phone.token_hash, known.row.former_hash) if digest]
            removed = (*self._removed, *digests)[-_REMEMBERED:]

            def work(tx: Transaction) -> None:
                tx.phones.remove(phone_id)
                tx.settings.set(_REMOVED, msgspec.json.encode(removed).decode())
                tx.settings.set(_ROLES, msgspec.json.encode(roles).decode())
                tx.audit.append(
                    AuditEntry(at=now, who="box", act="phone.remove", record=phone_id, phone_id=by)
                )

            await self._store.write(work)
            self._roles, self._removed = roles, removed
            del self._phones[phone_id]
            for digest in digests:
                self._by_hash.pop(digest, None)

    async def put(self, known: KnownPhone, row: PhoneSessionRow, *, act: str = "") -> None:
        """``act``: what it is on the audit trail, in the same transaction; empty for what is part of another act.

        Raises PhoneRemoved.
        """
        entry = AuditEntry(at=self._clock.now(), who="box", act=act, phone_id=row.phone_id)

        def work(tx: Transaction) -> None:
            tx.phone_sessions.put(row)
            if act:
                tx.audit.append(entry)

        async with self._changing:
            self._require_paired(known)
            await self._store.write(work)
            known.row = row

    async def note(self, phone_id: str, act: str, *, why: str = "") -> None:
        """One line on the audit trail."""
        entry = AuditEntry(at=self._clock.now(), who="box", act=act, phone_id=phone_id, why=why)
        await self._store.write(lambda tx: tx.audit.append(entry))

    async def keep(self, some: Iterable[KnownPhone]) -> None:
        """Store what is left of their sessions. Only a restart needs it, so a full disk must not keep a phone from working."""
        rows = []
        for known in some:
            known.keep(self._clock)
            rows.append((known.phone, known.row))

        def work(tx: Transaction) -> None:
            for phone, row in rows:
                tx.phones.touch(phone.phone_id, phone.used_at)
                tx.phone_sessions.put(row)

        try:
            await self._store.write(work)
        except StoreError as exc:
            log.warning("use of phones not stored: %s", exc.code)

    def _require_paired(self, known: KnownPhone) -> None:
        """Somebody else may have removed it while its code was compared or its card verified."""
        if self._phones.get(known.phone.phone_id) is not known:
            raise PhoneRemoved("removed meanwhile")

    def _know(self, known: KnownPhone) -> None:
        self._phones[known.phone.phone_id] = known
        self._by_hash[known.phone.token_hash] = known.phone.phone_id
        if known.row.former_hash:
            self._by_hash[known.row.former_hash] = known.phone.phone_id

    def _forget_former(self, known: KnownPhone) -> None:
        """The phone has the new cookie; the old one is worth nothing from now on, but for requests under way."""
        if known.row.former_hash and self._clock.monotonic() >= known.grace_ends_s:
            self._by_hash.pop(known.row.former_hash, None)
            known.row = msgspec.structs.replace(known.row, former_hash="")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
