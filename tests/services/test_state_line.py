"""The box's state in one line: what it waits for, the gravest first, and nothing about people."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from visitbridge.domain.jobs import Age
from visitbridge.domain.people import Institution
from visitbridge.services.state_line import TOPICS, state_line
from visitbridge.services.topics import (
    BoxTopic,
    CardPatient,
    CardsTopic,
    ErasureTopic,
    LinkTopic,
    PowerTopic,
    QueueTopic,
    Slot,
    SlotCard,
    StoreTopic,
    TimeTopic,
)
from visitbridge.words import LANGUAGES, load_catalogue

AT = dt.datetime(2026, 11, 22, 1, 0, tzinfo=dt.UTC)
CATALOGUE = load_catalogue()
TEXTS = CATALOGUE.texts("zh-Hant-TW")


def box(**changed: object) -> BoxTopic:
    known = BoxTopic(
        bound=True,
        box_name="一號盒",
        sheet_id="S1",
        version="1",
        institution=Institution(code="3501200000", name="仁愛居家護理所"),
        sam_verified_at=AT,
    )
    return msgspec.structs.replace(known, **changed)


def link(state: str, hop: str = "") -> LinkTopic:
    return LinkTopic(link=state, hop=hop, since=AT)


def queue(depth: int, attention: int = 0) -> QueueTopic:
    return QueueTopic(
        depth=depth,
        attention=attention,
        sending=0,
        oldest_at=AT,
        oldest_age=Age.FRESH,
        last_success_at=None,
    )


CARD = SlotCard(
    kind="nhi",
    insertion=1,
    error_code="",
    patient=CardPatient(
        name="王小明",
        card_no_tail="0001",
        id_masked="A1234*****",
        birth_date=dt.date(1950, 1, 2),
        sex="M",
    ),
)
READER = Slot(
    reader_id="r1",
    name="讀卡機一",
    transport="usb",
    state="card",
    virtual=False,
    battery_percent=None,
    signal_dbm=None,
    card=CARD,
)
WELL: dict[str, msgspec.Struct] = {
    "box": box(),
    "cards": CardsTopic(readers=(READER,)),
    "erasure": ErasureTopic(),
    "link": link("good"),
    "power": PowerTopic(battery_percent=80, under_voltage=False),
    "queue": queue(0),
    "store": StoreTopic(),
    "time": TimeTopic(trust="network"),
}


def test_a_box_that_is_well_says_so_and_nothing_about_people() -> None:
    assert WELL.keys() == TOPICS
    assert state_line(WELL, TEXTS) == "健保VPN 正常；沒有待傳的資料"


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"queue": queue(3)}, "健保VPN 正常；待傳 3 筆"),
        ({"queue": queue(3, 1)}, "健保VPN 正常；待傳 3 筆，其中 1 筆需要人處理"),
        ({"link": link("unstable")}, "VPN 不穩；沒有待傳的資料"),
        ({"link": link("unknown")}, "VPN 確認中；沒有待傳的資料"),
        ({"link": link("down")}, "等 VPN；沒有待傳的資料"),
        ({"link": link("down", "data_centre"), "queue": queue(2)}, "等 VPN：資料中心；待傳 2 筆"),
        (
            {"box": box(bound=False, sam_verified_at=None), "link": link("down", "not_bound")},
            "等綁定機構；沒有待傳的資料",
        ),
        (
            {"box": box(enabled=False), "link": link("down", "device_disabled")},
            "機構已停用這個盒子；沒有待傳的資料",
        ),
        ({"box": box(sam_verified_at=None)}, "等安全模組驗證；健保VPN 正常；沒有待傳的資料"),
        ({"time": TimeTopic(trust="untrusted")}, "健保VPN 正常；等時間校正；沒有待傳的資料"),
        ({"cards": CardsTopic(readers=())}, "健保VPN 正常；等接上讀卡機；沒有待傳的資料"),
        (
            {"power": PowerTopic(battery_percent=None, under_voltage=True)},
            "健保VPN 正常；電壓不足；沒有待傳的資料",
        ),
        (
            {"power": PowerTopic(battery_percent=4, under_voltage=None, switching_off=True)},
            "關機中；健保VPN 正常；沒有待傳的資料",
        ),
        (
            {"store": StoreTopic(rescued_at=AT), "erasure": ErasureTopic(ordered_at=AT, unsent=1)},
            "資料庫曾損壞，已改用備份，等人確認；機構要求清除這個盒子，等機構確認；健保VPN 正常；沒有待傳的資料",
        ),
    ],
)
def test_the_line_says_what_the_box_waits_for(changed: dict[str, msgspec.Struct], line: str) -> None:
    assert state_line(WELL | changed, TEXTS) == line


def test_what_nobody_has_published_yet_is_left_out() -> None:
    assert state_line({}, TEXTS) == ""
    assert state_line({"link": link("unknown")}, TEXTS) == "VPN 確認中"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["good", "unstable", "down", "unknown"])
def test_every_state_of_the_link_has_words(language: str, state: str) -> None:
    assert state_line({"link": link(state)}, CATALOGUE.texts(language))
