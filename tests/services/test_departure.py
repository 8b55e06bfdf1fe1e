"""出門前檢查: each item green, amber and red, and why (B15, E02, F02, beyond #4)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from tests.services.outbox.samples import staff_row
from visitbridge.domain.consents import ConsentAct, ConsentEntry, ConsentTerms, Person, Signer
from visitbridge.domain.plans import PlannedVisit
from visitbridge.domain.records import RecordKind
from visitbridge.domain.roc import TAIPEI
from visitbridge.ports.clock import TimeTrust
from visitbridge.ports.records import StaffSessionRow
from visitbridge.services.datasets import DataSetStatus
from visitbridge.services.departure import (
    DepartureCheck,
    datasets_check,
    hpc_check,
    list_check,
    queue_check,
    records_check,
)
from visitbridge.services.environment.report import CheckState
from visitbridge.services.live import LiveBoard
from visitbridge.services.records.plans import PlanView
from visitbridge.services.topics import BoxTopic, CardsTopic, PowerTopic, QueueTopic, Slot
from visitbridge.sim.clock import FakeClock
from visitbridge.words import LANGUAGES, load_catalogue

DAY = dt.date(2026, 11, 23)
NOW = dt.datetime(2026, 11, 23, 8, 0, tzinfo=TAIPEI)
PERSON = Person(id_no="A123456788", name="王測試", birth_date=dt.date(1941, 3, 8))


def at(hour: int, minute: int = 0, *, days: int = 0) -> dt.datetime:
    return dt.datetime.combine(DAY + dt.timedelta(days=days), dt.time(hour, minute), TAIPEI)


def plan(
    hour: int, *, consent: bool = False, fetched_at: dt.datetime | None = None, id_no: str = "A123456788"
) -> PlanView:
    person = msgspec.structs.replace(PERSON, id_no=id_no)
    terms = ConsentTerms(kinds=(RecordKind.DRUGS,), signer=Signer.PATIENT, signed_on=DAY, until=DAY)
    given = ConsentEntry(at=NOW, consent_id="c", act=ConsentAct.GIVEN, who="S1", person=person, terms=terms)
    return PlanView(
        plan=PlannedVisit(plan_id=f"p{hour}", planned_at=at(hour), person=person),
        consent=given if consent else None,
        fetched_at=fetched_at,
    )


def session(hour: int, minute: int = 0) -> StaffSessionRow:
    return msgspec.structs.replace(staff_row(), ends_at=at(hour, minute))


FETCHED = plan(9, consent=True, fetched_at=at(7))


def test_the_list() -> None:
    assert list_check([]).code == "empty"
    assert list_check([plan(9), plan(16)]).params == {"count": 2, "first": "09:00", "last": "16:00"}


@pytest.mark.parametrize(
    ("sessions", "plans", "state", "code"),
    [
        ([], [], CheckState.FAIL, "none"),
        ([session(16)], [], CheckState.OK, "ok"),
        ([session(16, 30)], [plan(9), plan(16)], CheckState.OK, "ok"),
        ([session(16, 29)], [plan(9), plan(16)], CheckState.FAIL, "too_short"),
        ([session(12), session(17)], [plan(16)], CheckState.OK, "ok"),
        ([session(9)], [plan(7)], CheckState.OK, "ok"),
    ],
)
def test_F02_the_hours_of_the_hpc_against_the_last_visit(
    sessions: list[StaffSessionRow], plans: list[PlanView], state: CheckState, code: str
) -> None:
    check = hpc_check(sessions, plans, NOW)
    assert (check.state, check.code) == (state, code)


def test_F02_the_first_visit_that_is_too_late_is_named() -> None:
    check = hpc_check([session(11)], [plan(9), plan(11), plan(15)], NOW)
    assert check.params == {"until": "11:00", "count": 2, "first": "11:00"}


@pytest.mark.parametrize(
    ("plans", "state", "code", "count"),
    [
        ([], CheckState.OK, "nobody", 0),
        ([FETCHED], CheckState.OK, "ok", 1),
        ([FETCHED, plan(10, consent=True)], CheckState.FAIL, "due", 1),
        ([plan(9, consent=True, fetched_at=at(20, days=-1))], CheckState.FAIL, "due", 1),
        (
            [FETCHED, plan(10, id_no="A223456780"), plan(15, id_no="A223456780")],
            CheckState.WARN,
            "no_consent",
            1,
        ),
    ],
)
def test_L06_records_are_fetched_today_for_who_consented(
    plans: list[PlanView], state: CheckState, code: str, count: int
) -> None:
    check = records_check(plans, NOW, TimeTrust.DATA_CENTRE)
    assert (check.state, check.code, check.params["count"]) == (state, code, count)


@pytest.mark.parametrize(
    ("changes", "state", "code"),
    [
        ({"checked_at": None}, CheckState.FAIL, "never"),
        ({"missing": ("icd10",)}, CheckState.FAIL, "missing"),
        ({"checked_at": at(7, days=-7)}, CheckState.WARN, "old"),
        ({"checked_at": at(9, days=-7)}, CheckState.OK, "ok"),
        ({"checked_at": at(9, days=-1)}, CheckState.OK, "today"),
        ({"empty": ("packages",)}, CheckState.WARN, "empty"),
    ],
)
def test_B13_B14_data_sets_are_there_and_not_old(
    changes: dict[str, Any], state: CheckState, code: str
) -> None:
    status = DataSetStatus(checked_at=at(7), missing=(), empty=())
    check = datasets_check(msgspec.structs.replace(status, **changes), NOW)
    assert (check.state, check.code) == (state, code)


@pytest.mark.parametrize(
    ("plans", "state", "code"),
    [
        ((), CheckState.OK, "nobody"),
        ((plan(9),), CheckState.WARN, "time"),
        ((FETCHED,), CheckState.WARN, "time"),
    ],
)
def test_L06_without_trusted_time_no_consent_is_called_missing(
    plans: tuple[PlanView, ...], state: CheckState, code: str
) -> None:
    check = records_check(plans, NOW, TimeTrust.UNTRUSTED)
    assert (check.state, check.code) == (state, code)


def queue(depth: int, attention: int = 0) -> QueueTopic:
    return QueueTopic(
        depth=depth,
        attention=attention,
        sending=0,
        oldest_at=None,
        oldest_age="fresh",  # type: ignore[arg-type]  # a string is what this one compares equal to
        last_success_at=None,
    )


@pytest.mark.parametrize(
    ("topic", "state"),
    [
        (None, CheckState.OK),
        (queue(0), CheckState.OK),
        (queue(2), CheckState.WARN),
        (queue(2, 1), CheckState.FAIL),
    ],
)
def test_what_has_not_gone_out(topic: QueueTopic | None, state: CheckState) -> None:
    assert queue_check(topic).state is state


class Day:
    """Today's list, who is signed in, and the data sets, as a test sets them."""

    today = DAY

    def __init__(self) -> None:
        self.plans: tuple[PlanView, ...] = (FETCHED,)
        self.people: tuple[StaffSessionRow, ...] = (session(16),)
        self.datasets = DataSetStatus(checked_at=at(7), missing=(), empty=())

    async def of_day(self, day: dt.date) -> tuple[PlanView, ...]:
        return {DAY: self.plans}[day]

    def sessions(self) -> tuple[StaffSessionRow, ...]:
        return self.people

    async def completeness(self) -> DataSetStatus:
        return self.datasets


