"""Hand-off of what waits: one effect whichever way it arrives, archived until acknowledged (beyond #17)."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.services.outbox.fakes import Fault, is_genuine
from tests.services.outbox.memory_store import MemoryStore
from tests.services.outbox.samples import INSTITUTION, VISIT_AT, offline_visit, visit
from tests.services.outbox.world import World
from visitbridge.domain.jobs import JobState
from visitbridge.domain.visit import Identification
from visitbridge.errors import NotBound, NotFound, Rejected, Retry, StoreError
from visitbridge.ports.datacentre import HandoffRefusal
from visitbridge.ports.store import Store, Transaction
from visitbridge.protocols.datacentre.common import digest_of
from visitbridge.protocols.datacentre.handoff import unseal
from visitbridge.services.binding import BoxRecord
from visitbridge.services.outbox import handoff
from visitbridge.services.outbox.handoff import HandoffDesk
from visitbridge.services.outbox.names import UPLOAD_IC, UPLOAD_RECOGNITION, UPLOAD_VISIT, WRITE_VISIT
from visitbridge.services.outbox.views import JobError

KEY = X25519PrivateKey.generate()
BOX = BoxRecord(
    sheet_id="sheet-1",
    name="測試盒",
    institution=INSTITUTION,
    handoff_key=KEY.public_key().public_bytes_raw().hex(),
)
UPLOADS = (UPLOAD_RECOGNITION, UPLOAD_VISIT)


@pytest.fixture
def world(store: Store) -> World:
    made = World(store)
    made.link_up = False
    return made


def desk_of(world: World, box: BoxRecord = BOX) -> HandoffDesk:
    return HandoffDesk(
        store=world.store,
        clock=world.clock,
        kinds=world.kinds(),
        desk=world.outbox.desk,
        data_centre=world.portal,
        box=lambda: box,
        is_genuine=is_genuine,
        sign=lambda data: b"signed",
    )


async def import_(world: World, file: bytes) -> None:
    """What the other side does with the file."""
    for item in unseal(file, KEY).handoff.items:
        world.portal.accept(item.key, item.kind.value, digest_of(item.body))


async def test_handed_off_is_archived_until_the_receipt_comes(world: World) -> None:
    jobs = await world.enqueue(visit(identification=Identification.CARD_OFFLINE), UPLOADS)
    async with world.running() as outbox:
        desk = desk_of(world)
        file = await desk.export(phone_id="phone-1")
        before = await world.states(jobs)
        moved = await desk.confirm(file.handoff_id, phone_id="phone-1")
        handed = await world.states(jobs)
        depth = outbox.desk.summary().depth
        await desk.ask()
        unacknowledged = await world.states(jobs)
        await import_(world, file.content)
        await desk.ask()

    assert set(before.values()) == {JobState.QUEUED}, "making the file changes nothing"
    assert (file.items, file.left, moved, depth) == (2, 0, 2, 0)
    assert set(handed.values()) == set(unacknowledged.values()) == {JobState.HANDED_OFF}
    assert set((await world.states(jobs)).values()) == {JobState.CONFIRMED}
    receipts = await world.store.read(lambda tx: [tx.receipts.get(job.key) for job in jobs.values()])
    assert None not in receipts
    acts = [row.entry.act for row in await world.store.read(lambda tx: tx.audit.rows())]
    assert acts[:2] == ["outbox.export", "outbox.hand_off"]


async def test_a_taking_back_that_was_told_as_doubtful_is_sent_all_the_same() -> None:
    store = MemoryStore()
    world = World(store)
    world.link_up = False
    jobs = await world.enqueue(offline_visit(), (UPLOAD_VISIT,))
    async with world.running() as outbox:
        desk = desk_of(world)
        await desk.confirm((await desk.export()).handoff_id)
        world.portal.faults["missing"] = [Fault.LINK_DOWN]
        store.after_commit[store.commits] = StoreError(retry=Retry.UNKNOWN)
        with pytest.raises(StoreError):
            await desk.take_back()
        world.set_link(up=True)
        await outbox.wait_quiet()

    assert await world.states(jobs) == {UPLOAD_VISIT: JobState.CONFIRMED}


async def test_what_a_file_cannot_carry_keeps_nothing_else_from_leaving(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much of it waits in front; a file takes as many as it may, and the next one the rest."""
    monkeypatch.setattr(handoff, "LARGEST", 2)
    for number in range(3):
        earlier = VISIT_AT - dt.timedelta(hours=5 - number)
        await world.enqueue(visit(f"card-{number}", visit_at=earlier), (WRITE_VISIT,))
    for number in range(3):
        await world.enqueue(offline_visit(f"offline-{number}"), (UPLOAD_VISIT,))
    async with world.running():
        desk = desk_of(world)
        carriable = await desk.carriable()
        files = [await desk.export()]
        await desk.confirm(files[0].handoff_id)
        files.append(await desk.export())

    assert carriable == 3
    assert [(file.items, file.left) for file in files] == [(2, 3), (1, 3)]


