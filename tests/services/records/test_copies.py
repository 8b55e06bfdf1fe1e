"""Records before departure: only with consent, readable offline, gone in time, also after a restart (L06)."""

from __future__ import annotations

import asyncio
import datetime as dt

import msgspec
import pytest

from tests.services.conftest import PHONE, Room, wait_for
from tests.services.records.conftest import LIN, NURSE, WANG, Desk
from visitbridge.domain.records import RecordKind
from visitbridge.errors import (
    ClockUntrusted,
    ConsentMissing,
    DataCentreGarbled,
    FieldInvalid,
    LinkDown,
    StaffTokenRefused,
    StoreFull,
)
from visitbridge.ports.clock import TimeTrust
from visitbridge.ports.records import StaffSessionRow
from visitbridge.protocols.datacentre.records import BatchAnswer, BatchLine
from visitbridge.services.records.copies import Fetched


async def fetched(desk: Desk, session: StaffSessionRow, *, until: int = 30) -> str:
    consent_id = (await desk.given(until=until)).entry.consent_id
    await desk.keeper.fetch([consent_id], session, PHONE)
    return consent_id


async def test_L06_what_was_consented_to_is_read_without_a_line(
    room: Room, desk: Desk, session: StaffSessionRow
) -> None:
    consents = [(await desk.given(person)).entry.consent_id for person in (WANG, LIN)]
    outcome = await desk.keeper.fetch(consents, session, PHONE)
    room.set_line("down")
    first, second = [await desk.keeper.read(consent_id, NURSE) for consent_id in consents]

    assert [(each.consent_id, each.words) for each in outcome] == [(consents[0], ""), (consents[1], "")]
    assert {record.kind for record in first.records} == {RecordKind.DRUGS, RecordKind.ALLERGIES}
    assert (len(first.records), len(second.records)) == (4, 2)
    assert first.fetched_at == outcome[0].fetched_at
    assert desk.changes == 1
    acts = await desk.acts()
    assert acts[-4:] == ["records.fetch", "records.fetch", "records.view", "records.view"]


async def test_L06_offline_reading_is_of_exactly_what_was_fetched(
    room: Room, desk: Desk, session: StaffSessionRow
) -> None:
    consent_id = (await desk.given()).entry.consent_id
    with pytest.raises(ConsentMissing):
        await desk.keeper.read(consent_id, NURSE)
    with pytest.raises(ConsentMissing):
        await desk.keeper.of_person(WANG.id_no, NURSE)
    await desk.keeper.fetch([consent_id], session, PHONE)

    (kept,) = await desk.keeper.of_person(WANG.id_no, NURSE)
    assert kept == await desk.keeper.read(consent_id, NURSE)
    assert await desk.keeper.known_of(WANG.id_no) == (kept,)
    assert await desk.keeper.known_of(LIN.id_no) == ()


async def test_L06_nothing_is_fetched_without_a_consent_that_counts(
    room: Room, desk: Desk, session: StaffSessionRow
) -> None:
    good, bad = (await desk.given()).entry.consent_id, (await desk.given(LIN)).entry.consent_id
    await desk.consents.revoke(bad, "", NURSE)
    for consent_ids in (["nobody"], [good, bad]):
        with pytest.raises(ConsentMissing):
            await desk.keeper.fetch(consent_ids, session, PHONE)
    with pytest.raises(ConsentMissing):
        await desk.keeper.read(good, NURSE)


@pytest.mark.parametrize("consent_ids", [[], ["a", "a"], [f"c{number}" for number in range(51)]])
async def test_L06_a_batch_has_one_to_fifty_consents(
    desk: Desk, session: StaffSessionRow, consent_ids: list[str]
) -> None:
    with pytest.raises(FieldInvalid):
        await desk.keeper.fetch(consent_ids, session, PHONE)


async def test_L06_nothing_is_kept_when_the_fetch_fails(
    room: Room, desk: Desk, session: StaffSessionRow
) -> None:
    consent_id = (await desk.given()).entry.consent_id
    room.set_line("down")
    with pytest.raises(LinkDown):
        await desk.keeper.fetch([consent_id], session, PHONE)
    room.set_line("up")
    with pytest.raises(StaffTokenRefused):
        await desk.keeper.fetch([consent_id], msgspec.structs.replace(session, token="x"), PHONE)
    with pytest.raises(ConsentMissing):
        await desk.keeper.read(consent_id, NURSE)


async def test_L06_revoking_deletes_what_was_fetched(
    room: Room, desk: Desk, session: StaffSessionRow
) -> None:
    consent_id = await fetched(desk, session)
    assert (await desk.consents.all())[0].fetched_at is not None
    state = await desk.consents.revoke(consent_id, "", NURSE)

    assert state.fetched_at is None
    assert await room.store.read(lambda tx: tx.record_copies.get(consent_id)) is None
    with pytest.raises(ConsentMissing):
        await desk.keeper.read(consent_id, NURSE)


