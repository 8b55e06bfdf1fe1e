"""Today's list: whom, when, and whether their records may be and are at hand."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from tests.adapters.store.builders import save, visit
from tests.services.conftest import PHONE, Room
from tests.services.records.conftest import LIN, NURSE, WANG, Desk
from visitbridge.domain.roc import TAIPEI
from visitbridge.domain.visit import VisitState
from visitbridge.errors import FieldInvalid, NotFound
from visitbridge.ports.clock import TimeTrust
from visitbridge.ports.records import StaffSessionRow


def at(desk: Desk, hour: int, *, days: int = 0) -> dt.datetime:
    day = desk.today + dt.timedelta(days=days)
    return dt.datetime.combine(day, dt.time(hour), TAIPEI)


async def test_a_day_in_taipei_in_order_of_time(desk: Desk) -> None:
    for hour, days, person in ((23, 0, WANG), (0, 0, LIN), (0, 1, WANG), (23, -1, WANG)):
        await desk.plans.add(at(desk, hour, days=days), person)

    plans = await desk.plans.of_day(desk.plans.today)
    assert [(view.plan.planned_at, view.plan.person) for view in plans] == [
        (at(desk, 0), LIN),
        (at(desk, 23), WANG),
    ]
    assert all(view.consent is None for view in plans)


async def test_a_plan_can_be_taken_back(desk: Desk) -> None:
    plan_id = (await desk.plans.add(at(desk, 9), WANG)).plan.plan_id
    assert (await desk.plans.get(plan_id)).plan.person == WANG
    await desk.plans.remove(plan_id)
    with pytest.raises(NotFound):
        await desk.plans.remove(plan_id)
    with pytest.raises(NotFound):
        await desk.plans.get(plan_id)


async def test_a_plan_needs_a_person(desk: Desk) -> None:
    with pytest.raises(FieldInvalid):
        await desk.plans.add(at(desk, 9), msgspec.structs.replace(WANG, id_no="0000000000"))


async def test_L06_the_consent_that_holds_longest_and_its_records(
    room: Room, desk: Desk, session: StaffSessionRow
) -> None:
    plan_id = (await desk.plans.add(at(desk, 9), WANG)).plan.plan_id
    await desk.given(until=2)
    longest = (await desk.given(until=9)).entry
    revoked = (await desk.given(until=20)).entry.consent_id
    await desk.consents.revoke(revoked, "", NURSE)
    await desk.keeper.fetch([longest.consent_id], session, PHONE)

    view = await desk.plans.get(plan_id)
    assert (view.consent, view.fetched_at) == (longest, room.clock.now())
    room.clock.trust = TimeTrust.UNTRUSTED
    assert (await desk.plans.get(plan_id)).consent is None


async def test_J02_everybody_the_box_has_seen(room: Room, desk: Desk) -> None:
    await save(
        room.store,
        visit("v-1", state=VisitState.FINISHED, visit_at=at(desk, 9, days=-9).astimezone(dt.UTC)),
        visit("v-2", state=VisitState.FINISHED, visit_at=at(desk, 9, days=-2).astimezone(dt.UTC)),
    )
    (known,) = await desk.plans.known()

    assert (known.visit_id, known.person.id_no, known.person.name) == ("v-2", "A123456788", "測試甲")
    assert await desk.plans.person_of("v-1") == known.person
    with pytest.raises(NotFound):
        await desk.plans.person_of("v-9")


async def test_old_plans_are_forgotten(room: Room, desk: Desk) -> None:
    await desk.plans.add(at(desk, 9, days=-9), WANG)
    await desk.plans.add(at(desk, 9, days=-6), WANG)
    await desk.keeper.purge()

    assert await desk.plans.of_day(desk.today - dt.timedelta(days=9)) == ()
    assert len(await desk.plans.of_day(desk.today - dt.timedelta(days=6))) == 1


@pytest.mark.parametrize("day", [dt.date.min, dt.date.max])
async def test_a_day_at_an_end_of_the_calendar_has_no_plans(desk: Desk, day: dt.date) -> None:
    assert await desk.plans.of_day(day) == ()