async def test_however_many_are_handed_off_all_are_asked_about_and_come_back(world: World) -> None:
    """A file that was lost hides none that arrived."""
    many = offline_visit()
    kind = world.kinds()[UPLOAD_VISIT]
    jobs = [
        msgspec.structs.replace(
            kind.new_job(many, world.clock.now()),
            state=JobState.HANDED_OFF,
            payload=b"{}",
            digest=digest_of(b"{}"),
        )
        for _ in range(1500)
    ]

    def keep(tx: Transaction) -> None:
        tx.visits.put(many)
        for job in jobs:
            tx.jobs.add(job)

    await world.store.write(keep)
    last = max(jobs, key=lambda job: job.job_id)
    world.portal.accept(last.key, "visit", last.digest)
    async with world.running():
        desk = desk_of(world)
        before = await desk.waiting()
        await desk.ask()
        after = await desk.waiting()
        back = await desk.take_back()

    assert (before, after, back) == (1500, 1499, 1499)


async def test_what_the_import_refused_comes_back_to_a_person_and_can_be_corrected(world: World) -> None:
    jobs = await world.enqueue(visit(identification=Identification.CARD_OFFLINE), UPLOADS)
    async with world.running() as outbox:
        desk = desk_of(world)
        file = await desk.export()
        await desk.confirm(file.handoff_id)
        bad, good = unseal(file.content, KEY).handoff.items
        world.portal.accept(good.key, good.kind.value, digest_of(good.body))
        error = Rejected(insurer_code="AD61", words="疾病碼錯誤", field="icd[0]")
        world.portal.refusals[bad.key] = HandoffRefusal(key=bad.key, digest=digest_of(bad.body), error=error)
        await desk.ask()
        refused, *_ = outbox.desk.items()
        waiting = await desk.waiting()
        again = await outbox.desk.retry(refused.job_id, phone_id="phone-1")

    assert (refused.state, refused.needs_person, waiting) == (JobState.REJECTED, True, 0)
    assert refused.error == JobError(code="GW-DC-01", field="icd[0]", words="疾病碼錯誤")
    assert (again.state, again.revision) == (JobState.QUEUED, 2)
    assert sorted((await world.states(jobs)).values()) == [JobState.CONFIRMED, JobState.QUEUED]


async def test_a_refusal_of_another_body_is_not_this_items(world: World) -> None:
    jobs = await world.enqueue(visit(identification=Identification.CARD_OFFLINE), (UPLOAD_VISIT,))
    async with world.running():
        desk = desk_of(world)
        await desk.confirm((await desk.export()).handoff_id)
        key = jobs[UPLOAD_VISIT].key
        world.portal.refusals[key] = HandoffRefusal(key=key, digest="0" * 64, error=Rejected())
        await desk.ask()

    assert set((await world.states(jobs)).values()) == {JobState.HANDED_OFF}


