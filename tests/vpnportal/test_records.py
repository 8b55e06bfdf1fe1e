"""Eligibility and cloud records (rows I03, L01-L06)."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from tests.vpnportal.box import Answer, Box
from tests.vpnportal.portal import RunningPortal
from tests.vpnportal.relay import run_card_session, sign_in
from tests.vpnportal.samples import NOW
from visitbridge.domain.records import SECTIONS, RecordKind
from visitbridge.protocols.datacentre.records import (
    BatchAnswer,
    ConsentedQuery,
    RecordsAnswer,
    RecordsBatch,
    RecordsQuery,
)
from visitbridge.protocols.datacentre.uploads import Eligibility, EligibilityRequest
from visitbridge.sim.card import VirtualCard, build_card
from vpnportal.schema import consent_uses


@pytest.mark.parametrize(
    ("id_no", "birth_date", "insured", "listed"),
    [
        ("A123456788", dt.date(1941, 3, 8), True, True),
        ("A123456787", dt.date(1936, 1, 30), False, True),
        ("A123456788", dt.date(1941, 3, 9), False, False),
        ("A987654320", dt.date(1941, 3, 8), False, False),
    ],
)
async def test_eligibility(box: Box, id_no: str, birth_date: dt.date, insured: bool, listed: bool) -> None:
    request = EligibilityRequest(id_no=id_no, birth_date=birth_date)
    answer = (await box.ask("POST", "/eligibility", request)).as_(Eligibility)
    assert answer == Eligibility(insured=insured, on_home_care_list=listed, checked_at=NOW)


@pytest.mark.parametrize(
    ("id_no", "kinds", "found"),
    [
        (
            "A123456788",
            (),
            [
                *(("drugs", 3), ("allergies", 1), ("controlled", 1), ("chinese", 1), ("tests", 2)),
                *(("results", 2), ("imaging", 1), ("visits", 3), ("surgery", 1), ("dental", 1)),
                *(("discharge", 1), ("rehab", 1)),
            ],
        ),
        ("A123456788", (RecordKind.DRUGS,), [("drugs", 3)]),
        ("A223456780", (RecordKind.VISITS, RecordKind.ALLERGIES), [("visits", 1), ("allergies", 1)]),
        ("A123456787", (), []),
    ],
)
async def test_L01_records_for_who_has_the_card(
    box: Box, id_no: str, kinds: tuple[RecordKind, ...], found: list[tuple[str, int]]
) -> None:
    token = (await sign_in(box)).token
    await run_card_session(box, card_of(id_no), "read", token)
    query = RecordsQuery(id_no=id_no, kinds=kinds)
    answer = await box.ask("POST", "/records/query", query, headers={"Staff-Token": token})
    records = answer.as_(RecordsAnswer).records
    counted = [record.kind for record in records]
    assert {(kind, counted.count(RecordKind(kind))) for kind, _ in found} == set(found)
    assert len(records) == sum(count for _, count in found)
    assert [record.on for record in records] == sorted((record.on for record in records), reverse=True)


async def test_L02_L04_W05_every_column_of_a_table_is_there(box: Box) -> None:
    token = (await sign_in(box)).token
    await run_card_session(box, card_of("A123456788"), "read", token)
    query = RecordsQuery(id_no="A123456788")
    answer = await box.ask("POST", "/records/query", query, headers={"Staff-Token": token})

    records = answer.as_(RecordsAnswer).records
    assert all(set(SECTIONS[record.kind].columns) <= record.values.keys() for record in records)
    assert {record.kind for record in records} == {*RecordKind} - {RecordKind.CLOTTING}


async def test_L01_no_records_without_the_card(portal: RunningPortal, box: Box, other_box: Box) -> None:
    token, other_token = (await sign_in(box)).token, (await sign_in(other_box)).token
    query = RecordsQuery(id_no="A123456788")

    async def ask(asking: Box, with_token: str) -> Answer:
        return await asking.ask("POST", "/records/query", query, headers={"Staff-Token": with_token})

    (await ask(box, token)).problem(403, "records_refused")
    await run_card_session(box, card_of("A123456788"), "read", token)
    (await ask(other_box, other_token)).problem(403, "records_refused")
    portal.pass_time(dt.timedelta(hours=1))
    assert (await ask(box, token)).status == 200
    portal.pass_time(dt.timedelta(seconds=1))
    (await ask(box, token)).problem(403, "records_refused")


TODAY = dt.date(2026, 11, 23)
"""By the portal's clock, in Taipei."""


