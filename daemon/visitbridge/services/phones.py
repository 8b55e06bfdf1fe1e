"""Paired phones and their sessions (ux §3.1, limits §5).

A phone stays paired until it is removed: its cookie, 256 random bits of which the store keeps the SHA-256, says which
phone it is. What the phone may do is another matter. Its session lasts 12 hours from the last card, approval or
pairing, and locks after 15 minutes without a person at the phone. A locked phone is opened by a health-professional
card, by the code that its person chose, by another phone or at the box; one whose 12 hours have run, by all of these
but the code.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from visitbridge.domain.people import BoxRole
from visitbridge.domain.phones import PhoneState
from visitbridge.errors import (
    CodeBlocked,
    CodeWrong,
    PhoneOver,
    ProofStale,
    RoleMissing,
    StoreError,
)
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import PairedPhone, PhoneSessionRow
from visitbridge.ports.store import Store
from visitbridge.services.countdown import KEEP_EVERY_S, begin, taken_up
from visitbridge.services.phone_book import PhoneBook
from visitbridge.services.phone_session import KnownPhone, PhoneLimits, fresh
from visitbridge.services.unlock_code import make_code, recognised

log = logging.getLogger(__name__)

TOUCH_EVERY_S = 60.0
GRACE_S = 10.0
"""How long a request that was under way when a phone got its new cookie may still come with the old one."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """``cookie`` is the only copy of the session's secret."""

    phone: PairedPhone
    cookie: str


