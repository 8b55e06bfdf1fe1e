"""Paired phones and their sessions (ux §3.1, limits §5).

A phone stays paired until it is removed: its cookie, 256 random bits of which the store keeps the SHA-256, says which
phone it is. What the phone may do is another matter. Its session lasts 12 hours from the last card, approval or
pairing, and locks after 15 minutes without a person at the phone. A locked phone is opened by a health-professional
card, by the code that its person chose, by another phone or at the box; one whose 12 hours have run, by all of these
but the code.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable

import msgspec

from visitbridge.domain.people import BoxRole
from visitbridge.domain.phones import PhoneState
from visitbridge.errors import (
    CodeBlocked,
    CodeWrong,
    NotFound,
    NotPaired,
    PhoneOver,
    PhoneRemoved,
    ProofStale,
    RoleMissing,
    StoreError,
)
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry, PairedPhone, PhoneSessionRow
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.countdown import KEEP_EVERY_S, begin, taken_up
from visitbridge.services.phone_session import KnownPhone, PhoneLimits, fresh
from visitbridge.services.unlock_code import make_code, recognised

log = logging.getLogger(__name__)

TOUCH_EVERY_S = 60.0
GRACE_S = 10.0
"""How long a request that was under way when a phone got its new cookie may still come with the old one."""

_ROLES = "phones.roles"
_REMOVED = "phones.removed"
_REMEMBERED = 64


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """``cookie`` is the only copy of the session's secret."""

    phone: PairedPhone
    cookie: str


