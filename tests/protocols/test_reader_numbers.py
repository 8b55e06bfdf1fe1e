"""The numbers by which readers are spoken to, as their manuals and the CCID specification print them (hardware.md §1).

The simulated readers speak by the same constants, so nothing else would notice a wrong one.
"""

from __future__ import annotations

import enum

import pytest

from visitbridge.protocols.acs import profile as acs
from visitbridge.protocols.acs.frames import FAILED, Code
from visitbridge.protocols.acs.secure import FACTORY_MASTER_KEY
from visitbridge.protocols.acs.talk import Escape, SleepAfter
from visitbridge.protocols.ccid.messages import (
    CommandKind,
    Icc,
    NoticeKind,
    Outcome,
    Power,
    ReplyKind,
    SlotError,
)
from visitbridge.protocols.feitian import profile as feitian
from visitbridge.protocols.reader_talk import Chain

TABLES = [
    (
        Code,
        {
            "POWER_ON": 0x62,
            "POWER_OFF": 0x63,
            "PRESENCE": 0x65,
            "APDU": 0x6F,
            "APDU_EXTENDED": 0x67,
            "SET_PARAMETERS": 0x61,
            "ESCAPE": 0x6B,
            "AUTHENTICATE_1": 0x70,
            "AUTHENTICATE_2": 0x71,
            "ENCRYPTED": 0x72,
            "POWERED_ON": 0x12,
            "POWERED_OFF": 0x13,
            "PRESENCE_IS": 0x14,
            "APDU_DONE": 0x11,
            "APDU_EXTENDED_DONE": 0x17,
            "PARAMETERS_SET": 0x16,
            "ESCAPE_DONE": 0x15,
            "AUTHENTICATED_1": 0x20,
            "AUTHENTICATED_2": 0x21,
            "ENCRYPTED_REPLY": 0x22,
        },
    ),
    (
        Escape,
        {
            "SERIAL": 0x02,
            "FIRMWARE": 0x04,
            "REWRITE_MASTER_KEY": 0x07,
            "SLEEP": 0x0D,
            "MASTER_KEY_RESET": 0x0F,
        },
    ),
    (SleepAfter, {"S60": 0, "S90": 1, "S120": 2, "S180": 3, "NEVER": 4}),
    (Chain, {"WHOLE": 0x00, "BEGINS": 0x01, "ENDS": 0x02, "CONTINUES": 0x03, "EXPECTS_MORE": 0x10}),
    (
        CommandKind,
        {
            "ICC_POWER_ON": 0x62,
            "ICC_POWER_OFF": 0x63,
            "GET_SLOT_STATUS": 0x65,
            "XFR_BLOCK": 0x6F,
            "GET_PARAMETERS": 0x6C,
            "RESET_PARAMETERS": 0x6D,
            "SET_PARAMETERS": 0x61,
            "ESCAPE": 0x6B,
            "ICC_CLOCK": 0x6E,
            "T0_APDU": 0x6A,
            "SECURE": 0x69,
            "MECHANICAL": 0x71,
            "ABORT": 0x72,
            "SET_DATA_RATE_AND_CLOCK": 0x73,
        },
    ),
    (
        ReplyKind,
        {
            "DATA_BLOCK": 0x80,
            "SLOT_STATUS": 0x81,
            "PARAMETERS": 0x82,
            "ESCAPE": 0x83,
            "DATA_RATE_AND_CLOCK": 0x84,
        },
    ),
    (NoticeKind, {"SLOT_CHANGE": 0x50, "HARDWARE_ERROR": 0x51}),
    (Icc, {"ACTIVE": 0, "INACTIVE": 1, "ABSENT": 2}),
    (Outcome, {"OK": 0, "FAILED": 1, "TIME_EXTENSION": 2}),
    (Power, {"AUTOMATIC": 0, "V5": 1, "V3": 2, "V1_8": 3}),
    (
        SlotError,
        {
            "ABORTED": 0xFF,
            "ICC_MUTE": 0xFE,
            "PARITY": 0xFD,
            "OVERRUN": 0xFC,
            "HARDWARE": 0xFB,
            "BAD_TS": 0xF8,
            "BAD_TCK": 0xF7,
            "PROTOCOL_NOT_SUPPORTED": 0xF6,
            "CLASS_NOT_SUPPORTED": 0xF5,
            "PROCEDURE_BYTE_CONFLICT": 0xF4,
            "DEACTIVATED_PROTOCOL": 0xF3,
            "BUSY_WITH_AUTO_SEQUENCE": 0xF2,
            "PIN_TIMEOUT": 0xF0,
            "PIN_CANCELLED": 0xEF,
            "SLOT_BUSY": 0xE0,
            "NOT_SUPPORTED": 0x00,
        },
    ),
]


@pytest.mark.parametrize(("numbers", "printed"), TABLES, ids=[table[0].__name__ for table in TABLES])
def test_every_number_is_the_printed_one(numbers: type[enum.IntEnum], printed: dict[str, int]) -> None:
    assert {number.name: number.value for number in numbers} == printed


def test_an_acs_error_is_its_reply_with_the_high_bit_and_the_factorys_key_is_all_ones() -> None:
    assert Code.POWERED_ON | FAILED == 0x92
    assert bytes([0xFF] * 16) == FACTORY_MASTER_KEY


def test_the_uuids_of_an_acs_reader() -> None:
    assert [
        f"ae44{number}-6e87-df33-adb8-51dfd29be725"
        for number in ("8001", "8002", "8003", "8004", "180f", "2a19")
    ] == [
        acs.SERVICE,
        acs.REPLY_PIPE,
        acs.COMMAND_PIPE,
        acs.STATUS_PIPE,
        acs.BATTERY_SERVICE,
        acs.BATTERY_LEVEL,
    ]


def test_the_uuids_of_a_feitian_reader() -> None:
    assert feitian.SERVICES == (
        "46540001-0002-00c4-0000-465453414645",
        "46540001-0002-00c6-0000-465453414645",
        "46540001-0002-00c4-0000-000000000001",
    )
    assert feitian.notify_pipe(feitian.SERVICES[1]) == "46540003-0002-00c6-0000-465453414645"
    assert feitian.BATTERY_LEVEL == "00002a19-0000-1000-8000-00805f9b34fb"