class PhoneDesk:
    """Service: knows all paired phones. Call :meth:`load` before anything else."""

    name = "phones"
    critical = True

    def __init__(self, store: Store, clock: Clock, *, limits: PhoneLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._book = PhoneBook(store, clock, grace_s=GRACE_S)
        self._on_removed: list[Callable[[str], None]] = []
        self._on_unlocked: list[Callable[[str], None]] = []
        self._on_changed: list[Callable[[], None]] = []

    async def load(self) -> None:
        await self._book.load()

    @property
    def ever_paired(self) -> bool:
        return self._book.ever_paired

    async def run(self, ready: Callable[[], None]) -> None:
        ready()
        while True:
            await self._clock.wait_until(self._clock.monotonic() + KEEP_EVERY_S)
            await self.keep()

    async def keep(self) -> None:
        """Store what is left of every session, for the next start."""
        await self._book.keep([known for known in self._book.all() if known.row.whole is not None])

    @property
    def idle_s(self) -> float:
        """Seconds without a person until a phone locks."""
        return self._limits.idle_s

    def when_removed(self, listener: Callable[[str], None]) -> None:
        """Call ``listener`` with the id of every phone that is unpaired."""
        self._on_removed.append(listener)

    def when_unlocked(self, listener: Callable[[str], None]) -> None:
        """Call ``listener`` with the id of every phone that its code opens."""
        self._on_unlocked.append(listener)

    def when_changed(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after a phone was opened or locked."""
        self._on_changed.append(listener)

    def phones(self) -> tuple[PairedPhone, ...]:
        """By time of pairing."""
        found = (known.phone for known in self._book.all())
        return tuple(sorted(found, key=lambda phone: phone.paired_at))

    def role(self, phone_id: str) -> BoxRole:
        """The first phone of a box is its owner; every other has what its pairing gave."""
        return self._book.role(phone_id)

    def is_paired(self, phone_id: str) -> bool:
        return self._book.find(phone_id) is not None

    def state(self, phone: PairedPhone) -> PhoneState:
        """``phone`` as :meth:`authenticate` gave it: with the cookie before the present one it is locked."""
        known = self._book.find(phone.phone_id)
        if known is None:
            return PhoneState.OVER
        return known.state(phone.token_hash, self._clock)

    def is_proven(self, phone_id: str) -> bool:
        """Whether somebody has shown card or code on this open phone in the last minutes."""
        known = self._book.find(phone_id)
        if known is None or self.state(known.phone) is not PhoneState.OPEN:
            return False
        return self._clock.monotonic() < known.proof_ends_s

    def require_proven(self, phone_id: str) -> None:
        """Raises ProofStale."""
        if not self.is_proven(phone_id):
            raise ProofStale("nobody has shown card or code lately")

    def has_code(self, phone_id: str) -> bool:
        """Whether a code would be taken: one was chosen and has tries left."""
        code = self._book.existing(phone_id).row.code
        return code is not None and code.tries_left > 0

    async def authenticate(self, cookie: str) -> PairedPhone:
        """The phone of a cookie, whatever its session's state. Raises NotPaired, PhoneRemoved."""
        return self._book.shown(cookie)

    async def note_use(self, phone_id: str) -> None:
        """A person is at this open phone."""
        known = self._book.find(phone_id)
        if known is None or self.state(known.phone) is not PhoneState.OPEN:
            return
        known.row = msgspec.structs.replace(known.row, idle=begin(self._clock, self._limits.idle_s))
        if self._clock.monotonic() - known.touched_s >= TOUCH_EVERY_S:
            known.phone = msgspec.structs.replace(known.phone, used_at=self._clock.now())
            await self._book.keep([known])

    async def add(self, phone_id: str, name: str, role: BoxRole) -> Opened:
        """Pair a phone; open and proven when this returns. The first one of a box is its owner, whatever ``role`` says."""
        row = fresh(PhoneSessionRow(phone_id=phone_id), self._clock, self._limits)
        known, cookie = await self._book.add(phone_id, name, role, row)
        known.proof_ends_s = self._proof_end_s()
        self._tell()
        return Opened(phone=known.phone, cookie=cookie)

    async def open(self, phone: PairedPhone, *, why: str, proven: bool = False) -> str:
        """Begin its session anew, with a new cookie, which is the answer. ``why``: what was shown, for the record.

        ``proven``: it was shown by somebody who may decide who gets in.
        """
        known = self._book.existing(phone.phone_id)
        row = fresh(known.row, self._clock, self._limits)
        cookie = await self._book.give_cookie(known, phone, row, act="phone.open", why=why)
        self._tell()
        known.proof_ends_s = self._proof_end_s() if proven else 0.0
        return cookie

    async def renew_cookie(self, phone: PairedPhone) -> str:
        """A new cookie for an open phone whose person may now do something else."""
        known = self._book.existing(phone.phone_id)
        cookie = await self._book.give_cookie(known, phone, known.row, act="phone.cookie", why="")
        self._tell()
        return cookie

    async def unlock(self, phone: PairedPhone, digits: bytearray) -> str:
        """Open a locked phone with its code, which is wiped; the answer is its new cookie. On an open one: prove it.

        Raises PhoneOver where the code does not suffice, CodeWrong (``tries_left``), CodeBlocked.
        """
        known = self._book.existing(phone.phone_id)
        try:
            async with known.code_turn:
                row = await self._row_opened_by(known, digits)
                cookie = await self._book.give_cookie(known, phone, row, act="phone.open", why="code")
        finally:
            digits[:] = bytes(len(digits))
        for listener in self._on_unlocked:
            listener(phone.phone_id)
        self._tell()
        known.proof_ends_s = self._proof_end_s()
        return cookie

    async def set_code(self, phone_id: str, digits: bytearray) -> None:
        """Choose the code that unlocks this phone. Raises FieldInvalid; ``digits`` are wiped."""
        code = await make_code(digits)
        known = self._book.existing(phone_id)
        async with known.code_turn:
            await self._book.put(known, msgspec.structs.replace(known.row, code=code), act="phone.code")

    async def lock(self, phone_id: str) -> None:
        """It counts at once, whatever the disk takes of it. Raises NotFound."""
        known = self._book.existing(phone_id)
        known.row = msgspec.structs.replace(known.row, idle=None)
        self._tell()
        try:
            await self._book.put(known, known.row, act="phone.lock")
        except StoreError as exc:
            log.warning("a phone is locked and the disk does not know: %s", exc.code)

    async def remove(self, phone_id: str, *, by: str) -> None:
        """Unpair; its session ends at once. ``by`` is the phone that asked.

        Raises NotFound, and RoleMissing for a phone of a higher role.
        """
        known = self._book.existing(phone_id)
        if not self.role(by).covers(self.role(phone_id)):
            raise RoleMissing("phone of a higher role", params={"role": self.role(phone_id).value})
        await self._book.remove(known, by=by)
        for listener in self._on_removed:
            listener(phone_id)

    async def _row_opened_by(self, known: KnownPhone, digits: bytearray) -> PhoneSessionRow:
        """The session of a phone that its code opens. A try is spent on disk before it is compared."""
        phone_id, code = known.phone.phone_id, known.row.code
        if self.state(known.phone) is PhoneState.OVER:
            raise PhoneOver("the code opens a locked phone only")
        if code is None or code.tries_left <= 0:
            raise CodeBlocked("no code, or too many wrong ones")
        code = msgspec.structs.replace(code, tries_left=code.tries_left - 1)
        await self._book.put(known, msgspec.structs.replace(known.row, code=code))
        opened = await recognised(code, digits)
        if opened is None:
            await self._book.note(phone_id, "phone.code_refused", why=f"{code.tries_left} left")
            if code.tries_left == 0:
                raise CodeBlocked("too many wrong codes")
            raise CodeWrong("not the code of this phone", params={"tries_left": code.tries_left})
        return msgspec.structs.replace(
            known.row,
            code=opened,
            whole=taken_up(known.row.whole, self._clock),
            idle=begin(self._clock, self._limits.idle_s),
        )

    def _proof_end_s(self) -> float:
        return self._clock.monotonic() + self._limits.proof_s

    def _tell(self) -> None:
        for listener in self._on_changed:
            listener()
