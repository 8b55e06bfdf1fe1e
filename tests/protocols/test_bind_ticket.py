"""QR-2 names whom the box belongs to from then on, so what it may name is looked at closely."""

from __future__ import annotations

import pytest

from visitbridge.errors import FieldInvalid
from visitbridge.protocols.datacentre.device import BindTicket, decode_ticket, encode_ticket


def ticket(url: str) -> BindTicket:
    return BindTicket(url=url, token="t", ca_pem="pem")


@pytest.mark.parametrize(
    "url",
    [
        "https://10.252.1.7",
        "https://portal.vpn.test:8443",
        "https://Portal.test/",
        "https://[fd00::1]:8443/dc",
        "https://relay.test:1",
    ],
)
def test_an_https_address_is_taken(url: str) -> None:
    assert decode_ticket(encode_ticket(ticket(url))) == ticket(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://portal.test",
        "HTTP://portal.test",
        "file:///etc/passwd",
        "portal.test",
        "https://",
        "https://[",
        "https://portal.test:0",
        "https://portal.test:65536",
        "https://portal.test:x",
        "https://user:secret@portal.test",
        "https://portal.test?to=elsewhere",
        "https://portal.test#elsewhere",
        "https://portal.test\\@elsewhere.test",
        "https://portal.test\r\nHost: elsewhere.test",
        "https://入口.test",
        " https://portal.test",
    ],
)
def test_another_address_is_refused_before_anything_is_asked_there(url: str) -> None:
    with pytest.raises(FieldInvalid) as refused:
        decode_ticket(encode_ticket(ticket(url)))

    assert refused.value.field == "ticket"
