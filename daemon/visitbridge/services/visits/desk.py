"""Visits from 開始看診 to the receipt: drafts that survive everything, one commit to finish (M01, N01)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec

from visitbridge.domain.flags import visit_flags
from visitbridge.domain.ids import new_id
from visitbridge.domain.jobs import Job
from visitbridge.domain.sequence import offline_sequence
from visitbridge.domain.visit import (
    FinishMode,
    Identification,
    Position,
    Visit,
    VisitContent,
    VisitState,
)
from visitbridge.domain.visit_time import with_true_time
from visitbridge.errors import NotFound, StaleRevision, VisitClosed
from visitbridge.ports.clock import Clock, TimeTrust
from visitbridge.ports.records import AuditEntry, VisitSummary
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.common import Receipt
from visitbridge.services.live import LiveBoard
from visitbridge.services.outbox.kinds import Kinds
from visitbridge.services.outbox.views import JobView
from visitbridge.services.topics import VisitNotice
from visitbridge.services.visits.corrections import revise_open_jobs
from visitbridge.services.visits.plan import plan_jobs
from visitbridge.services.visits.prescription import prescription_of
from visitbridge.services.visits.rules import CodeBook, check_codes, check_content, check_ready
from visitbridge.services.visits.starting import (
    Box,
    PatientCards,
    SignedIn,
    choose_way,
    draft_of,
    new_visit,
    resumed,
    signer,
)
from visitbridge.services.visits.views import PrescriptionView, VisitView


class JobDesk(Protocol):
    """The part of the outbox that visits need."""

    def accept(self, visit: Visit, jobs: Iterable[Job]) -> None: ...

    def view(self, job: Job, visit: Visit) -> JobView: ...


class VisitDesk:
    """``make_up_write``: policy X4, see ``plan_jobs``. ``position`` is the last GNSS fix, if there is one (T05)."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        catalogue: CodeBook,
        box: Box,
        cards: PatientCards,
        staff: SignedIn,
        link_is_up: Callable[[], bool],
        kinds: Kinds,
        outbox: JobDesk,
        board: LiveBoard,
        position: Callable[[], Position | None] = lambda: None,
        make_up_write: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._catalogue = catalogue
        self._box = box
        self._cards = cards
        self._staff = staff
        self._link_is_up = link_is_up
        self._kinds = kinds
        self._outbox = outbox
        self._board = board
        self._position = position
        self._make_up_write = make_up_write

    async def start(self, reader_id: str, phone_id: str, *, offline: bool | None = None) -> Visit:
        """Begin a visit with the card in ``reader_id``, or go on with today's draft of that patient.

        ``offline``: True asks for F00B, False insists on the data centre, None takes what there is. Durable
        when it returns. Raises NotBound, DeviceDisabled, NotFound (``reader_id``), CardAbsent, CardMute,
        NotNhiCard, CardRealmMixed, StaffRequired, LinkDown.
        """
        self._box.require_enabled()
        institution = self._box.institution()
        _, patient = self._cards.require_nhi(reader_id)
        session = self._staff.live_for_phone(phone_id)
        way = choose_way(
            link_is_up=self._link_is_up(), staff_is_live=session is not None, wanted_offline=offline
        )
        now = self._clock.now()

        def work(tx: Transaction) -> Visit:
            practitioner = signer(tx, session, now)
            draft = draft_of(tx, patient.card_no, practitioner, now)
            if draft is None:
                visit = new_visit(
                    new_id(now),
                    patient=patient,
                    practitioner=practitioner,
                    institution=institution,
                    offline=way,
                    position=self._position(),
                    clock=self._clock,
                )
            else:
                visit = resumed(draft, way, offline)
            if visit is not draft:
                tx.visits.put(visit)
            self._audit(tx, visit, act="visit.start" if draft is None else "visit.resume", phone_id=phone_id)
            return visit

        visit = await self._store.write(work)
        self._announce(visit)
        return visit

    async def save(self, visit_id: str, revision: int, content: VisitContent, phone_id: str) -> Visit:
        """Keep what was typed as the next revision; on disk when it returns.

        On a finished visit of which something was sent back, this is the correction: it goes out again under
        new keys. Raises NotFound, StaleRevision (``params['revision']``), VisitClosed, JobNotMovable,
        FieldInvalid, UnknownCode, and StoreError when nothing was saved.
        """
        stored = await self._stored(visit_id)
        if content == stored.content and revision == stored.revision - 1:
            # The phone repeats a save whose answer it lost.
            return stored
        check_content(content)
        await check_codes(self._catalogue, content, before=stored.content)
        now = self._clock.now()

        def work(tx: Transaction) -> tuple[Visit, tuple[Job, ...]]:
            before = _current(tx, visit_id, revision)
            visit = msgspec.structs.replace(before, revision=revision + 1, content=content)
            again: tuple[Job, ...] = ()
            if before.state is VisitState.FINISHED:
                check_ready(visit)
                again = revise_open_jobs(tx, visit, self._kinds, now)
                self._audit(tx, visit, act="visit.correct", phone_id=phone_id)
            elif before.state is not VisitState.DRAFT:
                raise VisitClosed
            tx.visits.put(visit)
            return visit, again

        visit, again = await self._store.write(work)
        if again:
            self._outbox.accept(visit, again)
        else:
            self._announce(visit)
        return visit

    async def finish(self, visit_id: str, revision: int, mode: FinishMode, phone_id: str) -> VisitView:
        """完成看診: the visit and the jobs that ``mode`` wants, in one commit; then the outbox goes to work.

        A higher mode later adds what it wants more. The same mode again changes nothing. Raises NotFound,
        StaleRevision, VisitClosed, FieldInvalid (what is missing).
        """
        stored = await self._stored(visit_id)
        if stored.finish_mode is not None and stored.finish_mode >= mode:
            return await self.get(visit_id)
        if mode > FinishMode.SAVE:
            check_ready(stored)
        online = self._link_is_up() and self._cards.find_card(stored.patient.card_no) is not None
        now = self._clock.now()

        def work(tx: Transaction) -> tuple[Visit, tuple[Job, ...]]:
            before = _current(tx, visit_id, revision)
            if before.state is VisitState.DISCARDED:
                raise VisitClosed
            visit = self._finished(before, mode, card_is_here=online)
            jobs = plan_jobs(
                visit,
                self._kinds,
                now,
                make_up_write=self._make_up_write,
                after=before.finish_mode or FinishMode.SAVE,
            )
            tx.visits.put(visit)
            for job in jobs:
                tx.jobs.add(job)
            self._audit(tx, visit, act="visit.finish", phone_id=phone_id, why=f"mode {mode.value}")
            return visit, jobs

        visit, jobs = await self._store.write(work)
        if jobs:
            self._outbox.accept(visit, jobs)
        else:
            self._announce(visit)
        return await self.get(visit_id)

    async def discard(self, visit_id: str, revision: int, phone_id: str) -> Visit:
        """Throw a draft away; it stays on record as discarded. Raises NotFound, StaleRevision, VisitClosed."""

        def work(tx: Transaction) -> Visit:
            before = _current(tx, visit_id, revision)
            if before.state is not VisitState.DRAFT:
                raise VisitClosed
            visit = msgspec.structs.replace(before, revision=revision + 1, state=VisitState.DISCARDED)
            tx.visits.put(visit)
            self._audit(tx, visit, act="visit.discard", phone_id=phone_id)
            return visit

        visit = await self._store.write(work)
        self._announce(visit)
        return visit

    async def get(self, visit_id: str) -> VisitView:
        """Raises NotFound."""

        def work(tx: Transaction) -> tuple[Visit, Sequence[Job], dict[str, Receipt]]:
            visit = _existing(tx, visit_id)
            jobs = tx.jobs.of_visit(visit_id)
            found = ((job.kind, tx.receipts.get(job.key)) for job in jobs)
            return visit, jobs, {kind: receipt for kind, receipt in found if receipt is not None}

        visit, jobs, receipts = await self._store.read(work)
        return VisitView(
            visit=visit,
            flags=visit_flags((job.kind, job.state) for job in jobs),
            jobs=tuple(self._outbox.view(job, visit) for job in jobs),
            receipts=receipts,
            notice=f"visit.offline.{visit.offline_reason.value}" if visit.offline_reason else "",
        )

    async def list(self, state: VisitState | None = None) -> Sequence[VisitSummary]:
        """Newest first."""
        return await self._store.read(lambda tx: tx.visits.summaries(state=state))

    async def prescription(self, visit_id: str) -> PrescriptionView:
        """What the family takes to the pharmacy, once the visit is uploaded (X3). Raises NotFound."""
        return prescription_of(await self.get(visit_id))

    def _finished(self, before: Visit, mode: FinishMode, *, card_is_here: bool) -> Visit:
        """The next revision: finished, timed, numbered where the box may number."""
        visit = before
        if before.finish_mode is None:
            now = self._clock.now()
            card = before.identification is Identification.CARD
            visit = msgspec.structs.replace(
                self._timed(before, now),
                state=VisitState.FINISHED,
                finished_at=now,
                sequence=None if card else offline_sequence(now),
                make_up=card and not card_is_here,
            )
        return msgspec.structs.replace(visit, revision=before.revision + 1, finish_mode=mode)

    def _timed(self, visit: Visit, now: dt.datetime) -> Visit:
        if self._clock.trust is TimeTrust.UNTRUSTED:
            return visit
        timed = with_true_time(
            visit, now=now, monotonic_s=self._clock.monotonic(), boot_id=self._clock.boot_id
        )
        return timed or visit

    async def _stored(self, visit_id: str) -> Visit:
        return await self._store.read(lambda tx: _existing(tx, visit_id))

    def _announce(self, visit: Visit) -> None:
        """Tell phones of a visit without jobs; the outbox tells of the others."""
        self._board.announce(
            "visit",
            VisitNotice(
                visit_id=visit.visit_id,
                revision=visit.revision,
                state=visit.state,
                flags=visit_flags(()),
            ),
        )

    def _audit(self, tx: Transaction, visit: Visit, *, act: str, phone_id: str, why: str = "") -> None:
        tx.audit.append(
            AuditEntry(
                at=self._clock.now(),
                who=visit.practitioner.staff_id,
                act=act,
                record=visit.visit_id,
                phone_id=phone_id,
                why=why,
            )
        )


def _existing(tx: Transaction, visit_id: str) -> Visit:
    visit = tx.visits.get(visit_id)
    if visit is None:
        raise NotFound("visit", field="visit_id")
    return visit


def _current(tx: Transaction, visit_id: str, revision: int) -> Visit:
    visit = _existing(tx, visit_id)
    if visit.revision != revision:
        raise StaleRevision("somebody else changed it", field="revision", params={"revision": visit.revision})
    return visit
