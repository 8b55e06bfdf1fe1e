"""Staff sessions: a health-professional card verified by PIN (F01-F09).

The PIN goes from the phone straight to the card and is wiped; the card may leave the reader afterwards (F04).
A session ends at the earliest of the policy's hours, Taipei midnight (X1) and the data centre's own limit,
counted on the monotonic clock while the box runs and by trusted time after a restart (Y06). Several people may be
signed in at once; each session is bound to its person and to the phones it was opened or shared on (A02).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from visitbridge.errors import (
    CardError,
    DataCentreError,
    LinkError,
    PinBlocked,
    PinWrong,
    Retry,
    StaffRequired,
    StoreError,
)
from visitbridge.ports.clock import Clock
from visitbridge.ports.datacentre import DataCentre
from visitbridge.ports.records import AuditEntry, StaffSessionRow
from visitbridge.ports.store import Store
from visitbridge.protocols.datacentre.cards import StaffToken
from visitbridge.runtime.waiting import wait_first
from visitbridge.services.cards import CardDesk
from visitbridge.services.countdown import KEEP_EVERY_S, begin, left_s
from visitbridge.services.grants import REDUCED_S, Acting, Former
from visitbridge.services.hpc import HpcCheck
from visitbridge.services.live import LiveBoard
from visitbridge.services.staff_book import StaffBook
from visitbridge.services.staff_terms import StaffPolicy, signs_as, view
from visitbridge.services.topics import StaffTopic

log = logging.getLogger(__name__)


class StaffDesk:
    """Service: keeps live sessions and ends them on time."""

    name = "staff"
    critical = True

    def __init__(
        self,
        store: Store,
        desk: CardDesk,
        data_centre: DataCentre,
        board: LiveBoard,
        clock: Clock,
        *,
        new_id: Callable[[], str],
        policy: StaffPolicy,
    ) -> None:
        self._book = StaffBook(store, clock)
        self._data_centre = data_centre
        self._hpc = HpcCheck(desk, data_centre)
        self._board = board
        self._clock = clock
        self._new_id = new_id
        self._policy = policy
        self._active: dict[str, str] = {}
        self._phone_left = False
        self._on_change: list[Callable[[], None]] = []
        self._changed = asyncio.Event()
        self._publish()

    def when_changed(self, listener: Callable[[], None]) -> None:
        self._on_change.append(listener)

    async def load(self) -> None:
        """Take up the sessions of the box's former life."""
        await self._book.load()

    async def run(self, ready: Callable[[], None]) -> None:
        await self.load()
        await self._go_on()
        self._announce()
        ready()
        while True:
            await self._wait_change_or_end()
            self._changed.clear()
            await self._go_on()

    def sessions(self) -> tuple[StaffSessionRow, ...]:
        """Live ones, the oldest first."""
        return self._book.live()

    def session(self, session_id: str) -> StaffSessionRow:
        """Raises NotFound."""
        return self._book.session(session_id)

    def live_by_staff(self, staff_id: str) -> StaffSessionRow | None:
        return next((row for row in reversed(self.sessions()) if row.staff_id == staff_id), None)

    def live_for_phone(self, phone_id: str) -> StaffSessionRow | None:
        """The session this phone works under: the one it chose, else its newest."""
        mine = [row for row in self.sessions() if phone_id in row.phone_ids]
        chosen = self._active.get(phone_id)
        return next((row for row in mine if row.session_id == chosen), mine[-1] if mine else None)

    def acting(self, phone_id: str) -> Acting | None:
        """Who acts on a phone, with which rights; None: nobody signed in on it, or it is too long ago."""
        row = self.live_for_phone(phone_id)
        if row is None:
            return self._book.acting_after(phone_id)
        return Acting(
            staff_id=row.staff_id,
            rights=frozenset(row.rights),
            live=True,
            signed_in_at=row.started_at,
            session_id=row.session_id,
            practitioner=signs_as(row),
        )

    def is_live(self, row: StaffSessionRow) -> bool:
        """A session of an earlier boot counts only by trusted time."""
        return self._book.is_live(row)

    def time_is_trusted(self) -> None:
        """It can be told now which sessions of an earlier boot go on."""
        self._changed.set()

    async def sign_in(self, reader_id: str, pin: bytearray, phone_id: str) -> StaffSessionRow:
        """Verify the HPC in ``reader_id`` with ``pin`` (ASCII digits), which is wiped in every case.

        Raises PinWrong (``tries_left``), PinBlocked, CardAbsent, CardMute, CardBeingRead, WrongCardKind,
        and what reader, link and data centre raise.
        """
        try:
            token = await self._hpc.verify(reader_id, pin)
        except (PinWrong, PinBlocked) as exc:
            await self._book.note("staff.pin_refused", why=exc.code, phone_id=phone_id)
            raise
        return await self._begin(token, phone_id)

    async def sign_in_anywhere(self, pin: bytearray, phone_id: str) -> StaffSessionRow:
        """:meth:`sign_in` with the one HPC that is in a reader of this box. Raises what :meth:`sign_in` does, and CardsSeveral."""
        try:
            reader_id = self._hpc.reader_id()
        except CardError:
            pin[:] = bytes(len(pin))
            raise
        return await self.sign_in(reader_id, pin, phone_id)

    async def use(self, session_id: str, phone_id: str) -> StaffSessionRow:
        """Switch this phone to another session that was opened from it. Raises StaffRequired otherwise."""
        row = self._book.live_session(session_id)
        if phone_id not in row.phone_ids:
            raise StaffRequired("this session belongs to another phone")
        self._active[phone_id] = session_id
        self._announce()
        return row

    async def share(self, session_id: str, phone_id: str, *, by: str) -> StaffSessionRow:
        """Bind a session to one more phone, as its person asks on the phone ``by``: the first battery is low (Y04).

        Raises NotFound, and StaffRequired when ``by`` is none of its phones.
        """
        row = self._book.live_session(session_id)
        if by not in row.phone_ids:
            raise StaffRequired("this session belongs to another phone")
        phone_ids = tuple(dict.fromkeys((*row.phone_ids, phone_id)))
        return await self._begin_on(
            msgspec.structs.replace(row, phone_ids=phone_ids), phone_id, act="staff.share", by=by
        )

    async def end(self, session_id: str, phone_id: str = "") -> None:
        """End a session here, with what its person could still do after it, and, when the link allows, on the other
        side.
        """
        row = self.session(session_id)
        await self._book.take_out(row, act="staff.end", phone_id=phone_id, for_good=True)
        self._announce()
        try:
            await self._data_centre.end_staff_session(row.token)
        except (LinkError, DataCentreError) as exc:
            log.info("staff session left to expire on the other side: %s", exc.code)

    def take_up(self, phone_id: str) -> None:
        """A locked phone was opened by its person's own code: who signed in last on it goes on with less (F05), though
        nobody can tell yet, for want of trusted time, how long the box was off.
        """
        self._book.take_up(phone_id)

    def leave(self, phone_id: str) -> None:
        """A phone was unpaired: it is in no session any more; one that was on no other phone ends."""
        self._active.pop(phone_id, None)
        self._book.forget_phone(phone_id)
        for row in self._book.all():
            left = tuple(other for other in row.phone_ids if other != phone_id)
            self._book.replace(msgspec.structs.replace(row, phone_ids=left))
        self._phone_left = True
        self._changed.set()

    async def _begin(self, token: StaffToken, phone_id: str) -> StaffSessionRow:
        now = self._clock.now()
        ends_at = self._policy.ends_at(now, token.valid_until)
        row = StaffSessionRow(
            session_id=self._new_id(),
            staff_id=token.staff_id,
            name=token.name,
            kind=token.kind,
            rights=token.rights,
            token=token.token,
            started_at=now,
            ends_at=ends_at,
            countdown=begin(self._clock, (ends_at - now).total_seconds()),
            phone_ids=(phone_id,),
            id_no=token.id_no,
        )
        return await self._begin_on(row, phone_id, act="staff.sign_in", by=phone_id)

    async def _begin_on(self, row: StaffSessionRow, phone_id: str, *, act: str, by: str) -> StaffSessionRow:
        whole_s = (row.ends_at - row.started_at).total_seconds()
        since_card_s = whole_s - (left_s(row.countdown, self._clock) or 0.0)
        former = Former(
            staff_id=row.staff_id,
            rights=row.rights,
            signed_in_at=row.started_at,
            countdown=begin(self._clock, max(0.0, REDUCED_S - since_card_s)),
            practitioner=signs_as(row),
        )
        entry = AuditEntry(
            at=self._clock.now(),
            who=row.staff_id,
            act=act,
            record=phone_id if by != phone_id else "",
            phone_id=by,
        )
        await self._book.put(row, phone_id, former, entry)
        self._active[phone_id] = row.session_id
        self._announce()
        return row

    async def _wait_change_or_end(self) -> None:
        lefts = [left_s(row.countdown, self._clock) for row in self._book.all()]
        waits: list[Awaitable[object]] = [self._changed.wait()]
        if lefts:
            # One that is over is still here only while the disk does not take its end.
            wait_s = min([KEEP_EVERY_S, *filter(None, lefts)])
            waits.append(self._clock.wait_until(self._clock.monotonic() + wait_s))
        await wait_first(*waits)

    async def _go_on(self) -> None:
        """End what is over; keep of the others what is left, so that a restart takes it up.

        An end that the disk does not take counts all the same, and is written later.
        """
        self._book.settle()
        self._publish()
        try:
            await self._part_from_gone_phones()
            for row in self._book.all():
                if row.countdown is None:
                    await self._book.take_out(row, act="staff.expired")
                    self._announce()
        except StoreError as exc:
            if exc.retry is Retry.NEVER:
                raise
            log.warning("the end of a staff session is not stored yet: %s", exc.code)
        if self._book.keep_is_due:
            await self.keep()
        self._publish()

    async def _part_from_gone_phones(self) -> None:
        for row in self._book.all():
            if not row.phone_ids:
                await self.end(row.session_id)
        if self._phone_left:
            self._phone_left = False
            await self.keep()

    async def keep(self) -> None:
        """Store what is left of every session, for the next start."""
        await self._book.keep()

    def _announce(self) -> None:
        self._changed.set()
        self._publish()
        for listener in self._on_change:
            listener()

    def _publish(self) -> None:
        self._board.put("staff", StaffTopic(sessions=tuple(map(view, self.sessions()))))
