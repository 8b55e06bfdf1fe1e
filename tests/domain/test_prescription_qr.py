"""The prescription's text, field by field as nhi-domain §6.2 lists what pharmacy software reads."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.services.outbox.samples import INSTITUTION, VISIT_AT, patient, visit
from visitbridge.domain.prescription_qr import prescription_text
from visitbridge.domain.visit import Diagnosis, Order, OrderKind, Sequence, VisitContent

DRUGS = (
    Order(kind=OrderKind.DRUG, code="AC12345100", dose=1.5, frequency="BID", route="PO", days=7, total=21.0),
    Order(kind=OrderKind.SERVICE, code="05307C", total=1.0),
    Order(kind=OrderKind.DRUG, code="AC54321100", dose=1.0, frequency="HS", route="PO", days=28, total=28.0),
)
NUMBERED = msgspec.structs.replace(
    visit(),
    sequence=Sequence(number="0007", source="card", taken_at=VISIT_AT),
    content=VisitContent(diagnoses=(Diagnosis(code="I10"), Diagnosis(code="E11.9")), orders=DRUGS),
)


def test_the_whole_layout() -> None:
    assert prescription_text(NUMBERED).split(";") == [
        f"VB{INSTITUTION.code}",
        "1",
        "",
        "王測試",
        "A12****788",
        "0290102",
        "EA",
        "1151122",
        "0007",
        "",
        "K00",
        "I10#E11.9",
        "",
        "",
        *("AC12345100", "1.5", "BID", "PO", "21"),
        *("AC54321100", "1", "HS", "PO", "28"),
    ]


def test_a_repeat_prescription_is_marked() -> None:
    chronic = msgspec.structs.replace(DRUGS[0], chronic=True, refills=3)
    content = msgspec.structs.replace(NUMBERED.content, orders=(chronic,))
    text = prescription_text(msgspec.structs.replace(NUMBERED, content=content))
    assert text.split(";")[1] == "2"


def test_the_day_is_taipeis() -> None:
    late = msgspec.structs.replace(NUMBERED, visit_at=VISIT_AT.replace(hour=17))
    assert prescription_text(late).split(";")[7] == "1151123"


@given(name=st.text(max_size=20), code=st.text(max_size=20))
def test_no_text_breaks_the_layout(name: str, code: str) -> None:
    orders = (msgspec.structs.replace(DRUGS[0], code=code),)
    content = msgspec.structs.replace(NUMBERED.content, orders=orders, diagnoses=(Diagnosis(code=code),))
    odd = msgspec.structs.replace(NUMBERED, patient=patient(name=name), content=content)
    text = prescription_text(odd)
    assert len(text.split(";")) == 19
    assert text.split(";")[11].count("#") == 0


@pytest.mark.parametrize("index", [2, 9, 12, 13])
def test_unused_fields_are_empty(index: int) -> None:
    assert prescription_text(NUMBERED).split(";")[index] == ""
