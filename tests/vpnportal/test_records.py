"""Eligibility and cloud records (rows I03, L02, L04)."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.vpnportal.box import Box
from tests.vpnportal.relay import sign_in
from tests.vpnportal.samples import NOW
from visitbridge.domain.records import RecordKind
from visitbridge.protocols.datacentre.records import RecordsAnswer, RecordsQuery
from visitbridge.protocols.datacentre.uploads import Eligibility, EligibilityRequest


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
        ("A123456788", (), [("drugs", 3), ("tests", 2), ("allergies", 1)]),
        ("A123456788", (RecordKind.DRUGS,), [("drugs", 3)]),
        ("A223456780", (), [("drugs", 1), ("tests", 1), ("allergies", 1)]),
        ("A123456787", (), []),
    ],
)
async def test_cloud_records(
    box: Box, id_no: str, kinds: tuple[RecordKind, ...], found: list[tuple[str, int]]
) -> None:
    token = (await sign_in(box)).token
    query = RecordsQuery(id_no=id_no, kinds=kinds)
    answer = await box.ask("POST", "/records/query", query, headers={"Staff-Token": token})
    records = answer.as_(RecordsAnswer).records
    counted = [record.kind for record in records]
    assert {(kind, counted.count(RecordKind(kind))) for kind, _ in found} == set(found)
    assert len(records) == sum(count for _, count in found)
    assert [record.on for record in records] == sorted((record.on for record in records), reverse=True)


@pytest.mark.parametrize("body", [b"{}", b'{"id_no":"short"}', b'{"id_no":"A123456788","kinds":["x"]}'])
async def test_a_query_that_makes_no_sense(box: Box, body: bytes) -> None:
    token = (await sign_in(box)).token
    answer = await box.ask("POST", "/records/query", body, headers={"Staff-Token": token})
    answer.problem(400, "malformed")
