"""健保署網站上的準備: what people say of a site that the box cannot see; kept, and on the trail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.adapters.store.builders import KEY
from visitbridge.adapters.store import open_store
from visitbridge.domain.site_steps import SiteState, SiteStep, next_approval, states_of
from visitbridge.errors import FieldInvalid
from visitbridge.ports.store import Store
from visitbridge.services.site_steps import SiteBook, SiteStepView
from visitbridge.sim.clock import FakeClock


@pytest.fixture
def book(store: Store, clock: FakeClock) -> SiteBook:
    return SiteBook(store, clock)


def of(steps: Sequence[SiteStepView], step: SiteStep) -> SiteStepView:
    return next(one for one in steps if one.step is step)


async def say(
    book: SiteBook, step: SiteStep, state: SiteState, *, staff_id: str = "", by: str = "技術手機"
) -> SiteStepView:
    return of(await book.mark(step, state, by=by, staff_id=staff_id, phone_id="phone-1"), step)


async def trail(store: Store) -> list[tuple[str, str, str, str, str]]:
    rows = await store.read(lambda tx: tx.audit.rows(limit=50))
    return [
        (row.entry.who, row.entry.act, row.entry.record, row.entry.why, row.entry.phone_id) for row in rows
    ]


async def test_A04_A05_A07_nothing_is_done_until_somebody_says_so(book: SiteBook) -> None:
    steps = await book.steps()

    assert [step.step.value for step in steps] == [
        "managers",
        "service_qpa",
        "service_qpb",
        "service_qpc",
        "users",
        "grants",
        "catalogues",
        "application",
    ]
    assert {(step.state, step.by, step.at) for step in steps} == {(SiteState.OPEN, "", None)}


async def test_A04_who_said_it_and_when_is_kept_with_its_row_on_the_trail(
    book: SiteBook, store: Store, clock: FakeClock
) -> None:
    said = await say(book, SiteStep.MANAGERS, SiteState.DONE, staff_id="D-TEST-1", by="陳測試")

    assert (said.state, said.by, said.at) == (SiteState.DONE, "陳測試", clock.now())
    assert await trail(store) == [("D-TEST-1", "site.step", "managers", "done", "phone-1")]


async def test_A04_a_phone_on_which_nobody_is_signed_in_is_told_by_its_name(
    book: SiteBook, store: Store
) -> None:
    said = await say(book, SiteStep.USERS, SiteState.DONE)

    assert said.by == "技術手機"
    assert [row[0] for row in await trail(store)] == ["phone"]


async def test_A05_another_life_of_the_box_knows_it_still(tmp_path: Path, clock: FakeClock) -> None:
    async with open_store(tmp_path / "box.db", KEY, clock=clock) as store:
        await say(SiteBook(store, clock), SiteStep.GRANTS, SiteState.DONE, by="林管理")
    clock.jump(3600)
    async with open_store(tmp_path / "box.db", KEY, clock=clock) as store:
        kept = of(await SiteBook(store, clock).steps(), SiteStep.GRANTS)

    assert (kept.state, kept.by, kept.at) == (SiteState.DONE, "林管理", clock.now() - dt.timedelta(hours=1))


async def test_A07_a_service_is_open_applied_for_and_approved(
    book: SiteBook, store: Store, clock: FakeClock
) -> None:
    await say(book, SiteStep.SERVICE_VISITS, SiteState.APPLIED)
    clock.jump(60)
    approved = await say(book, SiteStep.SERVICE_VISITS, SiteState.DONE)
    back = await say(book, SiteStep.SERVICE_VISITS, SiteState.OPEN)

    assert (approved.state, approved.at) == (SiteState.DONE, clock.now())
    assert back.state is SiteState.OPEN
    assert [row[3] for row in await trail(store)] == ["applied", "done", "open"]


@pytest.mark.parametrize(
    ("step", "states"),
    [
        (SiteStep.MANAGERS, ["open", "done"]),
        (SiteStep.SERVICE_SETTINGS, ["open", "applied", "done"]),
        (SiteStep.SERVICE_VISITS, ["open", "applied", "done"]),
        (SiteStep.SERVICE_DISPENSING, ["open", "applied", "done"]),
        (SiteStep.USERS, ["open", "done"]),
        (SiteStep.GRANTS, ["open", "done"]),
        (SiteStep.CATALOGUES, ["open", "done"]),
        (SiteStep.APPLICATION, ["open", "applied", "done"]),
    ],
)
def test_A07_A12_what_the_insurer_answers_can_wait_for_its_answer(step: SiteStep, states: list[str]) -> None:
    assert [state.value for state in states_of(step)] == states


async def test_A05_what_awaits_no_approval_is_not_applied_for(book: SiteBook, store: Store) -> None:
    with pytest.raises(FieldInvalid) as refused:
        await say(book, SiteStep.USERS, SiteState.APPLIED)

    assert refused.value.field == "state"
    assert await trail(store) == []
    assert of(await book.steps(), SiteStep.USERS).state is SiteState.OPEN


@pytest.mark.parametrize("state", [SiteState.OPEN, SiteState.DONE])
async def test_A05_saying_the_same_again_changes_neither_who_nor_when(
    book: SiteBook, store: Store, clock: FakeClock, state: SiteState
) -> None:
    await say(book, SiteStep.USERS, SiteState.DONE, by="first")
    first = await say(book, SiteStep.USERS, state, by="first")
    rows = await trail(store)
    clock.jump(60)

    assert await say(book, SiteStep.USERS, state, by="second") == first
    assert await trail(store) == rows


@pytest.mark.parametrize(
    ("applied", "approved"),
    [
        ("2026-11-22T10:20:00+08:00", "2026-11-22T11:00:00+08:00"),
        ("2026-11-22T11:00:00+08:00", "2026-11-22T12:00:00+08:00"),
        ("2026-11-22T23:59:59+08:00", "2026-11-23T00:00:00+08:00"),
    ],
)
def test_A12_an_application_is_approved_on_the_hour(applied: str, approved: str) -> None:
    found = next_approval(dt.datetime.fromisoformat(applied))

    assert found == dt.datetime.fromisoformat(approved)
    assert found.tzinfo is dt.UTC


async def test_A12_when_it_will_be_approved_is_told_while_it_waits(book: SiteBook, clock: FakeClock) -> None:
    waiting = await say(book, SiteStep.APPLICATION, SiteState.APPLIED)
    service = await say(book, SiteStep.SERVICE_VISITS, SiteState.APPLIED)
    approved = await say(book, SiteStep.APPLICATION, SiteState.DONE)

    assert waiting.approval_at == next_approval(clock.now())
    assert (service.approval_at, approved.approval_at) == (None, None)


async def test_a_step_of_another_versions_list_is_kept_and_not_shown(
    book: SiteBook, store: Store, clock: FakeClock
) -> None:
    other = '{"step_of_tomorrow":{"state":"done","by":"x","at":"2026-11-22T01:00:00Z"}}'
    await store.write(lambda tx: tx.settings.set("site.steps", other))
    await say(book, SiteStep.USERS, SiteState.DONE)

    assert len(await book.steps()) == len(SiteStep)
    assert "step_of_tomorrow" in (await store.read(lambda tx: tx.settings.get("site.steps")) or "")
