"""What the rules say beside a draft, without changing it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.services.outbox.samples import visit
from visitbridge.domain.visit import ClaimSettings, Identification, Order, OrderKind, Visit
from visitbridge.services.visits.advice import advise

EC = ClaimSettings(special_items=("EC",))
FEE = Order(kind=OrderKind.SERVICE, code="05307C", price=1631.0, total=1.0)


def a_visit(identification: Identification = Identification.CARD, **changes: Any) -> Visit:
    whole = visit(identification=identification)
    return msgspec.structs.replace(whole, content=msgspec.structs.replace(whole.content, claim=EC, **changes))


def test_a_visit_as_it_should_be_gets_no_remark() -> None:
    advice = advise(a_visit(), ())
    assert (advice.lacking, advice.proofs, advice.courses, advice.special_item) == ((), (), (), "")
    assert (advice.case_type_fits, advice.physical_card_wanted) == (True, False)
    assert (advice.revision, advice.visit_type, advice.percentage) == (1, "01", 100)


def test_N01_everything_lacking_is_told_at_once() -> None:
    advice = advise(a_visit(diagnoses=(), virtual_orders=("R001",)), ())
    assert [(lack.field, lack.params["rule"]) for lack in advice.lacking] == [
        ("content.diagnoses", "diagnosis"),
        ("content.virtual_orders", "proof_affidavit"),
    ]


def test_M21_amounts_of_the_orders_and_the_fees_to_choose_from() -> None:
    advice = advise(a_visit(orders=(FEE,)), ())
    assert (advice.fee_points, advice.copay_points) == (1631, 82)
    assert [fee.code for fee in advice.fees] == ["05307C"]


@pytest.mark.parametrize(
    ("claim", "fits", "missing"),
    [
        (ClaimSettings(case_type="E1", special_items=("EC",)), True, ""),
        (ClaimSettings(case_type="E1"), True, "EC"),
        (ClaimSettings(case_type="02", special_items=("EC", "H8")), False, ""),
    ],
)
def test_A01_M23_case_type_and_special_item_of_the_programme(
    claim: ClaimSettings, missing: str, *, fits: bool
) -> None:
    whole = a_visit()
    content = msgspec.structs.replace(whole.content, claim=claim)
    advice = advise(msgspec.structs.replace(whole, content=content), ())
    assert (advice.case_type_fits, advice.special_item) == (fits, missing)


@pytest.mark.parametrize(
    ("identification", "wanted"), [(Identification.VIRTUAL_CARD, True), (Identification.CARD, False)]
)
def test_H19_preventive_care_wants_the_physical_card(identification: Identification, *, wanted: bool) -> None:
    whole = a_visit(identification)
    content = msgspec.structs.replace(whole.content, claim=ClaimSettings(visit_type="AC"))
    assert advise(msgspec.structs.replace(whole, content=content), ()).physical_card_wanted is wanted
