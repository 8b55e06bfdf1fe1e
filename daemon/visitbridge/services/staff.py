"""Staff sessions: a health-professional card verified by PIN (F01-F09).

The PIN goes from the phone straight to the card and is wiped; the card may leave the reader afterwards (F04).
A session ends at the earliest of the policy's hours, Taipei midnight (X1) and the data centre's own limit,
counted on the monotonic clock while the box runs and by trusted time after a restart (Y06).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable

import msgspec

from visitbridge.domain.people import Right
from visitbridge.domain.roc import TAIPEI
from visitbridge.errors import (
    CardAbsent,
    CardMute,
    DataCentreError,
    DataCentreGarbled,
    FieldInvalid,
    LinkError,
    NotFound,
    PinBlocked,
    PinWrong,
    StaffRequired,
    WrongCardKind,
)
from visitbridge.ports.cards import CardChannel
from visitbridge.ports.clock import Clock, TimeTrust
from visitbridge.ports.datacentre import DataCentre
from visitbridge.ports.records import AuditEntry, StaffSessionRow
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.cards import SessionStep, StaffToken
from visitbridge.services.cards import CardDesk
from visitbridge.services.grants import Granted
from visitbridge.services.live import LiveBoard
from visitbridge.services.scripts import run_script
from visitbridge.services.topics import StaffSessionView, StaffTopic

log = logging.getLogger(__name__)

_PIN_LENGTHS = range(4, 9)
_CARD_DEADLINE_S = 30.0
_GRANTED = "staff.granted"


class StaffPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How long a verified HPC counts: 8 h, and not past midnight (X1)."""

    max_hours: float = 8.0
    ends_at_midnight: bool = True


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
        self._store = store
        self._desk = desk
        self._data_centre = data_centre
        self._board = board
        self._clock = clock
        self._new_id = new_id
        self._policy = policy
        self._sessions: dict[str, StaffSessionRow] = {}
        self._active: dict[str, str] = {}
        self._granted = Granted()
        self._on_change: list[Callable[[], None]] = []
        self._changed = asyncio.Event()
        self._publish()

    def when_changed(self, listener: Callable[[], None]) -> None:
        self._on_change.append(listener)

    async def run(self, ready: Callable[[], None]) -> None:
        rows, granted = await self._store.read(_kept)
        if granted is not None:
            self._granted = msgspec.json.decode(granted, type=Granted)
        self._sessions = {row.session_id: row for row in rows}
        await self._drop_ended()
        self._announce()
        ready()
        while True:
            self._changed.clear()
            await self._wait_change_or_end()
            await self._drop_ended()

    def sessions(self) -> tuple[StaffSessionRow, ...]:
        """Live ones, the oldest first."""
        live = (row for row in self._sessions.values() if self.is_live(row))
        return tuple(sorted(live, key=lambda row: row.started_at))

    def live_by_staff(self, staff_id: str) -> StaffSessionRow | None:
        return next((row for row in reversed(self.sessions()) if row.staff_id == staff_id), None)

    def live_for_phone(self, phone_id: str) -> StaffSessionRow | None:
        """The session this phone works under: the one it chose, else its newest."""
        mine = [row for row in self.sessions() if phone_id in row.phone_ids]
        chosen = self._active.get(phone_id)
        return next((row for row in mine if row.session_id == chosen), mine[-1] if mine else None)

    def last_rights(self, phone_id: str) -> frozenset[Right] | None:
        """Rights of whoever signed in last on a phone, else of all who did on this box; None: nobody ever."""
        return self._granted.rights(phone_id)

    def is_live(self, row: StaffSessionRow) -> bool:
        """A session of an earlier boot counts only against trusted time."""
        if row.boot_id == self._clock.boot_id:
            return self._clock.monotonic() < row.ends_monotonic_s
        return self._clock.trust is not TimeTrust.UNTRUSTED and self._clock.now() < row.ends_at

    async def sign_in(self, reader_id: str, pin: bytearray, phone_id: str) -> StaffSessionRow:
        """Verify the HPC in ``reader_id`` with ``pin`` (ASCII digits), which is wiped in every case.

        Raises PinWrong (``tries_left``), PinBlocked, CardAbsent, CardMute, WrongCardKind, and what reader,
        link and data centre raise.
        """
        try:
            if len(pin) not in _PIN_LENGTHS or not pin.isdigit():
                raise FieldInvalid("a PIN has 4 to 8 digits", field="pin")
            self._require_hpc(reader_id)
            reader = self._desk.reader(reader_id)
            async with reader.open_session("staff", deadline_s=_CARD_DEADLINE_S) as channel:
                token = await self._verify(channel, pin)
        finally:
            pin[:] = bytes(len(pin))
        return await self._begin(token, phone_id)

    async def use(self, session_id: str, phone_id: str) -> StaffSessionRow:
        """Switch this phone to another session that was opened from it. Raises StaffRequired otherwise."""
        row = self._live(session_id)
        if phone_id not in row.phone_ids:
            raise StaffRequired("this session belongs to another phone")
        self._active[phone_id] = session_id
        self._announce()
        return row

    async def end(self, session_id: str, phone_id: str = "") -> None:
        """End a session here and, when the link allows, on the other side."""
        row = self._sessions.get(session_id)
        if row is None:
            raise NotFound("staff session", field="session_id")
        await self._remove(row, act="staff.end", phone_id=phone_id)
        try:
            await self._data_centre.end_staff_session(row.token)
        except (LinkError, DataCentreError) as exc:
            log.info("staff session left to expire on the other side: %s", exc.code)

    def _require_hpc(self, reader_id: str) -> None:
        kind = self._desk.at(reader_id).kind
        if kind == "none":
            raise CardAbsent
        if kind == "mute":
            raise CardMute
        if kind != "hpc":
            raise WrongCardKind

    async def _verify(self, channel: CardChannel, pin: bytearray) -> StaffToken:
        step: SessionStep = await self._data_centre.open_staff_session()
        while step.script is not None:
            try:
                answers = await run_script(channel, step.script, pin=pin)
            except (PinWrong, PinBlocked) as exc:
                await self._audit("staff.pin_refused", why=exc.code)
                raise
            step = await self._data_centre.answer_staff(step.session_id, answers)
        if step.staff is None:
            raise DataCentreGarbled("a staff session that ended without a token")
        return step.staff

    async def _begin(self, token: StaffToken, phone_id: str) -> StaffSessionRow:
        now = self._clock.now()
        ends_at = min(now + dt.timedelta(hours=self._policy.max_hours), token.valid_until)
        if self._policy.ends_at_midnight:
            ends_at = min(ends_at, _next_midnight(now))
        row = StaffSessionRow(
            session_id=self._new_id(),
            staff_id=token.staff_id,
            name=token.name,
            kind=token.kind,
            rights=token.rights,
            token=token.token,
            started_at=now,
            ends_at=ends_at,
            boot_id=self._clock.boot_id,
            ends_monotonic_s=self._clock.monotonic() + (ends_at - now).total_seconds(),
            phone_ids=(phone_id,),
            id_no=token.id_no,
        )

        granted = Granted(phones=self._granted.phones | {phone_id: row.rights})

        def work(tx: Transaction) -> None:
            tx.staff_sessions.put(row)
            tx.settings.set(_GRANTED, msgspec.json.encode(granted).decode())
            tx.audit.append(AuditEntry(at=now, who=row.staff_id, act="staff.sign_in", phone_id=phone_id))

        await self._store.write(work)
        self._granted = granted
        self._sessions[row.session_id] = row
        self._active[phone_id] = row.session_id
        self._announce()
        return row

    async def _wait_change_or_end(self) -> None:
        ends = [self._ends_monotonic_s(row) for row in self._sessions.values()]
        waits: set[asyncio.Future[object]] = {asyncio.ensure_future(self._changed.wait())}
        if ends:
            waits.add(asyncio.ensure_future(self._clock.wait_until(min(ends))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _ends_monotonic_s(self, row: StaffSessionRow) -> float:
        if row.boot_id == self._clock.boot_id:
            return row.ends_monotonic_s
        return self._clock.monotonic() + (row.ends_at - self._clock.now()).total_seconds()

    async def _drop_ended(self) -> None:
        for row in list(self._sessions.values()):
            if not self.is_live(row):
                await self._remove(row, act="staff.expired")

    async def _remove(self, row: StaffSessionRow, *, act: str, phone_id: str = "") -> None:
        now = self._clock.now()

        def work(tx: Transaction) -> None:
            tx.staff_sessions.remove(row.session_id)
            tx.audit.append(AuditEntry(at=now, who=row.staff_id, act=act, phone_id=phone_id))

        await self._store.write(work)
        self._sessions.pop(row.session_id, None)
        self._announce()

    async def _audit(self, act: str, *, why: str) -> None:
        entry = AuditEntry(at=self._clock.now(), who="box", act=act, why=why)
        await self._store.write(lambda tx: tx.audit.append(entry))

    def _live(self, session_id: str) -> StaffSessionRow:
        row = self._sessions.get(session_id)
        if row is None or not self.is_live(row):
            raise NotFound("staff session", field="session_id")
        return row

    def _announce(self) -> None:
        self._changed.set()
        self._publish()
        for listener in self._on_change:
            listener()

    def _publish(self) -> None:
        self._board.put("staff", StaffTopic(sessions=tuple(map(view, self.sessions()))))


def view(row: StaffSessionRow) -> StaffSessionView:
    """What phones may see of a session: everything but the data centre's token."""
    return StaffSessionView(
        session_id=row.session_id,
        staff_id=row.staff_id,
        name=row.name,
        kind=row.kind,
        rights=row.rights,
        started_at=row.started_at,
        ends_at=row.ends_at,
        phone_ids=row.phone_ids,
    )


def _next_midnight(now: dt.datetime) -> dt.datetime:
    local = now.astimezone(TAIPEI)
    return dt.datetime.combine(local.date() + dt.timedelta(days=1), dt.time(), tzinfo=TAIPEI)


def _kept(tx: Transaction) -> tuple[tuple[StaffSessionRow, ...], str | None]:
    return tuple(tx.staff_sessions.all()), tx.settings.get(_GRANTED)