def ready_board() -> LiveBoard:
    board = LiveBoard()
    given = {"reader_id": "r", "name": "r", "transport": "pcsc", "state": "empty", "virtual": True}
    empty = {"kind": "none", "insertion": 0, "error_code": "", "patient": None}
    unknown = dict.fromkeys(("battery_percent", "battery_low", "signal_dbm"))
    slot = msgspec.convert({**given, **unknown, "card": empty}, Slot)
    board.put("cards", CardsTopic(readers=(slot,)))
    board.put(
        "box",
        BoxTopic(
            bound=True,
            box_name="盒",
            sheet_id="s",
            version="0",
            sam_valid_until=DAY + dt.timedelta(days=400),
            sam_verified_at=at(7),
        ),
    )
    board.put("power", PowerTopic(battery_percent=80, under_voltage=False))
    board.put("queue", queue(0))
    return board


async def test_B15_all_green_and_one_red_item_keeps_the_team_at_home() -> None:
    clock, day = FakeClock(NOW), Day()
    check = DepartureCheck(ready_board(), clock, day, day, day)
    report = await check.run()
    assert [item.item for item in report.items] == [
        *("list", "sam", "hpc", "records", "datasets"),
        *("clock", "readers", "power", "queue"),
    ]
    assert {item.state for item in report.items} == {CheckState.OK}
    assert report.ready

    clock.trust = TimeTrust.UNTRUSTED
    assert not (await check.run()).ready
    clock.trust = TimeTrust.DATA_CENTRE
    day.people = ()
    assert not (await check.run()).ready


CODES = {
    "list": ("ok", "empty"),
    "hpc": ("ok", "none", "too_short"),
    "records": ("ok", "nobody", "due", "no_consent", "time"),
    "datasets": ("ok", "today", "never", "missing", "old", "empty"),
    "queue": ("ok", "attention", "waiting"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("item", "code"), [(item, code) for item, codes in CODES.items() for code in codes])
def test_every_outcome_has_words_and_what_is_wrong_says_what_to_do(
    language: str, item: str, code: str
) -> None:
    texts = load_catalogue().texts(language)
    assert texts[f"environment.item.{item}"]
    assert texts[f"environment.{item}.{code}.what"]
    assert (f"environment.{item}.{code}.now" in texts) == (code not in {"ok", "today", "nobody"})