def consented(id_no: str = "A123456788", *, signed: int = -3, until: int = 30) -> ConsentedQuery:
    return ConsentedQuery(
        id_no=id_no,
        kinds=(RecordKind.DRUGS,),
        consent=f"consent-{id_no}",
        signed_on=TODAY + dt.timedelta(days=signed),
        until=TODAY + dt.timedelta(days=until),
    )


async def fetch(box: Box, *queries: ConsentedQuery, card_id: str = "hpc-doctor") -> Answer:
    token = (await sign_in(box, card_id)).token
    batch = RecordsBatch(queries=queries)
    return await box.ask("POST", "/records/batch", batch, headers={"Staff-Token": token})


async def test_L06_a_batch_answers_each_by_its_consent(portal: RunningPortal, box: Box) -> None:
    answer = (await fetch(box, consented(), consented("A987654320"), consented("A223456780"))).as_(
        BatchAnswer
    )

    assert answer.as_of == NOW
    assert [line.consent[-10:] for line in answer.lines] == ["A123456788", "A987654320", "A223456780"]
    assert [len(line.records) for line in answer.lines] == [3, 0, 1]
    assert {record.kind for line in answer.lines for record in line.records} == {RecordKind.DRUGS}
    refusal = answer.lines[1].problem
    assert refusal is not None
    assert (refusal.code, refusal.field) == ("records_refused", "id_no")
    uses = portal.database.transact(lambda connection: connection.execute(select(consent_uses)).all())
    assert [(use.consent, use.staff_id, use.kinds, use.until) for use in uses] == [
        ("consent-A123456788", "T0001", "drugs", TODAY + dt.timedelta(days=30)),
        ("consent-A223456780", "T0001", "drugs", TODAY + dt.timedelta(days=30)),
    ]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (consented(signed=1), "signed_on"),
        (consented(until=-1), "until"),
        (consented(signed=-337), "until"),
    ],
)
async def test_L06_a_consent_that_does_not_cover_today_opens_nothing(
    box: Box, query: ConsentedQuery, field: str
) -> None:
    (line,) = (await fetch(box, query)).as_(BatchAnswer).lines

    assert line.records == ()
    assert line.problem is not None
    assert (line.problem.code, line.problem.field) == ("records_refused", field)


@pytest.mark.parametrize("query", [consented(until=0), consented(signed=-336), consented(signed=0)])
async def test_L06_a_consent_counts_on_its_first_and_last_day(box: Box, query: ConsentedQuery) -> None:
    (line,) = (await fetch(box, query)).as_(BatchAnswer).lines
    assert len(line.records) == 3


async def test_L06_a_batch_needs_a_staff_session(box: Box) -> None:
    batch = RecordsBatch(queries=(consented(),))
    answer = await box.ask("POST", "/records/batch", batch, headers={"Staff-Token": "x"})
    answer.problem(403, "staff_required")


def card_of(id_no: str) -> VirtualCard:
    return build_card({"A123456788": "patient-wang", "A223456780": "patient-lin"}.get(id_no, "patient-rare"))


@pytest.mark.parametrize("body", [b"{}", b'{"id_no":"short"}', b'{"id_no":"A123456788","kinds":["x"]}'])
async def test_a_query_that_makes_no_sense(box: Box, body: bytes) -> None:
    token = (await sign_in(box)).token
    answer = await box.ask("POST", "/records/query", body, headers={"Staff-Token": token})
    answer.problem(400, "malformed")
