"""Staff sessions: HPC and PIN, the earlier of 8 h and midnight, on monotonic time (F01-F09, Y06)."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable

import pytest

from tests.patience import PATIENCE_S
from tests.services.conftest import PHONE, READER, Room, wait_for
from visitbridge.domain.people import StaffKind
from visitbridge.domain.roc import TAIPEI
from visitbridge.errors import (
    CardAbsent,
    FieldInvalid,
    LinkDown,
    NotFound,
    PinBlocked,
    PinWrong,
    StaffRequired,
    StoreFull,
    VisitBridgeError,
    WrongCardKind,
)
from visitbridge.services.countdown import KEEP_EVERY_S
from visitbridge.services.topics import StaffTopic
from visitbridge.sim.card.profiles import LAB_PIN
from visitbridge.sim.contacts import Contacts

Cards = Callable[[str], Contacts]


def _pin(text: str = LAB_PIN) -> bytearray:
    return bytearray(text.encode())


async def test_card_and_pin_open_a_session_that_survives_the_card(room: Room, card: Cards) -> None:
    """F01, F04."""
    await room.insert(card("hpc-doctor"))
    row = await room.staff.sign_in(READER, _pin(), PHONE)
    await room.pull()
    live = room.staff.live_for_phone(PHONE)
    assert live == row
    assert (row.name, row.kind) == ("醫師樣本", StaffKind.DOCTOR)


@pytest.mark.parametrize(
    ("card_id", "name", "kind"),
    [
        ("hpc-doctor", "醫師樣本", StaffKind.DOCTOR),
        ("hpc-nurse", "護理師樣本", StaffKind.NURSE),
        ("hpc-pharmacist", "藥師樣本", StaffKind.PHARMACIST),
    ],
)
async def test_F08_every_profession_signs_in_the_same_way_and_keeps_its_own_rights(
    room: Room, card: Cards, card_id: str, name: str, kind: StaffKind
) -> None:
    await room.insert(card(card_id))
    row = await room.staff.sign_in(READER, _pin(), PHONE)
    acting = room.staff.acting(PHONE)

    assert (row.name, row.kind) == (name, kind)
    assert acting is not None
    assert (acting.staff_id, acting.rights) == (row.staff_id, frozenset(row.rights))


@pytest.mark.parametrize("pin", [LAB_PIN, "000000", "12"])
async def test_the_pin_is_wiped_whatever_happens(room: Room, card: Cards, pin: str) -> None:
    await room.insert(card("hpc-doctor"))
    typed = _pin(pin)
    with contextlib.suppress(VisitBridgeError):
        await room.staff.sign_in(READER, typed, PHONE)
    assert typed == bytes(len(pin))


async def test_wrong_pins_count_down_and_then_block(room: Room, card: Cards) -> None:
    await room.insert(card("hpc-doctor"))
    left: list[object] = []
    for _ in range(2):
        with pytest.raises(PinWrong) as caught:
            await room.staff.sign_in(READER, _pin("000000"), PHONE)
        left.append(caught.value.params["tries_left"])
    assert left == [2, 1]
    with pytest.raises(PinBlocked):
        await room.staff.sign_in(READER, _pin("000000"), PHONE)
    with pytest.raises(PinBlocked):
        await room.staff.sign_in(READER, _pin(), PHONE)
    assert room.staff.sessions() == ()
    rows = await room.store.read(lambda tx: tx.audit.rows())
    told = [(row.entry.act, row.entry.why, row.entry.phone_id) for row in rows]
    assert told == [
        ("staff.pin_refused", code, PHONE) for code in [PinWrong.code] * 2 + [PinBlocked.code] * 2
    ]


@pytest.mark.parametrize("text", ["", "123", "123456789", "12345a", "١٢٣٤٥٦"])
async def test_what_is_no_pin_never_reaches_the_card(room: Room, card: Cards, text: str) -> None:
    await room.insert(card("hpc-doctor"))
    with pytest.raises(FieldInvalid) as caught:
        await room.staff.sign_in(READER, _pin(text), PHONE)
    assert caught.value.field == "pin"
    await room.staff.sign_in(READER, _pin(), PHONE)


async def test_a_patient_card_cannot_sign_in(room: Room, card: Cards) -> None:
    await room.insert(card("patient-wang"))
    with pytest.raises(WrongCardKind):
        await room.staff.sign_in(READER, _pin(), PHONE)


async def test_no_card_is_said_as_such(room: Room) -> None:
    with pytest.raises(CardAbsent):
        await room.staff.sign_in(READER, _pin(), PHONE)


async def test_without_the_link_nobody_signs_in(room: Room, card: Cards) -> None:
    await room.insert(card("hpc-doctor"))
    room.set_line("down")
    with pytest.raises(LinkDown):
        await room.staff.sign_in(READER, _pin(), PHONE)


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (dt.datetime(2026, 11, 22, 9, 0, tzinfo=TAIPEI), 8.0),
        (dt.datetime(2026, 11, 22, 20, 30, tzinfo=TAIPEI), 3.5),
    ],
)
async def test_the_session_ends_after_eight_hours_or_at_midnight(
    room: Room, card: Cards, now: dt.datetime, hours: float
) -> None:
    """F02, F03: the earlier of both."""
    room.clock.jump((now - room.clock.now()).total_seconds())
    await room.insert(card("hpc-doctor"))
    row = await room.staff.sign_in(READER, _pin(), PHONE)
    assert row.ends_at - row.started_at == dt.timedelta(hours=hours)
    room.clock.advance(hours * 3600 - 1)
    assert room.staff.live_for_phone(PHONE) is not None
    room.clock.advance(2)
    assert room.staff.live_for_phone(PHONE) is None
    await wait_for(lambda: room.board.snapshot()["staff"] == StaffTopic(sessions=()))


def _acts(room: Room) -> Awaitable[list[str]]:
    return room.store.read(lambda tx: [row.entry.act for row in tx.audit.rows()])


def _end_by_time(room: Room) -> None:
    room.clock.advance(8 * 3600 + 1)


def _end_by_leaving(room: Room) -> None:
    room.staff.leave(PHONE)


@pytest.mark.parametrize(("end", "act"), [(_end_by_time, "staff.expired"), (_end_by_leaving, "staff.end")])
async def test_an_end_that_a_full_disk_does_not_take_counts_and_is_written_once_it_does(
    room: Room, card: Cards, monkeypatch: pytest.MonkeyPatch, end: Callable[[Room], None], act: str
) -> None:
    refused: list[str] = []

    async def refuse(_work: object) -> None:
        refused.append("ENOSPC")
        raise StoreFull("ENOSPC")

    await room.insert(card("hpc-doctor"))
    await room.staff.sign_in(READER, _pin(), PHONE)
    with monkeypatch.context() as full:
        full.setattr(room.store, "write", refuse)
        end(room)
        await wait_for(lambda: bool(refused))
        assert room.staff.live_for_phone(PHONE) is None
    tries = len(refused)
    assert tries <= 3, "tried again now and then, not all the time"
    room.clock.advance(KEEP_EVERY_S)
    async with asyncio.timeout(PATIENCE_S):
        while act not in await _acts(room):  # noqa: ASYNC110 - written by the service
            await asyncio.sleep(0)


@pytest.mark.parametrize("jump_s", [-30 * 24 * 3600.0, -3600.0, 3600.0])
async def test_a_jumping_wall_clock_moves_no_limit(room: Room, card: Cards, jump_s: float) -> None:
    await room.insert(card("hpc-doctor"))
    await room.staff.sign_in(READER, _pin(), PHONE)
    room.clock.jump(jump_s)
    room.clock.advance(8 * 3600 - 60)
    assert room.staff.live_for_phone(PHONE) is not None
    room.clock.advance(120)
    assert room.staff.live_for_phone(PHONE) is None


async def test_a_phone_switches_only_between_its_own_sessions(room: Room, card: Cards) -> None:
    await room.insert(card("hpc-doctor"))
    doctor = await room.staff.sign_in(READER, _pin(), PHONE)
    await room.insert(card("hpc-nurse"))
    nurse = await room.staff.sign_in(READER, _pin(), PHONE)
    assert room.staff.live_for_phone(PHONE) == nurse
    await room.staff.use(doctor.session_id, PHONE)
    assert room.staff.live_for_phone(PHONE) == doctor
    with pytest.raises(StaffRequired):
        await room.staff.use(doctor.session_id, "another-phone")


async def test_ending_a_session_is_final_and_audited(room: Room, card: Cards) -> None:
    await room.insert(card("hpc-doctor"))
    row = await room.staff.sign_in(READER, _pin(), PHONE)
    await room.staff.end(row.session_id, PHONE)
    assert room.staff.sessions() == ()
    with pytest.raises(NotFound):
        await room.staff.end(row.session_id)
    acts = await room.store.read(lambda tx: [audit.entry.act for audit in tx.audit.rows()])
    assert acts == ["staff.sign_in", "staff.end"]


async def test_phones_never_see_the_token(room: Room, card: Cards) -> None:
    await room.insert(card("hpc-doctor"))
    row = await room.staff.sign_in(READER, _pin(), PHONE)
    assert row.token not in repr(room.board.snapshot()["staff"])
