"""Sequence numbers by way of identification (N09, K03; nhi-domain §3.1, §4.1)."""

from __future__ import annotations

import msgspec
import pytest

from tests.services.outbox.samples import VISIT_AT, visit
from visitbridge.domain.sequence import normalise, offline_sequence, with_number
from visitbridge.domain.visit import Identification
from visitbridge.errors import FieldInvalid


@pytest.mark.parametrize(
    ("typed", "identification", "number"),
    [
        ("0001", Identification.CARD, "0001"),
        ("1500", Identification.CARD, "1500"),
        (" 0123 ", Identification.NO_CARD, "0123"),
        ("F00B", Identification.CARD_OFFLINE, "F00B"),
        ("FOOB", Identification.CARD_OFFLINE, "F00B"),
        ("f0ob", Identification.CARD_OFFLINE, "F00B"),
        ("V001", Identification.VIRTUAL_CARD, "V001"),
        ("M001", Identification.PHOTO, "M001"),
        ("b000", Identification.ABNORMAL, "B000"),
        ("IC09", Identification.ABNORMAL, "IC09"),
    ],
)
def test_forms_that_go_out(typed: str, identification: Identification, number: str) -> None:
    assert normalise(typed, identification) == number


@pytest.mark.parametrize(
    ("typed", "identification"),
    [
        ("0000", Identification.CARD),
        ("1501", Identification.CARD),
        ("F00B", Identification.CARD),
        ("123", Identification.CARD),
        ("１２３４", Identification.CARD),
        ("0001", Identification.CARD_OFFLINE),
        ("M001", Identification.VIRTUAL_CARD),
        ("V001", Identification.PHOTO),
        ("0001", Identification.ABNORMAL),
        ("", Identification.ABNORMAL),
    ],
)
def test_forms_that_do_not(typed: str, identification: Identification) -> None:
    with pytest.raises(FieldInvalid) as refused:
        normalise(typed, identification, field="sequence.number")
    assert refused.value.field == "sequence.number"


def test_a_number_comes_as_a_new_revision() -> None:
    before = visit(revision=3)
    after = with_number(before, "0042", "card", VISIT_AT)
    assert after is not None
    assert (after.revision, after.sequence and after.sequence.number) == (4, "0042")


def test_visit_types_without_a_number_stay_as_they_are() -> None:
    assert with_number(visit(), "", "card", VISIT_AT) is None


def test_f00b_stays_f00b() -> None:
    offline = msgspec.structs.replace(visit(), sequence=offline_sequence(VISIT_AT))
    assert with_number(offline, "0042", "card", VISIT_AT) is None