async def test_L06_a_renewal_for_less_keeps_less(room: Room, desk: Desk, session: StaffSessionRow) -> None:
    first, second = await fetched(desk, session), await fetched(desk, session)
    await desk.consents.renew(first, desk.terms(until=1), NURSE)
    await desk.consents.renew(second, desk.terms(RecordKind.DRUGS), NURSE)

    kept = await desk.keeper.read(first, NURSE)
    assert kept.purge_at == desk.terms(until=1).ends_at
    with pytest.raises(ConsentMissing):
        await desk.keeper.read(second, NURSE)


async def test_L06_the_end_of_a_consent_deletes_by_itself(
    room: Room, keeping: Desk, session: StaffSessionRow
) -> None:
    consent_id = await fetched(keeping, session, until=0)
    end = keeping.terms(until=0).ends_at
    room.clock.advance((end - room.clock.now()).total_seconds() - 1)
    assert (await keeping.keeper.read(consent_id, NURSE)).consent_id == consent_id
    room.clock.advance(1)
    await wait_for(lambda: keeping.changes == 2)

    assert await room.store.read(lambda tx: tx.record_copies.get(consent_id)) is None
    entry = await room.store.read(lambda tx: tx.consents.of(consent_id))
    assert entry is not None
    assert (entry.act, entry.who) == ("expired", "box")
    assert (await keeping.consents.check()).broken_at is None


async def test_L06_a_copy_is_kept_a_week_at_most(room: Room, keeping: Desk, session: StaffSessionRow) -> None:
    consent_id = await fetched(keeping, session, until=300)
    room.clock.advance(7 * 86_400)
    await wait_for(lambda: keeping.changes == 2)

    assert await room.store.read(lambda tx: tx.record_copies.get(consent_id)) is None
    assert (await keeping.consents.all())[0].counts
    assert (await keeping.acts())[-1] == "records.purge"


async def test_L06_after_a_restart_trusted_time_decides(
    room: Room, desk: Desk, session: StaffSessionRow
) -> None:
    """The box is off over the consent's end and starts without knowing the time."""
    consent_id = await fetched(desk, session, until=0)
    room.clock.jump(3 * 86_400)
    room.clock.trust = TimeTrust.UNTRUSTED
    restarted = Desk(room)
    ready = asyncio.Event()
    task = asyncio.ensure_future(restarted.keeper.run(ready.set))
    await ready.wait()
    with pytest.raises(ClockUntrusted):
        await restarted.keeper.read(consent_id, NURSE)
    assert await restarted.keeper.known_of(WANG.id_no) == ()
    assert await room.store.read(lambda tx: tx.record_copies.get(consent_id)) is not None

    room.clock.trust = TimeTrust.NETWORK
    restarted.keeper.wake()
    await wait_for(lambda: restarted.changes == 1)
    assert await room.store.read(lambda tx: tx.record_copies.get(consent_id)) is None
    task.cancel()
    await asyncio.wait({task})


async def test_L06_an_answer_after_the_revocation_is_not_kept(
    desk: Desk, session: StaffSessionRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    consent_id = (await desk.given()).entry.consent_id
    cloud = desk.room.data_centre
    ask = cloud.fetch_consented

    async def ask_slowly(token: str, queries: object) -> BatchAnswer:
        answer = await ask(token, queries)  # type: ignore[arg-type]  # passed on as it came
        await desk.consents.revoke(consent_id, "", NURSE)
        return answer

    monkeypatch.setattr(cloud, "fetch_consented", ask_slowly)
    assert await desk.keeper.fetch([consent_id], session, PHONE) == (Fetched(consent_id=consent_id),)
    with pytest.raises(ConsentMissing):
        await desk.keeper.read(consent_id, NURSE)


async def test_L06_an_answer_about_somebody_else_is_refused(
    desk: Desk, session: StaffSessionRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    consent_id = (await desk.given()).entry.consent_id

    async def wrong(token: str, queries: object) -> BatchAnswer:
        return BatchAnswer(lines=(BatchLine(consent="other"),), as_of=dt.datetime.now(dt.UTC))

    monkeypatch.setattr(desk.room.data_centre, "fetch_consented", wrong)
    with pytest.raises(DataCentreGarbled):
        await desk.keeper.fetch([consent_id], session, PHONE)


async def test_L06_a_full_disk_keeps_nothing_readable_and_is_tried_again(
    room: Room, keeping: Desk, session: StaffSessionRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    consent_id = await fetched(keeping, session, until=0)
    write = room.store.write
    refused: list[object] = []

    async def full(work: object) -> None:
        refused.append(work)
        raise StoreFull

    monkeypatch.setattr(room.store, "write", full)
    end = keeping.terms(until=0).ends_at
    room.clock.advance((end - room.clock.now()).total_seconds())
    await wait_for(lambda: len(refused) >= 1)
    assert await keeping.keeper.known_of(WANG.id_no) == ()

    monkeypatch.setattr(room.store, "write", write)
    keeping.keeper.wake()
    await wait_for(lambda: keeping.changes == 2)
    assert await room.store.read(lambda tx: tx.record_copies.get(consent_id)) is None
