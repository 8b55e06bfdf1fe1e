"""Visits from 開始看診 to the receipt: drafts that survive everything, one commit to finish (M01, N01)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from visitbridge.domain.amounts import with_amounts
from visitbridge.domain.flags import visit_flags
from visitbridge.domain.ids import new_id
from visitbridge.domain.jobs import Job
from visitbridge.domain.sequence import offline_sequence
from visitbridge.domain.visit import (
    FinishMode,
    Identification,
    Position,
    Visit,
    VisitState,
)
from visitbridge.errors import StaffExpired, VisitClosed
from visitbridge.ports.clock import Clock
from visitbridge.ports.records import VisitSummary
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.live import LiveBoard
from visitbridge.services.outbox.kinds import Kinds
from visitbridge.services.true_time import in_true_time
from visitbridge.services.visits.acts import People, announce, current, existing, note, who_acts
from visitbridge.services.visits.advice import AdviceDesk
from visitbridge.services.visits.drafts import DraftDesk
from visitbridge.services.visits.editing import announce_editor, editor_of, require_editor
from visitbridge.services.visits.habits import remember, starting_content
from visitbridge.services.visits.identities import IdentityDesk
from visitbridge.services.visits.in_hand import WorkInHand
from visitbridge.services.visits.looking import VisitLooks
from visitbridge.services.visits.plan import JobDesk, plan_jobs
from visitbridge.services.visits.prescription import prescription_of
from visitbridge.services.visits.rules import CodeBook, check_ready
from visitbridge.services.visits.signing import SignatureDesk
from visitbridge.services.visits.starting import (
    Box,
    PatientCards,
    choose_way,
    draft_of,
    earlier_visits,
    new_visit,
    resumed,
    signer,
    with_own_second,
)
from visitbridge.services.visits.views import EditorView, PrescriptionView, VisitView


class VisitDesk:
    """Begins visits, finishes them, shows them; ``drafts``, ``signatures``, ``advice``, ``identities`` and ``looks`` do
    the rest.

    ``make_up_write``: policy X4, see ``plan_jobs``. ``start_after_sign_in``: policy F07, a new visit may begin once the
    signer's session has run out. ``position`` is the last GNSS fix, if there is one (T05).
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        catalogue: CodeBook,
        box: Box,
        cards: PatientCards,
        staff: People,
        link_is_up: Callable[[], bool],
        kinds: Kinds,
        outbox: JobDesk,
        board: LiveBoard,
        position: Callable[[], Position | None] = lambda: None,
        make_up_write: bool = False,
        start_after_sign_in: bool = True,
        training: bool = False,
    ) -> None:
        self._store = store
        self.in_hand: Final = WorkInHand(store)
        self._clock = clock
        self._box = box
        self._cards = cards
        self._staff = staff
        self._link_is_up = link_is_up
        self._kinds = kinds
        self._outbox = outbox
        self._board = board
        self._position = position
        self._make_up_write = make_up_write
        self._start_after_sign_in = start_after_sign_in
        self._training = training
        self.drafts = DraftDesk(
            store=store,
            clock=clock,
            catalogue=catalogue,
            kinds=kinds,
            outbox=outbox,
            board=board,
            people=staff,
        )
        self.signatures = SignatureDesk(store, clock, board, staff)
        self.advice = AdviceDesk(store, catalogue)
        self.identities = IdentityDesk(store, clock)
        self.looks: Final = VisitLooks(store, clock)

    async def start(self, reader_id: str, phone_id: str, *, offline: bool | None = None) -> Visit:
        """Begin a visit with the card in ``reader_id``, or go on with today's draft of that patient.

        ``offline``: True asks for F00B, False insists on the data centre, None takes what there is. Durable
        when it returns. Raises NotBound, DeviceDisabled, NotFound (``reader_id``), CardAbsent, CardMute,
        CardBeingRead, NotNhiCard, CardRealmMixed, StaffRequired, StaffExpired, LinkDown.
        """
        self._box.require_enabled()
        institution = self._box.institution()
        _, patient = self._cards.require_nhi(reader_id)
        acting = self._staff.acting(phone_id)
        is_live = acting is not None and acting.live
        way = choose_way(link_is_up=self._link_is_up(), staff_is_live=is_live, wanted_offline=offline)
        now = self._clock.now()

        def work(tx: Transaction) -> tuple[Visit, EditorView | None]:
            practitioner = signer(acting, now)
            draft = draft_of(tx, patient.card_no, practitioner, now)
            if draft is None and not is_live and not self._start_after_sign_in:
                raise StaffExpired("this box begins no visit after the sign-in")
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
                earlier = earlier_visits(tx, visit)
                visit = with_own_second(visit, earlier)
                visit = msgspec.structs.replace(visit, content=starting_content(tx, visit, earlier))
            else:
                visit = resumed(draft, way, offline)
            if visit is not draft:
                tx.visits.put(visit)
            if editor_of(tx, visit.visit_id) is None:
                require_editor(tx, visit.visit_id, phone_id, now)
            act = "visit.start" if draft is None else "visit.resume"
            note(tx, visit, at=now, act=act, who=practitioner.staff_id, phone_id=phone_id)
            return visit, editor_of(tx, visit.visit_id)

        visit, editor = await self._store.write(work)
        announce(self._board, visit)
        announce_editor(self._board, visit.visit_id, editor)
        return visit

    async def finish(self, visit_id: str, revision: int, mode: FinishMode, phone_id: str) -> VisitView:
        """完成看診: the visit and the jobs that ``mode`` wants, in one commit; then the outbox goes to work.

        A higher mode later adds what it wants more. The same mode again changes nothing. Raises NotFound,
        StaleRevision, DraftHeld, VisitClosed, FieldInvalid (what is missing).
        """
        stored = await self._store.read(lambda tx: existing(tx, visit_id))
        if stored.finish_mode is not None and stored.finish_mode >= mode:
            # The disk may have taken it and then told an error, so that the outbox has not heard of it.
            await self._outbox.reload(visit_id)
            return await self.get(visit_id)
        if mode > FinishMode.SAVE:
            check_ready(stored)
        online = self._link_is_up() and self._cards.find_card(stored.patient.card_no) is not None
        now = self._clock.now()
        who = who_acts(self._staff, phone_id)

        def work(tx: Transaction) -> tuple[Visit, tuple[Job, ...]]:
            before = current(tx, visit_id, revision)
            if before.state is VisitState.DISCARDED:
                raise VisitClosed
            if before.state is VisitState.DRAFT:
                require_editor(tx, visit_id, phone_id, now)
                tx.editors.remove(visit_id)
                remember(tx, before)
            visit = self._finished(tx, before, mode, card_is_here=online)
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
            note(
                tx,
                visit,
                at=now,
                act="visit.finish",
                who=who,
                phone_id=phone_id,
                why=f"mode {mode.value}",
            )
            return visit, jobs

        visit, jobs = await self._store.write(work)
        if jobs:
            self._outbox.accept(visit, jobs)
        else:
            announce(self._board, visit)
        return await self.get(visit_id)

    async def get(self, visit_id: str) -> VisitView:
        """Raises NotFound."""

        def work(tx: Transaction) -> tuple[VisitView, Sequence[Job]]:
            visit = existing(tx, visit_id)
            jobs = tx.jobs.of_visit(visit_id)
            found = ((job.kind, tx.receipts.get(job.key)) for job in jobs)
            view = VisitView(
                visit=visit,
                flags=visit_flags((job.kind, job.state) for job in jobs),
                jobs=(),
                receipts={kind: receipt for kind, receipt in found if receipt is not None},
                notice=f"visit.offline.{visit.offline_reason.value}" if visit.offline_reason else "",
                editor=editor_of(tx, visit_id) if visit.state is VisitState.DRAFT else None,
                signature=tx.signatures.get(visit_id),
            )
            return view, jobs

        view, jobs = await self._store.read(work)
        return msgspec.structs.replace(view, jobs=tuple(self._outbox.view(job, view.visit) for job in jobs))

    async def list(self, state: VisitState | None = None) -> Sequence[VisitSummary]:
        """Newest first."""
        return await self._store.read(lambda tx: tx.visits.summaries(state=state))

    async def prescription(self, visit_id: str) -> PrescriptionView:
        """What the family takes to the pharmacy, once the visit is uploaded (X3). Raises NotFound."""
        return prescription_of(await self.get(visit_id), training=self._training)

    def _finished(self, tx: Transaction, before: Visit, mode: FinishMode, *, card_is_here: bool) -> Visit:
        """The next revision: finished, timed, numbered where the box may number."""
        visit = before
        if before.finish_mode is None:
            now = self._clock.now()
            card = before.identification is Identification.CARD
            timed = in_true_time(tx, before, self._clock) or before
            visit = msgspec.structs.replace(
                timed,
                state=VisitState.FINISHED,
                # A visit that was given a second of its own began up to that much later than the clock said.
                finished_at=max(now, timed.visit_at),
                sequence=None if card else offline_sequence(now),
                make_up=card and not card_is_here,
                content=with_amounts(before.content),
            )
        return msgspec.structs.replace(visit, revision=before.revision + 1, finish_mode=mode)
