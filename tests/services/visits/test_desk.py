"""From 開始看診 to the rows of the outbox, on the real store."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from tests.services.outbox.fakes import Fault
from tests.services.outbox.samples import patient, staff_row, visit
from tests.services.visits.room import PHONE, READER, Room
from visitbridge.domain.jobs import JobState
from visitbridge.domain.visit import (
    Diagnosis,
    FinishMode,
    FlagState,
    Identification,
    OfflineReason,
    Order,
    OrderKind,
    Position,
    Visit,
    VisitContent,
    VisitState,
)
from visitbridge.errors import (
    CardAbsent,
    DeviceDisabled,
    FieldInvalid,
    JobNotMovable,
    LinkDown,
    NotFound,
    Retry,
    StaffExpired,
    StaffRequired,
    StaleRevision,
    StoreError,
    UnknownCode,
    VisitBridgeError,
    VisitClosed,
)
from visitbridge.ports.clock import TimeTrust
from visitbridge.ports.store import Store, Transaction
from visitbridge.services.visits.views import VisitView

CONTENT = visit().content
DRUG = CONTENT.orders[0]
CARD_JOBS = ["card.write_visit", "card.write_prescription"]


async def started(room: Room, *, offline: bool | None = None) -> Visit:
    return await room.desk.start(READER, PHONE, offline=offline)


async def filled(room: Room, content: VisitContent = CONTENT) -> Visit:
    draft = await started(room)
    return await room.desk.drafts.save(draft.visit_id, draft.revision, content, PHONE)


async def test_M01_M02_start_takes_the_card_the_person_and_the_time(room: Room) -> None:
    draft = await started(room)
    assert draft == await room.visit(draft.visit_id)
    assert (draft.revision, draft.state, draft.identification) == (1, VisitState.DRAFT, Identification.CARD)
    assert draft.patient == patient()
    assert draft.practitioner.name == "陳醫師"
    assert draft.visit_at == room.clock.now()
    assert draft.clock_trusted
    assert draft.started is None
    assert await room.audit() == ["visit.start"]


async def test_T05_a_visit_keeps_where_it_began(room: Room) -> None:
    fix = Position(latitude=23.5, longitude=121.0, accuracy_m=8.0, fixed_at=room.clock.now())
    room.position = fix
    draft = await started(room)
    room.position = None
    assert (await started(room)).position == draft.position == fix


@pytest.mark.parametrize(
    ("link_up", "signed_in", "asked", "reason"),
    [
        (False, True, None, OfflineReason.LINK),
        (False, True, True, OfflineReason.CHOSEN),
        (True, True, True, OfflineReason.CHOSEN),
        (True, True, None, None),
        (True, True, False, None),
    ],
)
async def test_G02_F05_the_way_a_visit_goes(
    room: Room, *, link_up: bool, signed_in: bool, asked: bool | None, reason: OfflineReason | None
) -> None:
    room.world.link_up = link_up
    draft = await started(room, offline=asked)
    expected = Identification.CARD if reason is None else Identification.CARD_OFFLINE
    assert (draft.offline_reason, draft.identification) == (reason, expected)
    view = await room.desk.get(draft.visit_id)
    assert view.notice == ("" if reason is None else f"visit.offline.{reason.value}")


async def test_F07_after_the_session_ends_the_last_signer_of_today_signs(room: Room) -> None:
    first = await started(room)
    await room.desk.drafts.discard(first.visit_id, 1, PHONE)
    room.staff.run_out(PHONE)
    draft = await started(room)
    assert draft.practitioner == first.practitioner
    assert draft.offline_reason is OfflineReason.STAFF
    rows = await room.store.read(lambda tx: tx.audit.rows())
    assert (rows[-1].entry.who, rows[-1].entry.act) == (first.practitioner.staff_id, "visit.start")
    ended = await room.desk.finish(draft.visit_id, 1, FinishMode.SAVE, PHONE)
    assert ended.visit.sequence is not None
    assert ended.visit.sequence.number == "F00B"


async def test_F07_a_box_whose_policy_is_against_it_begins_nothing_after_the_sign_in(store: Store) -> None:
    room = Room(store, start_after_sign_in=False)
    draft = await started(room)
    room.staff.run_out(PHONE)

    assert (await started(room)).visit_id == draft.visit_id, "the own draft of the day goes on"
    await room.desk.drafts.discard(draft.visit_id, 1, PHONE)
    with pytest.raises(StaffExpired):
        await started(room)
    assert await room.audit() == ["visit.start", "visit.resume", "visit.discard"]


async def test_F07_yesterdays_signer_does_not_sign_today(room: Room) -> None:
    await started(room)
    room.staff.run_out(PHONE)
    room.clock.advance(24 * 3600.0)
    with pytest.raises(StaffRequired):
        await started(room)


async def test_F07_who_signed_on_one_phone_does_not_sign_on_another(room: Room) -> None:
    await started(room)
    room.staff.run_out(PHONE)
    with pytest.raises(StaffRequired):
        await room.desk.start(READER, "phone-2")


async def test_no_start_without_a_signer(room: Room) -> None:
    room.staff.session = None
    with pytest.raises(StaffRequired):
        await started(room)


async def test_no_start_without_a_card(room: Room) -> None:
    room.cards.inside = None
    with pytest.raises(CardAbsent):
        await started(room)


async def test_no_start_on_a_disabled_box(room: Room) -> None:
    room.box.enabled = False
    with pytest.raises(DeviceDisabled):
        await started(room)


async def test_no_start_with_the_data_centre_when_the_link_is_down(room: Room) -> None:
    room.world.link_up = False
    with pytest.raises(LinkDown):
        await started(room, offline=False)


async def test_Y04_the_same_patient_again_goes_on_with_the_draft(room: Room) -> None:
    draft = await filled(room)
    assert await started(room) == draft
    assert await room.audit() == ["visit.start", "visit.edit", "visit.resume"]


async def test_another_practitioner_gets_a_draft_of_their_own(room: Room) -> None:
    draft = await started(room)
    room.staff.session = staff_row("B123456788")
    assert (await started(room)).visit_id != draft.visit_id


async def test_a_finished_visit_is_not_gone_on_with(room: Room) -> None:
    draft = await started(room)
    await room.desk.finish(draft.visit_id, 1, FinishMode.SAVE, PHONE)
    assert (await started(room)).visit_id != draft.visit_id


async def test_an_offline_draft_goes_with_the_data_centre_once_it_can(room: Room) -> None:
    room.world.link_up = False
    draft = await started(room)
    room.world.link_up = True
    again = await started(room)
    assert (again.visit_id, again.revision) == (draft.visit_id, 2)
    assert (again.identification, again.offline_reason) == (Identification.CARD, None)


async def test_a_lost_link_alone_does_not_make_a_draft_offline(room: Room) -> None:
    draft = await started(room)
    room.world.link_up = False
    assert await started(room) == draft


async def test_a_draft_becomes_offline_when_asked_for(room: Room) -> None:
    draft = await started(room)
    again = await started(room, offline=True)
    assert (again.visit_id, again.identification) == (draft.visit_id, Identification.CARD_OFFLINE)


async def test_M01_N06_save_keeps_every_change_on_disk(room: Room) -> None:
    draft = await started(room)
    saved = await room.desk.drafts.save(draft.visit_id, 1, VisitContent(subjective="頭暈"), PHONE)
    assert saved.revision == 2
    assert (await room.visit(draft.visit_id)).content.subjective == "頭暈"


async def test_N06_a_save_repeated_after_a_lost_answer_is_one_save(room: Room) -> None:
    saved = await filled(room)
    assert await room.desk.drafts.save(saved.visit_id, saved.revision - 1, CONTENT, PHONE) == saved


async def test_Y05_save_over_another_phones_change_is_refused(room: Room) -> None:
    saved = await filled(room)
    with pytest.raises(StaleRevision) as refused:
        await room.desk.drafts.save(saved.visit_id, 1, VisitContent(subjective="別人"), PHONE)
    assert refused.value.params == {"revision": 2}
    assert await room.visit(saved.visit_id) == saved


def order(**changes: object) -> VisitContent:
    return VisitContent(orders=(msgspec.structs.replace(DRUG, **changes),))


@pytest.mark.parametrize(
    ("content", "error", "field"),
    [
        (
            VisitContent(diagnoses=(Diagnosis(code="I10"), Diagnosis(code="X99.9"))),
            UnknownCode,
            "content.diagnoses[1].code",
        ),
        (order(code="NOSUCHDRUG"), UnknownCode, "content.orders[0].code"),
        (order(frequency="NOSUCH"), UnknownCode, "content.orders[0].frequency"),
        (order(route="NOSUCH"), UnknownCode, "content.orders[0].route"),
        (order(kind=OrderKind.CONTROLLED), FieldInvalid, "content.orders[0].kind"),
        (order(dose=0.25), FieldInvalid, "content.orders[0].dose"),
        (
            VisitContent(claim=msgspec.structs.replace(VisitContent().claim, department="ZZ")),
            UnknownCode,
            "content.claim.department",
        ),
    ],
)
async def test_save_names_the_field_it_refuses(
    room: Room, content: VisitContent, error: type[VisitBridgeError], field: str
) -> None:
    draft = await started(room)
    with pytest.raises(error) as refused:
        await room.desk.drafts.save(draft.visit_id, 1, content, PHONE)
    assert refused.value.field == field
    assert await room.visit(draft.visit_id) == draft


@pytest.mark.parametrize(
    "content",
    [
        order(code="MYOWN", self_entered=True),
        order(code="ANY", kind=OrderKind.SELF_PAID),
        order(code="NOTLOADED", kind=OrderKind.MATERIAL),
    ],
)
async def test_save_takes_what_no_loaded_data_set_speaks_of(room: Room, content: VisitContent) -> None:
    draft = await started(room)
    assert (await room.desk.drafts.save(draft.visit_id, 1, content, PHONE)).content == content


async def test_codes_that_the_draft_held_are_not_refused_by_a_newer_data_set(room: Room) -> None:
    saved = await filled(room)
    room.catalogue.sets["icd10"].clear()
    content = msgspec.structs.replace(CONTENT, subjective="頭暈")
    assert (await room.desk.drafts.save(saved.visit_id, saved.revision, content, PHONE)).content == content


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        (FinishMode.SAVE, []),
        (FinishMode.WRITE_CARD, CARD_JOBS),
        (FinishMode.UPLOAD_VPN, [*CARD_JOBS, "upload.visit"]),
        (FinishMode.UPLOAD_IC, [*CARD_JOBS, "upload.visit", "upload.ic"]),
    ],
)
async def test_N01_finish_with_the_data_centre(room: Room, mode: FinishMode, kinds: list[str]) -> None:
    saved = await filled(room)
    view = await room.desk.finish(saved.visit_id, saved.revision, mode, PHONE)
    assert list(await room.jobs(saved.visit_id)) == kinds
    assert [job.kind for job in view.jobs] == kinds
    assert (view.visit.state, view.visit.finish_mode) == (VisitState.FINISHED, mode)
    assert view.visit.sequence is None
    assert not view.visit.make_up
    assert view.visit.revision == saved.revision + 1
    assert view.flags.saved is FlagState.DONE
    assert (await room.audit())[-1] == "visit.finish"


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        (FinishMode.WRITE_CARD, []),
        (FinishMode.UPLOAD_VPN, ["upload.recognition", "upload.visit"]),
        (FinishMode.UPLOAD_IC, ["upload.recognition", "upload.visit", "upload.ic"]),
    ],
)
async def test_N05_N08_N09_finish_offline_is_f00b_without_a_card_write(
    room: Room, mode: FinishMode, kinds: list[str]
) -> None:
    room.world.link_up = False
    saved = await filled(room)
    view = await room.desk.finish(saved.visit_id, saved.revision, mode, PHONE)
    assert list(await room.jobs(saved.visit_id)) == kinds
    assert view.visit.sequence is not None
    assert (view.visit.sequence.number, view.visit.sequence.source) == ("F00B", "box")
    assert not view.visit.make_up


async def test_an_offline_visit_is_written_last_when_policy_wants_it(store: Store) -> None:
    room = Room(store, make_up_write=True)
    room.world.link_up = False
    saved = await filled(room)
    await room.desk.finish(saved.visit_id, saved.revision, FinishMode.UPLOAD_IC, PHONE)
    jobs = await room.jobs(saved.visit_id)
    assert list(jobs) == ["upload.recognition", "upload.visit", "upload.ic", *CARD_JOBS]


async def test_a_visit_without_orders_writes_no_prescription(room: Room) -> None:
    saved = await filled(room, msgspec.structs.replace(CONTENT, orders=()))
    await room.desk.finish(saved.visit_id, saved.revision, FinishMode.WRITE_CARD, PHONE)
    assert list(await room.jobs(saved.visit_id)) == ["card.write_visit"]


@pytest.mark.parametrize(("link_up", "card_is_here"), [(False, True), (True, False)])
async def test_J04_a_card_written_after_the_occasion_is_a_make_up_write(
    room: Room, *, link_up: bool, card_is_here: bool
) -> None:
    saved = await filled(room)
    room.world.link_up = link_up
    room.cards.inside = patient() if card_is_here else None
    view = await room.desk.finish(saved.visit_id, saved.revision, FinishMode.UPLOAD_IC, PHONE)
    assert view.visit.make_up
    assert view.visit.identification is Identification.CARD


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (VisitContent(), "content.diagnoses"),
        (msgspec.structs.replace(CONTENT, orders=order(frequency="").orders), "content.orders[0].frequency"),
        (msgspec.structs.replace(CONTENT, orders=order(days=0).orders), "content.orders[0].days"),
        (msgspec.structs.replace(CONTENT, orders=order(total=3.0).orders), "content.orders[0].total"),
        (msgspec.structs.replace(CONTENT, orders=order(refills=2).orders), "content.orders[0].refills"),
    ],
)
async def test_N01_finish_names_what_is_missing(room: Room, content: VisitContent, field: str) -> None:
    saved = await filled(room, content)
    with pytest.raises(FieldInvalid) as refused:
        await room.desk.finish(saved.visit_id, saved.revision, FinishMode.UPLOAD_IC, PHONE)
    assert refused.value.field == field
    assert (await room.visit(saved.visit_id)).state is VisitState.DRAFT
    assert not await room.jobs(saved.visit_id)


async def test_N02_an_unfinished_text_can_always_be_kept(room: Room) -> None:
    draft = await started(room)
    view = await room.desk.finish(draft.visit_id, 1, FinishMode.SAVE, PHONE)
    assert view.visit.state is VisitState.FINISHED


async def test_finish_repeated_after_a_lost_answer_is_one_finish(room: Room) -> None:
    saved = await filled(room)
    first = await room.desk.finish(saved.visit_id, saved.revision, FinishMode.UPLOAD_IC, PHONE)
    again = await room.desk.finish(saved.visit_id, saved.revision, FinishMode.UPLOAD_IC, PHONE)
    assert again == first
    assert len(await room.jobs(saved.visit_id)) == 4


@asynccontextmanager
async def sending(room: Room) -> AsyncIterator[None]:
    """The outbox that the room's desk hands its jobs to, at work."""
    task = asyncio.ensure_future(room.world.outbox.run(lambda: None))
    await room.world.outbox.wait_quiet()
    yield
    task.cancel()
    await asyncio.wait({task})