class PhoneDesk:
    """Service: knows all paired phones. Call :meth:`load` before anything else."""

    name = "phones"
    critical = True

    def __init__(self, store: Store, clock: Clock, *, limits: PhoneLimits) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self.ever_paired = False
        self._roles: dict[str, BoxRole] = {}
        self._phones: dict[str, KnownPhone] = {}
        self._by_hash: dict[str, str] = {}
        self._removed: tuple[str, ...] = ()
        self._on_removed: list[Callable[[str], None]] = []
        self._on_changed: list[Callable[[], None]] = []

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

    async def run(self, ready: Callable[[], None]) -> None:
        ready()
        while True:
            await self._clock.wait_until(self._clock.monotonic() + KEEP_EVERY_S)
            await self.keep()

    async def keep(self) -> None:
        """Store what is left of every session, for the next start."""
        await self._keep([known for known in self._phones.values() if known.row.whole is not None])

    @property
    def idle_s(self) -> float:
        """Seconds without a person until a phone locks."""
        return self._limits.idle_s

    def when_removed(self, listener: Callable[[str], None]) -> None:
        """Call ``listener`` with the id of every phone that is unpaired."""
        self._on_removed.append(listener)

    def when_changed(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after a phone was opened or locked."""
        self._on_changed.append(listener)

    def phones(self) -> tuple[PairedPhone, ...]:
        """By time of pairing."""
        found = (known.phone for known in self._phones.values())
        return tuple(sorted(found, key=lambda phone: phone.paired_at))

    def role(self, phone_id: str) -> BoxRole:
        """The first phone of a box is its owner; every other has what its pairing gave."""
        return self._roles.get(phone_id, BoxRole.USER)

    def is_paired(self, phone_id: str) -> bool:
        return phone_id in self._phones

    def state(self, phone: PairedPhone) -> PhoneState:
        """``phone`` as :meth:`authenticate` gave it: with the cookie before the present one it is locked."""
        known = self._phones.get(phone.phone_id)
        if known is None:
            return PhoneState.OVER
        return known.state(phone.token_hash, self._clock)

    def is_proven(self, phone_id: str) -> bool:
        """Whether somebody has shown card or code on this open phone in the last minutes."""
        known = self._phones.get(phone_id)
        if known is None or self.state(known.phone) is not PhoneState.OPEN:
            return False
        return self._clock.monotonic() < known.proof_ends_s

    def require_proven(self, phone_id: str) -> None:
        """Raises ProofStale."""
        if not self.is_proven(phone_id):
            raise ProofStale("nobody has shown card or code lately")

    def has_code(self, phone_id: str) -> bool:
        """Whether a code would be taken: one was chosen and has tries left."""
        code = self._existing(phone_id).row.code
        return code is not None and code.tries_left > 0

    async def authenticate(self, cookie: str) -> PairedPhone:
        """The phone of a cookie, whatever its session's state. Raises NotPaired, PhoneRemoved."""
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

    async def note_use(self, phone_id: str) -> None:
        """A person is at this open phone."""
        known = self._phones.get(phone_id)
        if known is None or self.state(known.phone) is not PhoneState.OPEN:
            return
        known.row = msgspec.structs.replace(known.row, idle=begin(self._clock, self._limits.idle_s))
        if self._clock.monotonic() - known.touched_s >= TOUCH_EVERY_S:
            known.phone = msgspec.structs.replace(known.phone, used_at=self._clock.now())
            await self._keep([known])

    async def add(self, phone_id: str, name: str, role: BoxRole) -> Opened:
        """Pair a phone; open and proven when this returns. The first one of a box is its owner, whatever ``role`` says."""
        now = self._clock.now()
        cookie = secrets.token_urlsafe(32)
        phone = PairedPhone(
            phone_id=phone_id, name=name, token_hash=_digest(cookie), paired_at=now, used_at=now
        )
        row = fresh(PhoneSessionRow(phone_id=phone_id), self._clock, self._limits)
        role = role if self._phones else BoxRole.OWNER
        roles = self._roles | {phone_id: role}

        def work(tx: Transaction) -> None:
            tx.phones.add(phone)
            tx.phone_sessions.put(row)
            tx.settings.set(_ROLES, msgspec.json.encode(roles).decode())
            tx.audit.append(
                AuditEntry(at=now, who="box", act="phone.pair", phone_id=phone_id, why=role.value)
            )

        await self._store.write(work)
        self.ever_paired = True
        self._roles = roles
        known = KnownPhone(phone, row, self._clock.monotonic(), proof_ends_s=self._proof_end_s())
        self._know(known)
        self._tell()
        return Opened(phone=phone, cookie=cookie)

    async def open(self, phone: PairedPhone, *, why: str, proven: bool = False) -> str:
        """Begin its session anew, with a new cookie, which is the answer. ``why``: what was shown, for the record.

        ``proven``: it was shown by somebody who may decide who gets in.
        """
        known = self._existing(phone.phone_id)
        cookie = await self._give_cookie(
            known, phone, fresh(known.row, self._clock, self._limits), act="phone.open", why=why
        )
        known.proof_ends_s = self._proof_end_s() if proven else 0.0
        return cookie

    async def renew_cookie(self, phone: PairedPhone) -> str:
        """A new cookie for an open phone whose person may now do something else."""
        known = self._existing(phone.phone_id)
        return await self._give_cookie(known, phone, known.row, act="phone.cookie", why="")

    async def unlock(self, phone: PairedPhone, digits: bytearray) -> str:
        """Open a locked phone with its code, which is wiped; the answer is its new cookie. On an open one: prove it.

        Raises PhoneOver where the code does not suffice, CodeWrong (``tries_left``), CodeBlocked.
        """
        known = self._existing(phone.phone_id)
        code = known.row.code
        if self.state(known.phone) is PhoneState.OVER:
            raise PhoneOver("the code opens a locked phone only")
        if code is None or code.tries_left <= 0:
            raise CodeBlocked("no code, or too many wrong ones")
        code = msgspec.structs.replace(code, tries_left=code.tries_left - 1)
        await self._put(known, msgspec.structs.replace(known.row, code=code))
        opened = await recognised(code, digits)
        if opened is None:
            await self._audit(phone.phone_id, "phone.code_refused", why=f"{code.tries_left} left")
            if code.tries_left == 0:
                raise CodeBlocked("too many wrong codes")
            raise CodeWrong("not the code of this phone", params={"tries_left": code.tries_left})
        row = msgspec.structs.replace(
            known.row,
            code=opened,
            whole=taken_up(known.row.whole, self._clock),
            idle=begin(self._clock, self._limits.idle_s),
        )
        cookie = await self._give_cookie(known, phone, row, act="phone.open", why="code")
        known.proof_ends_s = self._proof_end_s()
        return cookie

    async def set_code(self, phone_id: str, digits: bytearray) -> None:
        """Choose the code that unlocks this phone. Raises FieldInvalid; ``digits`` are wiped."""
        code = await make_code(digits)
        known = self._existing(phone_id)
        await self._put(known, msgspec.structs.replace(known.row, code=code))
        await self._audit(phone_id, "phone.code")

    async def lock(self, phone_id: str) -> None:
        known = self._existing(phone_id)
        await self._put(known, msgspec.structs.replace(known.row, idle=None))
        await self._audit(phone_id, "phone.lock")
        self._tell()

    async def remove(self, phone_id: str, *, by: str) -> None:
        """Unpair; its session ends at once. ``by`` is the phone that asked.

        Raises NotFound, and RoleMissing for a phone of a higher role.
        """
        known = self._existing(phone_id)
        if not self.role(by).covers(self.role(phone_id)):
            raise RoleMissing("phone of a higher role", params={"role": self.role(phone_id).value})
        now = self._clock.now()
        roles = {other: role for other, role in self._roles.items() if other != phone_id}
        digests = [digest for digest in (known.phone.token_hash, known.row.former_hash) if digest]
        removed = (*self._removed, *digests)[-_REMEMBERED:]

        def work(tx: Transaction) -> None:
            tx.phones.remove(phone_id)
            tx.settings.set(_REMOVED, msgspec.json.encode(removed).decode())
            tx.settings.set(_ROLES, msgspec.json.encode(roles).decode())
            tx.audit.append(AuditEntry(at=now, who="box", act="phone.remove", record=phone_id, phone_id=by))

        await self._store.write(work)
        self._roles, self._removed = roles, removed
        del self._phones[phone_id]
        for digest in digests:
            self._by_hash.pop(digest, None)
        for listener in self._on_removed:
            listener(phone_id)

    async def _give_cookie(
        self, known: KnownPhone, used: PairedPhone, row: PhoneSessionRow, *, act: str, why: str
    ) -> str:
        """The cookie that the phone came with stays good for :data:`GRACE_S`, and afterwards only says which phone it
        is, until the new one was seen: an answer that was lost on the way must not cost the pairing.
        """
        cookie = secrets.token_urlsafe(32)
        digest = _digest(cookie)
        row = msgspec.structs.replace(row, former_hash=used.token_hash)
        entry = AuditEntry(at=self._clock.now(), who="box", act=act, phone_id=row.phone_id, why=why)

        def work(tx: Transaction) -> None:
            tx.phones.renew(row.phone_id, digest)
            tx.phone_sessions.put(row)
            tx.audit.append(entry)

        await self._store.write(work)
        for former in (known.phone.token_hash, known.row.former_hash):
            self._by_hash.pop(former, None)
        known.phone = msgspec.structs.replace(known.phone, token_hash=digest)
        known.row = row
        known.grace_ends_s = self._clock.monotonic() + GRACE_S
        self._know(known)
        self._tell()
        return cookie

    def _proof_end_s(self) -> float:
        return self._clock.monotonic() + self._limits.proof_s

    async def _put(self, known: KnownPhone, row: PhoneSessionRow) -> None:
        await self._store.write(lambda tx: tx.phone_sessions.put(row))
        known.row = row

    async def _audit(self, phone_id: str, act: str, *, why: str = "") -> None:
        entry = AuditEntry(at=self._clock.now(), who="box", act=act, phone_id=phone_id, why=why)
        await self._store.write(lambda tx: tx.audit.append(entry))

    async def _keep(self, some: list[KnownPhone]) -> None:
        """Store what is left. Only a restart needs it, so a full disk must not keep a phone from working."""
        for known in some:
            known.keep(self._clock)
        rows = [(known.phone, known.row) for known in some]

        def work(tx: Transaction) -> None:
            for phone, row in rows:
                tx.phones.touch(phone.phone_id, phone.used_at)
                tx.phone_sessions.put(row)

        try:
            await self._store.write(work)
        except StoreError as exc:
            log.warning("use of phones not stored: %s", exc.code)

    def _existing(self, phone_id: str) -> KnownPhone:
        known = self._phones.get(phone_id)
        if known is None:
            raise NotFound("phone", field="phone_id")
        return known

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

    def _tell(self) -> None:
        for listener in self._on_changed:
            listener()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
