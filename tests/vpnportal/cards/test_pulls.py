"""Every purpose, with the card pulled before, during and after every APDU: nothing lost, nothing twice.

The number of APDUs of a session is found by running it; the virtual card's memory is the judge, and it is read back
from its file each time, as after the death of the process.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from tests.vpnportal.cards.driving import (
    VISIT,
    FixedClock,
    Receipts,
    drive,
    prescription_intent,
    request,
    visit_intent,
)
from visitbridge.errors import CardRemoved
from visitbridge.protocols.datacentre.cards import CardRecordState, CardResult, OpenCardSession, WriteIntent
from visitbridge.sim.card import Pull, PulledCard, PullMoment
from visitbridge.sim.card.nhi import NhiCard
from visitbridge.sim.card.nhi_memory import VisitEntry
from visitbridge.sim.card.profiles import NHI_PROFILES
from vpnportal.cards import CardSessions

PROFILE = NHI_PROFILES[0]
PRESCRIPTION = prescription_intent()
FOLLOW_UP = visit_intent(key="visit-ah", visit_type="AH", visit_time="1151122110000")

VISIT_ONCE = {"take_sequence": 1, "write_visit": 1, "write_diagnoses": 1, "commit_visit": 1}
ORDERS_ONCE = {"begin_orders": 1, "write_orders": 3, "commit_orders": 1}


class Situation(msgspec.Struct, frozen=True):
    """What was done to a fresh card before the session that is disturbed."""

    request: OpenCardSession
    before: tuple[OpenCardSession, ...] = ()


SITUATIONS = {
    "write visit": Situation(request("write_visit", VISIT)),
    "write visit without number": Situation(request("write_visit", FOLLOW_UP)),
    "write prescription": Situation(
        request("write_prescription", PRESCRIPTION), (request("write_visit", VISIT),)
    ),
    "write visit again": Situation(request("write_visit", VISIT), (request("write_visit", VISIT),)),
}


def _build(folder: Path) -> NhiCard:
    return NhiCard(PROFILE, folder)


def _prepare(folder: Path, situation: Situation, sessions: CardSessions) -> None:
    for asked in situation.before:
        drive(_build(folder), sessions, asked)


def _apdu_count(situation: Situation) -> int:
    card = NhiCard(PROFILE)
    sessions = CardSessions(Receipts(), FixedClock())
    for asked in situation.before:
        drive(card, sessions, asked)
    counting = PulledCard(card, Pull(PullMoment.AFTER, 10**6))
    drive(counting, sessions, situation.request)
    return counting.executed


def _pulls(names: tuple[str, ...] = tuple(SITUATIONS)) -> list[object]:
    return [
        pytest.param(name, Pull(moment, nth), id=f"{name}-{moment}-{nth}")
        for name in names
        for nth in range(1, _apdu_count(SITUATIONS[name]) + 1)
        for moment in PullMoment
    ]


def _disturb(folder: Path, sessions: CardSessions, asked: OpenCardSession, pull: Pull) -> None:
    with contextlib.suppress(CardRemoved):
        drive(PulledCard(_build(folder), pull), sessions, asked)


def _state(folder: Path, sessions: CardSessions, intent: WriteIntent) -> CardRecordState:
    record = drive(_build(folder), sessions, request("read_back", intent)).record
    assert record is not None
    return record


def _settle(folder: Path, sessions: CardSessions, asked: OpenCardSession) -> CardResult:
    """What a box does after doubt: read back, then repair what is torn, else do (or just confirm) the whole."""
    assert asked.intent is not None
    state = _state(folder, sessions, asked.intent)
    torn = "open" in (state.visit, state.orders)
    purpose = "repair" if torn else asked.purpose
    return drive(_build(folder), sessions, request(purpose, asked.intent))


def _entry(folder: Path, intent: WriteIntent) -> VisitEntry | None:
    return _build(folder).memory.entry(intent.visit_time + intent.institution)


@pytest.mark.parametrize(("name", "pull"), _pulls())
def test_read_back_after_a_pull_tells_the_truth(name: str, pull: Pull, tmp_path: Path) -> None:
    receipts = Receipts()
    sessions = CardSessions(receipts, FixedClock())
    asked = SITUATIONS[name].request
    assert asked.intent is not None
    _prepare(tmp_path, SITUATIONS[name], sessions)
    _disturb(tmp_path, sessions, asked, pull)

    state = _state(tmp_path, sessions, asked.intent)

    absent = VisitEntry(key="", sequence_no="", visit="absent")
    entry = _entry(tmp_path, asked.intent) or absent
    assert (state.visit, state.orders, state.sequence_no) == (
        entry.visit,
        entry.orders_stage,
        entry.sequence_no,
    )
    settled = {"card_visit": entry.visit, "card_prescription": entry.orders_stage}
    assert {settled[receipt.kind] for receipt in receipts.by_key.values()} <= {"closed"}


@pytest.mark.parametrize(("name", "pull"), _pulls(("write visit", "write visit again")))
def test_a_visit_ends_up_on_the_card_once(name: str, pull: Pull, tmp_path: Path) -> None:
    receipts = Receipts()
    sessions = CardSessions(receipts, FixedClock())
    _prepare(tmp_path, SITUATIONS[name], sessions)
    _disturb(tmp_path, sessions, SITUATIONS[name].request, pull)

    result = _settle(tmp_path, sessions, SITUATIONS[name].request)

    memory = _build(tmp_path).memory
    assert [(entry.sequence_no, entry.visit, entry.mutations) for entry in memory.entries] == [
        ("0001", "closed", VISIT_ONCE)
    ]
    assert (memory.last_numbers, memory.uses_left) == ({"115": 1}, PROFILE.uses_left - 1)
    assert result.record == CardRecordState(visit="closed", orders="absent", sequence_no="0001")
    assert result.receipt == receipts.find(VISIT.key)
    assert result.receipt is not None
    assert result.receipt.insurer["sequence_no"] == "0001"


@pytest.mark.parametrize(("name", "pull"), _pulls(("write visit without number",)))
def test_a_visit_without_number_ends_up_on_the_card_once(name: str, pull: Pull, tmp_path: Path) -> None:
    sessions = CardSessions(Receipts(), FixedClock())
    _disturb(tmp_path, sessions, SITUATIONS[name].request, pull)

    result = _settle(tmp_path, sessions, SITUATIONS[name].request)

    memory = _build(tmp_path).memory
    assert [entry.mutations for entry in memory.entries] == [
        {"open_visit": 1, "write_visit": 1, "write_diagnoses": 1, "commit_visit": 1}
    ]
    assert (memory.last_numbers, memory.uses_left) == ({}, PROFILE.uses_left)
    assert result.record == CardRecordState(visit="closed", orders="absent", sequence_no="")


@pytest.mark.parametrize(("name", "pull"), _pulls(("write prescription",)))
def test_a_prescription_ends_up_on_the_card_once(name: str, pull: Pull, tmp_path: Path) -> None:
    sessions = CardSessions(Receipts(), FixedClock())
    _prepare(tmp_path, SITUATIONS[name], sessions)
    _disturb(tmp_path, sessions, SITUATIONS[name].request, pull)

    result = _settle(tmp_path, sessions, SITUATIONS[name].request)

    entry = _entry(tmp_path, PRESCRIPTION)
    assert entry is not None
    assert entry.mutations == VISIT_ONCE | ORDERS_ONCE
    assert [order[14:26].strip() for order in entry.orders] == [order.code for order in PRESCRIPTION.orders]
    assert result.record == CardRecordState(visit="closed", orders="closed", sequence_no="0001")
    assert result.receipt is not None
    assert (result.receipt.kind, result.receipt.insurer["orders"]) == ("card_prescription", "7")


TORN_AT: dict[str, tuple[Situation, Pull]] = {
    "number taken": (SITUATIONS["write visit"], Pull(PullMoment.DURING, 8)),
    "half written": (SITUATIONS["write visit"], Pull(PullMoment.DURING, 9)),
    "not committed": (SITUATIONS["write visit"], Pull(PullMoment.BEFORE, 11)),
    "some orders": (SITUATIONS["write prescription"], Pull(PullMoment.DURING, 9)),
}


def _tear(folder: Path, sessions: CardSessions, name: str) -> OpenCardSession:
    situation, pull = TORN_AT[name]
    _prepare(folder, situation, sessions)
    _disturb(folder, sessions, situation.request, pull)
    return situation.request


@pytest.mark.parametrize("nth", range(1, 13))
@pytest.mark.parametrize("moment", PullMoment)
@pytest.mark.parametrize("name", TORN_AT)
def test_a_repair_may_be_torn_too(name: str, moment: PullMoment, nth: int, tmp_path: Path) -> None:
    sessions = CardSessions(Receipts(), FixedClock())
    asked = _tear(tmp_path, sessions, name)
    assert "open" in msgspec.structs.astuple(_state(tmp_path, sessions, asked.intent or VISIT))

    _disturb(tmp_path, sessions, request("repair", asked.intent), Pull(moment, nth))
    result = _settle(tmp_path, sessions, asked)

    entry = _entry(tmp_path, VISIT)
    assert entry is not None
    assert set(entry.mutations.items()) <= set((VISIT_ONCE | ORDERS_ONCE).items())
    assert result.record is not None
    assert "open" not in (result.record.visit, result.record.orders)
    assert result.receipt is not None


READING: dict[str, Literal["read", "read_back", "repair"]] = {
    "read": "read",
    "read back": "read_back",
    "repair of what is whole": "repair",
}


@pytest.mark.parametrize("nth", range(1, 10))
@pytest.mark.parametrize("moment", PullMoment)
@pytest.mark.parametrize("name", READING)
def test_reading_changes_no_record(name: str, moment: PullMoment, nth: int, tmp_path: Path) -> None:
    sessions = CardSessions(Receipts(), FixedClock())
    drive(_build(tmp_path), sessions, request("write_visit", VISIT))
    drive(_build(tmp_path), sessions, request("write_prescription", PRESCRIPTION))
    before = _build(tmp_path).memory

    _disturb(tmp_path, sessions, request(READING[name], PRESCRIPTION), Pull(moment, nth))

    after = _build(tmp_path).memory
    assert (after.entries, after.uses_left, after.last_numbers) == (
        before.entries,
        before.uses_left,
        before.last_numbers,
    )


@pytest.mark.parametrize("nth", range(1, 9))
@pytest.mark.parametrize("moment", PullMoment)
def test_an_update_is_on_the_card_or_not_and_never_half(moment: PullMoment, nth: int, tmp_path: Path) -> None:
    profile = msgspec.structs.replace(PROFILE, uses_left=1)
    sessions = CardSessions(Receipts(), FixedClock())
    with contextlib.suppress(CardRemoved):
        drive(PulledCard(NhiCard(profile, tmp_path), Pull(moment, nth)), sessions, request("update"))

    contents = drive(NhiCard(profile, tmp_path), sessions, request("read")).contents

    assert contents is not None
    assert (contents.uses_left, NhiCard(profile, tmp_path).memory.updates) in [(1, 0), (6, 1)]
