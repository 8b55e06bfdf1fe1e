"""What keeps a visit from leaving the box, field by field, with the sentence that says why."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from tests.services.outbox.samples import VISIT_AT, visit
from visitbridge.domain.completeness import lacking, proofs_missing
from visitbridge.domain.virtual_orders import Proof
from visitbridge.domain.visit import Diagnosis, Identification, Occasion, Visit, VisitContent

DRUG = visit().content.orders[0]
REPEAT = msgspec.structs.replace(DRUG, chronic=True, refills=3, days=28, total=28.0)


def with_content(**changes: Any) -> Visit:
    whole = visit()
    return msgspec.structs.replace(whole, content=msgspec.structs.replace(whole.content, **changes))


def found(whole: Visit) -> list[tuple[str | None, object]]:
    return [(problem.field, problem.params["rule"]) for problem in lacking(whole)]


def test_N01_a_complete_visit_lacks_nothing() -> None:
    assert found(visit()) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"diagnoses": ()}, [("content.diagnoses", "diagnosis")], id="M07 none"),
        pytest.param(
            {"diagnoses": (Diagnosis(code="I10"), Diagnosis(code="E11.9"), Diagnosis(code="I10"))},
            [("content.diagnoses[2].code", "diagnosis_twice")],
            id="M07 twice",
        ),
        pytest.param(
            {
                "orders": (
                    msgspec.structs.replace(DRUG, days=0),
                    DRUG,
                    msgspec.structs.replace(DRUG, total=9.0),
                )
            },
            [("content.orders[0].days", "missing"), ("content.orders[2].total", "total_differs")],
            id="M13 every order",
        ),
        pytest.param(
            {"orders": (msgspec.structs.replace(DRUG, days=14, total=14.0),)},
            [("content.orders[0].days", "days_ordinary")],
            id="M13 more than a week",
        ),
        pytest.param(
            {"orders": (msgspec.structs.replace(REPEAT, refills=4),)},
            [("content.orders[0].refills", "refills_days")],
            id="M13 more than 90 days",
        ),
        pytest.param(
            {"virtual_orders": ("R001", "R002")},
            [("content.virtual_orders", "proof_affidavit"), ("content.virtual_orders", "proof_leave")],
            id="M18 proofs",
        ),
        pytest.param(
            {"occasion": Occasion(arrived_at=VISIT_AT, departed_at=VISIT_AT - dt.timedelta(minutes=1))},
            [("content.occasion.departed_at", "stay")],
            id="gone before they came",
        ),
        pytest.param(
            {"occasion": Occasion(arrived_at=VISIT_AT - dt.timedelta(days=1))},
            [("content.occasion.departed_at", "stay")],
            id="more than a day",
        ),
    ],
)
def test_what_is_lacking_names_field_and_rule(
    changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert found(with_content(**changes)) == expected


@pytest.mark.parametrize(
    ("identification", "expected"),
    [
        (Identification.CARD, []),
        (Identification.CARD_OFFLINE, []),
        (Identification.VIRTUAL_CARD, []),
        (Identification.NO_CARD, [("content.orders[0].chronic", "repeat_without_card")]),
        (Identification.PHOTO, [("content.orders[0].chronic", "repeat_without_card")]),
    ],
)
def test_M13_no_repeat_prescription_without_the_card(
    identification: Identification, expected: list[tuple[str, str]]
) -> None:
    whole = msgspec.structs.replace(with_content(orders=(REPEAT,)), identification=identification)
    assert found(whole) == expected


@pytest.mark.parametrize(
    ("codes", "kept", "note", "missing"),
    [
        (("R001",), (), "", (Proof.AFFIDAVIT,)),
        (("R001",), (), "病人說遺失", (Proof.AFFIDAVIT,)),
        (("R001",), (Proof.AFFIDAVIT,), "", ()),
        (("R004",), (), "", (Proof.AFFIDAVIT_OR_NOTE,)),
        (("R004",), (Proof.AFFIDAVIT,), "", ()),
        (("R004",), (), "出國兩週", ()),
        (("R004",), (), "  ", (Proof.AFFIDAVIT_OR_NOTE,)),
        (("R002", "R003"), (Proof.AFFIDAVIT,), "", (Proof.LEAVE,)),
        (("R003", "R005", "R006", "R007", "S001"), (), "", ()),
    ],
)
def test_M18_an_affidavit_or_a_note_serves_where_the_scheme_says_so(
    codes: tuple[str, ...], kept: tuple[Proof, ...], note: str, missing: tuple[Proof, ...]
) -> None:
    content = VisitContent(virtual_orders=codes, proofs_kept=kept, virtual_order_note=note)
    assert proofs_missing(content) == missing
