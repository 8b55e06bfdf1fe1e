"""虛擬醫令 (M18): the table of nhi-domain §4.7 and what must be kept with the chart."""

from __future__ import annotations

import pytest

from visitbridge.domain.virtual_orders import VIRTUAL_ORDERS, Proof, proofs_for, restarts_supply


@pytest.mark.parametrize(
    ("code", "duplicate", "restarts", "proof"),
    [
        ("R001", True, False, Proof.AFFIDAVIT),
        ("R002", False, False, Proof.LEAVE),
        ("R003", False, True, Proof.NONE),
        ("R004", False, False, Proof.AFFIDAVIT_OR_NOTE),
        ("R005", False, True, Proof.NONE),
        ("R006", False, False, Proof.NONE),
        ("R007", False, True, Proof.NONE),
    ],
)
def test_M18_the_table(code: str, proof: Proof, *, duplicate: bool, restarts: bool) -> None:
    order = VIRTUAL_ORDERS[code]
    assert (order.counts_as_duplicate, order.restarts, order.proof) == (duplicate, restarts, proof)


def test_M18_reminders_come_once_and_in_order() -> None:
    assert proofs_for(["R004", "R003", "R001", "R004"]) == (Proof.AFFIDAVIT_OR_NOTE, Proof.AFFIDAVIT)


@pytest.mark.parametrize("code", ["R008", "S001", "V000"])
def test_codes_of_unknown_meaning_ask_for_nothing(code: str) -> None:
    assert (proofs_for([code]), restarts_supply(code)) == ((), False)
