"""Checks of ``POST /visits``, one thing wrong at a time (rows N07, N09; data-centre.md §1.7)."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from tests.vpnportal.checks.conftest import Judge
from tests.vpnportal.checks.ic_samples import NORMAL, NUMBER
from tests.vpnportal.samples import DRUG, NOW, OFFLINE_VISIT, VISIT_AT, upload_of
from visitbridge.domain.visit import (
    Diagnosis,
    Identification,
    Order,
    OrderKind,
    Sequence,
    Visit,
    VisitState,
)
from vpnportal.checks.visit import check_visit
from vpnportal.problems import Refusal

SAM_ID = NORMAL["A16"]


def changed(path: str, value: object, visit: Visit = OFFLINE_VISIT) -> Visit:
    """A copy with one member replaced; ``path`` leads to it by names."""
    name, _, rest = path.partition(".")
    inner = changed(rest, value, getattr(visit, name)) if rest else value
    return msgspec.structs.replace(visit, **{name: inner})


def identified(identification: Identification, number: str | None, **more: object) -> Visit:
    sequence = None if number is None else Sequence(number=number, source="box", taken_at=VISIT_AT)
    return msgspec.structs.replace(OFFLINE_VISIT, identification=identification, sequence=sequence, **more)


def order(**changes: object) -> Visit:
    return changed("content.orders", (msgspec.structs.replace(DRUG, **changes),))


def test_a_right_visit_is_taken(judge: Judge) -> None:
    assert judge(check_visit, upload_of(OFFLINE_VISIT, SAM_ID)) == []


def test_another_boxs_sam(judge: Judge) -> None:
    assert judge(check_visit, upload_of(OFFLINE_VISIT, "900000000000")) == [("07", "sam_id")]


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("visit_id", "", "AC"),
        ("visit_id", "x" * 65, "AC"),
        ("institution.code", "3599999999", "06"),
        ("practitioner.staff_id", "T9999", "13"),
        ("practitioner.staff_id", "T0002", "14"),
        ("state", VisitState.DRAFT, "AD"),
        ("patient.card_no", "000000000001", "AD"),
        ("visit_at", NOW + dt.timedelta(minutes=6), "BD"),
        ("visit_at", NOW - dt.timedelta(days=93), "BH"),
        ("finished_at", None, "AA"),
        ("finished_at", VISIT_AT - dt.timedelta(seconds=1), "BE"),
        ("content.diagnoses", (), "AH05"),
        ("content.claim.case_type", "ZZ", "AD"),
        ("content.claim.department", "ZZ", "AD"),
        ("content.claim.payment_category", "Q", "AD"),
        ("content.claim.visit_type", "ZZ", "AD"),
        ("content.claim.dispensing", "9", "AD"),
        ("content.claim.copay", "ZZZ", "AD"),
    ],
)
def test_one_thing_wrong(judge: Judge, path: str, value: object, code: str) -> None:
    assert (code, f"visit.{path}") in judge(check_visit, upload_of(changed(path, value), SAM_ID))


@pytest.mark.parametrize("code", ["J06", "J06.99", "X"])
def test_a_diagnosis_must_be_a_code_that_may_be_claimed(judge: Judge, code: str) -> None:
    visit = changed("content.diagnoses", (Diagnosis(code="I10"), Diagnosis(code=code)))
    assert judge(check_visit, upload_of(visit, SAM_ID)) == [("15", "visit.content.diagnoses[1].code")]


def test_a_heading_is_no_diagnosis(judge: Judge) -> None:
    visit = changed("content.diagnoses", (Diagnosis(code="E11"),))
    assert judge(check_visit, upload_of(visit, SAM_ID)) == [("15", "visit.content.diagnoses[0].code")]


@pytest.mark.parametrize(
    ("visit", "code", "member"),
    [
        (order(code=""), "AA", "code"),
        (order(code="TEST999999"), "10", "code"),
        (order(frequency=""), "AA", "frequency"),
        (order(frequency="5X"), "AD", "frequency"),
        (order(route=""), "AA", "route"),
        (order(route="ZZ"), "AD", "route"),
        (order(days=0), "AA01", "days"),
        (order(total=0.0), "AA01", "total"),
        (order(kind=OrderKind.CONTROLLED), "AD", "kind"),
    ],
)
def test_one_thing_wrong_in_an_order(judge: Judge, visit: Visit, code: str, member: str) -> None:
    assert judge(check_visit, upload_of(visit, SAM_ID)) == [(code, f"visit.content.orders[0].{member}")]


@pytest.mark.parametrize(
    "entered",
    [
        msgspec.structs.replace(DRUG, code="OWN-1", self_entered=True),
        Order(kind=OrderKind.SELF_PAID, code="OWN-2", total=1.0),
        Order(kind=OrderKind.SERVICE, code="05307C", total=1.0),
    ],
)
def test_codes_outside_the_sets_where_they_may_be(judge: Judge, entered: Order) -> None:
    assert judge(check_visit, upload_of(changed("content.orders", (entered,)), SAM_ID)) == []


@pytest.mark.parametrize(
    "visit",
    [
        identified(Identification.CARD, NUMBER),
        changed("content.claim.visit_type", "AH", identified(Identification.CARD, None)),
        changed("content.claim.visit_type", "AH", identified(Identification.CARD, "")),
        identified(Identification.CARD_OFFLINE, "F00B"),
        identified(Identification.VIRTUAL_CARD, "V001"),
        identified(Identification.VIRTUAL_CARD, None),
        identified(Identification.PHOTO, "M001"),
        identified(Identification.PHOTO, None),
        identified(Identification.NO_CARD, None),
        identified(Identification.ABNORMAL, "B000"),
    ],
)
def test_forms_of_the_number_that_are_taken(judge: Judge, visit: Visit) -> None:
    assert judge(check_visit, upload_of(visit, SAM_ID)) == []


@pytest.mark.parametrize(
    ("visit", "finding"),
    [
        (identified(Identification.CARD, "0008"), ("AD01", "visit.sequence.number")),
        (identified(Identification.CARD, "F00B"), ("AD01", "visit.sequence.number")),
        (identified(Identification.CARD, None), ("AD01", "visit.sequence.number")),
        (
            identified(Identification.CARD, NUMBER, visit_at=VISIT_AT + dt.timedelta(minutes=1)),
            ("AD01", "visit.sequence.number"),
        ),
        (
            changed("content.claim.visit_type", "AH", identified(Identification.CARD, NUMBER)),
            ("AD14", "visit.sequence.number"),
        ),
        (
            changed(
                "content.claim.visit_type",
                "AH",
                identified(Identification.CARD, None, visit_at=VISIT_AT + dt.timedelta(minutes=1)),
            ),
            ("AD01", "visit.sequence.number"),
        ),
        (identified(Identification.CARD_OFFLINE, "FOOB"), ("AD02", "visit.sequence.number")),
        (identified(Identification.CARD_OFFLINE, None), ("AD02", "visit.sequence.number")),
        (identified(Identification.VIRTUAL_CARD, "M001"), ("AD", "visit.sequence.number")),
        (identified(Identification.PHOTO, "V001"), ("AD", "visit.sequence.number")),
        (identified(Identification.NO_CARD, "F00B"), ("AF", "visit.sequence")),
        (identified(Identification.ABNORMAL, "F00B"), ("AD02", "visit.sequence.number")),
        (identified(Identification.ABNORMAL, "0007"), ("AD02", "visit.sequence.number")),
        (identified(Identification.ABNORMAL, None), ("AD02", "visit.sequence.number")),
    ],
)
def test_forms_of_the_number_that_are_refused(judge: Judge, visit: Visit, finding: tuple[str, str]) -> None:
    assert judge(check_visit, upload_of(visit, SAM_ID)) == [finding]


def test_a_time_without_a_zone_is_refused(judge: Judge) -> None:
    naive = changed("visit_at", VISIT_AT.replace(tzinfo=None))
    assert ("AB", "visit.visit_at") in judge(check_visit, upload_of(naive, SAM_ID))


def test_something_else_names_its_field_and_quotes_nothing(judge: Judge) -> None:
    body = upload_of(OFFLINE_VISIT, SAM_ID).replace(b'"revision":3', b'"revision":"A123456788"')
    with pytest.raises(Refusal) as caught:
        judge(check_visit, body)
    assert (caught.value.problem.code, caught.value.problem.field) == ("malformed", "visit.revision")
    assert "A123456788" not in str(caught.value.problem)
