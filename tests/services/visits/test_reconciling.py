"""對帳清單 on a real store: whose days they are, that it is noted, and what it says of itself in training (R02)."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from tests.adapters.store.builders import job, receipt, save, visit
from visitbridge.domain.jobs import JobState
from visitbridge.domain.people import BasicRecord
from visitbridge.domain.visit import VisitState
from visitbridge.ports.store import Store
from visitbridge.services.visits.reconciling import ReconciliationDesk
from visitbridge.sim.clock import FakeClock

FIRST, LAST = dt.date(2026, 11, 1), dt.date(2026, 11, 30)


async def test_R02_the_days_are_those_of_taipei_and_drafts_are_not_among_them(
    store: Store, clock: FakeClock
) -> None:
    midnight = dt.datetime(2026, 10, 31, 16, tzinfo=dt.UTC)
    second_s = dt.timedelta(seconds=1)
    done = VisitState.FINISHED
    await save(
        store,
        visit("before", state=done, visit_at=midnight - second_s),
        visit("last", state=done, visit_at=midnight + dt.timedelta(days=30) - second_s),
        visit("first", state=done, visit_at=midnight),
        visit("after", state=done, visit_at=midnight + dt.timedelta(days=30)),
        visit("draft", visit_at=midnight),
    )
    found = await ReconciliationDesk(store, clock).between(FIRST, LAST, who="D-1", phone_id="p1")

    assert [each.visit_id for each in found.visits] == ["first", "last"]
    assert found.name == "receipts-20261101-20261130.csv"
    (row,) = await store.read(lambda tx: tx.audit.rows())
    assert (row.entry.act, row.entry.who, row.entry.phone_id, row.entry.why) == (
        "visits.reconcile",
        "D-1",
        "p1",
        "2026-11-01/2026-11-30",
    )


async def test_R02_a_name_that_a_spreadsheet_would_run_stays_text(store: Store, clock: FakeClock) -> None:
    shown = visit("v", state=VisitState.FINISHED, visit_at=dt.datetime(2026, 11, 5, tzinfo=dt.UTC))
    named: BasicRecord = msgspec.structs.replace(shown.patient, name="=1+1")
    await save(store, msgspec.structs.replace(shown, patient=named))
    found = await ReconciliationDesk(store, clock).between(FIRST, LAST, who="D-1", phone_id="")

    assert ",'=1+1," in found.content.decode("utf-8-sig")


@pytest.mark.parametrize(("training", "marked"), [(True, True), (False, False)])
async def test_R02_a_list_made_in_training_says_so(
    store: Store, clock: FakeClock, *, training: bool, marked: bool
) -> None:
    done = job("j", visit_id="v", state=JobState.CONFIRMED)
    at = dt.datetime(2026, 11, 5, tzinfo=dt.UTC)
    await save(store, visit("v", state=VisitState.FINISHED, visit_at=at), done)
    await store.write(lambda tx: tx.receipts.add(receipt(done.key), job_id="j"))
    desk = ReconciliationDesk(store, clock, training=training)
    found = await desk.between(FIRST, LAST, who="D-1", phone_id="")

    assert (found.name.startswith("訓練-"), "訓練" in found.content.decode()) == (marked, marked)
    assert found.visits[0].receipts[done.kind].key == done.key
