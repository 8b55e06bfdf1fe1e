"""What a photographed QR code is: known codes by their public forms, and a virtual card never for sure (H07)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitbridge.protocols.datacentre.device import BindTicket, encode_ticket
from visitbridge.protocols.scanned_code import ScannedCode, VirtualCardProfile, recognise

PROFILE = VirtualCardProfile(shortest=16, longest=64)
TICKET = encode_ticket(BindTicket(url="https://portal.example", token="t", ca_pem="PEM"))
# Fields 0-13 of nhi-domain §6.2, then one drug.
PRESCRIPTION = "VB3501200000;1;;王小明;A12****788;0500101;AA;1151122;0001;;;J00;;;AC12345100;1;TID;PO;21"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (TICKET, ScannedCode.BINDING),
        ("WIFI:T:WPA;S:NHI-GW-7F3A;P:secret;;", ScannedCode.WIFI),
        ("wifi:S:x;;", ScannedCode.WIFI),
        ("https://10.77.0.1/p#0123456789abcdef", ScannedCode.ADDRESS),
        ("LINE://ti/p/abcdefghijkl", ScannedCode.ADDRESS),
        (PRESCRIPTION, ScannedCode.PRESCRIPTION),
        ("0" * 15, ScannedCode.OTHER),
        ("0" * 16, ScannedCode.MAYBE_VIRTUAL_CARD),
        (" " + "0" * 64 + "\n", ScannedCode.MAYBE_VIRTUAL_CARD),
        ("0" * 65, ScannedCode.OTHER),
        ("", ScannedCode.OTHER),
    ],
)
def test_H07_a_code_is_known_by_its_form(text: str, code: ScannedCode) -> None:
    assert recognise(text, PROFILE) is code


@given(st.text())
def test_whatever_is_photographed_is_one_of_them(text: str) -> None:
    assert recognise(text, PROFILE) in ScannedCode
