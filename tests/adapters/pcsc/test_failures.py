"""What PC/SC result codes (pcsclite.h) become: which error, and whether it may be tried again."""

from __future__ import annotations

import pytest

from visitbridge.adapters.pcsc import failures
from visitbridge.adapters.pcsc.binding import ScardError
from visitbridge.errors import (
    CardAbsent,
    CardMute,
    CardRemoved,
    DeviceError,
    DeviceTimeout,
    PcscUnavailable,
    ReaderBusy,
    ReaderRemoved,
    ReaderUnavailable,
    Retry,
    VisitBridgeError,
)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (0x8010000B, ReaderBusy),
        (0x8010000C, CardAbsent),
        (0x80100069, CardAbsent),
        (0x80100066, CardMute),
        (0x80100067, CardMute),
        (0x80100065, CardMute),
        (0x8010000F, CardMute),
        (0x80100009, ReaderUnavailable),
        (0x80100017, ReaderUnavailable),
        (0x80100010, ReaderUnavailable),
        (0x8010001D, PcscUnavailable),
        (0x80100013, PcscUnavailable),
        (0x80100003, PcscUnavailable),
        (0x80100001, DeviceError),
    ],
)
def test_before_anything_was_sent_it_may_be_tried_again(code: int, error: type[VisitBridgeError]) -> None:
    translated = failures.while_connecting(ScardError("SCardConnect", code))
    assert type(translated) is error
    assert translated.retry is Retry.LATER


@pytest.mark.parametrize(
    ("code", "is_gone", "error"),
    [
        (0x80100069, False, CardRemoved),
        (0x80100068, False, CardRemoved),
        (0x80100067, False, CardRemoved),
        (0x8010000C, False, CardRemoved),
        (0x80100016, True, CardRemoved),
        (0x80100016, False, DeviceTimeout),
        (0x80100017, False, ReaderRemoved),
        (0x80100017, True, ReaderRemoved),
        (0x8010001D, True, PcscUnavailable),
        (0x80100013, False, PcscUnavailable),
        (0x80100001, False, DeviceTimeout),
    ],
)
def test_after_something_was_sent_it_is_in_doubt(
    code: int, is_gone: bool, error: type[VisitBridgeError]
) -> None:
    translated = failures.while_transmitting(ScardError("SCardTransmit", code), card_is_gone=is_gone)
    assert type(translated) is error
    assert translated.retry is Retry.UNKNOWN


def test_another_program_is_named_as_the_owner() -> None:
    refused = failures.while_connecting(ScardError("SCardConnect", 0x8010000B))
    assert refused.params == {"owner": "another program"}