class DoubtfulStore:
    """The next write takes place and is told as an error, as when the disk answers nothing any more after it."""

    def __init__(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        self._write = room.store.write
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(room.store, "write", self.write)

    async def write(self, work: Callable[[Transaction], object]) -> object:
        self._monkeypatch.setattr(self, "write", self._write)
        await self._write(work)
        raise StoreError("SQLITE_IOERR_FSYNC", retry=Retry.UNKNOWN)


async def test_a_finish_that_was_told_as_doubtful_goes_out_once_it_is_repeated(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = await filled(room)
    room.world.insert()
    async with sending(room):
        with monkeypatch.context() as broken:
            DoubtfulStore(room, broken)
            with pytest.raises(StoreError):
                await room.desk.finish(saved.visit_id, saved.revision, FinishMode.UPLOAD_IC, PHONE)
        await room.desk.finish(saved.visit_id, saved.revision, FinishMode.UPLOAD_IC, PHONE)
        await room.world.outbox.wait_quiet()
    jobs = await room.jobs(saved.visit_id)

    assert [job.state for job in jobs.values()] == [JobState.CONFIRMED] * 4
    assert set(room.world.portal.effects.values()) | set(room.world.card.begun.values()) == {1}


async def test_a_correction_that_was_told_as_doubtful_goes_out_once_it_is_repeated(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = await filled(room)
    room.world.portal.faults["send"] = [Fault.REFUSED]
    changed = msgspec.structs.replace(CONTENT, subjective="改")
    async with sending(room):
        room.world.insert()
        view = await room.desk.finish(saved.visit_id, saved.revision, FinishMode.UPLOAD_VPN, PHONE)
        await room.world.outbox.wait_quiet()
        revision = (await room.visit(saved.visit_id)).revision
        with monkeypatch.context() as broken:
            DoubtfulStore(room, broken)
            with pytest.raises(StoreError):
                await room.desk.drafts.save(saved.visit_id, revision, changed, PHONE)
        await room.desk.drafts.save(saved.visit_id, revision, changed, PHONE)
        await room.world.outbox.wait_quiet()
    jobs = await room.jobs(saved.visit_id)

    assert view.visit.finish_mode is FinishMode.UPLOAD_VPN
    assert {job.state for job in jobs.values()} == {JobState.CONFIRMED}


async def test_two_phones_that_finish_at_once_are_one_finish(room: Room) -> None:
    saved = await filled(room)
    await room.pair(PHONE, "甲")
    await room.pair("phone-2", "乙")
    finishes = [
        room.desk.finish(saved.visit_id, saved.revision, FinishMode.UPLOAD_IC, phone)
        for phone in (PHONE, "phone-2", PHONE)
    ]
    done = await asyncio.gather(*finishes, return_exceptions=True)

    assert [type(each) for each in done] == [VisitView, StaleRevision, StaleRevision]
    assert len(await room.jobs(saved.visit_id)) == 4
    assert (await room.audit()).count("visit.finish") == 1


async def test_N01_a_higher_mode_later_adds_only_what_it_wants_more(room: Room) -> None:
    saved = await filled(room)
    first = await room.desk.finish(saved.visit_id, saved.revision, FinishMode.WRITE_CARD, PHONE)
    before = await room.jobs(saved.visit_id)
    room.clock.advance(3600.0)
    view = await room.desk.finish(saved.visit_id, first.visit.revision, FinishMode.UPLOAD_IC, PHONE)
    after = await room.jobs(saved.visit_id)
    assert {kind: after[kind] for kind in before} == before
    assert list(after) == [*CARD_JOBS, "upload.visit", "upload.ic"]
    assert view.visit.finished_at == first.visit.finished_at


async def test_finish_on_a_stale_revision_stores_nothing(room: Room) -> None:
    saved = await filled(room)
    with pytest.raises(StaleRevision):
        await room.desk.finish(saved.visit_id, 1, FinishMode.UPLOAD_IC, PHONE)
    assert not await room.jobs(saved.visit_id)


async def test_discard_keeps_the_record(room: Room) -> None:
    draft = await started(room)
    await room.desk.drafts.discard(draft.visit_id, 1, PHONE)
    assert (await room.visit(draft.visit_id)).state is VisitState.DISCARDED
    with pytest.raises(VisitClosed):
        await room.desk.drafts.save(draft.visit_id, 2, CONTENT, PHONE)
    with pytest.raises(VisitClosed):
        await room.desk.finish(draft.visit_id, 2, FinishMode.SAVE, PHONE)


async def test_a_finished_visit_is_neither_edited_nor_discarded(room: Room) -> None:
    saved = await filled(room)
    view = await room.desk.finish(saved.visit_id, saved.revision, FinishMode.SAVE, PHONE)
    changed = msgspec.structs.replace(CONTENT, subjective="後來")
    with pytest.raises(VisitClosed):
        await room.desk.drafts.save(saved.visit_id, view.visit.revision, changed, PHONE)
    with pytest.raises(VisitClosed):
        await room.desk.drafts.discard(saved.visit_id, view.visit.revision, PHONE)


async def test_unknown_visits_are_not_found(room: Room) -> None:
    with pytest.raises(NotFound):
        await room.desk.get("no-such-visit")


@pytest.mark.parametrize("moment", [TimeTrust.DATA_CENTRE, TimeTrust.GNSS])
async def test_M02_Y10_an_untrusted_start_is_set_right_at_the_end(room: Room, moment: TimeTrust) -> None:
    room.clock.trust = TimeTrust.UNTRUSTED
    saved = await filled(room)
    assert not saved.clock_trusted
    room.clock.advance(600.0)
    room.clock.jump(5 * 86400.0)
    room.clock.trust = moment
    view = await room.desk.finish(saved.visit_id, saved.revision, FinishMode.UPLOAD_IC, PHONE)
    assert view.visit.clock_trusted
    assert view.visit.visit_at == room.clock.now() - dt.timedelta(seconds=600)
    assert view.visit.finished_at == room.clock.now()


async def test_N11_correcting_what_was_sent_back_goes_out_under_new_keys(room: Room) -> None:
    room.world.link_up = False
    saved = await filled(room)
    view = await room.desk.finish(saved.visit_id, saved.revision, FinishMode.UPLOAD_IC, PHONE)
    before = await room.jobs(saved.visit_id)
    sent_back = msgspec.structs.replace(
        before["upload.visit"], state=JobState.REJECTED, payload=b"old", digest="old", error_code="GW-DC-01"
    )
    await room.store.write(lambda tx: tx.jobs.replace(sent_back, fence=sent_back.fence))
    changed = msgspec.structs.replace(CONTENT, diagnoses=(Diagnosis(code="E11.9"),))
    corrected = await room.desk.drafts.save(saved.visit_id, view.visit.revision, changed, PHONE)
    after = await room.jobs(saved.visit_id)
    job = after["upload.visit"]
    assert corrected.content.diagnoses[0].code == "E11.9"
    assert (job.state, job.revision, job.payload, job.error_code) == (JobState.QUEUED, 2, b"", "")
    assert job.former_key == sent_back.key
    assert len({row.key for row in (*before.values(), *after.values())}) == 6
    old = await room.store.read(lambda tx: tx.jobs.revisions(job.job_id))
    assert [row.payload for row in old] == [b"old"]


async def test_no_correction_while_a_sibling_is_in_doubt(room: Room) -> None:
    saved = await filled(room)
    view = await room.desk.finish(saved.visit_id, saved.revision, FinishMode.UPLOAD_IC, PHONE)
    jobs = await room.jobs(saved.visit_id)
    rows = [
        msgspec.structs.replace(jobs["card.write_visit"], state=JobState.UNKNOWN),
        msgspec.structs.replace(jobs["upload.ic"], state=JobState.REJECTED),
    ]
    await room.store.write(lambda tx: [tx.jobs.replace(row, fence=0) for row in rows])
    changed = msgspec.structs.replace(CONTENT, subjective="改")
    with pytest.raises(JobNotMovable) as refused:
        await room.desk.drafts.save(saved.visit_id, view.visit.revision, changed, PHONE)
    assert refused.value.retry is Retry.LATER
    assert (await room.visit(saved.visit_id)).content == CONTENT


async def test_the_list_is_by_state(room: Room) -> None:
    draft = await started(room)
    assert [line.visit_id for line in await room.desk.list(VisitState.DRAFT)] == [draft.visit_id]
    assert not await room.desk.list(VisitState.FINISHED)


@pytest.mark.parametrize(
    ("mode", "orders", "waiting_for"),
    [
        (FinishMode.SAVE, CONTENT.orders, "prescription.not_wanted"),
        (FinishMode.UPLOAD_VPN, CONTENT.orders, "prescription.upload"),
        (FinishMode.UPLOAD_VPN, (), "prescription.no_orders"),
    ],
)
async def test_a_prescription_says_what_it_waits_for(
    room: Room, mode: FinishMode, orders: tuple[Order, ...], waiting_for: str
) -> None:
    saved = await filled(room, msgspec.structs.replace(CONTENT, orders=orders))
    await room.desk.finish(saved.visit_id, saved.revision, mode, PHONE)
    prescription = await room.desk.prescription(saved.visit_id)
    assert (prescription.ready, prescription.waiting_for, prescription.qr_text) == (False, waiting_for, "")


async def test_N07_O01_O02_an_uploaded_visit_has_its_prescription(room: Room) -> None:
    saved = await filled(room)
    room.world.insert()
    async with room.world.running():
        await room.desk.finish(saved.visit_id, saved.revision, FinishMode.UPLOAD_IC, PHONE)
        await room.world.outbox.desk.reload(saved.visit_id)
        room.world.outbox.wake()
        await room.world.settle()
    prescription = await room.desk.prescription(saved.visit_id)
    assert prescription.ready
    assert prescription.passphrase == "K7M2Q9XW"
    assert prescription.qr_text.split(";")[8] == "0007"
    flags = (await room.desk.get(saved.visit_id)).flags
    assert {flags.saved, flags.card, flags.vpn, flags.ic} == {FlagState.DONE}
