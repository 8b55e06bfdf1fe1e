"""Feitian's characteristics and pipe."""

from __future__ import annotations

import pytest

from visitbridge.errors import DeviceError
from visitbridge.protocols.ccid.messages import CcidReply, ReplyKind
from visitbridge.protocols.feitian.profile import SERVICES, Inbox, is_ours, notify_pipe, write_pipe
from visitbridge.protocols.reader_talk import Notice


@pytest.mark.parametrize(
    ("service", "write", "notify"),
    [
        (
            SERVICES[0],
            "46540002-0002-00c4-0000-465453414645",
            "46540003-0002-00c4-0000-465453414645",
        ),
        (
            "46540001-0002-00C4-0000-000000000001",
            "46540002-0002-00c4-0000-000000000001",
            "46540003-0002-00c4-0000-000000000001",
        ),
    ],
)
def test_the_pipes_share_the_service_s_tail(service: str, write: str, notify: str) -> None:
    assert (write_pipe(service), notify_pipe(service)) == (write, notify)


@pytest.mark.parametrize(
    ("name", "services", "ours"),
    [
        ("FT_00000000C4BE", frozenset(), True),
        ("reader", frozenset({SERVICES[1].upper()}), True),
        ("", frozenset(), False),
        ("ACR3901U-S1", frozenset({"ae448001-6e87-df33-adb8-51dfd29be725"}), False),
    ],
)
def test_readers_are_known_by_name_or_service(name: str, services: frozenset[str], ours: bool) -> None:
    assert is_ours(name, services) is ours


def test_notices_and_replies_share_the_pipe() -> None:
    inbox = Inbox()
    answer = CcidReply(kind=ReplyKind.DATA_BLOCK, seq=1, data=bytes(30))
    raw = b"\x50\x03" + answer.encode() + b"\x50\x02"
    assert inbox.feed(raw[:20]) == [Notice.CARD_IN]
    assert inbox.kept == 18
    assert inbox.feed(raw[20:40]) == []
    assert inbox.feed(raw[40:]) == [answer, Notice.CARD_OUT]


def test_garbage_is_refused_and_forgotten() -> None:
    inbox = Inbox()
    with pytest.raises(DeviceError):
        inbox.feed(b"\x50\x03\x00")
    assert inbox.kept == 0
    assert inbox.feed(b"\x50\x02") == [Notice.CARD_OUT]