async def test_a_receipt_for_something_else_is_settled_by_a_person_and_keeps_no_other_waiting(
    world: World,
) -> None:
    jobs = await world.enqueue(visit(identification=Identification.CARD_OFFLINE), UPLOADS)
    async with world.running() as outbox:
        desk = desk_of(world)
        await desk.confirm((file := await desk.export()).handoff_id)
        other, good = unseal(file.content, KEY).handoff.items
        world.portal.accept(other.key, other.kind.value, "0" * 64)
        world.portal.accept(good.key, good.kind.value, digest_of(good.body))
        await desk.ask()
        (item,) = outbox.desk.items()

    assert item.error == JobError(code="GW-DC-04", field="", words="")
    assert sorted((await world.states(jobs)).values()) == [JobState.CONFIRMED, JobState.REJECTED]


@pytest.mark.parametrize("link_up", [True, False])
async def test_a_lost_file_is_taken_back_and_a_receipt_wins(world: World, link_up: bool) -> None:
    jobs = await world.enqueue(visit(identification=Identification.CARD_OFFLINE), UPLOADS)
    async with world.running() as outbox:
        desk = desk_of(world)
        await desk.confirm((file := await desk.export()).handoff_id)
        arrived, _ = unseal(file.content, KEY).handoff.items
        world.portal.accept(arrived.key, arrived.kind.value, digest_of(arrived.body))
        world.portal.faults["missing"] = [] if link_up else [Fault.LINK_DOWN]
        back = await desk.take_back(phone_id="phone-1")
        depth = outbox.desk.summary().depth
        world.set_link(up=True)
        await world.settle()

    assert back == depth == (1 if link_up else 2)
    assert set((await world.states(jobs)).values()) == {JobState.CONFIRMED}
    assert set(world.portal.effects.values()) == {1}


async def test_what_is_sent_by_both_ways_has_one_effect(world: World) -> None:
    jobs = await world.enqueue(visit(identification=Identification.CARD_OFFLINE), UPLOADS)
    async with world.running():
        desk = desk_of(world)
        file = await desk.export()
        await import_(world, file.content)
        world.set_link(up=True)
        await world.settle()
        moved = await desk.confirm(file.handoff_id)

    assert moved == 0
    assert set((await world.states(jobs)).values()) == {JobState.CONFIRMED}
    assert set(world.portal.effects.values()) == {1}


async def test_what_needs_the_card_first_stays(world: World) -> None:
    await world.enqueue(visit(), (WRITE_VISIT, UPLOAD_VISIT, UPLOAD_IC))
    with pytest.raises(NotFound):
        await desk_of(world).export()
    await world.enqueue(visit("visit-2", identification=Identification.CARD_OFFLINE), UPLOADS)
    file = await desk_of(world).export()

    assert (file.items, file.left) == (2, 3)


async def test_a_visit_time_that_nobody_vouches_for_stays(world: World) -> None:
    await world.enqueue(
        visit(identification=Identification.CARD_OFFLINE, clock_trusted=False), (UPLOAD_VISIT,)
    )
    with pytest.raises(NotFound):
        await desk_of(world).export()


async def test_a_file_is_confirmed_once(world: World) -> None:
    await world.enqueue(visit(identification=Identification.CARD_OFFLINE), UPLOADS)
    desk = desk_of(world)
    file = await desk.export()
    assert await desk.confirm(file.handoff_id) == 2
    with pytest.raises(NotFound):
        await desk.confirm(file.handoff_id)


async def test_nothing_is_sealed_without_a_key(world: World) -> None:
    with pytest.raises(NotBound):
        await desk_of(world, BoxRecord(sheet_id="sheet-1", name="測試盒", institution=INSTITUTION)).export()


async def test_nothing_is_asked_while_nothing_is_handed_off(world: World) -> None:
    await desk_of(world).ask()

    assert world.portal.asked == []
