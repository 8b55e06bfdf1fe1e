"""Any mixture of visits, prescriptions, pulls and restarts on one card, against what must hold at every moment."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.vpnportal.cards.driving import FixedClock, Receipts, drive, orders, request, visit_intent
from visitbridge.errors import CardRemoved
from visitbridge.protocols.datacentre.cards import CardRecordState, OpenCardSession, WriteIntent
from visitbridge.sim.card import Pull, PulledCard, PullMoment
from visitbridge.sim.card.nhi import NhiCard
from visitbridge.sim.card.nhi_memory import VisitEntry
from visitbridge.sim.card.profiles import NHI_PROFILES
from vpnportal.cards import CardSessions
from vpnportal.problems import Refusal

PROFILE = msgspec.structs.replace(NHI_PROFILES[0], uses_left=99)
ORDERS_EACH = 5

visits = st.sampled_from((0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7))
pulls = st.builds(Pull, st.sampled_from(PullMoment), st.integers(8, 12) | st.integers(1, 16))
"""Both lean towards where the interesting things happen: one visit again and again, the commands that write."""


def _visit(index: int) -> WriteIntent:
    return visit_intent(key=f"visit-{index}", visit_time=f"1151122{index:02d}0000")


def _prescription(index: int) -> WriteIntent:
    return msgspec.structs.replace(_visit(index), key=f"prescription-{index}", orders=orders(ORDERS_EACH))


class CardLife(RuleBasedStateMachine):
    """A box that loses cards all the time, and reads back before it does anything again."""

    @initialize()
    def begin(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._receipts = Receipts()
        self._sessions = CardSessions(self._receipts, FixedClock())
        self._numbers: dict[str, str] = {}

    def teardown(self) -> None:
        self._folder.cleanup()

    def _card(self) -> NhiCard:
        return NhiCard(PROFILE, Path(self._folder.name))

    def _run(self, asked: OpenCardSession, pull: Pull | None = None) -> None:
        card = self._card()
        with contextlib.suppress(CardRemoved, Refusal):
            drive(PulledCard(card, pull) if pull else card, self._sessions, asked)

    def _state(self, intent: WriteIntent | None) -> CardRecordState:
        record = drive(self._card(), self._sessions, request("read_back", intent)).record
        assert record is not None
        return record

    def _settle(self, asked: OpenCardSession, part: str) -> CardRecordState:
        torn = getattr(self._state(asked.intent), part) == "open"
        self._run(request("repair", asked.intent) if torn else asked)
        return self._state(asked.intent)

    @rule(index=visits, pull=pulls)
    def write_visit_and_pull(self, index: int, pull: Pull) -> None:
        self._run(request("write_visit", _visit(index)), pull)

    @rule(index=visits, pull=pulls)
    def write_prescription_and_pull(self, index: int, pull: Pull) -> None:
        self._run(request("write_prescription", _prescription(index)), pull)

    @rule(index=visits, pull=pulls)
    def repair_and_pull(self, index: int, pull: Pull) -> None:
        self._run(request("repair", _visit(index)), pull)

    @rule(index=visits)
    def settle_visit(self, index: int) -> None:
        state = self._settle(request("write_visit", _visit(index)), "visit")
        all_slots_are_open = sum(entry.visit == "open" for entry in self._card().memory.entries) == 6
        assert state.visit == "closed" or all_slots_are_open

    @rule(index=visits)
    def settle_prescription(self, index: int) -> None:
        state = self._settle(request("write_prescription", _prescription(index)), "orders")
        assert state.orders == "closed" or state.visit != "closed"

    @rule()
    def restart_portal(self) -> None:
        self._sessions = CardSessions(self._receipts, FixedClock())

    @rule(index=visits)
    def read_back_tells_the_truth(self, index: int) -> None:
        intent = _visit(index)
        absent = VisitEntry(key="", sequence_no="", visit="absent")
        entry = self._card().memory.entry(intent.visit_time + intent.institution) or absent
        assert self._state(intent) == CardRecordState(
            visit=entry.visit, orders=entry.orders_stage, sequence_no=entry.sequence_no
        )

    @invariant()
    def every_command_reached_a_record_once(self) -> None:
        whole = {
            "take_sequence": 1,
            "write_visit": 1,
            "write_diagnoses": 1,
            "commit_visit": 1,
            "begin_orders": 1,
            "write_orders": 2,
            "commit_orders": 1,
        }
        for entry in self._card().memory.entries:
            assert all(count <= whole[mutation] for mutation, count in entry.mutations.items())

    @invariant()
    def numbers_are_given_once_and_stay(self) -> None:
        memory = self._card().memory
        numbers = {entry.key: entry.sequence_no for entry in memory.entries}
        assert sorted(numbers.values()) == [f"{number:04d}" for number in range(1, len(numbers) + 1)]
        assert PROFILE.uses_left - memory.uses_left == len(numbers)
        assert self._numbers.items() <= numbers.items()
        self._numbers = numbers

    @invariant()
    def rings_hold_what_they_may(self) -> None:
        entries = self._card().memory.entries
        assert sum(entry.holds_visit_slot for entry in entries) <= 6
        assert sum(entry.order_slots for entry in entries) <= 60

    @invariant()
    def a_receipt_means_closed(self) -> None:
        memory = self._card().memory
        for key, receipt in self._receipts.by_key.items():
            index = int(key.rpartition("-")[2])
            entry = memory.entry(_visit(index).visit_time + _visit(index).institution)
            assert entry is not None
            stages = {"card_visit": entry.visit, "card_prescription": entry.orders_stage}
            assert stages[receipt.kind] == "closed"
            assert receipt.insurer["sequence_no"] == entry.sequence_no


TestCardLife = CardLife.TestCase
TestCardLife.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
