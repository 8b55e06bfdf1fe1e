"""Pairing phones with the box, and the sessions that pairing gives (ux §3.1).

A pairing token is 128 random bits, good once and for ten minutes; it travels in a URL's fragment, which no
server sees. A paired phone holds a 256-bit session cookie of which the store keeps only the SHA-256. A phone
that was not used for ``idle_s`` has to be paired again.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable

import msgspec

from visitbridge.domain.ids import new_id
from visitbridge.domain.people import BoxRole
from visitbridge.errors import NotFound, NotPaired, PairingRefused, RoleMissing, StoreError
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import AuditEntry, PairedPhone
from visitbridge.ports.store import Store, Transaction

log = logging.getLogger(__name__)

TOKEN_LIFE_S = 600.0
TOUCH_EVERY_S = 60.0
_TOKENS_AT_ONCE = 16
_ROLES = "phones.roles"


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """``cookie`` is the only copy of the session's secret."""

    phone: PairedPhone
    cookie: str


class _Token(msgspec.Struct, frozen=True, kw_only=True):
    """``ends_s`` on the monotonic clock."""

    ends_s: float
    role: BoxRole


class PairingDesk:
    """Knows all paired phones. Call :meth:`load` before anything else."""

    def __init__(self, store: Store, clock: Clock, *, idle_s: float) -> None:
        self._store = store
        self._clock = clock
        self._idle_s = idle_s
        self._tokens: dict[str, _Token] = {}
        self._roles: dict[str, BoxRole] = {}
        self._phones: dict[str, PairedPhone] = {}
        self._used_s: dict[str, float] = {}
        self._touched_s: dict[str, float] = {}
        self._on_removed: list[Callable[[str], None]] = []

    async def load(self) -> None:
        def work(tx: Transaction) -> tuple[list[PairedPhone], str | None]:
            return list(tx.phones.all()), tx.settings.get(_ROLES)

        now, monotonic_s = self._clock.now(), self._clock.monotonic()
        phones, roles = await self._store.read(work)
        self._roles = msgspec.json.decode(roles or "{}", type=dict[str, BoxRole])
        for phone in phones:
            idle_s = max(0.0, (now - phone.used_at).total_seconds())
            self._know(phone, monotonic_s - idle_s)

    def when_removed(self, listener: Callable[[str], None]) -> None:
        """Call ``listener`` with the id of every phone that is unpaired."""
        self._on_removed.append(listener)

    def role(self, phone_id: str) -> BoxRole:
        """The first phone of a box is its owner; every other has what its pairing link gave."""
        return self._roles.get(phone_id, BoxRole.USER)

    def mint_token(self, role: BoxRole = BoxRole.USER) -> str:
        """A new pairing token for a phone in ``role``; the oldest one goes when too many are out."""
        now_s = self._clock.monotonic()
        self._tokens = {digest: token for digest, token in self._tokens.items() if token.ends_s > now_s}
        while len(self._tokens) >= _TOKENS_AT_ONCE:
            del self._tokens[next(iter(self._tokens))]
        token = secrets.token_urlsafe(16)
        self._tokens[_digest(token)] = _Token(ends_s=now_s + TOKEN_LIFE_S, role=role)
        return token

    def mint_token_for_other(self, role: BoxRole, *, by: str) -> str:
        """A token that one phone asks for another. Nobody grants more than the own role: RoleMissing."""
        if not self.role(by).covers(role):
            raise RoleMissing("a phone grants at most its own role", params={"role": role.value})
        return self.mint_token(role)

    async def pair(self, token: str, name: str) -> Paired:
        """Spend a token. Raises PairingRefused; when the store fails the token stays good."""
        spent = self._tokens.pop(_digest(token), None)
        if spent is None or spent.ends_s <= self._clock.monotonic():
            raise PairingRefused("token unknown, used or expired")
        now = self._clock.now()
        cookie = secrets.token_urlsafe(32)
        phone = PairedPhone(
            phone_id=new_id(now), name=name, token_hash=_digest(cookie), paired_at=now, used_at=now
        )

        role = spent.role if self._phones else BoxRole.OWNER
        roles = self._roles | {phone.phone_id: role}

        def work(tx: Transaction) -> None:
            tx.phones.add(phone)
            tx.settings.set(_ROLES, msgspec.json.encode(roles).decode())
            tx.audit.append(
                AuditEntry(at=now, who="box", act="phone.pair", phone_id=phone.phone_id, why=role.value)
            )

        try:
            await self._store.write(work)
        except StoreError:
            self._tokens[_digest(token)] = spent
            raise
        self._roles = roles
        self._know(phone, self._clock.monotonic())
        return Paired(phone=phone, cookie=cookie)

    async def authenticate(self, cookie: str) -> PairedPhone:
        """The phone of a session cookie; counts as use. Raises NotPaired."""
        phone = self._phones.get(_digest(cookie))
        if phone is None or not self.is_live(phone.phone_id):
            raise NotPaired("session unknown or expired")
        now_s = self._clock.monotonic()
        self._used_s[phone.phone_id] = now_s
        if now_s - self._touched_s[phone.phone_id] >= TOUCH_EVERY_S:
            self._touched_s[phone.phone_id] = now_s
            phone = msgspec.structs.replace(phone, used_at=self._clock.now())
            self._phones[phone.token_hash] = phone
            await self._note_use(phone)
        return phone

    def is_live(self, phone_id: str) -> bool:
        """Paired, and used within the idle limit."""
        used_s = self._used_s.get(phone_id)
        return used_s is not None and self._clock.monotonic() - used_s < self._idle_s

    def phones(self) -> tuple[PairedPhone, ...]:
        """By time of pairing."""
        return tuple(sorted(self._phones.values(), key=lambda phone: phone.paired_at))

    async def remove(self, phone_id: str, *, by: str) -> None:
        """Unpair; its session ends at once. ``by`` is the phone that asked.

        Raises NotFound, and RoleMissing for a phone of a higher role.
        """
        phone = next((known for known in self._phones.values() if known.phone_id == phone_id), None)
        if phone is None:
            raise NotFound("phone")
        if not self.role(by).covers(self.role(phone_id)):
            raise RoleMissing("phone of a higher role", params={"role": self.role(phone_id).value})
        now = self._clock.now()
        roles = {known: role for known, role in self._roles.items() if known != phone_id}

        def work(tx: Transaction) -> None:
            tx.phones.remove(phone_id)
            tx.settings.set(_ROLES, msgspec.json.encode(roles).decode())
            tx.audit.append(AuditEntry(at=now, who="box", act="phone.remove", record=phone_id, phone_id=by))

        await self._store.write(work)
        self._roles = roles
        self._phones.pop(phone.token_hash, None)
        self._used_s.pop(phone_id, None)
        self._touched_s.pop(phone_id, None)
        for listener in self._on_removed:
            listener(phone_id)

    async def _note_use(self, phone: PairedPhone) -> None:
        """Only a restart needs this, so a full disk must not keep a phone from reading."""
        try:
            await self._store.write(lambda tx: tx.phones.touch(phone.phone_id, phone.used_at))
        except StoreError as exc:
            log.warning("last use of a phone not stored: %s", exc.code)

    def _know(self, phone: PairedPhone, used_s: float) -> None:
        self._phones[phone.token_hash] = phone
        self._used_s[phone.phone_id] = used_s
        self._touched_s[phone.phone_id] = used_s


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
