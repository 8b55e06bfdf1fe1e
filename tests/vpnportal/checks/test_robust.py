"""Whatever is sent, a check gives findings or a refusal, and neither repeats what was sent."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vpnportal.checks.conftest import Judge
from tests.vpnportal.checks.ic_samples import DECLARATION, NORMAL, ORDER, normal
from tests.vpnportal.samples import OFFLINE_VISIT, upload_of
from vpnportal.checks.ic_record import check_ic_records
from vpnportal.checks.simple import check_recognition
from vpnportal.checks.visit import check_visit
from vpnportal.problems import Refusal
from vpnportal.uploads import Check

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
GOOD_IC = normal()
GOOD_VISIT = upload_of(OFFLINE_VISIT, NORMAL["A16"])

TEXT = st.text(st.sampled_from("AaZ019.- 王測試\x01\t\n'\";"), max_size=14)
VALUES = st.dictionaries(
    st.sampled_from([*NORMAL, "A20", "A24", "A54", "A99"]), st.one_of(st.none(), TEXT), max_size=6
)
ORDERS = st.dictionaries(st.sampled_from([*ORDER, "A79", "A81"]), st.one_of(st.none(), TEXT), max_size=6)


@FUZZ
@given(body=st.binary(max_size=200))
def test_any_bytes(judge: Judge, body: bytes) -> None:
    assert judge(check_ic_records, body)
    assert judge(check_ic_records, DECLARATION + body)


@FUZZ
@given(at=st.integers(0, len(GOOD_IC) - 1), byte=st.binary(min_size=1, max_size=2))
def test_any_damage_to_a_good_file(judge: Judge, at: int, byte: bytes) -> None:
    for code, field in judge(check_ic_records, GOOD_IC[:at] + byte + GOOD_IC[at + 1 :]):
        assert re.fullmatch(r"[0-9A-Z]{2,4}", code)
        assert NORMAL["A12"] not in field


@FUZZ
@given(visit=VALUES, order=ORDERS)
def test_any_values(judge: Judge, visit: dict[str, str | None], order: dict[str, str | None]) -> None:
    judge(check_ic_records, normal(visit, orders=(ORDER | order,)))


@FUZZ
@given(at=st.integers(0, len(GOOD_VISIT) - 1), byte=st.binary(max_size=2))
def test_any_damage_to_a_good_visit(judge: Judge, at: int, byte: bytes) -> None:
    refusal = refusal_of(judge, GOOD_VISIT[:at] + byte + GOOD_VISIT[at + 1 :])
    assert refusal is None or refusal.problem.code == "malformed"
    assert NORMAL["A12"] not in repr(refusal and refusal.problem)


def refusal_of(judge: Judge, body: bytes) -> Refusal | None:
    try:
        judge(check_visit, body)
    except Refusal as refusal:
        return refusal
    return None


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"\xff", b"[" * 10000])
@pytest.mark.parametrize("check", [check_visit, check_recognition])
def test_json_of_another_shape_is_malformed(judge: Judge, check: Check, body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        judge(check, body)
    assert caught.value.problem.status == 400
