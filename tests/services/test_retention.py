"""Clearing history: what may go, where the line is, and what is never touched (S04)."""

from __future__ import annotations

import datetime as dt
import json

import msgspec
import pytest

from tests.adapters.store.builders import NOW, job, receipt, save, visit
from visitbridge.domain.jobs import JobState
from visitbridge.domain.visit import VisitState
from visitbridge.errors import ClockUntrusted, FieldInvalid
from visitbridge.ports.clock import TimeTrust
from visitbridge.ports.store import Store
from visitbridge.services.outbox.epoch import EPOCH
from visitbridge.services.retention import RetentionDesk, months_before
from visitbridge.sim.clock import FakeClock

OLD = NOW - dt.timedelta(days=100)


async def uploaded(store: Store, visit_id: str, *, at: dt.datetime = OLD, epoch: str = "epoch-1") -> None:
    done = job(f"job-{visit_id}", visit_id=visit_id, state=JobState.CONFIRMED)
    await save(store, visit(visit_id, state=VisitState.FINISHED, visit_at=at), done)
    held = msgspec.structs.replace(receipt(f"key-{visit_id}"), epoch=epoch)
    await store.write(lambda tx: tx.receipts.add(held, job_id=done.job_id))


async def know_epoch(store: Store, epoch: str = "epoch-1") -> None:
    await store.write(lambda tx: tx.settings.set(EPOCH, json.dumps(epoch)))


async def test_S04_what_is_uploaded_goes_and_the_act_stays_in_the_audit(
    store: Store, clock: FakeClock
) -> None:
    await know_epoch(store)
    await uploaded(store, "old")
    await uploaded(store, "new", at=NOW - dt.timedelta(days=20))
    await save(store, visit("draft", visit_at=OLD))
    desk = RetentionDesk(store, clock)
    before = await desk.look(3)
    after = await desk.clear(3, phone_id="phone-1")

    assert (before.counts.clear, before.counts.keep, before.counts.drafts, before.cleared) == (1, 1, 1, 0)
    assert (after.counts.clear, after.counts.keep, after.cleared) == (0, 1, 1)
    left = await store.read(lambda tx: {summary.visit_id for summary in tx.visits.summaries()})
    assert left == {"new", "draft"}
    (row,) = await store.read(lambda tx: tx.audit.rows())
    assert (row.entry.act, row.entry.phone_id, row.entry.why) == (
        "history.clear",
        "phone-1",
        "months=3 visits=1",
    )


@pytest.mark.parametrize("epoch", ["epoch-2", ""])
async def test_S04_receipts_that_the_present_epoch_did_not_confirm_are_kept(
    store: Store, clock: FakeClock, epoch: str
) -> None:
    await know_epoch(store, epoch)
    await uploaded(store, "old", epoch="epoch-1")
    after = await RetentionDesk(store, clock).clear(3)

    assert (after.cleared, after.counts.unconfirmed) == (0, 1)


async def test_nothing_is_deleted_before_any_epoch_is_known(store: Store, clock: FakeClock) -> None:
    await uploaded(store, "old")

    assert (await RetentionDesk(store, clock).clear(3)).cleared == 0


async def test_more_than_one_portion_goes(store: Store, clock: FakeClock) -> None:
    for number in range(501):
        await save(store, visit(f"v{number}", state=VisitState.DISCARDED, visit_at=OLD))

    assert (await RetentionDesk(store, clock).clear(3)).cleared == 501
    assert len(await store.read(lambda tx: tx.audit.rows())) == 2


async def test_the_line_is_midnight_in_taipei(store: Store, clock: FakeClock) -> None:
    midnight = dt.datetime(2026, 8, 21, 16, tzinfo=dt.UTC)
    await save(
        store,
        visit("before", state=VisitState.DISCARDED, visit_at=midnight - dt.timedelta(seconds=1)),
        visit("after", state=VisitState.DISCARDED, visit_at=midnight),
    )
    desk = RetentionDesk(store, clock)

    assert (await desk.look(3)).before == midnight
    assert (await desk.clear(3)).cleared == 1


@pytest.mark.parametrize("months", [0, -1, 121])
async def test_months_have_bounds(store: Store, clock: FakeClock, months: int) -> None:
    with pytest.raises(FieldInvalid) as caught:
        await RetentionDesk(store, clock).clear(months)

    assert caught.value.field == "months"


async def test_a_clock_that_may_be_ahead_deletes_nothing(store: Store, clock: FakeClock) -> None:
    clock.trust = TimeTrust.UNTRUSTED

    with pytest.raises(ClockUntrusted):
        await RetentionDesk(store, clock).clear(3)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (dt.date(2026, 11, 22), 3, dt.date(2026, 8, 22)),
        (dt.date(2026, 3, 31), 1, dt.date(2026, 2, 28)),
        (dt.date(2024, 3, 31), 1, dt.date(2024, 2, 29)),
        (dt.date(2026, 1, 31), 1, dt.date(2025, 12, 31)),
        (dt.date(2026, 1, 1), 13, dt.date(2024, 12, 1)),
    ],
)
def test_months_end_where_the_calendar_says(day: dt.date, months: int, expected: dt.date) -> None:
    assert months_before(day, months) == expected
